package config

import (
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// mostArticles is the largest digest anyone would read, and what compiled bodies and
// frozen selections are sized for.
const mostArticles = 200

func readDigests(tables []*table, c *Config) []Digest {
	seen := slugs{}
	var out []Digest
	for _, t := range tables {
		out = append(out, readDigest(t, c, seen))
	}
	return out
}

func readDigest(t *table, c *Config, seen slugs) Digest {
	address := judged(t.l.checks.Address)
	d := Digest{
		Slug:        t.slug(seen),
		Schedule:    t.needed("schedule", `"0 7 * * *"`, judged(t.l.checks.Schedule)),
		Timezone:    t.text("timezone", c.Site.Timezone, judged(t.l.checks.Zone)),
		LocalTime:   t.flag("local_time"),
		Topics:      t.digestTopics(),
		MinItems:    t.number("min_items", 1, 1, mostArticles),
		MaxItems:    t.number("max_items", 20, 1, mostArticles),
		PerTopic:    t.number("per_topic", 6, 1, mostArticles),
		Subject:     t.text("subject", DefaultSubject, line(500), subject),
		Theme:       t.theme("theme", c.Theme.Name),
		From:        t.text("from", c.Mail.From, line(320), address),
		ReplyTo:     t.text("reply_to", c.Mail.ReplyTo, line(320), address),
		ExpireAfter: t.duration("expire_after", c.Mail.ExpireAfter, time.Minute, longestExpiry),
		CatchUp:     t.choice("catch_up", "merge", "each", "skip"),
		Urgent:      t.flag("urgent"),

		Top:            t.number("top", 3, 0, mostArticles),
		Latest:         t.number("latest", 3, 0, mostArticles),
		MaxAge:         t.duration("max_age", 0, time.Hour, 366*day),
		Overflow:       t.choice("overflow", "more", "carry"),
		OnceAcross:     t.flag("once_across_digests"),
		Cutoff:         t.duration("cutoff", 0, time.Minute, 12*time.Hour),
		Approval:       t.choice("approval", "", "send", "hold"),
		Audience:       t.texts("audience", c.attribute),
		ReaderLanguage: t.flag("reader_language"),
		FullText:       t.flag("full_text"),
		Hours:          t.texts("hours", timeOfDay),
		Welcome:        t.duration("welcome", 3*day, 0, 31*day),
		QuietHours:     t.text("quiet_hours", "", hourRange),
		DailyCap:       t.number("daily_cap", 0, 0, 100),
		CatchUpWithin:  t.duration("catch_up_within", 0, time.Minute, 31*day),
		Links:          t.digestLinks(c.Links.Tags),
	}
	d.Name = t.text("name", d.Slug, line(100))
	d.Names = t.translations()
	if d.MinItems > d.MaxItems {
		t.complain("min_items", "is %d, more than the %d of max_items: no digest would ever go out", d.MinItems, d.MaxItems)
	}
	if d.Schedule == unscheduled {
		t.slotless(&d)
	}
	if d.OnceAcross {
		t.provable(&d, c.Mail.KeepDeliveries)
	}
	t.done()
	return d
}

// unscheduled is the schedule of a digest that goes out whenever a story has come.
const unscheduled = "instant"

// slotless complains about what is said of slots where there are none.
func (t *table) slotless(d *Digest) {
	for key, given := range map[string]bool{"cutoff": d.Cutoff > 0, "hours": len(d.Hours) > 0, "catch_up_within": d.CatchUpWithin > 0} {
		if given {
			t.complain(key, "goes with a schedule of times, and this digest goes out when a story has come: remove it")
		}
	}
}

// anyAge is how long deliveries are kept at least where stories of any age may
// come: a month of a monthly digest and 30 days for what it had not sent yet,
// and a day for either end.
const anyAge = 62 * day

// provable complains where the deliveries would be gone that tell whether
// another digest already brought a story.
func (t *table) provable(d *Digest, keep time.Duration) {
	switch {
	case d.MaxAge == 0 && keep < anyAge:
		t.complain("once_across_digests", "needs to know who got a story of any age, and keep_deliveries in [mail] is %s: give max_age, such as max_age = \"7d\", or raise that to %s",
			inWords(keep), inWords(anyAge))
	case d.MaxAge > keep:
		t.complain("once_across_digests", "needs to know who got a story of up to %s, and keep_deliveries in [mail] is %s: lower max_age or raise that",
			inWords(d.MaxAge), inWords(keep))
	}
}

// digestTopics are all topics unless given, and never none.
func (t *table) digestTopics() []string {
	n := t.child("topics")
	if n == nil {
		t.names("topics")
		return []string{allTopics}
	}
	if n.kind == unstable.Array && len(n.items) == 0 {
		t.complain("topics", `is empty: name topics, or ["*"] for all`)
	}
	return t.topics(allTopics)
}
