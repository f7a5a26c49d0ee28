package digest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/templates"
)

// editable is a theme in a folder that a test changes.
type editable struct {
	mu    sync.Mutex
	files fstest.MapFS
}

func (e *editable) put(html string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.files = fstest.MapFS{"digest.html": {Data: []byte(html)}, "digest.txt": {Data: []byte("{{.Name}}")}}
}

func (e *editable) read() (*templates.Source, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return templates.ReadSource(maps.Clone(e.files), templates.Look{})
}

// wear gives all digests of a setup a theme that can be edited.
func wear(e *editable) (*digest.Looks, func(*digest.Setup)) {
	l := digest.NewLooks("./themes/mine", e.read, nil)
	return l, func(set *digest.Setup) {
		set.Looks = []*digest.Looks{l}
		for i := range set.Digests {
			set.Digests[i].Theme, set.Digests[i].Looks = nil, l
		}
	}
}

func (w *world) versions() int64 { return w.count(`SELECT COUNT(*) FROM theme_versions`) }

const brokenTheme = "<p>\n{{.Titel}} {{.Nme}} {{.Leed}} {{.Dat}}"

func TestARetryLooksAsTheFirstTryDid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		mine := &editable{}
		mine.put("<p>old looks {{.Subject}}")
		looks, change := wear(mine)
		w := fillCompose(t, d, change)
		asOf := w.clock.Now()
		before := w.message(w.compose(asOf))
		if !strings.Contains(before, "old looks") {
			t.Fatalf("got %q, want the old looks", before)
		}
		w.clock.advance(time.Minute)
		mine.put("<p>new looks {{.Subject}}")
		if !looks.Reread() {
			t.Fatal("the change was not seen")
		}
		if err := w.store.SyncLooks(t.Context(), w.setup.Looks); err != nil {
			t.Fatal(err)
		}
		if got := w.message(w.compose(time.Time{})); !strings.Contains(got, "old looks") {
			t.Error("a version counts before it is surely committed")
		}
		w.clock.advance(time.Minute)
		if got := w.message(w.compose(time.Time{})); !strings.Contains(got, "new looks") {
			t.Errorf("got %q, want the new looks", got)
		}
		restarted, change := wear(mine) // knows of no version but the newest
		w.configure(newSetup(t, change))
		if got := w.message(w.compose(asOf)); got != before {
			t.Errorf("the retry became\n%s\nand was\n%s", got, before)
		}
		if got := w.versions(); got != 2 || restarted.Fault() != nil {
			t.Errorf("got %d versions and the fault %v, want 2 and none", got, restarted.Fault())
		}
	})
}

func TestABrokenThemeLeavesTheLastGoodOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		mine := &editable{}
		mine.put("<p>good looks")
		looks, change := wear(mine)
		w := fillCompose(t, d, change)
		w.clock.advance(time.Minute)
		mine.put(brokenTheme)
		if !looks.Reread() || looks.Reread() {
			t.Error("a change is to be seen once")
		}
		if err := w.store.SyncLooks(t.Context(), w.setup.Looks); err != nil {
			t.Fatal(err)
		}
		checkAlert(t, w.setup)
		w.checkGood("after a change")

		_, change = wear(mine) // a service that starts with the broken folder
		w.configure(newSetup(t, change))
		checkAlert(t, w.setup)
		w.checkGood("after a restart")

		mine.put("<p>mended looks")
		if !w.setup.Looks[0].Reread() {
			t.Error("what was mended was not seen")
		}
		if alerts := w.setup.LookAlerts(); len(alerts) != 0 {
			t.Errorf("got %v, want no alert of what is mended", alerts)
		}
	})
}

func (w *world) checkGood(when string) {
	w.t.Helper()
	if got := w.message(w.compose(time.Time{})); !strings.Contains(got, "good looks") {
		w.t.Errorf("%s: got %q, want the last good looks", when, got)
	}
	if theme := w.setup.Looks[0].Theme(); theme == nil {
		w.t.Errorf("%s: there is no theme", when)
	}
	if got := w.versions(); got != 1 {
		w.t.Errorf("%s: got %d versions, want 1", when, got)
	}
}

// checkAlert checks that operators learn file and line.
func checkAlert(t *testing.T, set *digest.Setup) {
	t.Helper()
	alerts := set.LookAlerts()
	if len(alerts) != 1 || alerts[0].Key != "theme ./themes/mine" {
		t.Fatalf("got %v, want one alert", alerts)
	}
	for _, want := range []string{"digest.html:2: .Titel: no such field", "; and 1 more", "last good version"} {
		if !strings.Contains(alerts[0].Text, want) {
			t.Errorf("got %q, want %q in it", alerts[0].Text, want)
		}
	}
}

func TestABrokenThemeWithoutAVersionIsAnError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		mine := &editable{}
		mine.put(brokenTheme)
		_, change := wear(mine)
		set := newSetup(t, change)
		store := digest.NewStore(d, time.Now)
		for name, do := range map[string]func(context.Context, *digest.Setup) error{"sync": store.Sync, "load": store.Load} {
			var faults templates.Faults
			if err := do(t.Context(), set); !errors.As(err, &faults) && !errors.Is(err, digest.ErrNotSynced) {
				t.Errorf("%s: got %v, want the faults", name, err)
			}
		}
	})
}

func TestOldVersionsOfAThemeGo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		mine, w := &editable{}, &world{t: t, db: d, clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
		mine.put("<p>0")
		l, _ := wear(mine)
		store := digest.NewStore(d, w.clock.Now)
		for i, want := range []int64{1, 2, 3, 2} { // the last comes more than a year after the third
			mine.put(fmt.Sprintf("<p>%d", i))
			l.Reread()
			if err := store.SyncLooks(t.Context(), []*digest.Looks{l}); err != nil {
				t.Fatal(err)
			}
			if got := w.versions(); got != want {
				t.Errorf("after %d changes: got %d versions, want %d", i+1, got, want)
			}
			w.clock.advance(time.Duration(i*i*100) * 24 * time.Hour)
		}
	})
}

func TestTwoProcessesStoreAThemeOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		mine := &editable{}
		mine.put("<p>looks")
		store := digest.NewStore(d, time.Now)
		var wg sync.WaitGroup
		for range 4 {
			l, _ := wear(mine)
			wg.Go(func() {
				if err := store.SyncLooks(t.Context(), []*digest.Looks{l}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w := &world{t: t, db: d}
		if got := w.versions(); got != 1 {
			t.Errorf("got %d versions, want 1", got)
		}
	})
}

// TestAlertsOfThemesOfSeveralProcesses: one whose files are sound ends nothing that
// another one still finds, and nothing ends the alerts of sources.
func TestAlertsOfThemesOfSeveralProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		broken := digest.Alert{Key: "theme mine", Text: "Theme mine is broken."}
		look := func(want ...digest.Alert) string {
			t.Helper()
			opened, ended, err := w.store.SyncLookAlerts(t.Context(), want)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(keysOf(opened), keysOf(ended))
		}
		source := digest.Alert{Key: "source feed gone", Text: "Gone."}
		if _, _, err := w.store.SyncAlerts(t.Context(), []digest.Alert{source}); err != nil {
			t.Fatal(err)
		}
		for step, tc := range []struct {
			wait time.Duration
			want []digest.Alert
			got  string
		}{
			{0, nil, "[] []"}, {0, []digest.Alert{broken}, "[theme mine] []"}, {0, nil, "[] []"},
			{2 * time.Minute, []digest.Alert{broken}, "[] []"}, {2 * time.Minute, nil, "[] []"}, {2 * time.Minute, nil, "[] [theme mine]"}, {0, nil, "[] []"},
		} {
			w.clock.advance(tc.wait)
			if got := look(tc.want...); got != tc.got {
				t.Errorf("step %d: got %s, want %s", step, got, tc.got)
			}
			if opened, ended, err := w.store.SyncAlerts(t.Context(), []digest.Alert{source}); err != nil || len(opened)+len(ended) > 0 {
				t.Errorf("step %d: opened %v, ended %v, %v", step, opened, ended, err)
			}
		}
		if n, err := w.store.AlertCount(t.Context()); err != nil || n != 1 {
			t.Errorf("got %d alerts, %v, want that of the source", n, err)
		}
	})
}
