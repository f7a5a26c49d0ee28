package delivery_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// hang is a server that lets the first connections that come to a phase hang there until they are cut.
type hang struct {
	phase sink.Phase
	most  int32
	hung  atomic.Int32
	cut   chan struct{}
}

func (h *hang) hook(e sink.Event) sink.Action {
	if e.Phase != h.phase || h.hung.Add(1) > h.most {
		return sink.Action{}
	}
	<-h.cut
	return sink.Action{Close: true}
}

// TestHungConnectionsHoldOnlyThemselves lets ten of sixteen connections hang in each phase. The other six send all else;
// the ten messages stay under way and come to their end when the connections are cut.
func TestHungConnectionsHoldOnlyThemselves(t *testing.T) {
	const n, hung = 400, 10
	for phase, uncertain := range map[sink.Phase]int{
		sink.PhaseBanner: 0, sink.PhaseHello: 0, sink.PhaseMail: 0, sink.PhaseRcpt: 0, sink.PhaseData: 0,
		sink.PhaseBody: hung, sink.PhaseDot: hung, // a small message is written at once to its final dot
	} {
		t.Run(string(phase), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				h := &hang{phase: phase, most: hung, cut: make(chan struct{})}
				server, err := sink.NewServer(sink.Options{Hook: h.hook, NoPipelining: true, Keep: -1})
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				relay := &mail.Relay{Host: "127.0.0.1", Port: server.Addr().Port, TLS: mail.TLSOff, Connections: 16}
				w := newWorld(t, d, n, 1)
				pool := mail.NewPool([]*mail.Relay{relay}, 0, slog.New(slog.DiscardHandler), time.Now)
				defer pool.Close()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error, 1)
				e := w.engine(func(o *delivery.Options) { o.Send, o.Lanes = pool.Send, pool.Size() })
				go func() { done <- e.Run(ctx) }()
				for w.count(`SELECT count(*) FROM deliveries WHERE state = 'sent'`) < n-hung {
					<-time.After(5 * time.Millisecond)
				}
				if got := w.count(`SELECT count(*) FROM deliveries WHERE state = 'pending' AND next_try_at = 0`); got != hung {
					t.Errorf("%d deliveries are under way, want the %d that hang", got, hung)
				}
				if got := h.hung.Load(); got < hung {
					t.Errorf("%d connections hang, want %d", got, hung)
				}
				close(h.cut)
				for w.count(`SELECT count(*) FROM batches WHERE done_at = 0`) > 0 {
					<-time.After(5 * time.Millisecond)
				}
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				w.clock.advance(2 * time.Minute)
				b := w.mustSend(func(o *delivery.Options) { o.Send, o.Lanes = pool.Send, pool.Size() })
				if b.Uncertain != int64(uncertain) || b.Sent != n-int64(uncertain) || server.Accepted() != n-uncertain {
					t.Errorf("%+v and %d accepted, want %d uncertain and the rest sent", b, server.Accepted(), uncertain)
				}
			})
		})
	}
}
