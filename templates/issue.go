package templates

import (
	"fmt"
	"time"
)

// Issue is a digest made ready for a theme: cleaned, worded and in order. A
// field that is empty is not to be drawn.
type Issue struct {
	T         *catalogue // the words of the mail's language
	Kind      Kind
	Lang, Dir string // of the mail, for html and for the wrapper

	Site, SiteURL, Address string
	Tagline                string
	Logo                   *Picture

	Name, Date         string // of the digest; the date of the edition
	Span               string // the days that a weekly covers
	Subject, Preheader string
	Greeting           string // to a new reader
	Intro              *Prose
	Corrections        []Amends
	Headline           string // above the lead, such as "Top story"
	Lead               *Item
	Sections           []Column
	Count              int    // stories drawn
	Reading            string // how many stories, and how long they take; "" for a single one
	More, MoreURL      string
	TopSlots           []SlotBox // above all stories
	LeadSlots          []SlotBox // after the lead
	BottomSlots        []SlotBox // below all stories

	Why             string
	UnsubscribeText string
	Foot            Foot
	Reader          string // the name, which may be empty in the mail
	SubscribeURL    string
	ViewURL         string // the mail on the web

	words    int    // to read
	siteLang string // of stories that name none
}

// Column is a section as it is drawn.
type Column struct {
	Kind  SectionKind
	Name  string
	Dir   string // of its name, empty where it is the mail's
	Items []*Item
	Slots []SlotBox // that stand after it
}

// Amends is a correction as it is drawn.
type Amends struct {
	Title, URL, Note, Date string
	Dir                    string
}

func newIssue(d *Digest) *Issue {
	c := words(d.language())
	v := &Issue{
		T: c, Kind: d.kind(), Lang: c.language, Dir: languageDirection(c.language), siteLang: oneLine(d.Site.Language),
		Site: d.Site.name(), SiteURL: webURL(d.Site.URL), Address: oneLine(d.Site.PostalAddress),
		Name: oneLine(d.Name), Date: c.longDate(d.Date), Subject: oneLine(d.Subject), Preheader: oneLine(d.Preheader),
		Reader: oneLine(d.ReaderName), SubscribeURL: webURL(d.SubscribeURL), ViewURL: webURL(d.ViewURL),
		Foot: foot(d), Tagline: oneLine(d.Site.Tagline), Logo: d.Site.logo(),
	}
	v.Subject = firstOf(v.Subject, v.Name)
	v.Why = c.why(v.Name, v.Site)
	if d.Public { // what stands around the page offers the mail
		v.Why, v.SubscribeURL = fmt.Sprintf(c.PublicWhy, v.Name, v.Site), ""
	}
	v.UnsubscribeText = fmt.Sprintf(c.Unsubscribe, v.Name)
	if v.Kind == KindWeekly {
		v.Span = c.span(d.Since, d.Date)
	}
	if v.Kind == KindWelcome {
		v.Greeting = fmt.Sprintf(c.Welcome, v.Name)
	}
	if !d.Intro.Empty() {
		v.Intro = d.Intro
		v.words += d.Intro.wordCount()
	}
	for i := range d.Corrections {
		v.Corrections = append(v.Corrections, v.amends(&d.Corrections[i], d.Date))
	}
	v.addStories(d)
	v.addSlots(d.Slots)
	v.setPreheader(d)
	if d.More > 0 {
		v.More, v.MoreURL = c.More(d.More, v.Site), webURL(d.MoreURL)
	}
	return v
}

func (v *Issue) addStories(d *Digest) {
	if d.Lead != nil {
		v.Headline = v.T.headline(v.Kind)
		v.Lead = v.item(d.Lead, d.Date, "")
	}
	for i := range d.Sections {
		s := &d.Sections[i]
		if stories := withoutLead(s.Stories, d.Lead); len(stories) > 0 {
			v.Sections = append(v.Sections, v.column(s, stories, d.Date))
		}
	}
	if v.Count > 1 {
		v.Reading = v.T.reading(v.Count, minutes(v.words))
	}
}

// setPreheader chooses the words that an inbox shows beside the subject.
func (v *Issue) setPreheader(d *Digest) {
	lead, correction := "", ""
	if v.Lead != nil {
		lead = v.Lead.Summary
		if len(v.Lead.Body) > 0 {
			lead = firstOf(lead, v.Lead.Body[0])
		}
	}
	if len(v.Corrections) > 0 && v.Lead == nil {
		correction = v.Corrections[0].Note
	}
	v.Preheader = cut(firstOf(v.Preheader, lead, d.Intro.Opening(), correction), maxSubject)
}

func (v *Issue) column(s *Section, stories []*Story, day time.Time) Column {
	c := Column{Kind: s.Kind, Items: make([]*Item, len(stories))}
	topic := ""
	switch s.Kind {
	case TopSection:
		c.Name = v.T.TopStories
	case LatestSection:
		if c.Name = v.T.Latest; v.Kind == KindDaily {
			c.Name = v.T.AlsoToday
		}
	default:
		topic, c.Name = s.Name, oneLine(s.Name)
	}
	if dir := textDirection(c.Name, v.Dir); dir != v.Dir {
		c.Dir = dir
	}
	for i, story := range stories {
		c.Items[i] = v.item(story, day, topic)
	}
	return c
}

func (v *Issue) amends(c *Correction, day time.Time) Amends {
	a := Amends{Title: oneLine(c.Title), URL: webURL(c.URL), Note: oneLine(c.Note), Date: v.T.instant(c.At, day)}
	if dir := textDirection(firstOf(a.Note, a.Title), v.Dir); dir != v.Dir {
		a.Dir = dir
	}
	v.words += wordCount(a.Title) + wordCount(a.Note)
	return a
}
