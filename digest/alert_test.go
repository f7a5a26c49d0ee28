package digest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func keysOf(alerts []digest.Alert) (out []string) {
	for _, a := range alerts {
		out = append(out, a.Key)
	}
	return out
}

// TestAlertsOpenAreToldAndEnd goes through the life of alerts.
func TestAlertsOpenAreToldAndEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		sync := func(want ...digest.Alert) (opened, ended []string) {
			t.Helper()
			o, e, err := w.store.SyncAlerts(t.Context(), want)
			if err != nil {
				t.Fatal(err)
			}
			return keysOf(o), keysOf(e)
		}
		claim := func() []digest.Alert {
			t.Helper()
			alerts, err := w.store.ClaimAlerts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return alerts
		}
		told := func() []string {
			t.Helper()
			alerts := claim()
			if err := w.store.AlertsTold(t.Context(), alerts); err != nil {
				t.Fatal(err)
			}
			return keysOf(alerts)
		}
		a, b := digest.Alert{Key: "a", Text: "A."}, digest.Alert{Key: "b", Text: "B."}
		if opened, ended := sync(a, b); !slices.Equal(opened, []string{"a", "b"}) || ended != nil {
			t.Errorf("opened %v, ended %v", opened, ended)
		}
		before := w.dump()
		if opened, ended := sync(b, a); opened != nil || ended != nil {
			t.Errorf("again: opened %v, ended %v", opened, ended)
		}
		same(t, "again", w.dump(), before)
		if got := told(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("told %v", got)
		}
		a.Text = "A, still."
		sync(a, b)
		if got := told(); got != nil {
			t.Errorf("told again: %v", got)
		}
		sync(a, b, digest.Alert{Key: "d", Text: "D."})
		lost := claim()
		if got := told(); got != nil {
			t.Errorf("told %v, which another process is telling of", got)
		}
		w.clock.advance(5*time.Minute - time.Millisecond)
		if got := told(); got != nil {
			t.Errorf("told %v, which another process may still tell of", got)
		}
		w.clock.advance(time.Millisecond)
		if got := claim(); !slices.Equal(keysOf(got), []string{"d"}) {
			t.Errorf("claimed %v, want what a process died with", keysOf(got))
		}
		if err := w.store.GiveBackAlerts(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		if got := told(); !slices.Equal(got, []string{"d"}) {
			t.Errorf("given back, told %v", got)
		}
		sync(a, b)
		if opened, ended := sync(b); opened != nil || !slices.Equal(ended, []string{"a"}) {
			t.Errorf("opened %v, ended %v", opened, ended)
		}
		sync(a, b)
		if got := told(); !slices.Equal(got, []string{"a"}) {
			t.Errorf("come back, told %v", got)
		}
		sync(b)
		sync(a, b)
		w.clock.advance(-time.Minute)
		sync(a, b, digest.Alert{Key: "c", Text: "C."})
		both := claim()
		if got := keysOf(both); !slices.Equal(got, []string{"c", "a"}) {
			t.Errorf("claimed %v, want the oldest first", got)
		}
		sync(a, b)
		sync(a, b, digest.Alert{Key: "c", Text: "C, another time."})
		w.clock.advance(time.Second)
		sync(a, b)
		sync(a, b, digest.Alert{Key: "c", Text: "C, another time."})
		if err := w.store.AlertsTold(t.Context(), both); err != nil {
			t.Fatal(err)
		}
		if got := told(); !slices.Equal(got, []string{"c"}) {
			t.Errorf("told %v, want what opened anew meanwhile", got)
		}
	})
}

func TestSourceAlerts(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	set := &digest.Setup{Sources: []digest.Source{{ID: 1, Slug: "feed", SilentAfter: 72 * time.Hour}, {ID: 2, Slug: "rare"}}}
	for name, c := range map[string]struct {
		st   digest.SourceState
		want string
		says string
	}{
		"well":                  {digest.SourceState{SourceID: 1, StoryAt: now.Add(-72 * time.Hour)}, "", ""},
		"silent":                {digest.SourceState{SourceID: 1, StoryAt: now.Add(-73 * time.Hour)}, "source feed silent", "2026-11-20 11:00 UTC.*fetched well"},
		"silent, failing":       {digest.SourceState{SourceID: 1, StoryAt: now.Add(-73 * time.Hour), Failures: 2, LastError: "boom"}, "source feed silent", "boom"},
		"failing since an hour": {digest.SourceState{SourceID: 1, StoryAt: now.Add(-time.Hour), Failures: 2}, "", ""},
		"never a story":         {digest.SourceState{SourceID: 1}, "", ""},
		"may be silent":         {digest.SourceState{SourceID: 2, StoryAt: now.Add(-9999 * time.Hour)}, "", ""},
		"gone":                  {digest.SourceState{SourceID: 1, GoneAt: now, HeldAt: now}, "source feed gone", "gone for good"},
		"held":                  {digest.SourceState{SourceID: 1, HeldAt: now, HeldReason: "new ids"}, "source feed held", "new ids"},
		"missed today":          {digest.SourceState{SourceID: 1, StoryAt: now, Missed: 70, MissedLately: 7, MissedAt: now.Add(-23 * time.Hour), MissedSince: now.Add(-30 * time.Hour)}, "source feed missed", "about 7 stories.*since 2026-11-22 06:00 UTC"},
		"missed long ago":       {digest.SourceState{SourceID: 1, StoryAt: now, Missed: 7, MissedAt: now.Add(-25 * time.Hour)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.st.Slug = set.Sources[c.st.SourceID-1].Slug
			got := set.SourceAlerts([]digest.SourceState{c.st}, now)
			if strings.Join(keysOf(got), ",") != c.want {
				t.Fatalf("got %+v, want %q", got, c.want)
			}
			for part := range strings.SplitSeq(c.says, ".*") {
				if c.want != "" && !strings.Contains(got[0].Text, part) {
					t.Errorf("%q does not say %q", got[0].Text, part)
				}
			}
		})
	}
}
