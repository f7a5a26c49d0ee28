package subscribers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// looksFor begins the statement that looks for readers who are in other cohorts.
const looksFor = `SELECT u.subscriber_id FROM subscriptions`

// rehomes moves readers to where the catalog wants them, and calls look before each
// look for them.
func (k *desk) rehomes(c *subscribers.Catalog, look func(n int, stop func())) (moved int64, looks int, err error) {
	ctx, stop := context.WithCancel(k.t.Context())
	defer stop()
	moved, err = k.Rehome(db.Watched(ctx, func(query string) {
		if strings.HasPrefix(query, looksFor) {
			if looks++; look != nil {
				look(looks, stop)
			}
		}
	}), c)
	return moved, looks, err
}

// wantRehomed moves readers and checks how many there were, and that this reads no
// subscription once more.
func (k *desk) wantRehomed(c *subscribers.Catalog, want int64) {
	k.t.Helper()
	moved, _, err := k.rehomes(c, nil)
	if err != nil || moved != want {
		k.t.Errorf("Rehome = %d, %v, want %d", moved, err, want)
	}
	if moved, looks, err := k.rehomes(c, nil); err != nil || moved != 0 || looks != 0 {
		k.t.Errorf("Rehome once more = %d after %d looks, %v, want none", moved, looks, err)
	}
}

// elsewhere is a catalog that differs in where the daily digest is scheduled.
func (k *desk) elsewhere(zone string) *subscribers.Catalog {
	c := *k.catalog
	c.Digests = slices.Clone(c.Digests)
	c.Digests[0].Zone = zone
	return &c
}

// TestRehomeOnce: subscriptions are read only when the configuration is another one
// than they were placed by.
func TestRehomeOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,digests,timezone\nann@example.com,*,Europe/Paris\nbob@example.com,*,\n", confirmed, "+2 ~0 =0 -0")
		k.wantRehomed(k.catalog, 0)
		k.wantImport("email,digests,timezone\ncat@example.com,*,Asia/Tokyo\nbob@example.com,*,Asia/Tokyo\n", confirmed, "+1 ~1 =0 -0")
		if _, looks, err := k.rehomes(k.catalog, nil); err != nil || looks != 0 {
			t.Errorf("after readers came and moved by the same configuration it looks for others %d times, %v", looks, err)
		}
		for _, c := range []struct {
			change func(d *subscribers.Digest)
			want   int64
		}{
			{func(d *subscribers.Digest) { d.Zone = "Asia/Tokyo" }, 0}, // nobody is without a zone
			{func(d *subscribers.Digest) { d.LocalTime = false }, 1},   // ann
			{func(d *subscribers.Digest) { d.LocalTime = true }, 1},
			{func(d *subscribers.Digest) { d.Zone, d.LocalTime = "Europe/Paris", false }, 2},
			{func(d *subscribers.Digest) { d.Hours = []string{"06:30"} }, 0},
		} {
			c.change(&k.catalog.Digests[0])
			k.wantRehomed(k.catalog, c.want)
			k.checkStates()
		}
	})
}

// TestRehomeCutShort: a start that ends after the first thousand readers leaves the
// others to the next.
func TestRehomeCutShort(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		var file strings.Builder
		file.WriteString("email,digests\n")
		for i := range 1100 {
			fmt.Fprintf(&file, "reader%d@example.com,daily\n", i)
		}
		k.wantImport(file.String(), confirmed, "+1100 ~0 =0 -0")
		k.wantRehomed(k.catalog, 0)
		london := k.elsewhere("Europe/London")
		moved, _, err := k.rehomes(london, func(n int, stop func()) {
			if n == 2 {
				stop()
			}
		})
		if moved != 1000 || !errors.Is(err, context.Canceled) {
			t.Fatalf("a Rehome that is cut short = %d, %v", moved, err)
		}
		k.wantRehomed(london, 100)
		if n := k.count(`SELECT COUNT(*) FROM subscriptions s JOIN cohorts c ON c.id = s.cohort_id WHERE c.zone = 'Europe/London'`); n != 1100 {
			t.Errorf("%d readers are in the new cohort, want 1100", n)
		}
	})
}

// TestRehomeAfterAnOlderProcess: who was placed by a process that has another
// configuration, or that does not place a digest at all, is found by the next start.
func TestRehomeAfterAnOlderProcess(t *testing.T) {
	moved := subscribers.Preferences{Topics: []string{"world"}, Digests: []string{"daily", "weekly"}, Zone: "Asia/Tokyo"}
	for name, c := range map[string]struct {
		older func(k *desk) *subscribers.Catalog
		do    func(k *desk, older *subscribers.Catalog)
		want  int64
	}{
		"a reader signs up": {nil, func(k *desk, older *subscribers.Catalog) {
			in := form("cat@example.com")
			in.Zone = ""
			k.must(k.SignUp(k.t.Context(), older, in))
		}, 1},
		"a reader gives up the own zone": {nil, func(k *desk, older *subscribers.Catalog) {
			in := moved
			in.Zone = ""
			k.prefersBy(older, "ann@example.com", in)
		}, 1},
		"a reader moves where both want it": {nil, func(k *desk, older *subscribers.Catalog) {
			k.prefersBy(older, "ann@example.com", moved)
		}, 0},
		"a reader moves without a digest": {func(k *desk) *subscribers.Catalog {
			c := *k.catalog
			c.Digests = c.Digests[1:]
			return &c
		}, func(k *desk, older *subscribers.Catalog) {
			in := moved
			in.Digests = []string{"weekly"}
			k.prefersBy(older, "ann@example.com", in)
		}, 1},
		"a reader is restored": {nil, func(k *desk, _ *subscribers.Catalog) {
			found, err := k.Restorables(k.t.Context(), k.now().Add(-time.Hour), k.now())
			k.must(err)
			if len(found) != 1 {
				k.t.Fatalf("%d readers can be restored, want bob", len(found))
			}
			k.must(k.Restore(k.t.Context(), found[0], "command"))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.wantImport("email,digests,timezone\nann@example.com,*,Europe/Paris\nbob@example.com,daily;weekly,\n", confirmed, "+2 ~0 =0 -0")
				k.wantRehomed(k.catalog, 0)
				k.scanned(k.detail("bob@example.com").ID, 1)
				k.wait(time.Minute)
				older := k.catalog
				if c.older != nil {
					older = c.older(k)
				}
				newer := k.elsewhere("Europe/London")
				k.wantRehomed(newer, 0) // bob has left
				c.do(k, older)
				k.wantRehomed(newer, c.want)
				k.checkStates()
			})
		})
	}
}

// prefersBy saves a reader's choices by a catalog.
func (k *desk) prefersBy(c *subscribers.Catalog, address string, in subscribers.Preferences) {
	k.t.Helper()
	id := k.detail(address).ID
	_, err := k.SetPreferences(k.t.Context(), c, subscribers.FreshToken(id, address, k.now()), in, "page", "")
	k.must(err)
}

// TestRehomeBesideAnOlderProcess: one reader moves behind the back of a start, which
// has passed them. What it then says of all readers is not so, whether or not another
// start has begun meanwhile and died.
func TestRehomeBesideAnOlderProcess(t *testing.T) {
	for name, another := range map[string]bool{"one start": false, "two starts": true} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.wantImport("email,digests,timezone\nann@example.com,daily,Europe/Paris\nbob@example.com,daily,\n", confirmed, "+2 ~0 =0 -0")
				newer := k.elsewhere("Europe/London")
				moved, _, err := k.rehomes(newer, func(n int, _ func()) {
					if n != 2 { // bob has moved
						return
					}
					k.prefersBy(k.catalog, "ann@example.com", subscribers.Preferences{Topics: []string{"*"}, Digests: []string{"daily"}})
					if !another {
						return
					}
					if _, _, err := k.rehomes(newer, func(_ int, stop func()) { stop() }); !errors.Is(err, context.Canceled) {
						t.Errorf("the other start = %v", err)
					}
				})
				if err != nil || moved != 1 {
					t.Errorf("Rehome = %d, %v, want bob", moved, err)
				}
				k.wantRehomed(newer, 1)
			})
		})
	}
}

// TestRehomeWaits: whoever is saving a reader is waited for. Without that nobody would
// see that the reader is elsewhere.
func TestRehomeWaits(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.Postgres))
	k.wantImport("email,digests,timezone\nann@example.com,daily,Europe/Paris\nbob@example.com,daily,\n", confirmed, "+2 ~0 =0 -0")
	k.wantRehomed(k.catalog, 0)
	newer := k.elsewhere("Europe/London")
	saving, goOn, saved := make(chan bool), make(chan bool), make(chan error)
	go func() {
		ctx := db.Watched(t.Context(), func(query string) {
			if strings.HasPrefix(query, `INSERT INTO consents`) { // when the subscriptions are written
				saving <- true
				<-goOn
			}
		})
		_, err := k.SetPreferences(ctx, k.catalog, subscribers.FreshToken(k.detail("ann@example.com").ID, "ann@example.com", k.now()),
			subscribers.Preferences{Topics: []string{"*"}, Digests: []string{"daily"}}, "page", "")
		saved <- err
	}()
	<-saving
	done := make(chan error, 1)
	var moved int64
	go func() {
		var err error
		moved, err = k.Rehome(t.Context(), newer)
		done <- err
	}()
	k.untilWaits(done)
	close(goOn)
	k.must(<-saved)
	k.must(<-done)
	if moved != 2 {
		t.Errorf("Rehome = %d, want bob, and ann who came to his cohort meanwhile", moved)
	}
	k.wantRehomed(newer, 0)
}

// untilWaits waits until a transaction waits for another one, or something is done.
func (k *desk) untilWaits(done chan error) {
	k.t.Helper()
	for waits := 0; waits == 0; {
		select {
		case err := <-done:
			k.t.Errorf("it was done and did not wait: %v", err)
			done <- err
			return
		default:
		}
		waits = k.count(`SELECT COUNT(*) FROM pg_locks l JOIN pg_database d ON d.datname = current_database()
			JOIN pg_stat_activity a ON a.pid = l.pid AND a.datid = d.oid WHERE NOT l.granted`)
	}
}
