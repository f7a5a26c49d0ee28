package delivery

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	pollEvery   = time.Second
	replayEvery = 3  // polls
	settleEvery = 10 // polls, when nothing of ours has changed
)

// sweep puts deliveries whose next try is due back into the queue, settles editions and takes over from dead workers,
// until ctx ends.
func (e *Engine) sweep(ctx context.Context) {
	for n := 1; ; n++ {
		e.sweepDue(ctx)
		if pause(ctx, pollEvery*3/4+rand.N(pollEvery/2)) != nil {
			return
		}
		if n%replayEvery == 0 {
			if err := e.replay(ctx); err != nil && ctx.Err() == nil {
				e.log.Warn("journals not read", "error", err)
			}
		}
		if e.unsettled.Swap(false) || n%settleEvery == 0 {
			e.settle(ctx)
		}
	}
}

func (e *Engine) sweepDue(ctx context.Context) {
	for {
		n, err := e.store.sweep(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Warn("retries not queued", "error", err)
		}
		if n > 0 {
			e.rouse()
		}
		if n < sweepSize {
			return
		}
	}
}

func (e *Engine) settle(ctx context.Context) {
	done, err := e.store.settle(ctx)
	if err != nil && ctx.Err() == nil {
		e.log.Warn("editions not settled", "error", err)
	}
	for _, key := range done {
		e.log.Info("edition done", "edition", key)
	}
}
