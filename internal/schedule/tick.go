package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// Tick calls fn at every full minute until ctx is done, and returns once no call
// is running any more. now is that full minute, in UTC, also if the call comes late. A minute
// is skipped, with a warning, if the call before it is still running; a
// panic in fn is logged as an error and does not end the ticking. The error is
// nil when ctx ends it, which is the only way it ends.
func Tick(ctx context.Context, log *slog.Logger, fn func(ctx context.Context, now time.Time)) error {
	t := &ticker{log: log, fn: fn}
	c := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(cron.DiscardLogger))
	c.Schedule(everyMinute{}, cron.FuncJob(func() { t.run(ctx) }))
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
	return nil
}

// early is how much before the full minute a timer may fire, by the wall clock,
// and still mean that minute: clocks are slewed while a timer runs.
const early = 500 * time.Millisecond

// everyMinute is the cron schedule of the full minutes. It keeps the monotonic
// reading of t, which "* * * * *" loses: the library then waits by the
// monotonic clock, and a wall clock set back a day does not stop the ticks for a day.
type everyMinute struct{}

func (everyMinute) Next(t time.Time) time.Time {
	minute := t.Add(early).Truncate(time.Minute).Add(time.Minute)
	return t.Add(minute.Sub(t))
}

// ticker makes the calls of one Tick.
type ticker struct {
	log     *slog.Logger
	fn      func(ctx context.Context, now time.Time)
	running sync.Mutex // held while fn runs
}

// run is called by the library for each minute, on a goroutine of its own.
func (t *ticker) run(ctx context.Context) {
	now := time.Now().UTC().Add(early).Truncate(time.Minute)
	if ctx.Err() != nil {
		return
	}
	if !t.running.TryLock() {
		t.log.Warn("tick skipped, the one before is still running", "minute", now)
		return
	}
	defer t.running.Unlock()
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("tick panicked", "minute", now, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	t.fn(ctx, now)
}
