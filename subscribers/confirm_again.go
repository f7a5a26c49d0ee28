package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// ConfirmAgain mails a new confirmation link to a pending reader, within the
// limits of SignUp, and does nothing for any other. An unknown subscriber is
// ErrUnknown.
func (s *Store) ConfirmAgain(ctx context.Context, subscriberID int64) error {
	return s.change(ctx, subscriberID, func(tx *db.Tx, r *record, _ time.Time) error {
		if r.State != StatePending || r.Suppressed() {
			return nil
		}
		_, err := s.enqueue(ctx, tx, &r.Subscriber, MailConfirm)
		return err
	})
}
