package delivery_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// another is a further edition of a world.
type another struct {
	id, n  int
	urgent int
}

// first is the number of its first reader.
func (a another) first() int { return a.id * 100_000 }

// add plans an edition with a run and readers of its own, in batches of 250.
func (w *world) add(a another) {
	w.t.Helper()
	var ids, batches, blocks, sizes []int64
	var addresses []string
	for i := range a.n {
		ids, batches = append(ids, int64(a.first()+i)), append(batches, int64(a.first()+i/250))
		addresses = append(addresses, address(a.first()+i))
		if i%250 == 0 {
			blocks, sizes = append(blocks, int64(a.first()+i/250)), append(sizes, int64(min(250, a.n-i)))
		}
	}
	now := db.Millis(w.clock.Now())
	w.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at, urgent)
			VALUES ($1, 7, $2, $2, 'manual', 20781, 'sending', 2, $3)`, a.id, fmt.Sprintf("daily/%d", a.id), a.urgent)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at, due)
			VALUES ($1, $1, 3, 1, $2, 0, 9, 0, 1, $3)`, a.id, now+24*3600*1000, a.n)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `INSERT INTO selections (edition_id, id, stories) VALUES ($1, 1, '')`, a.id); err != nil {
			return err
		}
		for _, s := range []struct {
			query string
			cols  []db.Column
		}{
			{`INSERT INTO subscribers (id, address, name, state, created_at) SELECT v.id, v.address, '', 'active', 1 FROM {rows}`,
				[]db.Column{db.Ints("id", ids), db.Texts("address", addresses)}},
			{`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) SELECT v.id, 7, 3, 'active', '*', 1 FROM {rows}`,
				[]db.Column{db.Ints("id", ids)}},
			{`INSERT INTO batches (id, edition_id, run_id, day, size, ready_at) SELECT v.id, $1, $1, 20781, v.size, $2 FROM {rows}`,
				[]db.Column{db.Ints("id", blocks), db.Ints("size", sizes)}},
			{`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
				SELECT 20781, $1, v.id, $1, 1, v.batch, $2 FROM {rows}`, []db.Column{db.Ints("id", ids), db.Ints("batch", batches)}},
		} {
			args := []any{int64(a.id), now}
			if !strings.Contains(s.query, "$1") {
				args = nil
			}
			if _, err := tx.ExecRows(ctx, s.query, s.cols, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// overtake starts an engine over 20,000 deliveries of the first edition, plans another one when 3,000 of them are out, and
// returns how many more of the first had gone when the last of the other did.
func overtake(t *testing.T, w *world, a another) int {
	began, done, planned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	first, others, before, after := 0, 0, 0, 0
	w.relay.set(func(_ context.Context, to string, _ int, _ []byte, _ func() error) *mail.Outcome {
		var reader int
		fmt.Sscanf(to, "r%d@", &reader)
		w.relay.mu.Lock()
		defer w.relay.mu.Unlock()
		if reader >= a.first() {
			if others++; others == a.n {
				after = first
				close(done)
			}
			return nil
		}
		if first++; first == 3000 {
			close(began)
		}
		if first == 3000 { // the plan comes in the middle, however slow it is
			w.relay.mu.Unlock()
			<-planned
			w.relay.mu.Lock()
			before = first
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	e := w.engine(func(o *delivery.Options) { o.Lanes = 1 })
	go func() { ended <- e.Run(ctx) }()
	<-began
	w.add(a)
	for a.urgent == 1 && e.UrgentQueued() < a.n {
		<-time.After(5 * time.Millisecond)
	}
	close(planned)
	<-done
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.relay.mu.Lock()
	defer w.relay.mu.Unlock()
	return after - before
}

// TestSmallEditionIsNotBlocked: what is in memory of the large edition goes first, then its batches alternate with those
// of the small one.
func TestSmallEditionIsNotBlocked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20_000, 1)
		if got := overtake(t, w, another{id: 2, n: 300}); got > 6*250 {
			t.Errorf("%d of the large edition went before the small one was out, want a few batches", got)
		}
	})
}

// TestUrgentEditionOvertakes: it goes even before what is in memory, but for what is on the wire.
func TestUrgentEditionOvertakes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 20_000, 1)
		if got := overtake(t, w, another{id: 2, n: 240, urgent: 1}); got > 1 {
			t.Errorf("%d of the large edition went before the urgent one was out, want none but what is on the wire", got)
		}
	})
}

// TestEditionsTakeTurns: of five editions none has gone much further than another at any time.
func TestEditionsTakeTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1500, 1)
		for id := 2; id <= 5; id++ {
			w.add(another{id: id, n: 1500})
		}
		var order []int
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, _ func() error) *mail.Outcome {
			var reader int
			fmt.Sscanf(to, "r%d@", &reader)
			w.relay.mu.Lock()
			defer w.relay.mu.Unlock()
			order = append(order, max(1, reader/100_000))
			return nil
		})
		w.runUntilAside(func(o *delivery.Options) { o.Lanes = 1 })
		counts := map[int]int{}
		for _, id := range order {
			counts[id]++
			for other := 1; other <= 5; other++ {
				if counts[id] > counts[other]+250 {
					t.Fatalf("edition %d is at %d while edition %d is at %d", id, counts[id], other, counts[other])
				}
			}
		}
		if len(order) != 7500 {
			t.Errorf("%d messages went out, want 7500", len(order))
		}
	})
}

// TestClaimReadsByIndex looks at the plans with 2,000 editions of which three send, and 4,000 batches of theirs.
func TestClaimReadsByIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 1, 1)
		var ids, batches, editions []int64
		for i := range 2000 {
			ids = append(ids, int64(10+i))
		}
		for i := range 4000 {
			batches, editions = append(batches, int64(5000+i)), append(editions, int64(10+i%2000))
			if i < 3000 {
				editions[i] = int64(10 + i%3)
			}
		}
		w.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecRows(ctx, `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
				SELECT v.id, 7, 'x' || v.id, 'x' || v.id, 'manual', 20781, CASE WHEN v.id < 13 THEN 'sending' ELSE 'done' END, 1 FROM {rows}`,
				[]db.Column{db.Ints("id", ids)})
			if err != nil {
				return err
			}
			_, err = tx.ExecRows(ctx, `INSERT INTO batches (id, edition_id, run_id, day, size, ready_at, done_at)
				SELECT v.id, v.edition, 11, 20781, 250, v.id, CASE WHEN v.edition < 13 THEN 0 ELSE 2 END FROM {rows}`,
				[]db.Column{db.Ints("id", batches), db.Ints("edition", editions)})
			return err
		})
		w.exec(`ANALYZE`)
		for name, edition := range map[string]int64{"lineup": 0, "lineup of one": 11, "claim": 11} {
			query := delivery.ClaimQueries()[strings.Fields(name)[0]]
			plan := w.explain(query, int64(9000), int64(9000), []string{"here"}, int64(8000), []int64{5001}, edition)
			if !strings.Contains(plan, "batches_open") {
				t.Errorf("%s does not use the index of open batches:\n%s", name, plan)
			}
			for line := range strings.SplitSeq(plan, "\n") {
				if strings.Contains(line, "Seq Scan on") && !strings.Contains(line, " runs ") || strings.Contains(line, "SCAN b") || strings.Contains(line, "Sort") ||
					strings.Contains(line, "SCAN e") && !strings.Contains(line, "editions_sending") {
					t.Errorf("%s reads all of a table:\n%s", name, plan)
				}
			}
		}
	})
}

// explain returns how a database means to read.
func (w *world) explain(query string, args ...any) string {
	w.t.Helper()
	var lines []string
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		if tx.Dialect() == db.Postgres {
			return tx.Select(w.t.Context(), &lines, "EXPLAIN "+strings.ReplaceAll(query, "{skip locked}", ""), args...)
		}
		return tx.Each(w.t.Context(), func(scan func(dest ...any) error) error {
			var id, parent, unused int64
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			lines = append(lines, detail)
			return err
		}, "EXPLAIN QUERY PLAN "+query, args...)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
