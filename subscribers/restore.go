package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// ManyLinks is how many different links of one mail somebody opens within seconds
// who does not read it.
const ManyLinks = 3

// Restorable is a leaving by the page behind a link, with the marks of a scanner:
// every link of the mail was opened within seconds. The reader has not left once
// more since, nor come back.
type Restorable struct {
	Subscriber int64
	Address    string
	DigestID   int64
	Digest     string // its slug
	LeftAt     time.Time
	Marks
}

// Restorables returns what a scanner seems to have ended in [since, until), the
// last first: in this order it can be undone. A one-click POST is never among it.
func (s *Store) Restorables(ctx context.Context, since, until time.Time) ([]Restorable, error) {
	var out []Restorable
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = restorables(ctx, tx, since, until)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who left with the marks of a scanner: %w", err)
	}
	return out, nil
}

// Restore undoes a leaving as if it had never been, and puts on record by whom and
// why. It returns ErrNotReturnable if the reader has come back, left once more or
// was erased since it was listed.
func (s *Store) Restore(ctx context.Context, it Restorable, origin string) error {
	at := db.Millis(it.LeftAt)
	err := s.change(ctx, it.Subscriber, func(tx *db.Tx, r *record, now time.Time) error {
		rows, err := stillRestorable(ctx, tx, it.Subscriber, it.DigestID, at)
		if err != nil {
			return err
		}
		if back := r.comeBack(rows, now); len(back) == 0 {
			return ErrNotReturnable
		}
		r.note(note{Consent: Consent{At: now, Event: EventRestored, Origin: origin,
			Detail: fmt.Sprintf("digests=%s left=%s links=%d", it.Digest, it.LeftAt.UTC().Format(time.RFC3339), it.Links)}})
		return deleteLeaving(ctx, tx, it.Subscriber, it.DigestID, at)
	})
	if errors.Is(err, ErrUnknown) {
		return ErrNotReturnable
	}
	return err
}
