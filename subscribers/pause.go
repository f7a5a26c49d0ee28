package subscribers

import (
	"context"
	"errors"
	"strings"
	"time"

	"broadsheet/internal/db"
)

var (
	// ErrPauseOver says that a pause would end before it begins.
	ErrPauseOver = errors.New("the time until which to pause has passed")
	// ErrNotSubscribed says that there is no subscription to pause or resume.
	ErrNotSubscribed = errors.New("the reader has no such subscription")
)

// Pause keeps a digest of a subscriber, or all of them if digestID is 0, from
// being sent until then. The subscriptions stay, and so does the start of their
// windows: what the digest's max_age allows comes afterwards. It returns
// ErrPauseOver, ErrNotSubscribed, or ErrUnknown.
func (s *Store) Pause(ctx context.Context, subscriberID, digestID int64, until time.Time, origin, client string) error {
	return s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) error {
		if until.IsZero() {
			return ErrPauseOver
		}
		return r.pause(digestID, until, now, anySeat, Consent{At: now, Origin: origin, Client: client})
	})
}

// PauseAtLeast is Pause for the link of a mail, which may be in other hands: a
// longer pause stays as it is. It returns when the first of those digests comes
// again.
func (s *Store) PauseAtLeast(ctx context.Context, subscriberID, digestID int64, until time.Time, origin, client string) (first time.Time, err error) {
	err = s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) error {
		first = time.Time{}
		shorter := func(s *seat) bool { return !s.PausedUntil.After(until) }
		err := r.pause(digestID, until, now, shorter, Consent{At: now, Origin: origin, Client: client})
		for _, s := range r.seats {
			if s.isLive() && (digestID == 0 || s.DigestID == digestID) && (first.IsZero() || s.PausedUntil.Before(first)) {
				first = s.PausedUntil
			}
		}
		return err
	})
	return first, err
}

// Resume ends the pause of a digest of a subscriber, or of all of them if
// digestID is 0. It returns ErrNotSubscribed or ErrUnknown, and nil where
// nothing was paused.
func (s *Store) Resume(ctx context.Context, subscriberID, digestID int64, origin, client string) error {
	return s.change(ctx, subscriberID, func(_ *db.Tx, r *record, now time.Time) error {
		return r.pause(digestID, time.Time{}, now, anySeat, Consent{At: now, Origin: origin, Client: client})
	})
}

func anySeat(*seat) bool { return true }

// pause pauses those live subscriptions that are given, or resumes them if until is
// zero, and puts that on record as by.
func (r *record) pause(digestID int64, until, now time.Time, given func(*seat) bool, by Consent) error {
	until = until.UTC().Truncate(time.Millisecond)
	if !until.IsZero() && !until.After(now) {
		return ErrPauseOver
	}
	found := false
	var slugs []string
	for _, s := range r.seats {
		if !s.isLive() || digestID != 0 && s.DigestID != digestID {
			continue
		}
		found = true
		if s.PausedUntil.Equal(until) || !given(s) {
			continue
		}
		if s.IsPaused(now) || !until.IsZero() { // not one that is over
			slugs = append(slugs, s.Digest)
		}
		s.PausedUntil, s.changed = until, true
	}
	if !found {
		return ErrNotSubscribed
	}
	if len(slugs) == 0 {
		return nil
	}
	by.Event, by.Detail = EventResumed, "digests="+strings.Join(slugs, ";")
	if !until.IsZero() {
		by.Event = EventPaused
		by.Detail += " until=" + until.Format(time.RFC3339)
	}
	r.note(note{Consent: by})
	return nil
}
