package app

import (
	"context"
	"log/slog"
	"time"
)

// For the tests of package app_test.

// PlanLoop returns what is called each minute, with the time and how much of it
// has passed since the call before.
func PlanLoop(refresh, tick func(ctx context.Context, now time.Time) error) func(ctx context.Context, now time.Time, passed time.Duration) {
	return (&planLoop{refresh: refresh, tick: tick, log: slog.New(slog.DiscardHandler)}).at
}

// SetDrain has t wait no longer than that for answers once it is to end.
func (t *Teller) SetDrain(d time.Duration) { t.drain = d }

// WatchThemes is what every service does for its themes.
func (a *App) WatchThemes(ctx context.Context) error { return a.watchThemes(ctx) }
