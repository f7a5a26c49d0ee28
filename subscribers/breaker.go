package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// BreakerRules say when confirmations wait for an operator instead of going out,
// for somebody seems to sign up addresses of others. The zero rules never say so.
type BreakerRules struct {
	Surge     float64 // times the usual sign-ups of an hour that open it; 0 for never
	Least     int     // sign-ups that are too few for any suspicion: in an hour for Surge, in a day for the shares
	Confirmed float64 // the share of confirmations under which it opens; 0 for never
	Refused   float64 // the share of confirmations that relays refuse above which it opens; 0 for never
}

// OpenReason is why a breaker opened.
type OpenReason string

// The reasons.
const (
	OpenSurge       OpenReason = "surge"       // many more sign-ups than usual
	OpenUnconfirmed OpenReason = "unconfirmed" // next to nobody confirms
	OpenRefused     OpenReason = "refused"     // relays refuse the addresses
)

// Breaker is what operators see of it.
type Breaker struct {
	OpenedAt  time.Time  // zero while it is closed
	Reason    OpenReason // why it opened last
	CalmUntil time.Time  // it does not open before
	LastHour  int64      // sign-ups
	Ceiling   int64      // sign-ups in an hour that open it, 0 for any number
	Waiting   int64      // confirmations that an operator has to decide about
	Since     time.Time  // when the first of those was asked for
}

// IsOpen reports whether the confirmations of new sign-ups wait.
func (b *Breaker) IsOpen() bool { return !b.OpenedAt.IsZero() }

const (
	spanLength = 10 * time.Minute
	surgeOver  = time.Hour          // in which sign-ups are compared with the usual
	usualOver  = 7 * 24 * time.Hour // of which the mean is the usual
	calmAfter  = time.Hour          // an open one closes once it had no reason for that long
	sharesOver = 24 * time.Hour     // of whose sign-ups the shares are
	sharesIn   = time.Hour          // that people have to confirm
	sampled    = 1000               // the latest sign-ups that shares are taken of
)

// spanOf is the number of the span of ten minutes that a time is in.
func spanOf(t time.Time) int64 { return t.Unix() / int64(spanLength/time.Second) }

// WithBreaker sets when confirmations wait, and returns s. It is called before s
// is used.
func (s *Store) WithBreaker(r BreakerRules) *Store {
	s.breaker = r
	return s
}

// ceiling is how many sign-ups in an hour open the breaker after asked of them in
// the given time of the last days; 0 for any number.
func (r *BreakerRules) ceiling(asked int64, over time.Duration) int64 {
	if r.Surge == 0 {
		return 0
	}
	hours := max(over, 24*time.Hour).Hours()
	return max(int64(r.Least), int64(r.Surge*float64(asked)/hours))
}

// shares are what became of the sign-ups of a day.
type shares struct {
	Asked     int64 `db:"asked"`
	Confirmed int64 `db:"confirmed"`
	Refused   int64 `db:"refused"`
}

// reason is why these shares open the breaker, "" if they do not.
func (r *BreakerRules) reason(s shares) OpenReason {
	all := float64(s.Asked)
	switch {
	case s.Asked == 0 || s.Asked < int64(r.Least):
	case r.Refused > 0 && float64(s.Refused) > r.Refused*all:
		return OpenRefused
	case float64(s.Confirmed) < r.Confirmed*all:
		return OpenUnconfirmed
	}
	return ""
}

// Breaker returns where the breaker stands.
func (s *Store) Breaker(ctx context.Context) (*Breaker, error) {
	var b *Breaker
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		b, err = s.readBreaker(ctx, tx)
		return err
	})
	return b, err
}

// ReleaseFor is how long a breaker stays closed after its confirmations were
// released: the operator has seen who signs up.
const ReleaseFor = 24 * time.Hour

// ReleaseConfirmations sends the confirmations that wait, with links that count
// from now, closes the breaker, and keeps it closed for ReleaseFor. It returns
// how many they were.
func (s *Store) ReleaseConfirmations(ctx context.Context) (n int64, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		if n, err = releaseHeld(ctx, tx, now); err != nil {
			return err
		}
		return closeBreaker(ctx, tx, now.Add(ReleaseFor))
	})
	return n, err
}

// DropConfirmations gives up the confirmations that wait and closes the breaker,
// which opens again if it goes on. The sign-ups since then count as unusual. It
// returns how many they were; their readers stay pending like everybody who does
// not confirm.
func (s *Store) DropConfirmations(ctx context.Context) (n int64, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		b, err := s.readBreaker(ctx, tx)
		if err != nil {
			return err
		}
		if n, err = dropHeld(ctx, tx); err != nil {
			return err
		}
		if from := firstOf(b.OpenedAt, b.Since); !from.IsZero() {
			if err := forgetSpans(ctx, tx, spanOf(from.Add(-surgeOver))); err != nil {
				return err
			}
		}
		return closeBreaker(ctx, tx, time.Time{})
	})
	return n, err
}

// firstOf is the earlier of two times, leaving out what is zero.
func firstOf(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
