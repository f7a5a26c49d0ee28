package templates

import (
	"fmt"
	"strings"
	"time"
)

// issue is a digest made ready for a theme: cleaned, worded and in order.
type issue struct {
	T                      *catalogue
	Lang, Dir              string
	Site, SiteURL, Address string
	Name, Date             string
	Subject, Preheader     string
	Lead                   *item
	Sections               []column
	More, MoreURL          string
	Why, UnsubscribeText   string

	Reader, Unsubscribe, Preferences, SubscribeURL string
}

// column is a section as it is drawn.
type column struct {
	Name  string
	Items []*item
}

// item is a story as it is drawn.
type item struct {
	Title, URL, Summary string
	Dir                 string // of the story's words, empty where it is the mail's
	RTL                 bool
	Labels              string // of the topics that its place does not tell
	Meta                string // who and when
	Image, ImageAlt     string
	Pick                string // says that an editor put it up
}

func newIssue(d *Digest) *issue {
	c := words(d.language())
	v := &issue{
		T: c, Lang: c.language, Dir: languageDirection(c.language),
		Site: oneLine(d.Site.Name), SiteURL: webURL(d.Site.URL), Address: oneLine(d.Site.PostalAddress),
		Name: oneLine(d.Name), Date: c.longDate(d.Date),
		Subject: oneLine(d.Subject), Preheader: oneLine(d.Preheader),
		Reader: oneLine(d.ReaderName), Unsubscribe: oneLine(d.Unsubscribe), Preferences: oneLine(d.Preferences),
		SubscribeURL: webURL(d.SubscribeURL),
	}
	v.Why = fmt.Sprintf(c.Why, v.Name, v.Site)
	v.UnsubscribeText = fmt.Sprintf(c.Unsubscribe, v.Name)
	if d.Lead != nil {
		v.Lead = v.item(d.Lead, d.Date, "")
		v.Preheader = firstOf(v.Preheader, v.Lead.Summary)
	}
	for _, s := range d.Sections {
		if stories := withoutLead(s.Stories, d.Lead); len(stories) > 0 {
			v.Sections = append(v.Sections, v.column(&s, stories, d.Date))
		}
	}
	v.Subject = firstOf(v.Subject, v.Name)
	if d.More > 0 {
		v.More, v.MoreURL = c.More(d.More, v.Site), webURL(d.MoreURL)
	}
	return v
}

func (v *issue) column(s *Section, stories []*Story, day time.Time) column {
	c := column{Name: oneLine(s.Name), Items: make([]*item, len(stories))}
	for i, story := range stories {
		c.Items[i] = v.item(story, day, s.Name)
	}
	return c
}

// item draws a story up; section is the heading that it stands under.
func (v *issue) item(s *Story, day time.Time, section string) *item {
	it := &item{
		Title: oneLine(s.Title), URL: webURL(s.URL), Summary: oneLine(s.Summary),
		Image: webURL(s.Image), ImageAlt: oneLine(s.ImageAlt),
		Meta: v.meta(s, day),
	}
	if s.Pinned {
		it.Pick = v.T.EditorsPick
	}
	it.Title = firstOf(it.Title, it.Summary, it.URL)
	if dir := textDirection(it.Title, v.Dir); dir != v.Dir {
		it.Dir = dir
	}
	it.RTL = firstOf(it.Dir, v.Dir) == "rtl"
	var others []string
	for _, topic := range s.Topics {
		if topic != section {
			others = append(others, oneLine(topic))
		}
	}
	it.Labels = strings.Join(others, ", ")
	if it.Labels != "" && section != "" {
		it.Labels = fmt.Sprintf(v.T.AlsoIn, it.Labels)
	}
	return it
}

func (v *issue) meta(s *Story, day time.Time) string {
	var parts []string
	if author := oneLine(s.Author); author != "" {
		parts = append(parts, fmt.Sprintf(v.T.By, author))
	}
	if source := oneLine(s.Source); source != "" {
		parts = append(parts, source)
	}
	if !s.PublishedAt.IsZero() {
		parts = append(parts, v.T.instant(s.PublishedAt, day))
	}
	return strings.Join(parts, " · ")
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
