package subscribers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// slope is a ramp on a database, with a log that tests read. It begins on 2026-11-23 in New York.
type slope struct {
	*desk
	*subscribers.Ramp
	log bytes.Buffer
}

func newSlope(t *testing.T, d *db.DB, first int, growth float64, days int) *slope {
	t.Helper()
	s := &slope{desk: newDesk(t, d)}
	s.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (1, 1, 'UTC')`)
	s.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (2, 2, 'UTC')`)
	s.Ramp = s.ramp(first, growth, days)
	return s
}

func (s *slope) ramp(first int, growth float64, days int) *subscribers.Ramp {
	zone, err := time.LoadLocation("America/New_York")
	s.must(err)
	return subscribers.NewRamp(s.Store, subscribers.RampOptions{
		Start: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Zone: zone, First: first, Growth: growth, Days: days,
		Providers: mail.NewProviders(nil), Log: slog.New(slog.NewTextHandler(&s.log, nil)),
		Clock: func(context.Context) (time.Time, error) { return s.now(), nil },
	})
}

// read adds an active reader who confirmed so many hours before the ramp began.
func (s *slope) read(id int, domain string, hours, digests int) {
	s.t.Helper()
	at := db.Millis(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).Add(-time.Duration(hours) * time.Hour))
	s.exec(`INSERT INTO subscribers (id, address, state, created_at, confirmed_at) VALUES ($1, $2, 'active', $3, $3)`,
		id, fmt.Sprintf("r%d@%s", id, domain), at)
	for n := range digests {
		s.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) VALUES ($1, $2, $2, 'active', '*', 1)`, id, n+1)
	}
}

// on goes to noon in New York, so many days after the ramp began, and admits.
func (s *slope) on(day int) {
	s.t.Helper()
	s.to(day)
	s.must(s.Admit(s.t.Context()))
}

func (s *slope) to(day int) {
	s.wait(time.Date(2026, 11, 23+day, 17, 0, 0, 0, time.UTC).Sub(s.now()))
}

// in returns the ids of readers who are admitted.
func (s *slope) in() string {
	s.t.Helper()
	var ids []string
	s.must(s.db.View(s.t.Context(), func(tx *db.Tx) error {
		ids = nil
		return tx.Select(s.t.Context(), &ids, `SELECT CAST(id AS TEXT) FROM subscribers WHERE admitted_at > 0 ORDER BY subscribers.id`)
	}))
	return strings.Join(ids, " ")
}

func (s *slope) want(day int, want string) {
	s.t.Helper()
	if s.on(day); s.in() != want {
		s.t.Errorf("day %d: %s are in, want %s", day, s.in(), want)
	}
}

func (s *slope) wantWaiting(want bool) {
	s.t.Helper()
	since, err := s.Waiting(s.t.Context())
	s.must(err)
	if since.IsZero() == want {
		s.t.Errorf("waiting for an admission since %v, want anybody to wait: %t", since, want)
	}
}

func eachSlope(t *testing.T, first int, growth float64, days int, fn func(t *testing.T, s *slope)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newSlope(t, d, first, growth, days)) })
}

func TestRamp(t *testing.T) {
	eachSlope(t, 2, 1.5, 4, func(t *testing.T, s *slope) {
		for i, domain := range []string{"gmail.com", "googlemail.com", "gmail.com", "gmail.com", "googlemail.com", "gmail.com", "gmail.com", "gmail.com", "gmail.com"} {
			s.read(i+1, domain, 100-i, 1) // the later, the younger
		}
		s.read(11, "paper.example", 50, 1)
		s.read(12, "inbox.example", 60, 2)
		s.read(13, "inbox.example", 40, 1)
		s.want(-1, "")
		s.wantWaiting(true)
		s.want(0, "8 9 11 13")
		s.exec(`INSERT INTO consents (subscriber_id, at, event, origin) VALUES (2, $1, 'preferences', 'page'), (3, $1, 'imported', 'command')`,
			db.Millis(s.now()))
		s.read(14, "gmail.com", -20, 1) // confirmed after the day's admission
		s.want(0, "8 9 11 13")
		s.mailed(0)
		s.want(1, "8 9 11 13 14") // a ceiling of 3; two mails a day do not fit beside the others
		s.exec(`UPDATE subscribers SET suppressed_at = 1 WHERE id = 9`)
		s.mailed(1)
		s.want(2, "2 7 8 9 11 12 13 14") // 4, and one has left
		s.wantWaiting(true)
		s.mailed(2)
		s.want(3, "2 5 6 7 8 9 11 12 13 14")
		s.wantWaiting(true)
		s.mailed(3)
		s.want(4, "2 5 6 7 8 9 11 12 13 14") // everybody may come, and nobody asks any more
		s.wantWaiting(false)
		log := s.log.String()
		for _, line := range []string{
			`msg="readers admitted" group=google day=1 mails=2 ceiling=2 admitted=2 waiting=7`, `group=other day=3 mails=4 ceiling=4 admitted=1 waiting=0`,
			`ramp is over`,
		} {
			if !strings.Contains(log, line) {
				t.Errorf("the log does not have %s:\n%s", line, log)
			}
		}
		if strings.Contains(log, "@") {
			t.Error("the log has an address")
		}
	})
}

func TestNoRamp(t *testing.T) {
	var r *subscribers.Ramp
	since, err := r.Waiting(t.Context())
	if err != nil || !since.IsZero() || r.Admit(t.Context()) != nil {
		t.Errorf("without a ramp %v, %v wait", since, err)
	}
}

// TestRampGoesByTheDatabase lets the host's clock be years away.
func TestRampGoesByTheDatabase(t *testing.T) {
	for name, years := range map[string]int{"behind": -20, "ahead": 20} {
		t.Run(name, func(t *testing.T) {
			eachSlope(t, 1, 1, 365, func(t *testing.T, s *slope) {
				s.read(1, "gmail.com", 1, 1)
				s.read(2, "gmail.com", 2, 1)
				s.Ramp.Start = time.Now().AddDate(0, 0, -2)
				s.Ramp = subscribers.NewRamp(s.Store, subscribers.RampOptions{
					Start: s.Start, Zone: s.Zone, First: s.First, Growth: s.Growth, Days: s.Days, Providers: s.Providers, Log: s.Log,
				})
				s.time = s.time.AddDate(years, 0, 0)
				s.must(s.Admit(t.Context()))
				s.wantWaiting(true)
				if s.in() != "1" {
					t.Errorf("%s are in, want 1", s.in())
				}
				at := s.count(`SELECT admitted_at FROM subscribers WHERE id = 1`)
				if off := time.Since(db.Time(int64(at))); off < -time.Minute || off > time.Hour {
					t.Errorf("the admission is %v ago", off)
				}
			})
		})
	}
}

// TestRampFreezes looks at the record of the last two days with mail.
func TestRampFreezes(t *testing.T) {
	for name, c := range map[string]struct {
		mails, bounced, complaints int
		frozen                     bool
	}{
		"a clean record":             {2000, 0, 0, false},
		"two of a hundred bounce":    {1000, 20, 0, false},
		"more bounce":                {1000, 30, 0, true},
		"more of few":                {49, 1, 0, false},
		"one of a thousand complain": {2000, 0, 2, false},
		"more complain":              {2000, 0, 3, true},
		"more complain of few":       {900, 0, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			eachSlope(t, 2, 2, 9, func(t *testing.T, s *slope) {
				for id := range 20 {
					s.read(id+1, []string{"gmail.com", "paper.example"}[id%2], id, 1)
				}
				s.on(0)
				s.delivered(0, "gmail.com", c.mails, c.bounced)
				s.delivered(0, "paper.example", c.mails, 0)
				for i := range c.complaints {
					s.exec(`INSERT INTO suppressions (address, reason, created_at) VALUES ($1, 'complaint', $2)`, fmt.Sprintf("c%d@gmail.com", i), db.Millis(s.now()))
				}
				s.on(1)
				s.wantCeilings(map[bool]string{false: "google 4 4, other 4 4", true: "google 2 2, other 4 4"}[c.frozen])
				if got := strings.Contains(s.log.String(), `msg="ramp is frozen" group=google`); got != c.frozen {
					t.Errorf("frozen in the log: %t, want %t\n%s", got, c.frozen, s.log.String())
				}
				s.delivered(1, "gmail.com", 50, 0)
				s.mailed(1)
				s.on(2) // the record is still that of the last two days
				s.wantCeilings(map[bool]string{false: "google 8 8, other 8 8", true: "google 2 2, other 8 8"}[c.frozen])
				s.delivered(2, "gmail.com", 50, 0)
				s.mailed(2)
				s.on(3)
				s.wantCeilings(map[bool]string{false: "google 16 10, other 16 10", true: "google 4 4, other 16 10"}[c.frozen])
			})
		})
	}
}

// TestFrozenRampOutlivesItsDays holds one group back when the days of the others are over.
func TestFrozenRampOutlivesItsDays(t *testing.T) {
	eachSlope(t, 1, 2, 2, func(t *testing.T, s *slope) {
		for id := range 12 {
			s.read(id+1, []string{"gmail.com", "paper.example"}[id%2], id, 1)
		}
		s.on(0)
		s.delivered(0, "gmail.com", 100, 50)
		s.mailed(0)
		s.want(1, "1 2 4")
		s.delivered(1, "gmail.com", 50, 0)
		s.mailed(1)
		s.want(2, "1 2 4 6 8 10 12")
		s.wantWaiting(true)
		s.read(13, "paper.example", 1, 1)
		s.delivered(2, "gmail.com", 50, 0)
		s.want(3, "1 2 3 4 6 8 10 12 13")
		s.wantWaiting(true)
		s.read(14, "paper.example", 1, 1)
		s.want(3, "1 2 3 4 6 8 10 12 13") // once a day
		s.mailed(3)
		s.on(4)
		s.wantWaiting(false)
	})
}

// TestRampAgain begins a new ramp when the old one is over.
func TestRampAgain(t *testing.T) {
	eachSlope(t, 1, 2, 2, func(t *testing.T, s *slope) {
		s.read(1, "gmail.com", 1, 1)
		s.read(2, "gmail.com", 2, 1)
		s.want(0, "1")
		s.delivered(0, "gmail.com", 1, 0)
		s.want(1, "1 2")
		s.wantWaiting(true)
		s.on(5) // behind, but nobody waits
		s.wantWaiting(false)
		s.Ramp.Start = s.Start.AddDate(0, 0, 10)
		s.wantWaiting(true)
		s.on(10)
		s.wantCeilings("google 1 1")
		if n := s.count(`SELECT COUNT(*) FROM subscribers WHERE admitted_at = $1`, db.Millis(s.now())); n != 1 {
			t.Errorf("%d readers are admitted anew, want 1", n)
		}
	})
}

// TestRampInterrupted begins a day's admission again, with more readers than before.
func TestRampInterrupted(t *testing.T) {
	eachSlope(t, 4, 2, 9, func(t *testing.T, s *slope) {
		for id := range 9 {
			s.read(id+1, "gmail.com", 10, 1)
		}
		s.on(0)
		s.exec(`DELETE FROM ramp_groups WHERE name = '*'`)
		s.exec(`UPDATE subscribers SET admitted_at = 0 WHERE id = 2`)
		s.exec(`UPDATE ramp_groups SET used = 3 WHERE name = 'google'`)
		s.read(10, "gmail.com", 1, 1)
		s.want(0, "1 3 4 10")
		s.wantCeilings("google 4 4")
	})
}

// TestExportOfWhoWaits lists those for the old tool.
func TestExportOfWhoWaits(t *testing.T) {
	eachSlope(t, 1, 2, 2, func(t *testing.T, s *slope) {
		for id := range 5 {
			s.read(id+1, "gmail.com", id, 1)
		}
		s.exec(`UPDATE subscribers SET suppressed_at = 1 WHERE id = 4`)
		s.exec(`UPDATE subscribers SET state = 'pending' WHERE id = 5`)
		for day, want := range []string{"r1 r2 r3", "r2 r3", "r3", ""} {
			if day > 0 {
				s.on(day - 1)
				s.delivered(day-1, "gmail.com", 1, 0)
			}
			since, err := s.Waiting(t.Context())
			s.must(err)
			var out bytes.Buffer
			n, err := s.Export(t.Context(), &subscribers.Catalog{}, &out, subscribers.ExportOptions{Filter: subscribers.Filter{NotAdmittedSince: &since}})
			s.must(err)
			var got []string
			for line := range strings.Lines(out.String()) {
				if name, _, ok := strings.Cut(line, "@"); ok {
					got = append(got, name)
				}
			}
			if strings.Join(got, " ") != want || n != int64(len(got)) {
				t.Errorf("after %d days %v wait, want %s", day, got, want)
			}
		}
	})
}

// wantCeilings compares the groups with their ceilings and what of these is used.
func (s *slope) wantCeilings(want string) {
	s.t.Helper()
	var rows []string
	s.must(s.db.View(s.t.Context(), func(tx *db.Tx) error {
		rows = nil
		return tx.Select(s.t.Context(), &rows, `SELECT name || ' ' || CAST(ceiling AS TEXT) || ' ' || CAST(used AS TEXT) FROM ramp_groups
			WHERE name <> '*' ORDER BY name`)
	}))
	if got := strings.Join(rows, ", "); got != want {
		s.t.Errorf("groups %s, want %s", got, want)
	}
}

// TestRampNeverPassesItsCeilings lets several planners admit at once while readers come and go.
func TestRampNeverPassesItsCeilings(t *testing.T) {
	eachSlope(t, 7, 1.7, 6, func(t *testing.T, s *slope) {
		random := rand.New(rand.NewPCG(1, 2))
		domains := []string{"gmail.com", "yahoo.com", "paper.example", "inbox.example"}
		ceilings := []int{7, 11, 20, 34, 58, 99} // 7 times 1.7 each day
		next := 0
		for day, ceiling := range ceilings {
			for range 120 {
				next++
				s.read(next, domains[random.IntN(len(domains))], random.IntN(500), 1+random.IntN(2))
			}
			s.exec(`UPDATE subscribers SET suppressed_at = 1 WHERE id % 11 = $1`, day)
			s.to(day)
			var planners sync.WaitGroup
			for range 3 {
				ramp := s.ramp(7, 1.7, 6)
				ramp.Log = slog.New(slog.DiscardHandler)
				planners.Go(func() {
					if err := ramp.Admit(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			planners.Wait()
			s.checkGroups(day, ceiling)
			s.mailed(day)
			s.delivered(day, "yahoo.com", 1, 0)
		}
	})
}

// TestAdmissionsTogether lets processes that know of different readers fill one group.
func TestAdmissionsTogether(t *testing.T) {
	eachSlope(t, 10, 2, 9, func(t *testing.T, s *slope) {
		s.exec(`INSERT INTO ramp_groups (name, day, steps, ceiling, used) VALUES ('google', 20000, 0, 10, 0)`)
		var processes sync.WaitGroup
		for n := range 8 {
			var ids []int64
			for i := range 5 {
				ids = append(ids, int64(n*5+i+1))
				s.read(n*5+i+1, "gmail.com", 1, 1)
			}
			processes.Go(func() {
				if err := s.AdmitOnly(t.Context(), 20000, "google", ids...); err != nil {
					t.Error(err)
				}
			})
		}
		processes.Wait()
		s.wantCeilings("google 10 10")
		if n := len(strings.Fields(s.in())); n != 10 {
			t.Errorf("%d readers are admitted, want 10", n)
		}
	})
}

// checkGroups counts what the admitted readers of each group get a day, and looks for those who were passed over.
func (s *slope) checkGroups(day, ceiling int) {
	s.t.Helper()
	groups := map[string][]passenger{}
	s.must(s.db.View(s.t.Context(), func(tx *db.Tx) error {
		clear(groups)
		return tx.Each(s.t.Context(), func(scan func(...any) error) error {
			var address string
			var p passenger
			err := scan(&address, &p.admittedAt, &p.hour, &p.mails)
			name, known := mail.NewProviders(nil).Of(address)
			if !known {
				name = "other"
			}
			groups[name] = append(groups[name], p)
			return err
		}, `SELECT s.address, s.admitted_at, s.confirmed_at / 3600000, (SELECT COUNT(*) FROM subscriptions u WHERE u.subscriber_id = s.id)
			FROM subscribers s WHERE s.suppressed_at = 0 AND s.state = 'active'`)
	}))
	now := db.Millis(s.now())
	for name, readers := range groups {
		room, waiting, first, last := int64(ceiling), false, int64(0), int64(math.MaxInt64)
		for _, p := range readers {
			switch {
			case p.admittedAt == 0:
				waiting, first = true, max(first, p.hour)
				continue
			case p.admittedAt == now:
				last = min(last, p.hour)
			}
			room -= p.mails
		}
		if room < 0 || waiting && room > 1 {
			s.t.Errorf("day %d: %s has room for %d mails of %d, and somebody waits: %t", day, name, room, ceiling, waiting)
		}
		if first > last {
			s.t.Errorf("day %d: of %s somebody waits who engaged %d hours after one who is admitted", day, name, first-last)
		}
	}
}

type passenger struct{ admittedAt, hour, mails int64 }
