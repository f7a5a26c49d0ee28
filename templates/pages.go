package templates

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
)

//go:embed pages
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Assets holds the files that pages link to, pages.css, edition.css,
// subscribe.js, WorkScript and icon.svg, and FormScript for pages of other sites, at its root. They need "style-src 'self'; script-src 'self'; img-src
// 'self'" in a page's Content-Security-Policy; the inbox's page of one mail
// needs "frame-src 'self'" as well.
func Assets() fs.FS {
	sub, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}

// Pages draws the web pages. It is safe for concurrent use.
type Pages struct {
	byName   map[string]*htmltemplate.Template
	versions map[string]string // of each asset, from its content
	prefix   string
}

// LoadPages compiles the pages. They link to their assets below /assets/.
func LoadPages() (*Pages, error) {
	p := &Pages{byName: map[string]*htmltemplate.Template{}, versions: map[string]string{}, prefix: "/assets/"}
	layout, err := htmltemplate.New("layout").Funcs(htmltemplate.FuncMap{
		"size":        sizeInWords,
		"machineTime": machineTime,
	}).ParseFS(pageFiles, "pages/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parse page layout: %w", err)
	}
	for _, name := range []string{"subscribe", "check", "confirm", "preferences", "unsubscribe", "topic", "personal", "move", "goodbye", "less", "expired", "step", "message", "inbox", "mail", "edition", "editions"} {
		t, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("clone page layout: %w", err)
		}
		if p.byName[name], err = t.ParseFS(pageFiles, "pages/"+name+".html"); err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
	}
	for _, name := range []string{"pages.css", "edition.css", "subscribe.js", FormScript, WorkScript, "icon.svg"} {
		content, err := fs.ReadFile(Assets(), name)
		if err != nil {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		sum := sha256.Sum256(content)
		p.versions[name] = hex.EncodeToString(sum[:4])
	}
	return p, nil
}

// WithAssets gives pages that link to their assets below prefix, a URL or a
// path that ends in a slash, such as "/mail/assets/". The links carry the
// version of the content, so that the files may be cached for good.
func (p *Pages) WithAssets(prefix string) *Pages {
	with := *p
	with.prefix = prefix
	return &with
}

func (p *Pages) asset(name string) string {
	return p.prefix + name + "?v=" + p.versions[name]
}

// draw renders into a buffer first: a page comes out whole or not at all.
func (p *Pages) draw(w io.Writer, name string, f *frame) error {
	f.assets = p.asset
	var b bytes.Buffer
	if err := p.byName[name].ExecuteTemplate(&b, "page", f); err != nil {
		return fmt.Errorf("draw page %s: %w", name, err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write page %s: %w", name, err)
	}
	return nil
}

// Subscribe draws the sign-up form.
func (p *Pages) Subscribe(w io.Writer, page *SubscribePage) error {
	f := newFrame(page.Site, page)
	f.Title, f.errors, f.Script, f.Bare = f.T.SubscribeTitle, page.Errors, "subscribe.js", page.Framed
	f.Listed = !page.Framed && !page.Review
	if page.Review {
		f.Title = f.T.ReviewTitle
	}
	return p.draw(w, "subscribe", f)
}

// CheckInbox draws the answer to a sign-up.
func (p *Pages) CheckInbox(w io.Writer, page *CheckInboxPage) error {
	f := newFrame(page.Site, page)
	f.Title, f.Bare = f.T.CheckTitle, page.Framed
	return p.draw(w, "check", f)
}

// Confirm draws the page that a confirmation link opens.
func (p *Pages) Confirm(w io.Writer, page *ConfirmPage) error {
	f := newFrame(page.Site, page)
	f.Title = f.T.ConfirmTitle
	return p.draw(w, "confirm", f)
}

// Preferences draws the page that the link in every digest opens.
func (p *Pages) Preferences(w io.Writer, page *PreferencesPage) error {
	f := newFrame(page.Site, page)
	f.Title, f.errors = f.T.PreferencesTitle, page.Errors
	return p.draw(w, "preferences", f)
}

// Topic draws the page that the link of a topic opens.
func (p *Pages) Topic(w io.Writer, page *TopicPage) error {
	f := newFrame(page.Site, page)
	f.Title = fmt.Sprintf(f.T.DropTitle, page.Topic)
	return p.draw(w, "topic", f)
}

// Expired draws the page of a link that is too old.
func (p *Pages) Expired(w io.Writer, page *ExpiredPage) error {
	f := newFrame(page.Site, page)
	f.Title = f.T.ExpiredTitle
	return p.draw(w, "expired", f)
}

// Message draws a page that says one thing.
func (p *Pages) Message(w io.Writer, page *MessagePage) error {
	m := *page
	f := newFrame(m.Site, &m)
	m.Title = cmp.Or(m.Title, f.T.statusTitles[m.Status], f.T.statusTitles[500])
	m.Text = cmp.Or(m.Text, f.T.statusTexts[m.Status])
	if m.LinkURL == "" {
		m.LinkURL, m.LinkText = f.SiteURL, ""
	}
	m.LinkText = cmp.Or(m.LinkText, fmt.Sprintf(f.T.SiteHome, m.Site.Name))
	f.Title = m.Title
	return p.draw(w, "message", f)
}

// Inbox draws the list of mails that the demo has received.
func (p *Pages) Inbox(w io.Writer, page *InboxPage) error {
	f := newFrame(page.Site, page)
	f.Title = f.T.InboxTitle
	return p.draw(w, "inbox", f)
}

// InboxMail draws one mail that the demo has received.
func (p *Pages) InboxMail(w io.Writer, page *InboxMailPage) error {
	f := newFrame(page.Site, page)
	f.Title, f.Wide = cmp.Or(page.Message.Subject, f.T.InboxNoSubject), true
	return p.draw(w, "mail", f)
}
