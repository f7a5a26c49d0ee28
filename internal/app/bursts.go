package app

import (
	"context"
	"time"

	"broadsheet/digest/delivery"
)

// burstsEvery is how often it is looked whether readers leave in a burst.
const burstsEvery = 10 * time.Second

// bursts are the limits of [leaving].
func (a *App) bursts() delivery.Bursts {
	l := a.Config.Leaving
	return delivery.Bursts{Share: l.BurstShare, Least: l.BurstLeast, Within: l.BurstWithin}
}

// watchBursts pauses editions that too many readers leave at once.
func (a *App) watchBursts(ctx context.Context) error {
	store := delivery.NewStore(a.DB, a.Now)
	return every(ctx, burstsEvery, func() {
		paused, err := store.PauseBursts(ctx, a.bursts())
		for _, p := range paused {
			a.Log.WarnContext(ctx, "edition paused, too many readers leave", "edition", p.Edition, "left", p.Left, "have", p.Have)
		}
		if err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "not known whether too many readers leave", "error", err)
		}
	})
}
