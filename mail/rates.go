package mail

import (
	"context"
	"sync"
	"time"
)

// Reserve reserves n consecutive sends of a named bucket for the caller alone, each the given time after the one before,
// and returns when the first of them may go. Sends that were possible and that nobody reserved are gone. It may take its
// time, until ctx ends; while it fails nothing is sent.
type Reserve func(ctx context.Context, bucket string, n int, every time.Duration) (from time.Time, err error)

// reserveAlone returns the Reserve of one that shares its rates with nobody.
func reserveAlone(now func() time.Time) Reserve {
	var mu sync.Mutex
	next := map[string]time.Time{}
	return func(_ context.Context, bucket string, n int, every time.Duration) (time.Time, error) {
		mu.Lock()
		defer mu.Unlock()
		from := now()
		if next[bucket].After(from) {
			from = next[bucket]
		}
		next[bucket] = from.Add(time.Duration(n) * every)
		return from, nil
	}
}

const (
	// catchUp is how long a send that was reserved may be late: long enough for a moment without a processor, short
	// enough to be no burst.
	catchUp = 100 * time.Millisecond

	firstAsk = 250 * time.Millisecond
	maxAsk   = 15 * time.Second

	// maxReserve is how long a reservation may take until it counts as failed.
	maxReserve = 15 * time.Second
)

// sends are n sends, of which the first may go at a time.
type sends struct {
	at time.Time
	n  int
}

// bucket is what is reserved of one rate. A nil one knows no limit. It is not safe for concurrent use.
type bucket struct {
	name  string
	every time.Duration
	most  int // that are reserved at once: a second's worth

	current sends
	ahead   sends // to follow the current ones
	size    int   // of the last reservation
	taken   int   // since then
	needed  bool  // somebody could send if there were any
	asking  bool  // a reservation is under way

	failures int       // of reservations in a row
	askAt    time.Time // after a failure
}

// newBucket returns nil for a rate of 0.
func newBucket(name string, perSecond float64) *bucket {
	if perSecond <= 0 {
		return nil
	}
	every := max(time.Duration(float64(time.Second)/perSecond), time.Microsecond)
	return &bucket{name: name, every: every, most: max(1, int(perSecond))}
}

// ready tells whether a send may go now. If not, at is when to ask again; zero means after the reservation under way.
func (b *bucket) ready(now time.Time) (ok bool, at time.Time) {
	if b == nil {
		return true, time.Time{}
	}
	b.drop(now)
	if b.current.n == 0 {
		b.current, b.ahead = b.ahead, sends{}
		b.drop(now)
	}
	switch {
	case b.current.n > 0:
		return !now.Before(b.current.at), b.current.at
	case b.asking:
		return false, time.Time{}
	}
	b.needed = true
	return false, b.askAt
}

// drop forgets current sends that were not taken in time. The last one that could have gone is always still good: who
// comes seldom need not wait.
func (b *bucket) drop(now time.Time) {
	late := now.Sub(b.current.at) - max(b.every, catchUp)
	if b.current.n == 0 || late <= 0 {
		return
	}
	gone := int((late + b.every - 1) / b.every)
	b.current.at = b.current.at.Add(time.Duration(gone) * b.every)
	b.current.n = max(0, b.current.n-gone)
}

// take uses the send that ready has told of.
func (b *bucket) take() {
	if b == nil {
		return
	}
	b.current.at = b.current.at.Add(b.every)
	b.current.n--
	b.taken++
}

// wanted returns how many sends to reserve now, 0 for none, when so many wait. It follows what was used: who sends little
// reserves little and leaves the rest to others.
func (b *bucket) wanted(now time.Time, waiting int) int {
	low := b.size > 1 && b.taken > 0 && b.current.n <= b.size/2
	needed := b.needed
	b.needed = false
	if b.asking || b.ahead.n > 0 || now.Before(b.askAt) || !needed && !low {
		return 0
	}
	return max(1, min(max(2*b.taken, waiting), b.most))
}

func (b *bucket) asked(n int) {
	b.asking, b.size, b.taken = true, n, 0
}

func (b *bucket) reserved(s sends) {
	b.asking, b.failures, b.askAt = false, 0, time.Time{}
	if b.current.n == 0 {
		b.current = s
	} else {
		b.ahead = s
	}
}

func (b *bucket) refused(now time.Time) {
	b.asking = false
	b.askAt = now.Add(min(firstAsk<<min(b.failures, 10), maxAsk))
	b.failures++
}
