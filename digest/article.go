package digest

import (
	"slices"
	"strings"
	"time"
)

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
	ImageWidth  int // in pixels, 0 if not known; the height too
	ImageHeight int
	ImageCredit string // whose picture it is, "" if not known
	SourceName  string // what readers see as the origin of the story
	Language    string // BCP 47, "" if unknown
	Priority    int    // editor's weight: higher ranks first, 0 is normal
	Version     int    // 1, then one more with each change of what readers see
	PublishedAt time.Time
	ModifiedAt  time.Time // when its publisher says that it last changed, zero if not known
	ArrivedAt   time.Time
	UpdatedAt   time.Time
	PinnedUntil time.Time // zero if not pinned
	HeldAt      time.Time // since when it is held back, by an editor or an embargo; zero if it is not
	WithdrawnAt time.Time // zero unless it was withdrawn
	Topics      []TopicMatch

	EmbargoUntil time.Time // when what holds it back ends by itself; zero if it does not
	FreshAt      time.Time // what its age counts from
	Access       Access
	Audience     []string // attributes of readers who may have it, such as "tier=paid"; nil for everybody
	LeadID       int64    // the article that it was folded into, 0 if it stands for itself
	Sources      int      // how many sources carry it, itself included
	AlsoFrom     []string // names of the other sources that carry it, where the text of a time was asked for
}

// ArticleState is how an article stands with the editors.
type ArticleState string

// The states of an article; of several that are true the first one counts.
const (
	ArticleWithdrawn ArticleState = "withdrawn"
	ArticleFolded    ArticleState = "folded"
	ArticleEmbargo   ArticleState = "embargo" // held back until a time
	ArticleHeld      ArticleState = "held"    // held back until it is released
	ArticlePinned    ArticleState = "pinned"
	ArticleOpen      ArticleState = "open"
)

// State returns the state of an article at a time.
func (a *Article) State(at time.Time) ArticleState {
	switch {
	case !a.WithdrawnAt.IsZero():
		return ArticleWithdrawn
	case a.LeadID != 0:
		return ArticleFolded
	case !a.EmbargoUntil.IsZero():
		return ArticleEmbargo
	case !a.HeldAt.IsZero():
		return ArticleHeld
	case a.PinnedUntil.After(at):
		return ArticlePinned
	}
	return ArticleOpen
}

// Access says who may read the body of an article.
type Access string

// A paid story shows a badge, and its body to those only who pay.
const (
	AccessFree Access = ""
	AccessPaid Access = "paid"
)

// Spelled returns the access as files and the API spell it: "free" or "paid".
func (a Access) Spelled() string {
	if a == AccessFree {
		return "free"
	}
	return string(a)
}

// TopicMatch says that an article belongs to a topic, and which rule said so.
type TopicMatch struct {
	TopicID int64
	Reason  string // the rule that decided and all others that hit, as ParseReason reads it
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
	ImageWidth  int // in pixels, 0 if not known; the height too
	ImageHeight int
	ImageCredit string // whose picture it is, "" if not known
	NoImage     bool   // it must have no picture in mails, whatever else it says
	SiteName    string // of the publication it is from, "" if not known
	Language    string
	Topics      []string // slugs given by whoever sent it
	Categories  []string // the source's own labels, mapped to topics by rules
	Priority    int
	PublishedAt time.Time
	ModifiedAt  time.Time // when its publisher says that it last changed, zero if not known

	EmbargoUntil time.Time // zero for none
	Access       Access
	Audience     []string // attributes of readers who may have it, such as "tier=paid"

	Clears Marks // what it takes off a known story; a mark that it neither has nor clears stays as it is
}

// Marks names those marks of a story that the API, files and editors take off
// again. A feed does not.
type Marks struct {
	Priority, Access, Audience, Embargo bool
}

// joinPairs is how attributes and audiences are stored: ",name=value,name=value,"
// in order, each once, "" for none.
func joinPairs(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	return "," + strings.Join(slices.Compact(slices.Sorted(slices.Values(pairs))), ",") + ","
}

func splitPairs(text string) []string {
	if text = strings.Trim(text, ","); text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
