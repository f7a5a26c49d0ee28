package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/mail/mailtest"
)

// TestScenes plays each scene to an engine: the delivery, its reader and its edition come to what the answer table says,
// and when the scene is over everybody has the message once, but for those to whom it was refused for good. All scenes
// share a database, each with an edition of one reader and a worker of its own.
func TestScenes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 0, 0)
		scenes := mailtest.Scenes()
		w.planScenes(len(scenes))
		faults := make([][]string, len(scenes))
		var wg sync.WaitGroup
		places := make(chan struct{}, 32)
		for i := range scenes {
			wg.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				p := &scenePlay{w: w, scene: scenes[i], n: i + 1, pipelining: i%2 == 0, state: t.TempDir()}
				p.play(t.Context())
				faults[i] = p.faults
			})
		}
		wg.Wait()
		for i := range scenes {
			t.Run(scenes[i].Name, func(t *testing.T) {
				for _, fault := range faults[i] {
					t.Error(fault)
				}
			})
		}
	})
}

// planScenes plans n editions of one reader each. Edition, run, batch and reader have the same number.
func (w *world) planScenes(n int) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM runs`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM editions`); err != nil {
			return err
		}
		var ids []int64
		var slots, addresses []string
		for i := range n {
			ids, slots = append(ids, int64(i+1)), append(slots, fmt.Sprintf("2026-11-24 %06d", i+1))
			addresses = append(addresses, address(i+1))
		}
		columns := []db.Column{db.Ints("id", ids), db.Texts("slot", slots), db.Texts("address", addresses)}
		for _, q := range []string{
			`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
				SELECT v.id, 7, v.slot, 'daily/' || v.slot, 'scheduled', 20781, 'sending', 1 FROM {rows}`,
			`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at, due)
				SELECT v.id, v.id, 3, 1, 0, 0, 9, v.id, 1, 1 FROM {rows}`,
			`INSERT INTO subscribers (id, address, name, state, created_at) SELECT v.id, v.address, '', 'active', 1 FROM {rows}`,
			`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) SELECT v.id, 7, 3, 'active', '*', 1 FROM {rows}`,
			`INSERT INTO selections (edition_id, id, stories) SELECT v.id, 1, '' FROM {rows}`,
			`INSERT INTO batches (id, edition_id, run_id, day, size, ready_at) SELECT v.id, v.id, v.id, 20781, 1, 1 FROM {rows}`,
			`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
				SELECT 20781, v.id, v.id, v.id, 1, v.id, 1 FROM {rows}`,
		} {
			if _, err := tx.ExecRows(ctx, q, columns); err != nil {
				return fmt.Errorf("%w: %s", err, q)
			}
		}
		_, err := tx.Exec(ctx, `UPDATE counters SET value = 10000 WHERE name = 'batch'`)
		return err
	})
}

// scenePlay is one scene with its edition.
type scenePlay struct {
	w          *world
	scene      mailtest.Scene
	n          int // of edition and reader
	pipelining bool
	state      string
	faults     []string
}

func (p *scenePlay) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf(format, args...))
}

func (p *scenePlay) play(ctx context.Context) {
	actor, err := p.scene.Play(p.pipelining)
	if err != nil {
		p.fault("%v", err)
		return
	}
	defer actor.Close()
	p.send(ctx, actor, p.isOver)
	p.check(ctx, actor)
	if err := actor.End(); err != nil {
		p.fault("%v", err)
		return
	}
	p.repair(ctx)
	p.send(ctx, actor, func(outcome) bool { return false }) // it ends by itself
	want := 1
	if p.scene.Fate.State == "failed" {
		want = 0
	}
	if got := actor.Accepted(); got != want {
		p.fault("in the end the server took %d messages, want %d", got, want)
	}
	if got := p.outcome(ctx); got.State == "pending" || got.State == "uncertain" || got.Edition != "done" {
		p.fault("in the end: %+v", got)
	}
}

// send runs an engine over the edition until nothing is left to do or isOver is true after some result.
func (p *scenePlay) send(ctx context.Context, actor *mailtest.Actor, isOver func(outcome) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	pool := mail.NewPool([]*mail.Relay{actor.Relay()}, 0, quiet, time.Now)
	defer pool.Close()
	o := p.w.options()
	o.Drain = time.Minute                                             // a slow database may take long to count
	o.Send, o.StateDir, o.Log, o.Lanes = pool.Send, p.state, quiet, 5 // more lanes than tries: the gate stays open
	o.Bounces = delivery.Bounces{HardAfter: time.Hour}
	o.Meter = listener(func() {
		if isOver(p.outcome(ctx)) {
			cancel()
		}
	})
	if p.scene.Size > 0 {
		o.Compose = (&press{news: strings.Repeat("a line of many ", p.scene.Size/15)}).compose
	}
	e, err := delivery.New(o)
	if err != nil {
		p.fault("%v", err)
		return
	}
	_, err = e.RunEdition(ctx, int64(p.n), nil)
	if err != nil && !errors.Is(err, delivery.ErrPaused) && !errors.Is(err, delivery.ErrRelays) {
		p.fault("send: %v", err)
	}
}

// listener is a meter that is called when something was recorded.
type listener func()

func (listener) Written(time.Duration)                            {}
func (listener) Tried(mail.Outcome)                               {}
func (l listener) Recorded(map[delivery.State]int, time.Duration) { l() }

// outcome is what the database says of a scene.
type outcome struct {
	State    string `db:"state"`
	Attempts int    `db:"attempts"`
	Waits    bool   `db:"waits"`
	Edition  string `db:"edition"`
	Hard     bool   `db:"hard"`
	Soft     int    `db:"soft"`
	Class    string `db:"class"` // of the last attempt
}

func (p *scenePlay) outcome(ctx context.Context) outcome {
	var out outcome
	ctx = context.WithoutCancel(ctx)
	err := p.w.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &out, `SELECT d.state, d.attempts, d.next_try_at > 0 AS waits, e.state AS edition,
				s.hard_bounced_at > 0 AS hard, s.soft_bounces AS soft,
				COALESCE((SELECT a.class FROM attempts a WHERE a.day = d.day AND a.edition_id = d.edition_id
					AND a.subscriber_id = d.subscriber_id ORDER BY a.n DESC LIMIT 1), '') AS class
			FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN subscribers s ON s.id = d.subscriber_id
			WHERE d.edition_id = $1`, p.n)
	})
	if err != nil {
		p.w.t.Error(err)
	}
	return out
}

// isOver reports whether the first act came to its end.
func (p *scenePlay) isOver(o outcome) bool {
	return o.State != "pending" || o.Waits || o.Edition == "paused"
}

// check compares what became of the delivery with the scene's fate.
func (p *scenePlay) check(ctx context.Context, actor *mailtest.Actor) {
	got, fate := p.outcome(ctx), p.scene.Fate
	if got.State != fate.State || got.Attempts != fate.Attempts || (got.Edition == "paused") != fate.Paused {
		p.fault("%+v, want %+v", got, fate)
	}
	if (fate.Touch == mailtest.TouchHard) != got.Hard || (fate.Touch == mailtest.TouchSoft) != (got.Soft > 0) {
		p.fault("the reader was touched: %+v, want %q", got, fate.Touch)
	}
	if fate.Attempts > 0 && got.Class != string(fate.Class) {
		p.fault("the attempt is of class %s, want %s", got.Class, fate.Class)
	}
	taken := 0
	if p.scene.Taken {
		taken = 1
	}
	if n := actor.Accepted(); n != taken {
		p.fault("the server took %d messages, want %d", n, taken)
	}
}

// repair does what an operator does, or time.
func (p *scenePlay) repair(ctx context.Context) {
	err := p.w.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET next_try_at = 1 WHERE edition_id = $1 AND next_try_at > 0`, p.n); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE editions SET state = 'sending', reason = '' WHERE id = $1 AND state = 'paused'`, p.n)
		return err
	})
	if err == nil && p.scene.Fate.State == "uncertain" {
		as := delivery.AsResend
		if p.scene.Taken {
			as = delivery.AsSent
		}
		choice := delivery.Choice{Edition: fmt.Sprintf("daily/2026-11-24 %06d", p.n)}
		var n int64
		if n, err = p.w.store().Resolve(ctx, choice, as); n != 1 {
			p.fault("%d deliveries resolved, want 1", n)
		}
	}
	if err != nil {
		p.fault("repair: %v", err)
	}
}
