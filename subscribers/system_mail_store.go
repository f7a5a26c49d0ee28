package subscribers

import (
	"cmp"
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
	MailFresh             MailKind = "fresh-link"  // to the settings and the data
	MailOldAddress        MailKind = "old-address" // to agree to a change of address
	MailNewAddress        MailKind = "new-address" // to confirm it
	MailGoodbye           MailKind = "goodbye"     // that says what was left
)

// mailState is where a system mail stands.
type mailState string

const (
	mailPending   mailState = "pending"
	mailHeld      mailState = "held" // until an operator has looked at who signs up
	mailSent      mailState = "sent"
	mailFailed    mailState = "failed"
	mailDropped   mailState = "dropped"   // no longer wanted when its turn came
	mailUncertain mailState = "uncertain" // handed over, the relay's answer was lost
)

// asker is by whom a mail is asked for.
type asker string

const (
	askedByAnybody  asker = "anybody" // who need not be the reader
	askedByOperator asker = "operator"
)

// enqueue puts a mail in the queue that anybody may have asked for, and reports
// whether the limits allowed it. The subscriber's row must be locked.
func (s *Store) enqueue(ctx context.Context, tx *db.Tx, to *Subscriber, kind MailKind) (bool, error) {
	return s.enqueueFor(ctx, tx, to, kind, askedByAnybody)
}

// enqueueFor is the one way into the queue for all that somebody asks for in a
// reader's name: it counts by the mailbox behind the address, and has
// confirmations wait while the breaker is open.
func (s *Store) enqueueFor(ctx context.Context, tx *db.Tx, to *Subscriber, kind MailKind, by asker) (bool, error) {
	ok, err := s.countMail(ctx, tx, to, kind)
	if err != nil || !ok {
		return false, err
	}
	now := s.now()
	state, next := mailPending, now
	if kind == MailConfirm && by == askedByAnybody {
		waits, err := s.mustWait(ctx, tx, now)
		if err != nil {
			return false, err
		}
		if waits {
			state, next = mailHeld, time.Time{}
			if held, err := isHeld(ctx, tx, to.ID); err != nil || held {
				return held, err
			}
		}
	}
	err = queueMail(ctx, tx, to.ID, kind, state, now, next)
	return err == nil, err
}

// queueMail puts a mail in the queue that is within the limits. The queue stays
// locked until the transaction ends.
func queueMail(ctx context.Context, tx *db.Tx, subscriberID int64, kind MailKind, state mailState, now, next time.Time) error {
	id, err := tx.NextIDs(ctx, "system_mail", 1)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO system_mails (id, subscriber_id, kind, state, created_at, next_try_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, id, subscriberID, string(kind), string(state), db.Millis(now), db.Millis(next))
	if err != nil {
		return fmt.Errorf("queue a mail: %w", err)
	}
	return nil
}

// claimedMail is a system mail that this process may send until its lease ends.
type claimedMail struct {
	ID         int64    `db:"id"`
	Subscriber int64    `db:"subscriber_id"`
	Kind       MailKind `db:"kind"`
	CreatedAt  int64    `db:"created_at"`
	WaitedFrom int64    `db:"asked_at"` // when a mail was asked for that an operator released, 0 for any other
	Attempts   int      `db:"attempts"` // also the fence: each claim counts one

	change addressChange // of mails about one
}

// askedAt is when somebody asked for the mail.
func (m *claimedMail) askedAt() time.Time {
	return db.Time(cmp.Or(m.WaitedFrom, m.CreatedAt))
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
			RETURNING id, subscriber_id, kind, created_at, asked_at, attempts`,
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

// recipient reads whom a claimed mail goes to: with the new address, if it is the
// one to confirm a change.
func (s *Store) recipient(ctx context.Context, m *claimedMail) (*record, error) {
	var r *record
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if r, err = byID(ctx, tx, m.Subscriber, ""); err != nil || r.Suppressed() {
			return err
		}
		if err := m.readChange(ctx, tx, r); err != nil {
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
