package templates

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Mail is a rendered system mail.
type Mail struct {
	Subject string // one line
	HTML    string // a whole document, with line feeds
	Text    string // at most 72 columns but for URLs, with line feeds
}

// Confirm is what a mail that asks for a confirmation tells. It has no words
// of the visitor's, so that nobody can send theirs through us.
type Confirm struct {
	Site        Site
	Language    string    // BCP 47; empty means the site's
	URL         string    // the page that confirms, absolute http or https
	RequestedAt time.Time // shown in its own zone
	RequestedOn string    // the host of the page that had the form; "" for ours or one that is not known
	Digests     []string  // names of what was asked for
	Topics      []string
}

// ConfirmMail draws the mail that asks a new reader to confirm.
func ConfirmMail(c *Confirm) (Mail, error) {
	n := newNotice(c.Site, firstOf(c.Language, c.Site.Language), c.URL)
	n.Subject = fmt.Sprintf(n.T.ConfirmSubject, n.Site)
	n.Before = []string{fmt.Sprintf(n.T.ConfirmAsked, n.Site, n.T.Moment(c.RequestedAt))}
	if c.RequestedOn != "" {
		n.Before = append(n.Before, fmt.Sprintf(n.T.ConfirmPlace, oneLine(c.RequestedOn)))
	}
	n.addList(n.T.DigestsAre, c.Digests)
	n.addList(n.T.Topic, c.Topics)
	n.Button = n.T.ConfirmButton
	n.After = []string{n.T.ConfirmThen, n.T.ConfirmIgnore}
	n.Why = fmt.Sprintf(n.T.ConfirmWhy, n.Site)
	return n.draw()
}

// AlreadySubscribedMail draws the answer to a sign-up of an address that is
// confirmed already. It leads to the reader's preferences.
func AlreadySubscribedMail(site Site, preferencesURL string) (Mail, error) {
	n := newNotice(site, site.Language, preferencesURL)
	n.Subject = fmt.Sprintf(n.T.KnownSubject, n.Site)
	n.Before = []string{fmt.Sprintf(n.T.KnownText, n.Site)}
	n.Button = n.T.KnownButton
	n.After = []string{n.T.KnownIgnore}
	n.Why = fmt.Sprintf(n.T.ConfirmWhy, n.Site)
	return n.draw()
}

// Goodbye is what the last mail to a reader tells.
type Goodbye struct {
	Site         Site
	Language     string // BCP 47; empty means the site's
	Digest       string // that ended, by its name; empty for all
	SubscribeURL string // where one signs up again, absolute http or https
}

// GoodbyeMail draws the mail that says that a digest, or all of them, has ended.
func GoodbyeMail(g *Goodbye) (Mail, error) {
	n := newNotice(g.Site, firstOf(g.Language, g.Site.Language), g.SubscribeURL)
	ended := firstOf(oneLine(g.Digest), n.Site)
	n.Subject = fmt.Sprintf(n.T.EndedSubject, ended)
	n.Before = []string{fmt.Sprintf(n.T.EndedText, ended), n.T.EndedAgain}
	n.Button = n.T.EndedButton
	n.Why = fmt.Sprintf(n.T.EndedWhy, n.Site)
	return n.draw()
}

// FreshLink is what a mail with a link to settings and data tells.
type FreshLink struct {
	Site        Site
	Language    string    // BCP 47; empty means the site's
	URL         string    // of the page, absolute http or https
	RequestedAt time.Time // shown in its own zone
	Left        bool      // the reader has left: it leads to their data alone
}

// FreshLinkMail draws the mail for a reader who asked for that link.
func FreshLinkMail(f *FreshLink) (Mail, error) {
	n := newNotice(f.Site, firstOf(f.Language, f.Site.Language), f.URL)
	n.Subject = fmt.Sprintf(n.T.FreshSubject, n.Site)
	n.Before = []string{fmt.Sprintf(n.T.FreshText, n.Site, n.T.Moment(f.RequestedAt))}
	n.Button = n.T.KnownButton
	if f.Left {
		n.Button = n.T.FreshButton
	}
	n.After = []string{n.T.FreshThen, n.T.FreshIgnore}
	n.Why = fmt.Sprintf(n.T.FreshWhy, n.Site)
	return n.draw()
}

// Alert is what operators should know.
type Alert struct {
	Text  string
	Since time.Time // shown in its own zone
}

// AlertMail tells the operators of a site what needs one of them.
func AlertMail(site Site, alerts []Alert) (Mail, error) {
	n := newNotice(site, site.Language, "")
	n.Subject = fmt.Sprintf(n.T.AlertSubject, n.Site)
	for _, a := range alerts {
		n.Before = append(n.Before, fmt.Sprintf(n.T.AlertSince, oneLine(a.Text), n.T.Moment(a.Since)))
	}
	n.After = []string{n.T.AlertOnce}
	n.Why = fmt.Sprintf(n.T.AlertWhy, n.Site)
	return n.draw()
}

// Notice is a system mail made ready for a theme: some words, one button.
type Notice struct {
	T                      *catalogue // the words of the mail's language
	Lang, Dir              string     // of the mail, for html and for the wrapper
	Site, SiteURL, Address string
	Tagline                string
	Logo                   *Picture
	Subject, Preheader     string
	Before                 []string     // paragraphs above the button
	Lists                  []NoticeList // between the two
	Button, URL            string       // "" for no button
	After                  []string     // paragraphs below the button
	Why                    string

	looks Looks
}

// NoticeList is some names with what they are the names of.
type NoticeList struct{ Name, Items string }

func newNotice(site Site, language, url string) *Notice {
	c := words(language)
	if site.Looks != nil {
		look := site.Looks.Theme().Look()
		site = look.dressed(site)
	}
	return &Notice{
		looks: site.Looks,
		T:     c, Lang: c.language, Dir: languageDirection(c.language),
		Site: site.name(), SiteURL: webURL(site.URL), Address: oneLine(site.PostalAddress),
		URL: webURL(url), Tagline: oneLine(site.Tagline), Logo: site.logo(),
	}
}

func (n *Notice) addList(name string, items []string) {
	if len(items) > 0 {
		n.Lists = append(n.Lists, NoticeList{Name: name, Items: oneLine(n.T.Join(items))})
	}
}

// parsedNotice is the looks of system mails where no theme is given, compiled
// once.
var parsedNotice = sync.OnceValues(func() (*Theme, error) { return LoadTheme("broadsheet") })

// theme is the site's, or that which is built in.
func (n *Notice) theme() (*Theme, error) {
	if n.looks != nil {
		return n.looks.Theme(), nil
	}
	return parsedNotice()
}

func (n *Notice) draw() (Mail, error) {
	if n.URL == "" && n.Button != "" {
		return Mail{}, fmt.Errorf("draw mail %q: %w", n.Subject, errors.New("its link is not an absolute http or https URL"))
	}
	n.Preheader = n.Before[0]
	theme, err := n.theme()
	if err != nil {
		return Mail{}, err
	}
	html, err := theme.mails[noticeFile].drawHTML(n)
	if err != nil {
		return Mail{}, fmt.Errorf("draw html of mail %q: %w", n.Subject, err)
	}
	text, err := theme.mails[noticeFile].drawText(n)
	if err != nil {
		return Mail{}, fmt.Errorf("draw text of mail %q: %w", n.Subject, err)
	}
	return Mail{Subject: n.Subject, HTML: n.T.typeset(html), Text: text}, nil
}
