package app

import (
	"fmt"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/config"
	"broadsheet/internal/schedule"
	"broadsheet/mail"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// Checks are the rules of other packages that a configuration must keep.
func Checks() config.Checks {
	return config.Checks{
		Schedule: checkSchedule,
		Zone:     func(name string) error { _, err := schedule.Zone(name); return err },
		Address:  func(addr string) error { _, err := mail.ParseAddress(addr); return err },
		Language: checkLanguage, Provider: knownProvider, Attribute: subscribers.CheckAttributeName,
		LinkTag:  checkLinkTag,
		Creative: checkCreative,
		Colours:  checkColours,
	}
}

func checkLanguage(tag string) error {
	if templates.HasLanguage(tag) {
		return nil
	}
	return fmt.Errorf("there are no words in %q, only in %s", tag, strings.Join(templates.Languages(), ", "))
}

// instant is the schedule of a digest that goes out whenever it has a story.
const instant = "instant"

func checkSchedule(expr string) error {
	if expr == instant {
		return nil
	}
	_, err := schedule.Parse(expr)
	return err
}

// knownProvider speaks of a [[mail.provider]] that names no domains.
func knownProvider(name string) error {
	if mail.IsWellKnown(name) {
		return nil
	}
	return fmt.Errorf(`must name the domains of %q, such as ["courier.example"]: they are known of big providers only`, name)
}

// newSetup turns the configuration into what package digest works with.
func newSetup(cfg *config.Config, site templates.Site) (*digest.Setup, error) {
	themes, looks, err := newLooks(cfg)
	if err != nil {
		return nil, err
	}
	site.Looks = themes[cfg.Theme.Name]
	set := &digest.Setup{Site: site, Paid: cfg.Site.Paid, KeepDuplicates: cfg.Articles.KeepDuplicates, Looks: looks}
	for _, a := range cfg.Attributes {
		set.Attributes = append(set.Attributes, digest.Attribute(a))
	}
	for _, t := range cfg.Topics {
		set.Topics = append(set.Topics, newTopic(&t))
	}
	for _, s := range cfg.Sources {
		zone, err := schedule.Zone(s.Timezone)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Slug, err)
		}
		if s.PictureURL != "" {
			if _, err := ingest.ResizeURL(s.PictureURL, "https://courier.example/picture.jpg", 1200); err != nil {
				return nil, fmt.Errorf("source %s: picture_url: %w", s.Slug, err)
			}
		}
		set.Sources = append(set.Sources, digest.Source{
			Slug: s.Slug, Name: s.Name, Kind: s.Kind, URL: s.URL, Topics: s.Topics, Every: s.Every, AllowPrivate: s.AllowPrivate,
			Zone: zone, Language: s.Language, PictureURL: s.PictureURL, SilentAfter: s.SilentAfter, IgnoreIDs: s.IgnoreIDs,
		})
	}
	for _, c := range cfg.Digests {
		d, err := newDigest(&c, themes)
		if err == nil {
			d.Tags, err = newLinkTags(&c.Links, cfg.Links.Hosts)
		}
		if err != nil {
			return nil, fmt.Errorf("digest %s: %w", c.Slug, err)
		}
		set.Digests = append(set.Digests, *d)
	}
	for i := range cfg.Slots {
		s, err := newSlot(&cfg.Slots[i])
		if err != nil {
			return nil, fmt.Errorf("slot %s: %w", s.Slug, err)
		}
		set.Slots = append(set.Slots, s)
	}
	return set, nil
}

func newTopic(t *config.Topic) digest.Topic {
	topic := digest.Topic{
		Slug: t.Slug, Name: t.Name, Names: t.Names, Description: t.Description,
		Keywords: t.Keywords, Categories: t.Categories, URLPaths: t.URLPaths,
		Exclude: t.Exclude, Needs: t.Needs, Languages: t.Languages,
	}
	for _, p := range t.Phrases {
		phrase := digest.TopicPhrase{Text: p.Text, Weight: p.Weight}
		for _, part := range p.In {
			phrase.In = append(phrase.In, digest.StoryPart(part))
		}
		topic.Phrases = append(topic.Phrases, phrase)
	}
	return topic
}

func newDigest(c *config.Digest, themes map[string]*digest.Looks) (*digest.Digest, error) {
	d := &digest.Digest{
		Slug: c.Slug, Name: c.Name, Names: c.Names, LocalTime: c.LocalTime, Topics: c.Topics,
		MinItems: c.MinItems, MaxItems: c.MaxItems, PerTopic: c.PerTopic,
		ExpireAfter: c.ExpireAfter, CatchUp: digest.CatchUp(c.CatchUp), Urgent: c.Urgent,

		Top: c.Top, Latest: c.Latest, MaxAge: c.MaxAge, Overflow: digest.Overflow(c.Overflow), OnceAcross: c.OnceAcross,
		Cutoff: c.Cutoff, Approval: digest.Approval(c.Approval), Audience: c.Audience, ReaderLanguage: c.ReaderLanguage,
		FullText: c.FullText, Hours: c.Hours, Welcome: c.Welcome, QuietHours: c.QuietHours, DailyCap: c.DailyCap,
		CatchUpWithin: c.CatchUpWithin, Instant: c.Schedule == instant,
	}
	var err error
	if !d.Instant {
		if d.Schedule, err = schedule.Parse(c.Schedule); err != nil {
			return nil, err
		}
		first := d.Schedule.Next(schedule.LocalOf(time.Unix(0, 0), time.UTC))
		if len(c.Hours) > 0 && d.Schedule.PerDay(first) > 1 {
			return nil, fmt.Errorf("hours go with a schedule of one time a day, and %q has several: remove hours or the other times", c.Schedule)
		}
	}
	if d.Location, err = schedule.Zone(c.Timezone); err != nil {
		return nil, err
	}
	if d.Subject, err = templates.ParseSubject(c.Subject); err != nil {
		return nil, err
	}
	if d.From, err = mail.ParseAddress(c.From); err != nil {
		return nil, err
	}
	if c.ReplyTo != "" {
		replyTo, err := mail.ParseAddress(c.ReplyTo)
		if err != nil {
			return nil, err
		}
		d.ReplyTo = &replyTo
	}
	d.Looks = themes[c.Theme]
	return d, nil
}

// newCatalog is what readers can choose of a setup that has its ids.
func newCatalog(set *digest.Setup) *subscribers.Catalog {
	c := &subscribers.Catalog{}
	for _, t := range set.Topics {
		c.Topics = append(c.Topics, subscribers.Topic{ID: t.ID, Slug: t.Slug, Name: t.Name, Names: t.Names, Description: t.Description})
	}
	for _, a := range set.Attributes {
		c.Attributes = append(c.Attributes, subscribers.Attribute(a))
	}
	for i := range set.Digests {
		d := &set.Digests[i]
		one := subscribers.Digest{ID: d.ID, Slug: d.Slug, Name: d.Name, Names: d.Names, Zone: d.Location.String(), LocalTime: d.LocalTime, Hours: d.Hours, Often: howOften(d)}
		for _, t := range set.Offered(d) {
			one.Topics = append(one.Topics, t.ID)
		}
		c.Digests = append(c.Digests, one)
	}
	return c
}

// newRamp returns nil where no sending domain warms up.
func newRamp(a *App) (*subscribers.Ramp, error) {
	r := a.Config.Mail.Ramp
	if r == nil {
		return nil, nil
	}
	zone, err := schedule.Zone(a.Config.Site.Timezone)
	if err != nil {
		return nil, fmt.Errorf("%w: time zone of the site: %w", ErrConfig, err)
	}
	return subscribers.NewRamp(a.Subscribers, subscribers.RampOptions{
		Start: r.Start, Zone: zone, First: r.First, Growth: r.Growth, Days: r.Days, Providers: a.Providers, Log: a.Log,
	}), nil
}
