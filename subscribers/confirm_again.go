package subscribers

import (
	"context"
	"time"

	"broadsheet/internal/db"
)

// ConfirmAgain mails a new confirmation link to a reader who was asked to confirm
// and did not, within the limits of SignUp, and does nothing for any other. An unknown subscriber is
// ErrUnknown. A form that was used before does nothing, or is ErrFormUsed.
func (s *Store) ConfirmAgain(ctx context.Context, subscriberID int64, f Form) error {
	return s.change(ctx, subscriberID, func(tx *db.Tx, r *record, now time.Time) error {
		if !r.waits() || r.Suppressed() {
			return nil
		}
		if fresh, err := s.useForm(ctx, tx, f, r.Address); err != nil || !fresh {
			return err
		}
		sent, err := s.enqueue(ctx, tx, &r.Subscriber, MailConfirm)
		if sent {
			r.asksAgain(now) // there is time again
		}
		return err
	})
}
