package digest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestPlannersKilledAtRandom compares two and four planners, each with database
// connections of its own and killed at random between their steps, with a single
// one that nobody disturbs.
func TestPlannersKilledAtRandom(t *testing.T) {
	alone := newCrowd(t, dbtest.Open(t, db.SQLite))
	var want [][]string
	for range 2 {
		alone.tick()
		want = append(want, alone.ledger())
		alone.late()
	}
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, planners := range []int{2, 4} {
			t.Run(fmt.Sprintf("%s/%d", dialect, planners), func(t *testing.T) {
				url := dbtest.URL(t, dialect)
				first := open(t, url)
				if _, err := first.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				w := newCrowd(t, first)
				kills := 0
				for day := range want {
					kills += w.planAtOnce(url, planners, uint64(10*planners+day))
					same(t, fmt.Sprintf("%d planners on day %d", planners, day), w.ledger(), want[day])
					w.balanced()
					w.late()
				}
				if kills == 0 {
					t.Error("no planner was killed")
				}
			})
		}
	}
}

func open(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// newCrowd is a world in which four cohorts are due at once, one of three pages,
// with readers for whom there is not enough yet.
func newCrowd(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MinItems = 8 })
	const many = 2*digest.PageSize + 700
	w.pages(many)
	for i := range int64(60) {
		w.subscribe(many+i+1, []string{"America/Toronto", "America/Lima", "America/Panama"}[i%3], topicSlugs[:1+i%5]...)
	}
	w.begin()
	for i := range 30 {
		w.put(story(i, topicSlugs[i%5]))
	}
	return w
}

// late goes to the next day, with some more stories.
func (w *world) late() {
	w.t.Helper()
	for i := range 12 {
		w.put(story(100+i, topicSlugs[i%4]))
	}
	w.clock.advance(24 * time.Hour)
}

// planAtOnce plans with so many planners, each of which dies now and then and is
// started again, until all find nothing left to do. It returns how often one died.
func (w *world) planAtOnce(url string, planners int, seed uint64) (kills int) {
	w.t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range planners {
		d := open(w.t.(*testing.T), url)
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for lives := 1; ; lives++ {
				err := w.planUntil(d, 1+random.IntN(1+lives))
				if err == nil {
					return
				}
				if !errors.Is(err, context.Canceled) {
					w.t.Errorf("planner %d: %v", i, err)
					return
				}
				mu.Lock()
				kills++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return kills
}

// planUntil plans with a planner of its own until its store has asked for the
// time so often, which it does for each edition and each page.
func (w *world) planUntil(d *db.DB, asks int) error {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	now := w.clock.Now()
	var mu sync.Mutex
	store := digest.NewStore(d, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if asks--; asks == 0 {
			cancel()
		}
		return now
	})
	set := *w.setup
	set.Topics, set.Sources, set.Digests = slices.Clone(w.setup.Topics), slices.Clone(w.setup.Sources), slices.Clone(w.setup.Digests)
	if err := store.Load(ctx, &set); err != nil {
		return err
	}
	err := digest.NewPlanner(store, &set, slog.New(slog.NewTextHandler(io.Discard, nil))).Tick(ctx, now)
	if err != nil && ctx.Err() != nil {
		return context.Canceled
	}
	return err
}
