package delivery_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// block is what was reserved, in microseconds.
type block struct{ from, until int64 }

func TestReserveGivesNothingTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const every = 1500 * time.Nanosecond // which is no whole number of microseconds
		var mu sync.Mutex
		var blocks []block
		var group sync.WaitGroup
		for range 4 {
			store := delivery.NewStore(d, time.Now)
			group.Go(func() {
				for range 40 {
					n := 1 + rand.IntN(50)
					from, err := store.ReserveAt(t.Context(), "all", n, every)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					blocks = append(blocks, block{from, from + int64(n)*every.Nanoseconds()/1000})
					mu.Unlock()
				}
			})
		}
		group.Wait()
		slices.SortFunc(blocks, func(a, b block) int { return cmp.Compare(a.from, b.from) })
		for i := 1; i < len(blocks); i++ {
			if blocks[i].from < blocks[i-1].until {
				t.Errorf("%v and %v overlap", blocks[i-1], blocks[i])
			}
		}
		if got, want := len(blocks), 160; got != want {
			t.Errorf("got %d blocks, want %d", got, want)
		}
	})
}

func TestReserveKeepsNothingForLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
		store := delivery.NewStore(d, func() time.Time { return now })
		reserve := func(bucket string, n int) time.Duration {
			t.Helper()
			at, err := store.Reserve(t.Context(), bucket, n, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return at.Sub(now)
		}
		for _, tc := range []struct {
			bucket string
			n      int
			want   time.Duration
		}{
			{"all", 10, 0}, {"all", 1, 10 * time.Minute}, {"relay a", 1, 0}, {"all", 1, 11 * time.Minute}, {"relay a", 1, time.Minute},
		} {
			// The database's clock goes on while the test runs.
			if got := reserve(tc.bucket, tc.n); got > tc.want || got < tc.want-30*time.Second {
				t.Errorf("%d of %s: got %s from now, want %s", tc.n, tc.bucket, got, tc.want)
			}
		}
		// An hour without a send leaves nothing that could go at once.
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE rates SET next_at = next_at - 7200000000`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := reserve("all", 2); got != 0 {
			t.Errorf("after an hour: got %s from now, want at once", got)
		}
		if got, want := reserve("all", 1), 2*time.Minute; got > want || got < want-30*time.Second {
			t.Errorf("the third after an hour: got %s from now, want %s", got, want)
		}
	})
}

func TestReserveRefusesNonsense(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		store := delivery.NewStore(d, time.Now)
		if _, err := store.Reserve(t.Context(), "all", 0, time.Second); err == nil {
			t.Error("no sends were reserved")
		}
		if _, err := store.Reserve(t.Context(), "all", 1, 0); err == nil {
			t.Error("a send without a distance was reserved")
		}
	})
}
