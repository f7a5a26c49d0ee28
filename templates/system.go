package templates

import (
	"errors"
	"fmt"
	"strings"
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
	Digests     []string  // names of what was asked for
	Topics      []string
}

// ConfirmMail draws the mail that asks a new reader to confirm.
func ConfirmMail(c *Confirm) (Mail, error) {
	n := newNotice(c.Site, firstOf(c.Language, c.Site.Language), c.URL)
	n.Subject = fmt.Sprintf(n.T.ConfirmSubject, n.Site)
	n.Before = []string{fmt.Sprintf(n.T.ConfirmAsked, n.Site, n.T.Moment(c.RequestedAt))}
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

// notice is a system mail made ready to draw: some words, one button.
type notice struct {
	T                      *catalogue
	Lang, Dir              string
	Site, SiteURL, Address string
	Subject, Preheader     string
	Before                 []string // paragraphs above the button
	Lists                  []noticeList
	Button, URL            string // "" for no button
	After                  []string
	Why                    string
}

type noticeList struct{ Name, Items string }

func newNotice(site Site, language, url string) *notice {
	c := words(language)
	return &notice{
		T: c, Lang: c.language, Dir: languageDirection(c.language),
		Site: oneLine(site.Name), SiteURL: webURL(site.URL), Address: oneLine(site.PostalAddress),
		URL: webURL(url),
	}
}

func (n *notice) addList(name string, items []string) {
	if len(items) > 0 {
		n.Lists = append(n.Lists, noticeList{Name: name, Items: oneLine(strings.Join(items, ", "))})
	}
}

// parsedNotice compiles the templates of system mails, once.
var parsedNotice = sync.OnceValues(func() (*Theme, error) {
	return parseTheme("system/notice")
})

func (n *notice) draw() (Mail, error) {
	if n.URL == "" && n.Button != "" {
		return Mail{}, fmt.Errorf("draw mail %q: %w", n.Subject, errors.New("its link is not an absolute http or https URL"))
	}
	n.Preheader = n.Before[0]
	parsed, err := parsedNotice()
	if err != nil {
		return Mail{}, err
	}
	var h, t strings.Builder
	if err := parsed.html.Execute(&h, n); err != nil {
		return Mail{}, fmt.Errorf("draw html of mail %q: %w", n.Subject, err)
	}
	if err := parsed.text.Execute(&t, n); err != nil {
		return Mail{}, fmt.Errorf("draw text of mail %q: %w", n.Subject, err)
	}
	return Mail{Subject: n.Subject, HTML: strings.TrimSpace(h.String()) + "\n", Text: tidyText(t.String())}, nil
}
