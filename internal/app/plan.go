package app

import (
	"context"
	"log/slog"
	"time"

	"broadsheet/internal/schedule"
)

// jump is by how much a clock may run ahead of the time that passes before it
// is believed at the second look only.
const jump = 2 * time.Minute

// plan ticks each minute, and once at the start for what was missed.
func (a *App) plan(ctx context.Context) error {
	l := &planLoop{
		refresh: a.Refresh, log: a.Log,
		tick: func(ctx context.Context, now time.Time) error { return a.Planner.Tick(ctx, now) },
	}
	seen := time.Now()
	tick := func(ctx context.Context, now time.Time) {
		passed := time.Since(seen) // monotonic, whatever the clock on the wall does
		seen = time.Now()
		l.at(ctx, now, passed)
	}
	tick(ctx, a.Now())
	return schedule.Tick(ctx, a.Log, tick)
}

// planLoop plans what is due. Before the first tick it takes over what the
// configuration changed: zones and schedules. It does so again when the clock
// was set back, for slots that were computed by the wrong time may lie far
// ahead. A clock that was set ahead has to stay there for a minute before
// anything is sent by it.
type planLoop struct {
	refresh, tick func(ctx context.Context, now time.Time) error
	log           *slog.Logger
	refreshed     bool
	last          time.Time // when it was called before, zero if it was not
	ahead         bool      // the clock had jumped ahead then
}

// at is called each minute, with the time that has passed since the call before.
func (l *planLoop) at(ctx context.Context, now time.Time, passed time.Duration) {
	moved := now.Sub(l.last)
	first := l.last.IsZero()
	l.last = now
	switch {
	case first:
	case moved < 0:
		l.log.WarnContext(ctx, "clock set back, slots are computed anew", "by", -moved)
		l.refreshed = false
	case moved-passed > jump && !l.ahead:
		l.log.WarnContext(ctx, "clock jumped ahead, planning waits a minute", "by", moved-passed)
		l.ahead = true
		return
	}
	l.ahead = false
	if !l.refreshed {
		if err := l.refresh(ctx, now); err != nil {
			l.logUnlessEnding(ctx, "slots not computed, trying again in a minute", err)
			return
		}
		l.refreshed = true
	}
	if err := l.tick(ctx, now); err != nil {
		l.logUnlessEnding(ctx, "planning is not complete, trying again in a minute", err)
	}
}

func (l *planLoop) logUnlessEnding(ctx context.Context, event string, err error) {
	if ctx.Err() == nil {
		l.log.ErrorContext(ctx, event, "error", err)
	}
}
