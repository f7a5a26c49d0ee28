package templates

import "time"

// Site is the publication that a mail or page speaks for.
type Site struct {
	Name          string
	URL           string   // of the publication itself, absolute http or https
	Language      string   // BCP 47, such as "en"; English where we have no words in it
	PostalAddress string   // shown at the foot of every mail and page
	Languages     []string // BCP 47, that readers may have instead of Language
	Tagline       string   // below the name of a digest: a place or a motto, maybe empty
	Logo          *Logo    // nil for none
	Looks         Looks    // of its system mails and pages, nil for those built in
}

// Logo is the mark of a site. It stands on white where the mail is dark.
type Logo struct {
	URL           string // absolute https; of a PNG, JPEG or GIF
	Alt           string // empty means the site's name
	Width, Height int    // in pixels, as it is drawn
}

// Story is one article as readers see it. All texts are plain; a field that is
// empty is left out of the mail.
type Story struct {
	Title       string
	URL         string // without an absolute http or https URL the headline is not a link
	Summary     string
	Language    string // BCP 47; empty means the site's
	Author      string
	Image       string // without an absolute http or https URL there is no picture
	ImageAlt    string // empty means that the picture is decoration
	ImageWidth  int    // in pixels, 0 if not known; the height too
	ImageHeight int
	ImageCredit string   // whose picture it is, "" if not known
	Source      string   // what readers know the origin by
	AlsoFrom    []string // names of the others that carry it
	PublishedAt time.Time
	ModifiedAt  time.Time // of the last change, zero if not known
	Topics      []string  // names of all topics that the story matched
	Pinned      bool      // an editor put it up
	Paid        bool      // it carries the badge of stories that are paid for
	Body        []string  // paragraphs, nil where the body is not given
}

// SectionKind is what the stories of a section have in common.
type SectionKind string

// A section is of one topic, or over all topics of the reader: the best, or the
// latest of what found no room elsewhere.
const (
	TopicSection  SectionKind = ""
	TopSection    SectionKind = "top"
	LatestSection SectionKind = "latest"
)

// Section is the stories that stand under one heading, best first.
type Section struct {
	Kind       SectionKind
	Slug, Name string // of the topic
	Stories    []Story
}

// Correction tells readers who got a wrong version of a story what was wrong.
type Correction struct {
	Title, URL string // of the story
	Note       string
	At         time.Time
}

// Digest is one selection of an edition, ready to be drawn: everything in it
// is shared by its readers but ReaderName, Unsubscribe and Preferences.
type Digest struct {
	Kind      Kind // "" is taken from what the digest holds
	Site      Site
	Slug      string
	Name      string    // of the digest, such as "The Morning Courier"
	Edition   string    // its key, such as "daily/2026-11-23"
	Date      time.Time // the local date of the slot; times of day are shown in its zone
	Since     time.Time // of a weekly: the date of the edition before, zero if not known
	Language  string    // BCP 47; empty means the site's
	Subject   string
	Preheader string // empty means the lead's summary, or the first words of the introduction

	Intro       *Prose // of the editors, above the stories
	Corrections []Correction

	// Lead is the first story, drawn first and largest. It may also stand in
	// Sections: it is drawn once.
	Lead     *Story
	Sections []Section
	More     int    // stories that belong here and are not shown
	MoreURL  string // where they can be read
	Slots    []Slot // of sponsors and of the house

	// ReaderName, Unsubscribe and Preferences belong to one reader: slot
	// markers of letters and digits for a body that many share, real values
	// for a preview. The name stands alone on its line, so that an empty one
	// leaves no broken sentence.
	ReaderName   string
	Unsubscribe  string // ends this digest
	Preferences  string // the settings; "#pause", "#leave" and "/topic/SLUG" may follow it
	SubscribeURL string // where someone who was forwarded this signs up
	ViewURL      string // this mail on the web, without personal parts; empty for none
	PixelURL     string // a picture that tells when the mail is opened; empty for none
	Public       bool   // this is a page on the web, for nobody in particular
}

// Count is the number of stories that the digest shows.
func (d *Digest) Count() int {
	n := 0
	if d.Lead != nil {
		n++
	}
	for _, s := range d.Sections {
		n += len(withoutLead(s.Stories, d.Lead))
	}
	return n
}

// withoutLead gives the stories less the one that is drawn as the lead.
func withoutLead(stories []Story, lead *Story) []*Story {
	rest := make([]*Story, 0, len(stories))
	for i := range stories {
		if !isLead(&stories[i], lead) {
			rest = append(rest, &stories[i])
		}
	}
	return rest
}

func isLead(s, lead *Story) bool {
	if lead == nil || s == lead {
		return lead != nil
	}
	return s.URL == lead.URL && (s.URL != "" || s.Title == lead.Title)
}

func (d *Digest) language() string {
	if d.Language != "" {
		return d.Language
	}
	return d.Site.Language
}
