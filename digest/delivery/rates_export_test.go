package delivery

import (
	"context"
	"time"
)

// ReserveAt is Reserve by the database's clock, in microseconds.
func (s *Store) ReserveAt(ctx context.Context, bucket string, n int, every time.Duration) (int64, error) {
	from, _, err := s.reserve(ctx, bucket, n, every)
	return from, err
}
