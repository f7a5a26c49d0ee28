package templates

import (
	"fmt"
	"io"
	"time"
)

// Fields of the forms of pages about leaving.
const (
	FieldInstead = "instead"  // from the buttons of UnsubscribePage that are for less than leaving, or for more
	FieldWeeks   = "weeks"    // how long to pause
	FieldUndo    = "undo"     // from the button of GoodbyePage
	FieldWhy     = "why"      // one of GoodbyePage.Whys
	FieldWhyText = "why-text" // the reader's own words
)

// What the buttons of UnsubscribePage send beside the one that leaves.
const (
	InsteadPause  = "pause"
	InsteadTopics = "topics"
	InsteadAll    = "all"
)

// UnsubscribePage asks once before it ends one digest. What it offers beside that
// tells nothing of the reader: the page may be opened from a forwarded mail.
type UnsubscribePage struct {
	Site       Site
	DigestName string
	Masked     string
	Action     string
	Pause      bool     // a pause is offered
	Topics     []Choice // those that can be left out, none for no offer
	All        bool     // leaving everything is offered
	LastTopic  bool     // without the topics that were ticked a digest would be empty
	Errors     map[string]Problem
}

// GoodbyePage says that a reader has left.
type GoodbyePage struct {
	Site           Site
	DigestName     string
	All            bool     // every digest has ended
	Names          []string // of several digests that have ended while others stay; DigestName is none of them
	FreshAction    string   // where the button that has a link to the reader's data mailed posts; empty leaves it out
	PreferencesURL string   // empty leaves the link out
	SubscribeURL   string   // empty leaves the link out
	UndoAction     string   // empty leaves undoing and the question out
	Whys           []string
	Thanks         bool // the reader has said why
	MaxWhyText     int  // how many characters their own words may have
}

// GoodbyeText says what has ended.
func (f *frame) GoodbyeText() string {
	p, ok := f.Page.(*GoodbyePage)
	switch {
	case !ok:
		return ""
	case p.All:
		return fmt.Sprintf(f.T.GoodbyeAll, f.Isolate(f.Site.Name))
	case len(p.Names) > 0:
		return fmt.Sprintf(f.T.GoodbyeSome, f.joined(p.Names))
	}
	return fmt.Sprintf(f.T.GoodbyeText, f.Isolate(p.DigestName))
}

// joined is a list of names that stands in a sentence.
func (f *frame) joined(names []string) string {
	isolated := make([]string, len(names))
	for i, name := range names {
		isolated[i] = f.Isolate(name)
	}
	return f.T.Join(isolated)
}

// WhyName is a reason in the words of the page.
func (f *frame) WhyName(why string) string {
	switch why {
	case "too-many":
		return f.T.WhyTooMany
	case "not-relevant":
		return f.T.WhyNotRelevant
	case "elsewhere":
		return f.T.WhyElsewhere
	case "never-asked":
		return f.T.WhyNeverAsked
	}
	return f.T.WhyOther
}

// Less is what a reader chose instead of leaving, or after it.
type Less string

// What LessPage tells.
const (
	LessPaused   Less = "paused"
	LessTopics   Less = "topics"
	LessReturned Less = "returned" // a leaving was undone
	LessGone     Less = "gone"     // a leaving can no longer be undone
)

// LessPage says what became of such a choice.
type LessPage struct {
	Site         Site
	What         Less
	Names        []string  // of the topics or digests
	Until        time.Time // of a pause, in the reader's zone
	LeaveURL     string    // of the page that asks before leaving; empty leaves the link out
	SubscribeURL string    // empty leaves the link out
}

// lessTitle is the heading of the page.
func (f *frame) lessTitle(p *LessPage) string {
	switch p.What {
	case LessPaused:
		return f.T.PauseTitle
	case LessTopics:
		return f.T.FewerTitle
	case LessReturned:
		return f.T.ReturnTitle
	}
	return f.T.GoneTitle
}

// LessText says what became of the choice.
func (f *frame) LessText() string {
	p, ok := f.Page.(*LessPage)
	if !ok {
		return ""
	}
	switch p.What {
	case LessPaused:
		return fmt.Sprintf(f.T.PausedUntil, f.T.date(p.Until))
	case LessTopics:
		return fmt.Sprintf(f.T.FewerDone, f.joined(p.Names))
	case LessReturned:
		return fmt.Sprintf(f.T.ReturnText, f.joined(p.Names))
	}
	return f.T.GoneText
}

// Unsubscribe draws the page that an unsubscribe link opens.
func (p *Pages) Unsubscribe(w io.Writer, page *UnsubscribePage) error {
	f := newFrame(page.Site, page)
	f.Title, f.errors = fmt.Sprintf(f.T.UnsubscribeTitle, page.DigestName), page.Errors
	return p.draw(w, "unsubscribe", f)
}

// Goodbye draws the page for a reader who has left.
func (p *Pages) Goodbye(w io.Writer, page *GoodbyePage) error {
	f := newFrame(page.Site, page)
	f.Title = f.T.GoodbyeTitle
	return p.draw(w, "goodbye", f)
}

// Less draws the page for a reader who chose less, or came back.
func (p *Pages) Less(w io.Writer, page *LessPage) error {
	f := newFrame(page.Site, page)
	f.Title = f.lessTitle(page)
	return p.draw(w, "less", f)
}
