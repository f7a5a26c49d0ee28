package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// MailKind is what a system mail is about.
type MailKind string

// The system mails.
const (
	MailConfirm           MailKind = "confirm"
	MailAlreadySubscribed MailKind = "already-subscribed"
)

// Limits on the mails of one kind that sign-ups of an address can cause,
// whoever signs it up and by whichever way. They end by themselves, for the
// address is not to blame for strangers who type it; for confirmations the
// second one ends with a confirmation, too.
const (
	MailsADay   = 3 // in 24 hours
	MailsAMonth = 5 // in 30 days
)

// mailState is where a system mail stands.
type mailState string

const (
	mailPending   mailState = "pending"
	mailSent      mailState = "sent"
	mailFailed    mailState = "failed"
	mailDropped   mailState = "dropped"   // no longer wanted when its turn came
	mailUncertain mailState = "uncertain" // handed over, the relay's answer was lost
)

// enqueue puts a mail in the queue and reports whether the limits allowed it.
// The subscriber's row must be locked.
func (s *Store) enqueue(ctx context.Context, tx *db.Tx, to *Subscriber, kind MailKind) (bool, error) {
	now := s.now()
	day, month := now.AddDate(0, 0, -1), now.AddDate(0, 0, -30)
	if kind == MailConfirm && to.ConfirmedAt.After(month) {
		month = to.ConfirmedAt
	}
	var sent struct {
		Day   int64 `db:"day"`
		Month int64 `db:"month"`
	}
	err := tx.Get(ctx, &sent, `SELECT coalesce(sum(CASE WHEN created_at > $3 THEN 1 ELSE 0 END), 0) AS day,
			coalesce(sum(CASE WHEN created_at > $4 THEN 1 ELSE 0 END), 0) AS month
		FROM system_mails WHERE subscriber_id = $1 AND kind = $2`, to.ID, string(kind), db.Millis(day), db.Millis(month))
	if err != nil {
		return false, fmt.Errorf("count mails: %w", err)
	}
	if sent.Day >= MailsADay || sent.Month >= MailsAMonth {
		return false, nil
	}
	id, err := tx.NextIDs(ctx, "system_mail", 1)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO system_mails (id, subscriber_id, kind, state, created_at, next_try_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, id, to.ID, string(kind), string(mailPending), db.Millis(now), db.Millis(now))
	if err != nil {
		return false, fmt.Errorf("queue a mail: %w", err)
	}
	return true, nil
}

// claimedMail is a system mail that this process may send until its lease ends.
type claimedMail struct {
	ID         int64    `db:"id"`
	Subscriber int64    `db:"subscriber_id"`
	Kind       MailKind `db:"kind"`
	CreatedAt  int64    `db:"created_at"`
	Attempts   int      `db:"attempts"` // also the fence: each claim counts one
}

// claimMail leases the mail that has been due longest, nil if none is.
func (s *Store) claimMail(ctx context.Context, lease time.Duration) (*claimedMail, error) {
	var m *claimedMail
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		clock, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		m = new(claimedMail)
		err = tx.Get(ctx, m, `WITH c AS MATERIALIZED (
				SELECT subscriber_id, id FROM system_mails WHERE next_try_at > 0 AND next_try_at <= $1 AND lease_until < $2
				ORDER BY next_try_at LIMIT 1 {skip locked})
			UPDATE system_mails SET lease_until = $3, attempts = attempts + 1 WHERE (subscriber_id, id) IN (SELECT subscriber_id, id FROM c)
			RETURNING id, subscriber_id, kind, created_at, attempts`,
			db.Millis(s.now()), db.Millis(clock), db.Millis(clock.Add(lease)))
		if errors.Is(err, db.ErrNoRows) {
			m = nil
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim a system mail: %w", err)
	}
	return m, nil
}

// renewMail leases a claimed mail anew, unless another process has taken it
// over.
func (s *Store) renewMail(ctx context.Context, m *claimedMail, lease time.Duration) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		clock, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE system_mails SET lease_until = $1 WHERE subscriber_id = $2 AND id = $3 AND attempts = $4 AND lease_until > 0`,
			db.Millis(clock.Add(lease)), m.Subscriber, m.ID, m.Attempts)
		return err
	})
}

// recipient reads whom a claimed mail goes to.
func (s *Store) recipient(ctx context.Context, m *claimedMail) (*record, error) {
	var r *record
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if r, err = byID(ctx, tx, m.Subscriber, ""); err != nil || r.Suppressed() {
			return err
		}
		found, err := suppressedAt(ctx, tx, []string{r.Address})
		r.SuppressedAt = found[r.Address]
		return err
	})
	return r, err
}

// mailResult is what became of a try.
type mailResult struct {
	state  mailState
	next   time.Time  // of another try, zero for none
	class  mail.Class // empty if no relay was asked
	answer mail.Reply
	reply  string // what a person should read of it
}

// recordMail stores what became of a claimed mail, unless another process has
// taken it over.
func (s *Store) recordMail(ctx context.Context, m *claimedMail, r mailResult) error {
	var sentAt time.Time
	if r.state == mailSent {
		sentAt = s.now()
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := noteMail(ctx, tx, m, r.state, s.now()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE system_mails SET state = $1, next_try_at = $2, sent_at = $3, reply = $4, lease_until = 0
			WHERE subscriber_id = $5 AND id = $6 AND attempts = $7`, string(r.state), db.Millis(r.next), db.Millis(sentAt), cut(r.reply, 500), m.Subscriber, m.ID, m.Attempts)
		return err
	})
	if err != nil {
		return fmt.Errorf("record system mail %d: %w", m.ID, err)
	}
	return nil
}
