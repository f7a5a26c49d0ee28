// Package app wires the parts together from a configuration and runs them.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
	"broadsheet/internal/web"
	"broadsheet/mail"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// ErrConfig says that something the configuration names is not as it must be:
// a key, a theme, a subject.
var ErrConfig = errors.New("configuration")

// ErrNoDatabase says that the configured SQLite file does not exist yet.
var ErrNoDatabase = errors.New("there is no database yet")

// App is every part of Broadsheet, ready to use and not yet running.
type App struct {
	Config      *config.Config
	DB          *db.DB
	Setup       *digest.Setup
	Digests     *digest.Store
	Tagger      *digest.Tagger
	Planner     *digest.Planner
	Composer    *digest.Composer
	Catalog     *subscribers.Catalog
	Subscribers *subscribers.Store
	Ramp        *subscribers.Ramp // nil without [mail.ramp]
	Keys        *subscribers.Keys
	Links       *subscribers.Links
	Providers   *mail.Providers
	Publisher   *digest.Publisher
	Clicks      *digest.Clicks // which the pages count
	Marks       *web.Marks     // by which scanners that leave are told
	Site        templates.Site
	Log         *slog.Logger
	Now         func() time.Time
}

// OpenWriting opens the database, creates or migrates it as needed, and brings
// the configured topics, sources and digests into it.
func OpenWriting(ctx context.Context, cfg *config.Config, log *slog.Logger) (*App, error) {
	return open(ctx, cfg, log, func(a *App) error {
		done, err := a.DB.Migrate(ctx)
		if err != nil {
			return err
		}
		for _, m := range done {
			log.InfoContext(ctx, "schema migrated", "version", m.Version, "name", m.Name)
		}
		if err := a.Digests.Sync(ctx, a.Setup); err != nil {
			return err
		}
		if err := a.Subscribers.AddHooks(ctx, a.hooks()); err != nil {
			return err
		}
		return a.awaitSlots(ctx)
	})
}

// OpenReading opens a database that is there and current, and writes nothing
// to it: the configuration must have been synced.
func OpenReading(ctx context.Context, cfg *config.Config, log *slog.Logger) (*App, error) {
	if err := databaseExists(cfg.Database.URL); err != nil {
		return nil, err
	}
	return open(ctx, cfg, log, func(a *App) error {
		if err := a.DB.CheckSchema(ctx); err != nil {
			return err
		}
		return a.Digests.Load(ctx, a.Setup)
	})
}

// Migrations lists every migration that the program or an existing database
// knows, whatever its schema is. It changes nothing.
func Migrations(ctx context.Context, cfg *config.Config) ([]db.Migration, error) {
	if err := databaseExists(cfg.Database.URL); err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, cfg.Database.URL)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Migrations(ctx)
}

// Check tries everything of a configuration that its text does not show: the
// signing keys, the DKIM key, client certificates, the themes and the subjects
// of digests.
func Check(cfg *config.Config) error {
	_, keysErr := subscribers.OpenKeys(cfg.Security.KeysFile, time.Now)
	set, setupErr := newSetup(cfg, templates.Site{})
	if setupErr == nil {
		setupErr = lookFaults(set)
	}
	_, signErr := newSigner(cfg)
	_, relaysErr := newRelays(cfg)
	if err := errors.Join(keysErr, setupErr, signErr, relaysErr); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// databaseExists keeps a command that only reads from making an empty file.
func databaseExists(url string) error {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w at %s: run broadsheet migrate, or start broadsheet serve", ErrNoDatabase, path)
	}
	return nil
}

func open(ctx context.Context, cfg *config.Config, log *slog.Logger, prepare func(a *App) error) (*App, error) {
	a := &App{Config: cfg, Log: log, Now: time.Now, Site: templates.Site{
		Name: cfg.Site.Name, URL: cfg.Site.URL, Language: cfg.Site.Language, Languages: cfg.Site.Languages, PostalAddress: cfg.Site.PostalAddress,
	}}
	var err error
	if a.Keys, err = subscribers.OpenKeys(cfg.Security.KeysFile, a.Now); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	a.Links = subscribers.NewLinks(cfg.Web.PublicURL, a.Keys)
	a.Providers = newProviders(cfg)
	if a.Setup, err = newSetup(cfg, a.Site); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	a.Site = a.Setup.Site
	if a.DB, err = db.Open(ctx, cfg.Database.URL); err != nil {
		return nil, err
	}
	a.Digests, a.Subscribers = digest.NewStore(a.DB, a.Now), subscribers.NewStore(a.DB, a.Now)
	a.Subscribers.SayGoodbye(cfg.Leaving.GoodbyeMail)
	a.Subscribers.KeepClients(subscribers.ClientDetail(cfg.Privacy.ClientAddress))
	a.guard()
	a.Ramp, err = newRamp(a)
	if err := errors.Join(err, prepare(a)); err != nil {
		a.DB.Close()
		return nil, err
	}
	a.Tagger = digest.NewTagger(a.Setup)
	a.Planner = digest.NewPlanner(a.Digests, a.Setup, log).WarmUp(a.Ramp)
	a.Composer = digest.NewComposer(a.Digests, a.Setup, a.links(), a.Now)
	a.Publisher, a.Clicks = digest.NewPublisher(a.Composer, a.archive()), digest.NewClicks(a.Digests, log)
	a.Marks = web.NewMarks(a.Subscribers.MarkLeaving, log, a.Now)
	a.Catalog = newCatalog(a.Setup)
	return a, nil
}

// Close closes the database.
func (a *App) Close() error { return a.DB.Close() }

// TopicSlug returns the slug of a topic, "?" if it has retired.
func (a *App) TopicSlug(id int64) string {
	for _, t := range a.Setup.Topics {
		if t.ID == id {
			return t.Slug
		}
	}
	return "?"
}

// TopicSlugs returns the slugs of an article's topics.
func (a *App) TopicSlugs(matches []digest.TopicMatch) []string {
	var out []string
	for _, m := range matches {
		out = append(out, a.TopicSlug(m.TopicID))
	}
	return out
}

// TopicNames returns the slugs of a subscription's topics, separated by commas.
func (a *App) TopicNames(t subscribers.Topics) string {
	if t == subscribers.AllTopics {
		return "all"
	}
	var slugs []string
	for _, id := range t.IDs() {
		slugs = append(slugs, a.TopicSlug(id))
	}
	return strings.Join(slugs, ", ")
}
