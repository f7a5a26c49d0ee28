package subscribers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// ErrFormUsed says that a form was sent before, for another address.
var ErrFormUsed = errors.New("the form was used already")

// countMail reports whether an address may get another mail of a kind, and
// counts that somebody asked. The row of the address stays locked until the
// transaction ends, so that of many who ask at once no more get through. It comes
// last in a transaction but for the queue itself.
func (s *Store) countMail(ctx context.Context, tx *db.Tx, to *Subscriber, kind MailKind) (bool, error) {
	now := s.now()
	most := mailLimit{day: MailsADay, all: MailsInAll, since: now.Add(-capQuiet)} // readers whom we know may ask for other mails again and again
	switch kind {
	case MailConfirm:
		most.since = to.ConfirmedAt
	case MailNewAddress: // which asks strangers to confirm, too
		kind, most.since = MailConfirm, time.Time{}
	case MailFresh:
		most.day, most.all = FreshADay, 0
	}
	folded, err := cautionHash(ctx, tx, foldAddress(to.Address))
	if err != nil {
		return false, err
	}
	var row struct {
		Sent  string `db:"sent_at"`
		Asked int64  `db:"asked_at"`
	}
	// The update of nothing locks the row and shows it as it was.
	err = tx.Get(ctx, &row, `INSERT INTO mail_caps (folded, kind, asked_at) VALUES ($1, $2, $3)
		ON CONFLICT (folded, kind) DO UPDATE SET kind = excluded.kind RETURNING sent_at, asked_at`, folded, string(kind), db.Millis(now))
	if err != nil {
		return false, fmt.Errorf("lock the count of mails: %w", err)
	}
	c := mailCap{sent: parseTimes(row.Sent), askedAt: db.Time(row.Asked)}
	ok := c.admit(now, most)
	_, err = tx.Exec(ctx, `UPDATE mail_caps SET sent_at = $1, asked_at = $2 WHERE folded = $3 AND kind = $4`,
		formatTimes(c.sent), db.Millis(now), folded, string(kind))
	if err != nil {
		return false, fmt.Errorf("count mails: %w", err)
	}
	return ok, nil
}

// useForm notes that a form was sent for an address. It returns false if it was
// before, and ErrFormUsed if that was for another address.
func (s *Store) useForm(ctx context.Context, tx *db.Tx, f Form, address string) (fresh bool, err error) {
	if f.ID == "" {
		return true, nil
	}
	hash, err := cautionHash(ctx, tx, address)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO used_forms (id, address, until) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, f.ID, hash, db.Millis(f.Until))
	if err != nil {
		return false, fmt.Errorf("note that a form was used: %w", err)
	}
	if n > 0 {
		return true, nil
	}
	var whose string
	if err := tx.Get(ctx, &whose, `SELECT address FROM used_forms WHERE id = $1`, f.ID); err != nil {
		return false, fmt.Errorf("read what a form was used for: %w", err)
	}
	if whose != hash {
		return false, ErrFormUsed
	}
	return false, nil
}

// cautionHash is what stands for an address where sign-ups are counted. The salt
// is one of its own: a list of who was erased cannot be compared with it.
func cautionHash(ctx context.Context, tx *db.Tx, address string) (string, error) {
	const read = `SELECT value FROM salts WHERE name = 'caution'`
	var salt string
	err := tx.Get(ctx, &salt, read)
	if errors.Is(err, db.ErrNoRows) {
		_, err = tx.Exec(ctx, `INSERT INTO salts (name, value) VALUES ('caution', $1) ON CONFLICT (name) DO NOTHING`, rand.Text()+rand.Text())
		if err == nil {
			err = tx.Get(ctx, &salt, read)
		}
	}
	if err != nil {
		return "", fmt.Errorf("read the salt of sign-ups: %w", err)
	}
	return addressHash(salt, address), nil
}

// PruneCaution forgets what no limit looks at any more: addresses that nobody
// has asked for in a month, forms that are too old by themselves, and how many
// signed up before the usual of the last days. It deletes at most some thousand
// rows of each at once, and passes over those that somebody else has locked: no
// process waits for another that prunes, or for a sign-up.
func (s *Store) PruneCaution(ctx context.Context) error {
	now := s.now()
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		for _, old := range []struct {
			statement string
			before    int64
		}{
			{`WITH old AS MATERIALIZED (SELECT folded, kind FROM mail_caps WHERE asked_at < $1 LIMIT 10000 {skip locked})
				DELETE FROM mail_caps WHERE (folded, kind) IN (SELECT folded, kind FROM old)`, db.Millis(now.Add(-capQuiet))},
			{`WITH old AS MATERIALIZED (SELECT id FROM used_forms WHERE until < $1 LIMIT 10000 {skip locked})
				DELETE FROM used_forms WHERE id IN (SELECT id FROM old)`, db.Millis(now)},
			{`WITH old AS MATERIALIZED (SELECT span FROM signup_spans WHERE span < $1 LIMIT 10000 {skip locked})
				DELETE FROM signup_spans WHERE span IN (SELECT span FROM old)`, spanOf(now.Add(-2 * usualOver))},
		} {
			if _, err := tx.Exec(ctx, old.statement, old.before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("prune what sign-ups are counted by: %w", err)
	}
	return nil
}
