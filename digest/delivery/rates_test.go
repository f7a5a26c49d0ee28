package delivery_test

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/mail/sink"
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
		// The clock was a day ahead and is right again.
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE rates SET next_at = next_at + 86400000000`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := reserve("all", 1); got != 0 {
			t.Errorf("after a clock that was ahead: got %s from now, want at once", got)
		}
	})
}

// Three workers on one database together keep to one rate.
func TestPoolsShareARate(t *testing.T) {
	const perSecond = 100
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		var at []time.Time
		server, err := sink.NewServer(sink.Options{Keep: -1, OnMessage: func(string, string, []byte) error {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		var group sync.WaitGroup
		for range 3 {
			relay := &mail.Relay{Host: "127.0.0.1", Port: server.Addr().Port, TLS: mail.TLSOff, Connections: 4}
			p := mail.NewPool([]*mail.Relay{relay}, perSecond, slog.New(slog.DiscardHandler), time.Now)
			p.ShareRates(delivery.NewStore(d, time.Now).Reserve)
			defer p.Close()
			for range 4 {
				group.Go(func() {
					m := &mail.Message{Envelope: mail.Envelope{From: "b@news.example", To: "ann@reader.example"}, Data: []byte("Subject: x\r\n\r\nx\r\n")}
					for ctx.Err() == nil {
						p.Send(ctx, m)
					}
				})
			}
		}
		group.Wait()
		server.Close()
		most := busiest(at)
		if most > 2*perSecond || len(at) < perSecond/4 {
			t.Errorf("%d messages went, %d within a second, want about %d a second", len(at), most, perSecond)
		}
	})
}

// busiest returns the largest number of times, which are in their order, within any second.
func busiest(at []time.Time) int {
	first, most := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
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
