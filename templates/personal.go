package templates

import (
	"fmt"
	"io"
	"time"
)

// What the buttons of PersonalPage send as FieldDo.
const (
	DoSave    = "save"
	DoPause   = "pause"
	DoResume  = "resume"
	DoAddress = "address"
	DoCopy    = "copy"
	DoErase   = "erase"
	DoLeave   = "leave"
)

// PersonalPage is a reader's settings and data, as they see and change them by a
// link that was just mailed to them: what nobody may whom a mail was forwarded to.
// Times are in the reader's zone.
type PersonalPage struct {
	Site            Site
	Masked          string // the address, partly hidden
	Topics, Digests []Choice
	Hours           []HourChoice // of digests with hours to choose from
	Language        string       // the reader's, BCP 47; "" for none chosen
	Format          string       // of mails, "html" or "text"
	Zone            string
	Zones           []string
	Name            string             // as known, or as typed
	Address         string             // the new one, as typed
	Errors          map[string]Problem // by field name
	Saved           bool               // the settings were just saved
	Confirmed       bool               // the address was just confirmed
	Action          string             // where all forms of the page are sent
	Left            bool               // the reader has left: a copy and erasure are all that is offered

	Now         time.Time
	Receipts    []Receipt
	PausedUntil time.Time // zero unless all digests are paused
	PauseUntil  string    // the date to pause until, as typed
	PauseFrom   string    // the first and the last one, "2006-01-02"
	PauseTo     string
	Change      *AddressMove // under way; nil for none
	Mails       []LatelyMail // what came lately, the newest first
}

// AddressMove is a change of address that somebody has yet to accept.
type AddressMove struct {
	New               string
	Agreed, Confirmed bool // by the present address, by the new one
}

// LatelyMail is a mail that a reader was to get. At is in the reader's zone.
type LatelyMail struct {
	Digest string
	What   string // the state of the delivery
	At     time.Time
	URL    string // of the mail as a page, "" for none
}

// latelyText is a mail in words.
type latelyText struct{ Digest, Text, URL string }

// Lately puts the mails of the page in words, as they are now.
func (f *frame) Lately() []latelyText {
	p, ok := f.Page.(*PersonalPage)
	if !ok {
		return nil
	}
	var out []latelyText
	for _, m := range p.Mails {
		words := f.T.receipt(&Receipt{What: m.What, At: m.At}, p.Now)
		out = append(out, latelyText{Digest: m.Digest, Text: upperFirst(words), URL: m.URL})
	}
	return out
}

// MovePage asks one side of a change of address whether it may be.
type MovePage struct {
	Site   Site
	Old    string // masked
	New    string // masked for the present address
	IsOld  bool   // the present address is asked, else the new one
	Action string
}

// Answer is what became of what a reader did.
type Answer string

// The answers.
const (
	AnswerFresh    Answer = "fresh"     // a link is mailed
	AnswerExpired  Answer = "expired"   // a fresh link is too old
	AnswerAsked    Answer = "asked"     // for a change of address
	AnswerLacksOld Answer = "lacks-old" // accepted, the present address has yet to agree
	AnswerLacksNew Answer = "lacks-new" // accepted, the new one has yet to confirm
	AnswerMoved    Answer = "moved"
	AnswerStopped  Answer = "stopped"
	AnswerErased   Answer = "erased"
)

// AnswerPage tells a reader what became of what they did.
type AnswerPage struct {
	Site           Site
	Answer         Answer
	Address        string // that it is about
	PreferencesURL string // "" leads to the site's own front page
	FreshAction    string // where the button that has a new link mailed posts; empty leaves it out
	NotSaved       bool   // a form came with the link, and nothing of it was saved
}

// Personal draws the settings and data behind a fresh link.
func (p *Pages) Personal(w io.Writer, page *PersonalPage) error {
	f := newFrame(page.Site, page)
	f.Title, f.errors = f.T.PreferencesTitle, page.Errors
	if page.Left {
		f.Title = f.T.DataTitle
	}
	return p.draw(w, "personal", f)
}

// Move draws the page that a link about a change of address opens.
func (p *Pages) Move(w io.Writer, page *MovePage) error {
	f := newFrame(page.Site, page)
	f.Title = f.T.MoveTitle
	return p.draw(w, "move", f)
}

// Answer draws a page that says what became of something.
func (p *Pages) Answer(w io.Writer, page *AnswerPage) error {
	m := &MessagePage{Site: page.Site, LinkURL: page.PreferencesURL, FreshAction: page.FreshAction}
	f := newFrame(page.Site, m)
	if m.LinkURL != "" {
		m.LinkText = f.T.InsteadLink
	} else {
		m.LinkURL, m.LinkText = f.SiteURL, fmt.Sprintf(f.T.SiteHome, page.Site.Name)
	}
	m.Title, m.Text = f.T.answer(page.Answer, f.Isolate(page.Address))
	if page.NotSaved {
		m.Text += " " + f.T.NotSaved
	}
	f.Title = m.Title
	return p.draw(w, "message", f)
}

// answer is the title and the text of an answer.
func (c *catalogue) answer(a Answer, address string) (title, text string) {
	switch a {
	case AnswerFresh:
		return c.CheckTitle, fmt.Sprintf(c.DataSent, address)
	case AnswerExpired:
		return c.ExpiredTitle, c.DataExpired
	case AnswerAsked:
		return c.CheckTitle, c.MoveSent
	case AnswerLacksOld:
		return c.MoveThanks, c.MoveLacksOld
	case AnswerLacksNew:
		return c.MoveThanks, c.MoveLacksNew
	case AnswerMoved:
		return c.MoveThanks, fmt.Sprintf(c.MoveDone, address)
	case AnswerStopped:
		return c.MoveTitle, c.MoveStopped
	}
	return c.ErasedTitle, c.ErasedText
}
