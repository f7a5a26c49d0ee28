package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"broadsheet/internal/db"
)

const (
	dropEvery = time.Hour
	dropTries = 5 // of a day whose rows are in use

	// lookAgain is how long a day with uncertain deliveries is left alone.
	lookAgain = 24 * time.Hour

	// zoneSpan is how long a date lasts somewhere after it has ended in UTC.
	zoneSpan = 12 * time.Hour
)

// Retention drops old deliveries, a day of editions at a time. What an edition came to stays as totals, and a day stays as
// long as something of it is under way, is uncertain, or is proof of what its readers already got. Any number of processes
// may do so at once, beside engines and planners. One Retention is for one goroutine.
type Retention struct {
	store *Store
	keep  time.Duration
	log   *slog.Logger
	held  map[int64]time.Time // by day with uncertain deliveries: when it was looked at
}

// NewRetention returns what drops the days that ended longer ago than keep.
func NewRetention(d *db.DB, keep time.Duration, log *slog.Logger, now func() time.Time) *Retention {
	return &Retention{store: NewStore(d, now), keep: keep, log: log, held: map[int64]time.Time{}}
}

// Run drops what is old now and then about each hour, until ctx ends. What fails is logged and tried again the next time;
// the error is always nil.
func (r *Retention) Run(ctx context.Context) error {
	for {
		if err := r.Drop(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "old deliveries not dropped, trying again in an hour", "error", err)
		}
		if pause(ctx, dropEvery*3/4+rand.N(dropEvery/2)) != nil {
			return nil
		}
	}
}

// Drop drops all days that can go. It may be interrupted and called again. A day that fails does not keep the others. One
// that is kept for its uncertain deliveries is looked at, and warned of, once in 24 hours.
func (r *Retention) Drop(ctx context.Context) error {
	oldest := r.store.now().Add(-r.keep-zoneSpan).UnixMilli() / (24 * time.Hour).Milliseconds()
	days, err := r.store.oldDays(ctx, oldest)
	if err != nil {
		return err
	}
	var errs []error
	for _, day := range days {
		if at, ok := r.held[day]; ok && r.store.now().Sub(at) < lookAgain {
			continue
		}
		began := time.Now()
		date := db.Time(day * (24 * time.Hour).Milliseconds()).Format(time.DateOnly)
		err := r.dropDay(ctx, day)
		switch {
		case err == nil:
			r.log.InfoContext(ctx, "old deliveries dropped", "day", date, "took", time.Since(began))
		case errors.Is(err, errDayKept):
			r.log.DebugContext(ctx, "old deliveries kept", "day", date, "reason", err)
		default:
			errs = append(errs, err)
		}
		if ctx.Err() != nil || errors.Is(err, db.ErrUnavailable) {
			break
		}
	}
	return errors.Join(errs...)
}

// dropDay drops a day, trying a few times where somebody just uses its rows.
func (r *Retention) dropDay(ctx context.Context, day int64) error {
	if err := r.store.mayDrop(ctx, day); err != nil {
		return err
	}
	if err := r.hold(ctx, day); err != nil {
		return err
	}
	left, err := r.store.archive(ctx, day)
	for n := 1; n < dropTries && errors.Is(err, db.ErrDayBusy); n++ {
		if err := pause(ctx, time.Second/4+rand.N(time.Second)); err != nil {
			return err
		}
		left, err = r.store.archive(ctx, day)
	}
	if err != nil {
		return err
	}
	for _, edition := range left {
		if err := r.deleteRows(ctx, day, edition); err != nil {
			return err
		}
	}
	return nil
}

// hold returns errDayKept if deliveries of a day are uncertain, and warns of each of their editions.
func (r *Retention) hold(ctx context.Context, day int64) error {
	delete(r.held, day)
	doubts, err := r.store.doubts(ctx, day)
	if err != nil || len(doubts) == 0 {
		return err
	}
	r.held[day] = r.store.now()
	for _, d := range doubts {
		r.log.WarnContext(ctx, "old deliveries kept, some are uncertain", "edition", d.Edition, "uncertain", d.N)
	}
	return fmt.Errorf("%w: deliveries are uncertain", errDayKept)
}

// deleteRows deletes the rows of an archived edition. Between its transactions it rests as long as they take, so that
// half of the time belongs to who sends.
func (r *Retention) deleteRows(ctx context.Context, day, edition int64) error {
	for {
		began := time.Now()
		more, err := r.store.deleteChunk(ctx, day, edition)
		if err != nil || !more {
			return err
		}
		if err := pause(ctx, time.Since(began)); err != nil {
			return err
		}
	}
}
