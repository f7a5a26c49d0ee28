package subscribers_test

import (
	"strings"
	"testing"

	"broadsheet/subscribers"
)

// TestMoveToAnotherCohort checks where the window of a reader begins who
// changes zones.
func TestMoveToAnotherCohort(t *testing.T) {
	cases := map[string]struct {
		lastSeq, runs         int64 // of the old cohort
		joinedSeq, joinedRuns int64 // of the subscription
		run                   bool  // run number runs-1, from 40, is being planned
		behind                bool  // it has not come to the reader
		partial               int   // 1: its edition moves no cut-off
		want                  int64
	}{
		"a cohort that never ran":          {lastSeq: -1, joinedSeq: -1, want: -1},
		"one that waits for its first run": {lastSeq: -42, joinedSeq: -1, want: 40},
		"the same, back since":             {lastSeq: -42, joinedSeq: 45, joinedRuns: -1, want: 45},
		"one that ran":                     {lastSeq: 50, runs: 3, joinedSeq: -1, want: 50},
		"a start of its own":               {lastSeq: 50, runs: 3, joinedSeq: 30, joinedRuns: 3, want: 30},
		"a start of its own, used up":      {lastSeq: 50, runs: 3, joinedSeq: 30, joinedRuns: 2, want: 50},
		"a run that had the reader":        {lastSeq: 50, runs: 3, joinedSeq: -1, run: true, want: 50},
		"a run that will miss the reader":  {lastSeq: 50, runs: 3, joinedSeq: -1, run: true, behind: true, want: 40},
		"the welcome of other readers":     {lastSeq: 50, runs: 4, joinedSeq: -1, run: true, behind: true, partial: 1, want: 50},
		"the same with a start":            {lastSeq: 50, runs: 3, joinedSeq: 30, joinedRuns: 2, run: true, behind: true, want: 30},
	}
	eachDesk(t, func(t *testing.T, k *desk) {
		for name, c := range cases {
			address := strings.ReplaceAll(name, " ", "-") + "@example.com"
			address = strings.ReplaceAll(address, ",", "")
			id := k.activate(address)
			old := k.detail(address).Subscriptions[0].CohortID
			other := form("tokyo@example.com")
			other.Zone = "Asia/Tokyo"
			k.signUp(other)
			k.exec(`UPDATE cohorts SET runs = 9, last_seq = 60 WHERE id <> $1`, old)
			k.exec(`UPDATE cohorts SET last_seq = $1, runs = $2 WHERE id = $3`, c.lastSeq, c.runs, old)
			k.exec(`UPDATE subscriptions SET joined_seq = $1, joined_runs = $2 WHERE subscriber_id = $3`, c.joinedSeq, c.joinedRuns, id)
			if c.run {
				cursor := id
				if c.behind {
					cursor--
				}
				k.exec(`INSERT INTO editions (id, digest_id, slot, key, kind, partial, day, state, created_at)
					VALUES (1, 1, 's', 'k', 'x', $1, 1, 'sending', 1)`, c.partial)
				k.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, plan_cursor)
					VALUES (1, 1, $1, 1, 1, 40, 50, $2, $3)`, old, c.runs-1, cursor)
			}
			in := subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"world"}, Digests: []string{"daily"}}
			k.must(k.prefers(id, in, "page", ""))
			s := k.detail(address).Subscriptions[0]
			if s.Zone != "Asia/Tokyo" || s.CohortID == old || s.JoinedSeq != c.want || s.JoinedRuns != 9 {
				t.Errorf("%s: moved to %+v, want a start at %d in run 9", name, s, c.want)
			}
			k.must(k.prefers(id, in, "page", ""))
			if again := k.detail(address).Subscriptions[0]; again != s {
				t.Errorf("%s: saved again without a move: %+v, want %+v", name, again, s)
			}
			k.exec(`DELETE FROM runs`)
			k.exec(`DELETE FROM editions`)
		}
	})
}

// TestMoveFromANewCohort: a reader who moves before a planner saw where misses
// nothing that came since, and nothing that who is new where the move leads has.
func TestMoveFromANewCohort(t *testing.T) {
	for name, c := range map[string]struct {
		lastSeq int64
		slot    string
		want    int64
		begins  int // what is noted of the cohort after that
	}{
		"a run began there meanwhile":  {8, "2026-11-24T07:00", 5, 8},
		"the last one was before":      {3, "2026-11-24T07:00", 3, 3},
		"one that waits for its first": {-4, "2026-11-24T07:00", 2, -4},
		// Where the first window of both begins the planner will say; for an instant
		// digest it is with the first of their readers.
		"one that no planner saw":              {-2 - 9, "", -1, -2 - 5},
		"one that no planner saw, with others": {-2 - 2, "", -1, -2 - 2},
		"one of which nothing is known":        {-1, "", -1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				other := form("tokyo@example.com")
				other.Zone = "Asia/Tokyo"
				k.signUp(other)
				k.exec(`UPDATE counters SET value = 5 WHERE name = 'article_seq'`)
				id := k.activate("ann@example.com")
				k.exec(`UPDATE counters SET value = 9 WHERE name = 'article_seq'`)
				k.exec(`UPDATE cohorts SET last_seq = $1, next_slot = $2 WHERE zone = 'Asia/Tokyo'`, c.lastSeq, c.slot)
				in := subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"world"}, Digests: []string{"daily"}}
				k.must(k.prefers(id, in, "page", ""))
				if s := k.detail("ann@example.com").Subscriptions[0]; s.JoinedSeq != c.want {
					t.Errorf("moved to %+v, want a start at %d", s, c.want)
				}
				if begins := k.count(`SELECT last_seq FROM cohorts WHERE zone = 'Asia/Tokyo'`); begins != c.begins {
					t.Errorf("the cohort begins at %d, want %d", begins, c.begins)
				}
			})
		})
	}
}

// TestReturning: what a reader had before leaving does not come again, wherever
// and whenever they are back.
func TestReturning(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		zones := map[string]string{"ann@example.com": "Asia/Tokyo", "bob@example.com": "Europe/Paris"}
		for address := range zones {
			id := k.activate(address)
			k.exec(`UPDATE subscriptions SET joined_seq = 30, joined_runs = 4 WHERE subscriber_id = $1`, id)
		}
		k.exec(`UPDATE cohorts SET last_seq = 50, runs = 5`)
		for address, zone := range zones {
			k.must(k.Unsubscribe(t.Context(), k.detail(address).ID, 0, "page", ""))
			in := form(address)
			in.Zone = zone
			k.signUp(in)
			k.confirm(address)
			want := map[string]int64{"Asia/Tokyo": 50, "Europe/Paris": 30}[zone] // no earlier than there
			if s := k.detail(address).Subscriptions[0]; s.JoinedSeq != want || s.JoinedRuns != -1 || s.Zone != zone {
				t.Errorf("%s returned as %+v, want a window that begins in no run earlier than at %d", zone, s, want)
			}
		}
	})
}

// TestChangingBeforeConfirming: who has had nothing starts with the cohort.
func TestChangingBeforeConfirming(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.signUp(form("ann@example.com"))
		k.exec(`UPDATE cohorts SET last_seq = 50, runs = 5`)
		in := form("ann@example.com")
		in.Zone, in.Topics = "Asia/Tokyo", []string{"sport"}
		k.signUp(in)
		k.confirm("ann@example.com")
		if s := k.detail("ann@example.com").Subscriptions[0]; s.JoinedSeq != -1 || s.Zone != "Asia/Tokyo" {
			t.Errorf("got %+v, want the cohort's own start", s)
		}
		if n := k.count(`SELECT COUNT(*) FROM subscriptions WHERE former_topics <> ''`); n != 0 {
			t.Error("topics that no digest was sent for are remembered")
		}
	})
}

// TestFormerTopics changes topics and cut-offs in turn and reads what is
// remembered of the choices before.
func TestFormerTopics(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		for _, step := range []struct {
			lastSeq int64
			topics  []string
			want    string
		}{
			{-1, []string{"sport"}, ""}, // before the first run
			{10, []string{"sport"}, ""}, // no change
			{10, []string{"world"}, "10:,2,"},
			{10, []string{"arts"}, "10:,2,"}, // world was never used
			{20, []string{"arts", "sport"}, "10:,2, 20:,3,"},
			{20, []string{"sport", "arts"}, "10:,2, 20:,3,"},
			{30, []string{"sport", "arts"}, "10:,2, 20:,3,"}, // in another order
			{40, []string{"*"}, "10:,2, 20:,3, 40:,2,3,"},
			{50, []string{"world"}, "10:,2, 20:,3, 40:,2,3, 50:*"},
			{60, []string{"sport"}, "20:,2,3, 40:,2,3, 50:*, 60:,1,"},
			{70, []string{"world"}, "40:,2,3, 50:*, 60:,1, 70:,2,"},
			{80, []string{"arts"}, "50:*, 60:,1, 70:,2, 80:,1,"},
		} {
			k.exec(`UPDATE cohorts SET last_seq = $1, runs = runs + 1`, step.lastSeq)
			in := subscribers.Preferences{Zone: "Europe/Paris", Topics: step.topics, Digests: []string{"daily"}}
			k.must(k.prefers(id, in, "page", ""))
			want := strings.ReplaceAll(step.want, "*,", "*")
			if k.count(`SELECT COUNT(*) FROM subscriptions WHERE former_topics = $1`, want) != 1 {
				t.Errorf("%v at %d: not remembered as %q", step.topics, step.lastSeq, want)
			}
		}
	})
}

func TestRehome(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,digests,timezone\nann@example.com,*,Europe/Paris\nbob@example.com,*,\ncat@example.com,weekly,Asia/Tokyo\n", confirmed, "+3 ~0 =0 -0")
		k.exec(`UPDATE cohorts SET last_seq = 50, runs = 3`)
		rehome := func(want int64) {
			t.Helper()
			if n, err := k.Rehome(t.Context(), k.catalog); err != nil || n != want {
				t.Errorf("Rehome = %d, %v, want %d", n, err, want)
			}
			k.checkStates()
		}
		rehome(0)
		k.catalog.Digests[0].LocalTime, k.catalog.Digests[1].LocalTime = false, true
		k.catalog.Digests[1].Zone = "Europe/London"
		rehome(2 + 1) // ann for one digest and with it the other; bob and cat for the weekly
		rehome(0)
		k.wantPicture("ann@example.com", "active | daily=active America/New_York * | weekly=active Europe/Paris *")
		k.wantPicture("bob@example.com", "active | daily=active America/New_York * | weekly=active Europe/London *")
		k.wantPicture("cat@example.com", "active | weekly=active Asia/Tokyo *")
		for _, s := range k.detail("ann@example.com").Subscriptions {
			if s.JoinedSeq != 50 {
				t.Errorf("after the move %s starts at %d, want 50", s.Digest, s.JoinedSeq)
			}
		}
		k.wantEvents("ann@example.com", subscribers.EventImported)
	})
}
