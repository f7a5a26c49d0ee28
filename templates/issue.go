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
	Intro                  *Prose
	Corrections            []amends
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
	Paid                string // says that it is for those who pay
	Body                []string
}

// amends is a correction as it is drawn.
type amends struct {
	Title, URL, Note, Date string
	Dir                    string
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
	if !d.Intro.Empty() {
		v.Intro = d.Intro
	}
	for i := range d.Corrections {
		v.Corrections = append(v.Corrections, v.amends(&d.Corrections[i], d.Date))
	}
	if d.Lead != nil {
		v.Lead = v.item(d.Lead, d.Date, "")
		v.Preheader = firstOf(v.Preheader, v.Lead.Summary)
	}
	v.Preheader = firstOf(v.Preheader, d.Intro.Opening())
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
	c := column{Items: make([]*item, len(stories))}
	topic := ""
	switch s.Kind {
	case TopSection:
		c.Name = v.T.TopStories
	case LatestSection:
		c.Name = v.T.Latest
	default:
		topic, c.Name = s.Name, oneLine(s.Name)
	}
	for i, story := range stories {
		c.Items[i] = v.item(story, day, topic)
	}
	return c
}

func (v *issue) amends(c *Correction, day time.Time) amends {
	a := amends{Title: oneLine(c.Title), URL: webURL(c.URL), Note: oneLine(c.Note), Date: v.T.instant(c.At, day)}
	if dir := textDirection(firstOf(a.Note, a.Title), v.Dir); dir != v.Dir {
		a.Dir = dir
	}
	return a
}

// item draws a story up; topic is the one that it stands under, "" for none.
func (v *issue) item(s *Story, day time.Time, topic string) *item {
	it := &item{
		Title: oneLine(s.Title), URL: webURL(s.URL), Summary: oneLine(s.Summary),
		Image: webURL(s.Image), ImageAlt: oneLine(s.ImageAlt),
		Meta: v.meta(s, day),
	}
	if s.Pinned {
		it.Pick = v.T.EditorsPick
	}
	if s.Paid {
		it.Paid = v.T.Paid
	}
	it.setBody(s.Body)
	it.Title = firstOf(it.Title, it.Summary, it.URL)
	if dir := textDirection(it.Title, v.Dir); dir != v.Dir {
		it.Dir = dir
	}
	it.RTL = firstOf(it.Dir, v.Dir) == "rtl"
	var others []string
	for _, other := range s.Topics {
		if other != topic {
			others = append(others, oneLine(other))
		}
	}
	it.Labels = strings.Join(others, ", ")
	if it.Labels != "" && topic != "" {
		it.Labels = fmt.Sprintf(v.T.AlsoIn, it.Labels)
	}
	return it
}

// setBody shows the body, and not the summary too where the body begins with it.
func (it *item) setBody(paragraphs []string) {
	for _, p := range paragraphs {
		if p = oneLine(p); p != "" {
			it.Body = append(it.Body, p)
		}
	}
	opening := strings.TrimRight(it.Summary, "…. ")
	if len(it.Body) > 0 && strings.HasPrefix(strings.Join(it.Body, " "), opening) {
		it.Summary = ""
	}
}

func (v *issue) meta(s *Story, day time.Time) string {
	var parts []string
	if author := oneLine(s.Author); author != "" {
		parts = append(parts, fmt.Sprintf(v.T.By, author))
	}
	if source := oneLine(s.Source); source != "" {
		parts = append(parts, source)
	}
	if others := alsoFrom(s.AlsoFrom); others != "" {
		parts = append(parts, fmt.Sprintf(v.T.AlsoFrom, others))
	}
	if !s.PublishedAt.IsZero() {
		parts = append(parts, v.T.instant(s.PublishedAt, day))
	}
	return strings.Join(parts, " · ")
}

// mostAlsoFrom is how many other publications are named.
const mostAlsoFrom = 3

// alsoFrom names the other publications that carry a story, the first few.
func alsoFrom(names []string) string {
	var out []string
	for _, name := range names {
		if name = oneLine(name); name != "" {
			out = append(out, name)
		}
	}
	if len(out) > mostAlsoFrom {
		out = append(out[:mostAlsoFrom], "…")
	}
	return strings.Join(out, ", ")
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
