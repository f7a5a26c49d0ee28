package templates

import "time"

// Kind is what an edition is to its readers. Themes draw each kind in its own
// way.
type Kind string

// The kinds of mail that a digest sends. A digest that comes once a week or
// less often is weekly.
const (
	KindDaily      Kind = "daily"
	KindWeekly     Kind = "weekly"
	KindBreaking   Kind = "breaking"   // one story that could not wait
	KindLetter     Kind = "letter"     // words of the editors, without stories
	KindWelcome    Kind = "welcome"    // the first digest of a new reader
	KindCorrection Kind = "correction" // corrections, without stories
)

// Kinds are all kinds of mail that a digest sends.
func Kinds() []Kind {
	return []Kind{KindDaily, KindWeekly, KindBreaking, KindLetter, KindWelcome, KindCorrection}
}

// kind is what the digest says that it is, else what its content looks like.
func (d *Digest) kind() Kind {
	switch {
	case d.Kind != "":
		return d.Kind
	case d.Count() > 0:
		return KindDaily
	case len(d.Corrections) > 0:
		return KindCorrection
	case !d.Intro.Empty():
		return KindLetter
	}
	return KindDaily
}

// headline is what the mail says above its first story or correction, "" for
// nothing.
func (c *catalogue) headline(k Kind) string {
	switch k {
	case KindBreaking:
		return c.Breaking
	case KindWeekly:
		return c.TopOfWeek
	case KindCorrection, KindLetter:
		return ""
	}
	return c.TopStory
}

// span is the days that a digest covers, in words: the dates after since, up
// to the digest's own.
func (c *catalogue) span(since, day time.Time) string {
	if since.IsZero() || !since.Before(day) {
		return ""
	}
	first := since.In(day.Location()).AddDate(0, 0, 1)
	if first.After(day) {
		return ""
	}
	return c.days(first, day)
}
