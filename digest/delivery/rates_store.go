package delivery

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// Reserve reserves n consecutive sends of the named bucket for the caller alone, each the given time after the one
// before, and returns when the first of them may go, by this host's clock. Sends that were possible and that nobody
// reserved are gone. All workers on a database share its buckets: it is a [mail.Reserve].
func (s *Store) Reserve(ctx context.Context, bucket string, n int, every time.Duration) (time.Time, error) {
	_, ahead, err := s.reserve(ctx, bucket, n, every)
	if err != nil {
		return time.Time{}, fmt.Errorf("reserve %d sends of %s: %w", n, bucket, err)
	}
	return s.now().Add(ahead), nil
}

// A bucket that is behind the clock begins anew at the clock, and so does one that is further ahead of it than any number
// of workers bring it: the clock was set back.
const reserveQuery = `
	INSERT INTO rates (name, next_at) VALUES ($1, CAST($2 AS BIGINT) + $3)
	ON CONFLICT (name) DO UPDATE SET next_at =
		CASE WHEN rates.next_at > $2 AND rates.next_at <= CAST($2 AS BIGINT) + $4 THEN rates.next_at ELSE $2 END + $3
	RETURNING next_at`

// mostAhead is how many reservations of one size a bucket may be ahead of the clock, and leastAhead how far it may be
// whatever their size.
const (
	mostAhead  = 200
	leastAhead = 10 * time.Minute
)

// reserve returns when the first send may go, in microseconds by the database's clock, and how far ahead that is.
func (s *Store) reserve(ctx context.Context, bucket string, n int, every time.Duration) (from int64, ahead time.Duration, err error) {
	if n < 1 || every <= 0 {
		return 0, 0, fmt.Errorf("%d sends, %s apart, are no reservation", n, every)
	}
	length := (int64(n)*every.Nanoseconds() + 999) / 1000
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		var next int64
		if err := tx.Get(ctx, &next, reserveQuery, bucket, now.UnixMicro(), length,
			max(mostAhead*length, leastAhead.Microseconds())); err != nil {
			return err
		}
		from = next - length
		ahead = time.Duration(from-now.UnixMicro()) * time.Microsecond
		return nil
	})
	return from, ahead, err
}
