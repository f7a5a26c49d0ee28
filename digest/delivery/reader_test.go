package delivery_test

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

func TestReadersWhoLeftSincePlanning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 8, 1)
		w.exec(`UPDATE subscribers SET suppressed_at = 5 WHERE id = 1`)
		w.exec(`UPDATE subscriptions SET state = 'suppressed' WHERE subscriber_id = 2`)
		w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = 3`)
		w.exec(`UPDATE subscribers SET state = 'unsubscribed' WHERE id = 4`)
		w.exec(`DELETE FROM subscriptions WHERE subscriber_id = 5`)
		w.exec(`DELETE FROM subscriptions WHERE subscriber_id = 6`)
		w.exec(`DELETE FROM subscribers WHERE id = 6`)
		b := w.mustSend()
		if b.Sent != 2 || b.SkippedBy[delivery.ReasonSuppressed] != 2 || b.SkippedBy[delivery.ReasonUnsubscribed] != 4 {
			t.Errorf("%+v, want two sent, two suppressed, four unsubscribed", b)
		}
		w.eachOnce(8, 1, 2, 3, 4, 5, 6)
	})
}

func TestReadersWhoLeaveWhileSending(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.relay.set(func(_ context.Context, to string, n int, _ []byte, beforeDot func() error) *mail.Outcome {
			switch {
			case to == address(2): // a later one of the same batch leaves
				w.exec(`UPDATE subscriptions SET state = 'ended' WHERE subscriber_id = 7`)
				w.clock.advance(2 * time.Second)
			case to == address(4) && n == 1: // this one leaves while its own message is under way
				w.exec(`UPDATE subscribers SET suppressed_at = 5 WHERE id = 4`)
				w.clock.advance(2 * time.Second)
				if err := beforeDot(); err == nil {
					t.Error("the dot was allowed for a reader who is suppressed")
				}
				o := aborted(nil)
				return &o
			}
			return nil
		})
		b := w.mustSend(func(o *delivery.Options) { o.Lanes = 1 })
		if b.Sent != 8 || b.SkippedBy[delivery.ReasonSuppressed] != 1 || b.SkippedBy[delivery.ReasonUnsubscribed] != 1 {
			t.Errorf("%+v, want eight sent and two skipped", b)
		}
		w.eachOnce(10, 4, 7)
	})
}

func TestEditionPausedWhileSending(t *testing.T) {
	for _, state := range []string{"paused", "cancelled"} {
		t.Run(state, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, 300, 1)
				w.relay.set(func(_ context.Context, to string, _ int, _ []byte, _ func() error) *mail.Outcome {
					if to == address(20) {
						w.exec(`UPDATE editions SET state = $1`, state)
						w.clock.advance(2 * time.Second)
					}
					return nil
				})
				b, _ := w.send(func(o *delivery.Options) { o.Lanes = 1 })
				rest := b.Pending
				if state == "cancelled" {
					rest = b.SkippedBy[delivery.ReasonCancelled]
				}
				if b.Sent != 19 || rest != 281 || !b.Balanced() {
					t.Errorf("%+v, want 19 sent and the rest pending, or skipped with a cancelled edition", b)
				}
				if got := w.count(`SELECT count(*) FROM batches WHERE done_at = 0 AND worker = ''`); got != 2 {
					t.Errorf("%d batches are open and free, want 2", got)
				}
			})
		})
	}
}

func TestRunOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`UPDATE runs SET expires_at = 5`)
		if b := w.mustSend(); b.Expired != 3 || w.relay.total != 0 {
			t.Errorf("%+v, want three expired and nothing sent", b)
		}
	})
}

func TestEditionIsDoneOnlyWhenAllIsPlanned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 3, 1)
		w.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES (4, 7, 'Asia/Tokyo')`)
		w.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number) VALUES (12, 1, 4, 1, 0, 0, 9, 0)`)
		w.mustSend()
		if got := w.editionState(); got != "sending" {
			t.Errorf("the edition is %s while a run is being planned, want sending", got)
		}
		w.exec(`UPDATE runs SET planned_at = 1, due = 2 WHERE id = 12`)
		w.exec(`INSERT INTO run_skips (run_id, reason, n) VALUES (12, 'nothing-new', 2)`)
		b := w.mustSend()
		if got := w.editionState(); got != "done" || b.Due != 5 || b.SkippedBy["nothing-new"] != 2 {
			t.Errorf("the edition is %s with %+v, want done, five due, two skipped", got, b)
		}
	})
}

func TestComposedOnceASelection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 6)
		w.mustSend(func(o *delivery.Options) { o.Lanes = 16 })
		if got := len(w.press.asked); got != 6 {
			t.Errorf("composed %d times, want once for each of 6 selections", got)
		}
		w.eachOnce(600)
	})
}

func TestCorrectionTakesEffect(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 10, 1)
		w.press.news = "first text"
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, _ func() error) *mail.Outcome {
			if to == address(5) {
				w.press.mu.Lock()
				w.press.news = "corrected text"
				w.press.mu.Unlock()
				w.clock.advance(10 * time.Second)
			}
			return nil
		})
		w.mustSend(func(o *delivery.Options) { o.Lanes = 1 })
		for reader, want := range map[int]string{5: "first text", 6: "corrected text"} {
			if got := w.relay.taken(address(reader)); len(got) != 1 || !strings.Contains(string(got[0]), want) {
				t.Errorf("reader %d did not get the %s", reader, want)
			}
		}
	})
}

func TestComposedMailsAreBounded(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 2000, 2000)
	html, text := "<p>"+strings.Repeat("lorem ipsum ", 6000)+"</p>", "lorem"
	var made, freed atomic.Int64
	w.press.edit = func(_ int64, c *digest.Composed) (err error) {
		c.Body, err = mail.Compile(html, text, mail.Markers{})
		runtime.AddCleanup(c, func(n *atomic.Int64) { n.Add(1) }, &freed)
		made.Add(1)
		return err
	}
	w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
		if err := beforeDot(); err != nil {
			o := aborted(err)
			return &o
		}
		if to == address(1900) {
			runtime.GC()
			<-time.After(20 * time.Millisecond)
			runtime.GC()
			if alive := made.Load() - freed.Load(); alive > 600 {
				t.Errorf("%d composed mails of 72 KB are alive, want those of about 32 MB", alive)
			}
		}
		return &mail.Outcome{Class: mail.ClassAccepted, Reply: mail.Reply{Code: 250, Phase: mail.PhaseDot}}
	})
	if b := w.mustSend(); b.Sent != 2000 {
		t.Errorf("%+v, want all sent", b)
	}
}

func TestProgress(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), 300, 1)
	seen := make(chan delivery.Progress, 100)
	w.relay.set(func(_ context.Context, to string, _ int, _ []byte, _ func() error) *mail.Outcome {
		if to == address(300) {
			if b := <-seen; !b.Balanced() || b.Due != 300 {
				t.Errorf("progress %+v does not balance", b)
			}
		}
		return nil
	})
	e := w.engine()
	if _, err := e.RunEdition(t.Context(), edition, func(p delivery.Progress) { seen <- p }); err != nil {
		t.Fatal(err)
	}
}
