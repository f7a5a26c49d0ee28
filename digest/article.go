package digest

import "time"

// Article is one story as it is stored. Its identity is its canonical URL or,
// where it has none, its source and the source's own id.
type Article struct {
	ID          int64
	SourceID    int64  // 0 when it came through the API or a file
	GUID        string // the source's own id, "" if it gave none
	URL         string // canonical, absolute http or https
	Title       string
	Summary     string // plain text
	Body        string // plain text, "" if only a summary is known
	Author      string
	ImageURL    string // absolute http or https, "" if none
	ImageAlt    string
	SourceName  string // what readers see as the origin of the story
	Language    string // BCP 47, "" if unknown
	Priority    int    // editor's weight: higher ranks first, 0 is normal
	Version     int    // 1, then one more with each change of what readers see
	PublishedAt time.Time
	ArrivedAt   time.Time
	UpdatedAt   time.Time
	PinnedUntil time.Time // zero if not pinned
	HeldAt      time.Time // zero unless an editor holds it back
	WithdrawnAt time.Time // zero unless it was withdrawn
	Topics      []TopicMatch

	EmbargoUntil time.Time // zero if there is no embargo
	FreshAt      time.Time // what its age counts from
	Access       Access
	Audience     []string // attributes of readers who may have it, such as "tier=paid"; nil for everybody
	LeadID       int64    // the article that it was folded into, 0 if it stands for itself
	Sources      int      // how many sources carry it, itself included
}

// Access says who may read the body of an article.
type Access string

// A paid story shows a badge, and its body to those only who pay.
const (
	AccessFree Access = ""
	AccessPaid Access = "paid"
)

// TopicMatch says that an article belongs to a topic, and which rule said so.
type TopicMatch struct {
	TopicID int64
	Reason  string // such as "given", "source", "category:sport", "keyword:treaty"
}

// Incoming is a story as it comes in from a feed, the API or a file, cleaned
// and parsed but not yet tagged or stored. Title and one of URL and GUID are
// required; a zero PublishedAt means that it is not known.
type Incoming struct {
	GUID        string
	URL         string
	Title       string
	Summary     string
	Body        string
	Author      string
	ImageURL    string
	ImageAlt    string
	Language    string
	Topics      []string // slugs given by whoever sent it
	Categories  []string // the source's own labels, mapped to topics by rules
	Priority    int
	PublishedAt time.Time

	EmbargoUntil time.Time // zero for none
	Access       Access
	Audience     []string // attributes of readers who may have it, such as "tier=paid"
}
