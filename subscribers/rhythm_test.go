package subscribers_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// newRhythmDesk is a desk whose daily digest has hours to choose from.
func newRhythmDesk(t *testing.T, d *db.DB) *desk {
	k := newDesk(t, d)
	k.catalog.Digests[0].Hours = []string{"06:30", "18:00"}
	k.catalog.Attributes = []subscribers.Attribute{{Name: "tier", Values: []string{"free", "paid"}}, {Name: "plan", Values: []string{"basic", "gold"}}}
	return k
}

func eachRhythmDesk(t *testing.T, fn func(t *testing.T, k *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newRhythmDesk(t, d)) })
}

// owed returns what the daily digest of an address is owed.
func (k *desk) owed(address string) string {
	k.t.Helper()
	var owed string
	k.must(k.db.View(k.t.Context(), func(tx *db.Tx) error {
		return tx.Get(k.t.Context(), &owed, `SELECT owed FROM subscriptions WHERE digest_id = 1
			AND subscriber_id = (SELECT id FROM subscribers WHERE address = $1)`, address)
	}))
	return owed
}

func (k *desk) prefer(id int64, zone, hour string) {
	k.t.Helper()
	in := subscribers.Preferences{Zone: zone, Topics: []string{"world"}, Digests: []string{"daily"}, Hours: map[string]string{"daily": hour}}
	k.must(k.prefers(id, in, "page", ""))
}

// TestOwnHour moves a reader to an hour and back: to another cohort, with the
// window where it was, and with what was missed that day owed.
func TestOwnHour(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		home := k.detail("ann@example.com").Subscriptions[0].CohortID
		k.exec(`UPDATE cohorts SET last_seq = 50, runs = 3`)
		k.exec(`UPDATE subscriptions SET owed = ''`)
		k.prefer(id, "Europe/Paris", "")
		if k.owed("ann@example.com") != "" {
			t.Error("a reader who changed nothing is owed something")
		}
		k.prefer(id, "Europe/Paris", "06:30")
		s := k.detail("ann@example.com").Subscriptions[0]
		if s.Hour != "06:30" || s.CohortID == home || s.JoinedSeq != 50 || s.JoinedRuns != 0 {
			t.Errorf("moved to %+v, want a window from 50 in the first run of another cohort", s)
		}
		if n := k.count(`SELECT COUNT(*) FROM cohorts WHERE id = $1 AND digest_id = 1 AND zone = 'Europe/Paris' AND rule = '06:30'`, s.CohortID); n != 1 {
			t.Error("the cohort has another zone or hour than its readers")
		}
		if owed := k.owed("ann@example.com"); owed != "moved" {
			t.Errorf("owed = %q after a move, want moved", owed)
		}
		if c := k.detail("ann@example.com").Consents; !strings.HasSuffix(c[len(c)-1].Detail, " hours=daily=06:30") {
			t.Errorf("the record of the choice is %+v", c[len(c)-1])
		}
		in := subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"sport"}, Digests: []string{"daily"}}
		k.must(k.prefers(id, in, "page", ""))
		if s := k.detail("ann@example.com").Subscriptions[0]; s.Hour != "06:30" || s.Zone != "Asia/Tokyo" {
			t.Errorf("who says nothing of the hour has %+v, want the hour kept in the other zone", s)
		}
		k.prefer(id, "Europe/Paris", "")
		if s := k.detail("ann@example.com").Subscriptions[0]; s.Hour != "" || s.CohortID != home {
			t.Errorf("back at %+v, want the first cohort", s)
		}
		in.Hours = map[string]string{"daily": "03:00"}
		err := k.prefers(id, in, "page", "")
		var wrong subscribers.FieldErrors
		if !errors.As(err, &wrong) || !strings.Contains(wrong[subscribers.FieldHour("daily")].Text, "06:30, 18:00") {
			t.Errorf("an hour that is not offered: %v", err)
		}
		k.checkStates()
	})
}

// TestOwed: the reader's own confirmation and nobody else's word earns a welcome,
// and no reader who is not active is owed for a move.
func TestOwed(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		moved := form("ann@example.com")
		moved.Zone = "Asia/Tokyo"
		k.signUp(moved)
		if owed := k.owed("ann@example.com"); owed != "" {
			t.Errorf("pending: owed = %q", owed)
		}
		id := k.confirm("ann@example.com")
		if owed := k.owed("ann@example.com"); owed != "welcome" {
			t.Errorf("confirmed: owed = %q, want welcome", owed)
		}
		k.prefer(id, "Europe/Paris", "18:00")
		if owed := k.owed("ann@example.com"); owed != "welcome" {
			t.Errorf("confirmed and moved: owed = %q, want welcome", owed)
		}
		k.exec(`UPDATE subscriptions SET owed = ''`)
		k.confirm("ann@example.com")
		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonManual, "", "command"))
		k.prefer(id, "Europe/Paris", "06:30")
		k.must(k.Unsuppress(t.Context(), "ann@example.com", "command"))
		if owed := k.owed("ann@example.com"); owed != "" {
			t.Errorf("confirmed again, moved while suppressed, and back: owed = %q", owed)
		}
		k.wantImport("email,digests\nbob@example.com,daily\n", confirmed, "+1 ~0 =0 -0")
		k.must(k.Add(t.Context(), k.catalog, subscribers.Add{Address: "cat@example.com", Digests: []string{"daily"}, Confirmed: true, Consent: "asked"}))
		for _, address := range []string{"bob@example.com", "cat@example.com"} {
			if owed := k.owed(address); owed != "" {
				t.Errorf("%s is owed %q without having confirmed", address, owed)
			}
		}
		k.signUp(form("dan@example.com"))
		k.wantImport("email,timezone\ndan@example.com,Asia/Tokyo\n", confirmed, "+0 ~1 =0 -0")
		if owed := k.owed("dan@example.com"); owed != "" {
			t.Errorf("activated and moved by a file: owed = %q", owed)
		}
		k.wantImport("email,timezone\nbob@example.com,Asia/Tokyo\n", confirmed, "+0 ~1 =0 -0")
		if owed := k.owed("bob@example.com"); owed != "moved" {
			t.Errorf("moved by a file: owed = %q, want moved", owed)
		}
		k.must(k.Unsubscribe(t.Context(), k.detail("bob@example.com").ID, 0, "page", ""))
		if owed := k.owed("bob@example.com"); owed != "" {
			t.Errorf("left: owed = %q", owed)
		}
	})
}

// TestRehomeHour: an hour that the digest gives up is the digest's own from then
// on, and makes up for nothing.
func TestRehomeHour(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		for address, hour := range map[string]string{"ann@example.com": "06:30", "bob@example.com": "18:00", "cat@example.com": ""} {
			k.prefer(k.activate(address), "Europe/Paris", hour)
		}
		k.exec(`UPDATE cohorts SET last_seq = 50, runs = 3`)
		k.exec(`UPDATE subscriptions SET owed = ''`)
		rehome := func(want int64) {
			t.Helper()
			if n, err := k.Rehome(t.Context(), k.catalog); err != nil || n != want {
				t.Errorf("Rehome = %d, %v, want %d", n, err, want)
			}
		}
		rehome(0)
		k.catalog.Digests[0].Hours = []string{"18:00", "21:00"}
		rehome(1)
		if s := k.detail("ann@example.com").Subscriptions[0]; s.Hour != "" || s.CohortID != k.detail("cat@example.com").Subscriptions[0].CohortID || s.JoinedSeq != 50 {
			t.Errorf("an hour given up: %+v", s)
		}
		if s := k.detail("bob@example.com").Subscriptions[0]; s.Hour != "18:00" {
			t.Errorf("an hour kept: %+v", s)
		}
		k.catalog.Digests[0].Hours = nil
		rehome(1)
		rehome(0)
		if owed := k.owed("ann@example.com") + k.owed("bob@example.com"); owed != "" {
			t.Errorf("Rehome owes %q", owed)
		}
	})
}

// TestPause pauses and resumes one digest and all of them.
func TestPause(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,digests\nann@example.com,daily;weekly\n", confirmed, "+1 ~0 =0 -0")
		id := k.detail("ann@example.com").ID
		until := k.now().Add(72 * time.Hour)
		paused := func(daily, weekly time.Time) {
			t.Helper()
			s := k.detail("ann@example.com").Subscriptions
			if !s[0].PausedUntil.Equal(daily) || !s[1].PausedUntil.Equal(weekly) {
				t.Errorf("paused until %s and %s, want %s and %s", s[0].PausedUntil, s[1].PausedUntil, daily, weekly)
			}
			k.checkStates()
		}
		pause := func(subscriber, digest int64, until time.Time, want error) {
			t.Helper()
			if err := k.Pause(t.Context(), subscriber, digest, until, "command", ""); !errors.Is(err, want) {
				t.Errorf("Pause(%d, %d, %s) = %v, want %v", subscriber, digest, until, err, want)
			}
		}
		pause(id, 0, k.now(), subscribers.ErrPauseOver)
		pause(id, 0, time.Time{}, subscribers.ErrPauseOver)
		pause(id, 7, until, subscribers.ErrNotSubscribed)
		pause(999, 0, until, subscribers.ErrUnknown)
		paused(time.Time{}, time.Time{})
		for range 2 { // the second changes nothing
			pause(id, 2, until, nil)
		}
		paused(time.Time{}, until)
		pause(id, 0, until, nil)
		paused(until, until)
		k.wantEvents("ann@example.com", subscribers.EventImported, subscribers.EventPaused, subscribers.EventPaused)
		if c := k.detail("ann@example.com").Consents; c[1].Detail != "digests=weekly until="+until.Format(time.RFC3339) || c[2].Detail != "digests=daily until="+until.Format(time.RFC3339) {
			t.Errorf("record: %+v", c)
		}
		v, err := k.View(t.Context(), k.catalog, id)
		if k.must(err); !v.PausedUntil().Equal(until) {
			t.Errorf("the page shows %s, want %s", v.PausedUntil(), until)
		}
		for range 2 {
			k.must(k.Resume(t.Context(), id, 1, "command", ""))
		}
		paused(time.Time{}, until)
		v, err = k.View(t.Context(), k.catalog, id)
		if k.must(err); !v.PausedUntil().IsZero() || !v.Rhythms[1].PausedUntil.Equal(until) {
			t.Errorf("the page shows %+v, want the weekly paused alone", v.Rhythms)
		}
		k.wait(100 * time.Hour)
		if v, err = k.View(t.Context(), k.catalog, id); err != nil || !v.Rhythms[1].PausedUntil.IsZero() {
			t.Errorf("a pause that is over is shown: %+v, %v", v.Rhythms, err)
		}
		k.must(k.Resume(t.Context(), id, 0, "command", ""))
		paused(time.Time{}, time.Time{})
		k.wantEvents("ann@example.com", subscribers.EventImported, subscribers.EventPaused, subscribers.EventPaused, subscribers.EventResumed)
		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		pause(id, 0, k.now().Add(time.Hour), subscribers.ErrNotSubscribed)
	})
}

// TestPauseAndPreferences keeps a pause as preferences are saved, and forgets it on
// leaving.
func TestPauseAndPreferences(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		in := subscribers.Preferences{Zone: "Europe/Paris", Topics: []string{"world"}, Digests: []string{"daily"}}
		want := func(until time.Time) {
			t.Helper()
			if s := k.detail("ann@example.com").Subscriptions[0]; !s.PausedUntil.Equal(until) {
				t.Errorf("paused until %s, want %s", s.PausedUntil, until)
			}
		}
		until := k.now().Add(time.Hour)
		k.must(k.Pause(t.Context(), id, 0, until, "form", ""))
		k.must(k.prefers(id, in, "form", ""))
		want(until)
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventPaused)
		k.must(k.Unsubscribe(t.Context(), id, 0, "page", ""))
		k.signUp(form("ann@example.com"))
		k.confirm("ann@example.com")
		want(time.Time{})
	})
}
