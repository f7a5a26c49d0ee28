package subscribers

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"broadsheet/templates"
)

// Catalog is what readers can choose, as configured. It is read only.
type Catalog struct {
	Topics     []Topic
	Digests    []Digest
	Attributes []Attribute
}

// Topic is one that readers can choose.
type Topic struct {
	ID                      int64
	Slug, Name, Description string
	Names                   map[string]string // in other languages, by BCP 47 tag

	plain string // the name that it has in no language, where Name is another
}

// Digest is one that readers can choose.
type Digest struct {
	ID         int64
	Slug, Name string
	Zone       string  // IANA name of the zone that it is scheduled in
	LocalTime  bool    // it is sent in each reader's own zone, if known
	Topics     []int64 // those that it offers, in its order
	// Hours are those that readers can choose, such as "06:30", beside the
	// digest's own.
	Hours []string
	// Often is how often it comes, as forms tell it.
	Often templates.HowOften
	Names map[string]string // in other languages, by BCP 47 tag

	plain string // the name that it has in no language, where Name is another
}

// In is the catalog with the names that topics and digests have in a language.
// Those that have none there keep the one that they always have.
func (c *Catalog) In(language string) *Catalog {
	named := slices.ContainsFunc(c.Topics, func(t Topic) bool { return len(t.Names) > 0 }) ||
		slices.ContainsFunc(c.Digests, func(d Digest) bool { return len(d.Names) > 0 })
	if !named {
		return c
	}
	out := &Catalog{Topics: slices.Clone(c.Topics), Digests: slices.Clone(c.Digests), Attributes: c.Attributes}
	for i := range out.Topics {
		t := &out.Topics[i]
		t.plain = cmp.Or(t.plain, t.Name)
		t.Name = templates.NameIn(t.plain, t.Names, language)
	}
	for i := range out.Digests {
		d := &out.Digests[i]
		d.plain = cmp.Or(d.plain, d.Name)
		d.Name = templates.NameIn(d.plain, d.Names, language)
	}
	return out
}

// zoneFor returns the zone in which a reader in zone gets the digest.
func (d *Digest) zoneFor(zone string) string {
	if d.LocalTime && zone != "" {
		return zone
	}
	return d.Zone
}

// hourFor returns the hour of a reader who asked for one: the digest's own if
// it does not offer that one, or does so no longer.
func (d *Digest) hourFor(hour string) string {
	if slices.Contains(d.Hours, hour) {
		return hour
	}
	return ""
}

// offers reports whether the digest has anything of what is wanted.
func (d *Digest) offers(t Topics) bool {
	return t == AllTopics || slices.ContainsFunc(d.Topics, t.Has)
}

// Digest returns the digest with the given id, nil if it is not configured.
func (c *Catalog) Digest(id int64) *Digest {
	for i := range c.Digests {
		if c.Digests[i].ID == id {
			return &c.Digests[i]
		}
	}
	return nil
}

// topicsOf reads slugs, "*" for all; none gives "".
func (c *Catalog) topicsOf(slugs []string) (Topics, error) {
	var ids []int64
	for _, slug := range slugs {
		if slug == string(AllTopics) {
			return AllTopics, nil
		}
		at := slices.IndexFunc(c.Topics, func(t Topic) bool { return t.Slug == slug })
		if at < 0 {
			return "", flawed(templates.ProblemTopicUnknown, "unknown topic %q%s", shorten(slug), DidYouMean(slug, c.topicSlugs()))
		}
		if !slices.Contains(ids, c.Topics[at].ID) {
			ids = append(ids, c.Topics[at].ID)
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	return TopicsOf(ids), nil
}

// digestsOf reads slugs, "*" for all; none gives none.
func (c *Catalog) digestsOf(slugs []string) ([]*Digest, error) {
	var found []*Digest
	for _, slug := range slugs {
		if slug == "*" {
			return c.allDigests(), nil
		}
		at := slices.IndexFunc(c.Digests, func(d Digest) bool { return d.Slug == slug })
		if at < 0 {
			return nil, flawed(templates.ProblemDigestUnknown, "unknown digest %q%s", shorten(slug), DidYouMean(slug, c.digestSlugs()))
		}
		if d := &c.Digests[at]; !slices.Contains(found, d) {
			found = append(found, d)
		}
	}
	return found, nil
}

func (c *Catalog) allDigests() []*Digest {
	all := make([]*Digest, len(c.Digests))
	for i := range c.Digests {
		all[i] = &c.Digests[i]
	}
	return all
}

// choices is what a reader wants.
type choices struct {
	topics  Topics
	digests []*Digest
	hours   hours // of digests of which nothing is said they stay
}

var errNoDigest = flawed(templates.ProblemNothingOffered, "no digest is configured")

// lenient reads choices as files and commands give them: no topics are all
// topics, and no digests are all that offer one of the topics.
func (c *Catalog) lenient(topics, digests []string) (choices, error) {
	var w choices
	var err error
	if w.topics, err = c.topicsOf(topics); err != nil {
		return w, err
	}
	if w.topics == "" {
		w.topics = AllTopics
	}
	if w.digests, err = c.digestsOf(digests); err != nil {
		return w, err
	}
	if len(w.digests) == 0 {
		for _, d := range c.allDigests() {
			if d.offers(w.topics) {
				w.digests = append(w.digests, d)
			}
		}
		if len(c.Digests) == 0 {
			return w, errNoDigest
		}
		if len(w.digests) == 0 {
			return w, errors.New("no digest has any of the topics")
		}
	}
	return w, c.check(w)
}

// check refuses a digest that would never have anything for the reader.
func (c *Catalog) check(w choices) error {
	for _, d := range w.digests {
		if !d.offers(w.topics) {
			return flawed(templates.ProblemDigestWithoutTopics, "%s has none of the chosen topics", d.Name)
		}
	}
	return nil
}

// describe writes choices down for the record of consent.
func (c *Catalog) describe(w choices, zone string) string {
	var b strings.Builder
	b.WriteString("digests=")
	for i, d := range w.digests {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(d.Slug)
	}
	b.WriteString(" topics=")
	b.WriteString(strings.Join(c.slugsOf(w.topics), ";"))
	if zone != "" {
		b.WriteString(" timezone=")
		b.WriteString(zone)
	}
	if own := c.describeHours(w); len(own) > 0 {
		b.WriteString(" hours=")
		b.WriteString(strings.Join(own, ";"))
	}
	return b.String()
}

// slugsOf returns the slugs of the topics that are configured.
func (c *Catalog) slugsOf(t Topics) []string {
	if t == AllTopics {
		return []string{string(AllTopics)}
	}
	var slugs []string
	for _, id := range t.IDs() {
		if at := slices.IndexFunc(c.Topics, func(t Topic) bool { return t.ID == id }); at >= 0 {
			slugs = append(slugs, c.Topics[at].Slug)
		}
	}
	return slugs
}

func (c *Catalog) topicSlugs() []string {
	slugs := make([]string, len(c.Topics))
	for i := range c.Topics {
		slugs[i] = c.Topics[i].Slug
	}
	return slugs
}

func (c *Catalog) digestSlugs() []string {
	slugs := make([]string, len(c.Digests))
	for i := range c.Digests {
		slugs[i] = c.Digests[i].Slug
	}
	return slugs
}

// checkZone refuses what is not the IANA name of a time zone; empty is fine.
func checkZone(zone string) error {
	if zone == "" {
		return nil
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return flawed(templates.ProblemZoneUnknown, "unknown time zone %q, want a name such as Europe/Berlin", shorten(zone))
	}
	return nil
}
