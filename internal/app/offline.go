package app

import (
	"fmt"
	"log/slog"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/config"
	"broadsheet/internal/schedule"
	"broadsheet/templates"
)

// Offline is the rules of a configuration without its database: for commands
// that only look at what would come in.
type Offline struct {
	Setup  *digest.Setup // its topics are numbered in their order, which is not how the database numbers them
	Tagger *digest.Tagger
	Poller *ingest.Poller // for previews alone
}

// OpenOffline reads what is configured of topics and sources.
func OpenOffline(cfg *config.Config, log *slog.Logger) (*Offline, error) {
	set, err := newSetup(cfg, templates.Site{URL: cfg.Site.URL, Language: cfg.Site.Language})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for i := range set.Topics {
		set.Topics[i].ID = int64(i + 1)
	}
	tagger := digest.NewTagger(set)
	return &Offline{Setup: set, Tagger: tagger, Poller: ingest.NewPoller(nil, set, tagger, newFetcher(cfg), log, time.Now)}, nil
}

// newFetcher returns a fetcher that says who asks and where to complain.
func newFetcher(cfg *config.Config) *ingest.Fetcher {
	return ingest.NewFetcher("Broadsheet (+" + cfg.Web.PublicURL + ")")
}

// NewStoryReader returns what reads single stories, with the zone and the language
// of the site.
func NewStoryReader(cfg *config.Config) (*ingest.StoryReader, error) {
	zone, err := schedule.Zone(cfg.Site.Timezone)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &ingest.StoryReader{Fetcher: newFetcher(cfg), Zone: zone, Language: cfg.Site.Language, Now: time.Now}, nil
}

// TopicSlug returns the slug of a topic.
func (o *Offline) TopicSlug(id int64) string { return o.Setup.Topics[id-1].Slug }
