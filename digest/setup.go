package digest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"broadsheet/internal/schedule"
	"broadsheet/mail"
	"broadsheet/templates"
)

// Setup is what the newsroom declared in its configuration: topics, sources
// and digests in their order. Store.Sync or Store.Load gives them their ids;
// after that a Setup does not change.
type Setup struct {
	Site    templates.Site
	Topics  []Topic
	Sources []Source
	Digests []Digest
	Slots   []Slot
	Looks   []*Looks // the themes of its digests and of system mails

	Attributes     []Attribute
	Paid           string // the attribute of readers who get the bodies of paid stories, such as "tier=paid"; "": nobody
	KeepDuplicates bool   // near-duplicates stay apart
}

// Attribute is something that is known of every reader. The first value is that
// of readers of whom nothing else is known.
type Attribute struct {
	Name   string
	Values []string
}

// Topic is what readers choose, with the rules that tag articles.
type Topic struct {
	ID          int64
	Slug        string
	Name        string
	Names       map[string]string // in other languages, by BCP 47 tag
	Description string
	Keywords    []string // phrases of weight 1 that count in all parts
	Categories  []string // globs over the categories of the source
	URLPaths    []string // prefixes of the path of the article's URL
	Phrases     []TopicPhrase
	Exclude     []string // phrases that keep it from being given by phrases
	Needs       float64  // points from which on phrases give it, 0 for DefaultNeeds
	Languages   []string // BCP 47, of stories that its phrases are for; nil for all
}

// Source is where articles come from on a schedule.
type Source struct {
	ID           int64
	Slug         string
	Name         string // what readers see as the origin of its stories, "" for the host of each story
	Kind         string // one of SourceKinds; "" is found out with each fetch
	URL          string
	Topics       []string // slugs that every story of it gets
	Every        time.Duration
	AllowPrivate []netip.Prefix // private addresses it may be fetched from

	Zone        *time.Location // of dates that name none, nil for UTC
	Language    string         // BCP 47, of stories that name none, "" if unknown
	PictureURL  string         // pattern by which the site makes pictures smaller, "" if it does not
	SilentAfter time.Duration  // without a new story for that long operators are told, 0 for never
	IgnoreIDs   bool           // its own ids change all the time: stories are known by their URL alone
}

// SourceKinds are what a source may be: a feed, a sitemap of news, or a page
// that links to stories.
func SourceKinds() []string { return []string{"feed", "sitemap", "page"} }

// CatchUp says what happens to slots that passed while nobody was planning.
type CatchUp string

// What to do with missed slots: one run for all of them, one for each of the
// last seven days, or none, so that their stories come with the next slot. A
// slot whose expire_after has passed is not sent, but for "each", where it
// counts from when the service is back.
const (
	CatchUpMerge CatchUp = "merge"
	CatchUpEach  CatchUp = "each"
	CatchUpSkip  CatchUp = "skip"
)

// Overflow says what becomes of stories beyond a digest's limits.
type Overflow string

// Stories beyond the limits are counted, with a link, or come with the next
// edition.
const (
	OverflowMore  Overflow = "more"
	OverflowCarry Overflow = "carry"
)

// Approval says what becomes of an edition that no editor approved by its slot.
type Approval string

// An edition that nobody approved is sent or held; without approval nobody is
// asked.
const (
	ApprovalNone Approval = ""
	ApprovalSend Approval = "send"
	ApprovalHold Approval = "hold"
)

// Digest is a named, scheduled newsletter.
type Digest struct {
	ID          int64
	Slug        string
	Name        string
	Names       map[string]string // in other languages, by BCP 47 tag
	Schedule    schedule.Schedule
	Location    *time.Location // the digest's own zone
	LocalTime   bool           // each reader's own zone decides instead
	Topics      []string       // slugs in the order of sections, or "*"
	MinItems    int
	MaxItems    int
	PerTopic    int // 0: no limit
	Subject     *templates.Subject
	Theme       *templates.Theme
	Looks       *Looks    // the versions of the theme; nil for Theme alone
	Tags        *LinkTags // that links to stories get, nil for none
	From        mail.Address
	ReplyTo     *mail.Address
	ExpireAfter time.Duration
	CatchUp     CatchUp
	Urgent      bool // its editions go before those of all others

	Instant        bool          // it has no schedule: a story of its topics makes an edition
	Top            int           // most stories of the section of the best, 0 for none
	Latest         int           // most stories of the section of those that found no room under their topics, 0 for none
	MaxAge         time.Duration // of a story, 0 for any
	Overflow       Overflow      // "" is OverflowMore
	OnceAcross     bool          // it shares no story with the other digests that have this
	Cutoff         time.Duration // how long before its slot an edition closes
	Approval       Approval
	Audience       []string      // attributes of which readers need one of each name, such as "tier=paid"; nil for everybody
	ReaderLanguage bool          // stories in the reader's language only
	FullText       bool          // bodies are shown
	Hours          []string      // "HH:MM", from which readers choose theirs
	Welcome        time.Duration // how far back the digest of a new reader looks, 0 for none
	QuietHours     string        // "22:00-07:00" in the zone of the schedule, "" for none
	DailyCap       int           // deliveries to a reader on a local date, 0 for no limit
	CatchUpWithin  time.Duration // how late a missed slot may be made up for, 0 for what CatchUp says

	topics     map[int64]int // offered topics and their position
	narrowedAt int64         // when it last ceased to offer one
	slots      []Slot        // of the setup
	paid       string        // the attribute of readers who get the bodies of paid stories, like ",name=value,"; "": nobody
	language   string        // of stories and readers of which none is known
}

// ErrUnknownDigest says that no digest of that name is configured.
var ErrUnknownDigest = errors.New("unknown digest")

// DigestBySlug returns the digest of that slug, or ErrUnknownDigest with the
// names that there are.
func (s *Setup) DigestBySlug(slug string) (*Digest, error) {
	var known []string
	for i := range s.Digests {
		if s.Digests[i].Slug == slug {
			return &s.Digests[i], nil
		}
		known = append(known, s.Digests[i].Slug)
	}
	return nil, fmt.Errorf("%w %q: the configuration has %s", ErrUnknownDigest, slug, orNone(known))
}

func (s *Setup) digestByID(id int64) (*Digest, error) {
	for i := range s.Digests {
		if s.Digests[i].ID == id {
			return &s.Digests[i], nil
		}
	}
	return nil, fmt.Errorf("%w with id %d: it is no longer configured", ErrUnknownDigest, id)
}

// TopicBySlug returns the topic of that slug, or nil.
func (s *Setup) TopicBySlug(slug string) *Topic {
	for i := range s.Topics {
		if s.Topics[i].Slug == slug {
			return &s.Topics[i]
		}
	}
	return nil
}

// NameIn is what the digest is called in a language, "" for the site's.
func (d *Digest) NameIn(language string) string { return templates.NameIn(d.Name, d.Names, language) }

// nameIn is what the topic is called in a language, "" for the site's.
func (t *Topic) nameIn(language string) string { return templates.NameIn(t.Name, t.Names, language) }

// topicByID returns the topic, or an unnamed one if it retired.
func (s *Setup) topicByID(id int64) Topic {
	for i := range s.Topics {
		if s.Topics[i].ID == id {
			return s.Topics[i]
		}
	}
	return Topic{}
}

// Offered returns the topics that the digest offers, in its order.
func (s *Setup) Offered(d *Digest) []*Topic {
	var out []*Topic
	for _, slug := range d.Topics {
		if slug == "*" {
			for i := range s.Topics {
				if t := &s.Topics[i]; !contains(out, t) {
					out = append(out, t)
				}
			}
		} else if t := s.TopicBySlug(slug); t != nil && !contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

func contains(topics []*Topic, t *Topic) bool {
	for _, have := range topics {
		if have == t {
			return true
		}
	}
	return false
}

// index prepares what planning looks up by id.
func (s *Setup) index() {
	for i := range s.Digests {
		d := &s.Digests[i]
		d.topics = map[int64]int{}
		for n, t := range s.Offered(d) {
			d.topics[t.ID] = n
		}
		d.language, d.slots = s.Site.Language, s.Slots
		if s.Paid != "" {
			d.paid = joinPairs([]string{s.Paid})
		}
	}
}

// zone is where the digest's cohort lives: the cohort's own zone if the digest
// follows its readers, else the digest's.
func (d *Digest) zone(zones *schedule.Zones, cohortZone string) (*time.Location, error) {
	if !d.LocalTime {
		return d.Location, nil
	}
	return zones.Load(cohortZone)
}

// feedbackID names the edition for mailbox providers: nothing of the reader,
// and a sender's part that stays the same.
func (s *Setup) feedbackID(d *Digest, e *Edition) string {
	sender := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, mail.Domain(d.From.Addr))
	sender = (sender + "sender")[:max(5, min(15, len(sender)))]
	return strings.NewReplacer("/", "-", ":", "").Replace(e.Key) + ":" + d.Slug + ":digest:" + sender
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
