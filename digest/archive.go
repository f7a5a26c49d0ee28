package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// Archive says what the public archive shows. The zero value shows nothing.
type Archive struct {
	Digests []string      // slugs
	Delay   time.Duration // between the first mail of an edition and its page
	Letters bool          // letters are shown
	Partial bool          // editions of one topic or story are shown
}

// digestIDs are the ids of the digests of an archive.
func (a *Archive) digestIDs(set *Setup) []int64 {
	ids := []int64{}
	for i := range set.Digests {
		if d := &set.Digests[i]; slices.Contains(a.Digests, d.Slug) && len(d.Audience) == 0 {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// Archivist keeps for the public archive what an edition was to a reader of all
// topics: the selections of readers are dropped one day, and stories get other
// topics. Any number of archivists may work at once.
type Archivist struct {
	store   *Store
	setup   *Setup
	archive Archive
	log     *slog.Logger
	floor   int64 // editions up to this id were looked at
}

// NewArchivist returns an archivist of the digests of setup, whose ids must have
// been loaded.
func NewArchivist(store *Store, setup *Setup, archive Archive, log *slog.Logger) *Archivist {
	return &Archivist{store: store, setup: setup, archive: archive, log: log}
}

const (
	// archiveEvery is how often an archivist looks for new editions.
	archiveEvery = time.Minute
	// lateEditions is among how many of the last editions it looks; the first
	// time it looks at all, for what was added to the configuration.
	lateEditions = 2000
	// archiveChunk is how many it reads at once.
	archiveChunk = 100
)

// Run updates the archive now and then each minute, until ctx ends. What fails
// is logged and tried again; the error is always nil.
func (a *Archivist) Run(ctx context.Context) error {
	tick := time.NewTicker(archiveEvery)
	defer tick.Stop()
	for {
		if err := a.Update(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "archive not updated, trying again in a minute", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Update takes the editions into the archive that were planned since, and
// publishes those of which a mail was sent. One that fails does not keep the
// others.
func (a *Archivist) Update(ctx context.Context) error {
	digests := a.archive.digestIDs(a.setup)
	if len(digests) == 0 {
		return nil
	}
	last, err := a.store.lastEdition(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for after := a.floor; ; {
		ids, err := a.store.unarchived(ctx, &a.archive, digests, after)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, id := range ids {
			if err := a.take(ctx, id); err != nil {
				errs = append(errs, fmt.Errorf("take edition %d into the archive: %w", id, err))
			}
			if stop(ctx, errs) {
				return errors.Join(errs...)
			}
			after = id
		}
		if len(ids) < archiveChunk {
			break
		}
	}
	if len(errs) == 0 {
		a.floor = max(0, last-lateEditions)
	}
	published, err := a.store.publish(ctx)
	for _, key := range published {
		a.log.InfoContext(ctx, "edition published", "edition", key)
	}
	return errors.Join(append(errs, err)...)
}

// take stores what the archive shows of an edition.
func (a *Archivist) take(ctx context.Context, editionID int64) error {
	var e *Edition
	var selection Selection
	ready := false
	err := a.store.db.View(ctx, func(tx *db.Tx) (err error) {
		if e, err = editionByID(ctx, tx, editionID); err != nil {
			return err
		}
		d, err := a.setup.digestByID(e.DigestID)
		if err != nil {
			return err
		}
		run, err := shownRun(ctx, tx, d, e)
		if ready = run != nil; err != nil || !ready {
			return err
		}
		selection, err = newChooser(a.setup, d, e, run).public(ctx, tx)
		return err
	})
	if err != nil || !ready {
		return err
	}
	return a.store.insertPublic(ctx, e, selection)
}

// shownRun is the run whose window the archive shows, nil if it is not planned
// yet: that of the digest's own zone, and once all are planned without one that
// with the most readers.
func shownRun(ctx context.Context, tx *db.Tx, d *Digest, e *Edition) (*Run, error) {
	runs, err := selectRuns(ctx, tx, `WHERE r.edition_id = $1 AND r.planned_at > 0 ORDER BY r.due DESC, r.id`, e.ID)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	for i := range runs {
		if !d.LocalTime || runs[i].Zone == d.Location.String() {
			return &runs[i], nil
		}
	}
	if e.State == EditionDone {
		return &runs[0], nil
	}
	return nil, nil
}

// public chooses as for a reader of all topics of whom nothing is known, and to
// whom nobody reserved anything: in the window that most readers of the edition
// had. Stories for an audience and the bodies of paid ones are not among them.
func (c *chooser) public(ctx context.Context, tx *db.Tx) (Selection, error) {
	if c.edition.Kind == Letter {
		return Selection{}, nil
	}
	from := c.from(&subscription{JoinedSeq: -1})
	pool, err := c.loadPool(ctx, tx, from)
	if err != nil {
		return Selection{}, err
	}
	wants := choice{all: true, only: c.edition.TopicID, article: c.edition.ArticleID}
	if c.digest.ReaderLanguage {
		wants.language = c.setup.Site.Language
	}
	l := &layout{
		digest: c.digest, choice: &wants, window: window{from, c.run.ToSeq}, at: db.Millis(c.run.DueAt),
		ranked: pool.ranked, index: pool.index,
	}
	return l.choose(nil), nil
}

// topics are the topics of the stories of a selection.
func (s Selection) topics() (ids []int64) {
	for _, p := range s.Stories {
		for _, id := range append([]int64{p.TopicID}, p.Also...) {
			if id > 0 && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}
