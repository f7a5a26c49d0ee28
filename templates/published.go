package templates

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// EditionPage is an edition on the web: the document that a theme drew, and what
// stands around it.
type EditionPage struct {
	Site         Site
	Digest       string // its name
	HTML         string // a whole document
	Title        string
	Description  string
	Image        string // absolute https, for who shares the page; empty for none
	ImageAlt     string
	URL          string    // where everybody finds it; empty keeps search engines away
	PublishedAt  time.Time // zero where nobody needs to know
	SubscribeURL string
	ArchiveURL   string // lists of editions; empty for none
	FeedURL      string
	BeforeURL    string // of the edition before, empty for none
	AfterURL     string
}

// EditionsPage lists editions of the archive.
type EditionsPage struct {
	Site         Site
	URL          string // of this page
	Digests      []EditionsChoice
	Topics       []EditionsChoice
	Digest       string // the name of the chosen one, empty for all
	Topic        string
	Editions     []EditionEntry
	Page         int
	NewerURL     string // empty for none
	OlderURL     string
	SubscribeURL string
	FeedURL      string
}

// EditionsChoice leads to another list. The first one, for all, has no name.
type EditionsChoice struct {
	Name, URL string
	Chosen    bool
}

// EditionEntry is one edition in a list.
type EditionEntry struct {
	Digest    string
	Date      time.Time
	Title     string // that editors gave it, maybe empty
	Headlines []string
	URL       string
}

// GonePage says that a mail can no longer be read in a browser.
type GonePage struct {
	Site       Site
	ArchiveURL string // of its edition in the archive, empty for none
}

// Edition draws an edition on the web.
func (p *Pages) Edition(w io.Writer, page *EditionPage) error {
	f := newFrame(page.Site, page)
	f.Title, f.assets = page.Title, p.asset
	var parts [3]string
	for i, name := range []string{"head", "above", "below"} {
		var b strings.Builder
		if err := p.byName["edition"].ExecuteTemplate(&b, name, f); err != nil {
			return fmt.Errorf("draw page edition: %w", err)
		}
		parts[i] = b.String()
	}
	whole, err := around(page.HTML, parts)
	if err != nil {
		return fmt.Errorf("draw page edition: %w", err)
	}
	if _, err := io.WriteString(w, whole); err != nil {
		return fmt.Errorf("write page edition: %w", err)
	}
	return nil
}

// around puts parts at the end of the head of a document and at either end of
// its body. All else stays as it is.
func around(document string, parts [3]string) (string, error) {
	var out bytes.Buffer
	put := 0
	for z := html.NewTokenizer(strings.NewReader(document)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := string(z.Raw())
		name, _ := z.TagName()
		switch tag := string(name); {
		case kind == html.EndTagToken && tag == "head" && put == 0:
			out.WriteString(parts[0] + raw)
			put++
		case kind == html.StartTagToken && tag == "body" && put == 1:
			out.WriteString(raw + parts[1])
			put++
		case kind == html.EndTagToken && tag == "body" && put == 2:
			out.WriteString(parts[2] + raw)
			put++
		default:
			out.WriteString(raw)
		}
	}
	if put < len(parts) {
		return "", errors.New("the theme draws no document with a head and a body")
	}
	return out.String(), nil
}

// Editions draws a list of editions.
func (p *Pages) Editions(w io.Writer, page *EditionsPage) error {
	site := page.Site
	site.Languages = nil // the editions have one
	f := newFrame(site, page)
	f.Title, f.Listed = f.EditionsTitle(), true
	return p.draw(w, "editions", f)
}

// Gone draws the page of a mail that is no longer kept.
func (p *Pages) Gone(w io.Writer, page *GonePage) error {
	c := words(page.Site.Language)
	m := &MessagePage{Site: page.Site, Title: c.ViewGoneTitle, Text: c.ViewGoneText}
	if page.ArchiveURL != "" {
		m.LinkURL, m.LinkText = page.ArchiveURL, c.ViewGoneArchive
	}
	return p.Message(w, m)
}

// EditionsTitle is the title of the editions of a digest in the words of a site.
func (p *Pages) EditionsTitle(site Site, digest string) string {
	return fmt.Sprintf(words(site.Language).EditionsOf, oneLine(digest))
}

// EditionTitle names an edition by its digest and date in the words of a site.
func (p *Pages) EditionTitle(site Site, digest string, date time.Time) string {
	return oneLine(digest) + ", " + words(site.Language).date(date)
}

// EditionsTitle is the title of a list.
func (f *frame) EditionsTitle() string {
	p := f.Page.(*EditionsPage)
	switch {
	case p.Digest != "" && p.Topic != "":
		return fmt.Sprintf(f.T.EditionsOf, p.Digest) + " · " + p.Topic
	case p.Digest != "":
		return fmt.Sprintf(f.T.EditionsOf, p.Digest)
	case p.Topic != "":
		return fmt.Sprintf(f.T.EditionsAbout, p.Topic)
	}
	return f.T.EditionsTitle
}

// PageName tells which page of a list this is, empty for the first.
func (f *frame) PageName() string {
	if p := f.Page.(*EditionsPage); p.Page > 1 {
		return fmt.Sprintf(f.T.EditionsPage, strconv.Itoa(p.Page))
	}
	return ""
}

// Choice is the name of a choice of lists.
func (f *frame) Choice(c EditionsChoice) string { return cmp.Or(c.Name, f.T.EditionsAll) }

// LongDate is a date in words.
func (f *frame) LongDate(t time.Time) string { return f.T.longDate(t) }

// ByMail offers the digest of the page, or all of the site's, by mail.
func (f *frame) ByMail() string {
	name := f.Site.Name
	switch p := f.Page.(type) {
	case *EditionPage:
		name = cmp.Or(p.Digest, name)
	case *EditionsPage:
		name = cmp.Or(p.Digest, name)
	}
	return fmt.Sprintf(f.T.ByMail, name)
}

// EditionLocale is the language of a page as the Open Graph protocol spells it.
func (f *frame) EditionLocale() string { return strings.ReplaceAll(f.T.language, "-", "_") }
