package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

func readErasures(ctx context.Context, tx *db.Tx, of map[string]string, hashes []string) (map[string]erasure, error) {
	found := map[string]erasure{}
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var hash string
		var at, subscriber int64
		var suppressed int
		var by Actor
		err := scan(&hash, &at, &suppressed, &subscriber, &by)
		found[of[hash]] = erasure{db.Time(at), suppressed != 0, subscriber, by}
		return err
	}, `SELECT hash, erased_at, suppressed, subscriber_id, given_up_by FROM erasures WHERE hash {in 1}`, hashes)
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	return found, nil
}

func insertSalt(ctx context.Context, tx *db.Tx, salt string) error {
	_, err := tx.Exec(ctx, `INSERT INTO salts (name, value) VALUES ('erasure', $1) ON CONFLICT (name) DO NOTHING`, salt)
	if err != nil {
		return fmt.Errorf("store the salt of erasures: %w", err)
	}
	return nil
}

func countErasure(ctx context.Context, tx *db.Tx, r *record) (Erased, error) {
	e := Erased{ID: r.ID, Subscriptions: int64(len(r.seats)), Suppressed: r.Suppressed()}
	for _, count := range []struct {
		n     *int64
		query string
	}{
		{&e.Mails, `SELECT COUNT(*) FROM system_mails WHERE subscriber_id = $1`},
		{&e.Proofs, `SELECT COUNT(*) FROM consents WHERE subscriber_id = $1`},
	} {
		if err := tx.Get(ctx, count.n, count.query, r.ID); err != nil {
			return e, fmt.Errorf("count what is erased: %w", err)
		}
	}
	return e, nil
}

// erase deletes what is personal, and keeps the hash of the address. origin is
// by which way it was asked for.
func erase(ctx context.Context, tx *db.Tx, r *record, now time.Time, origin string) error {
	salt, err := saltOf(ctx, tx)
	if err != nil {
		return err
	}
	if err := keepErasure(ctx, tx, addressHash(salt, r.Address), erasure{at: now, suppressed: r.Suppressed(), subscriber: r.ID}); err != nil {
		return err
	}
	if err := deleteSuppressions(ctx, tx, []string{r.Address}); err != nil {
		return err
	}
	if r.ID == 0 {
		return nil
	}
	if err := forgetTexts(ctx, tx, r.ID); err != nil {
		return err
	}
	if err := forgetReplies(ctx, tx, r.ID); err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE FROM subscriptions WHERE subscriber_id = $1`,
		`DELETE FROM system_mails WHERE subscriber_id = $1`,
		`DELETE FROM leavings WHERE subscriber_id = $1`,
		`DELETE FROM address_changes WHERE subscriber_id = $1`,
		`DELETE FROM asked_apart WHERE subscriber_id = $1`,
		`UPDATE consents SET client = '', detail = '' WHERE subscriber_id = $1`,
		`DELETE FROM subscribers WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, statement, r.ID); err != nil {
			return fmt.Errorf("erase reader %d: %w", r.ID, err)
		}
	}
	r.note(note{Consent: Consent{At: now, Event: EventErased, Origin: origin}})
	return insertConsents(ctx, tx, []*record{r})
}

// forgetReplies deletes what relays answered about a reader: it may have the
// address. Attempts are kept as long as their edition has batches.
func forgetReplies(ctx context.Context, tx *db.Tx, subscriber int64) error {
	var days, editions []int64
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var day, edition int64
		err := scan(&day, &edition)
		days, editions = append(days, day), append(editions, edition)
		return err
	}, `SELECT e.day, e.id FROM editions e WHERE e.archived_at = 0 OR EXISTS (SELECT 1 FROM batches b WHERE b.edition_id = e.id)`)
	if err != nil || len(days) == 0 {
		return err
	}
	_, err = tx.ExecRows(ctx, `UPDATE attempts SET reply = '' FROM {rows}
		WHERE attempts.day = v.day AND attempts.edition_id = v.edition AND attempts.subscriber_id = $1`,
		[]db.Column{db.Ints("day", days), db.Ints("edition", editions)}, subscriber)
	if err != nil {
		return fmt.Errorf("forget what relays answered about reader %d: %w", subscriber, err)
	}
	return nil
}

// addressSince returns the present address of the reader who gave up the one that
// is named, or ErrUnknown.
func addressSince(ctx context.Context, tx *db.Tx, former string) (string, error) {
	left, err := erasuresOf(ctx, tx, []string{former})
	if err != nil {
		return "", err
	}
	r, err := byID(ctx, tx, left[former].subscriber, "")
	if err != nil {
		return "", err
	}
	return r.Address, nil
}

// followed reads by an address and, if that is nobody's, by the one for which its
// reader gave it up.
func followed[T any](ctx context.Context, tx *db.Tx, address string, read func(address string) (T, error)) (T, error) {
	out, err := read(address)
	if !errors.Is(err, ErrUnknown) {
		return out, err
	}
	if address, err = addressSince(ctx, tx, address); err != nil {
		return out, err
	}
	return read(address)
}

// keepErasure keeps the hash of an address that a reader does not have any more.
func keepErasure(ctx context.Context, tx *db.Tx, hash string, was erasure) error {
	suppressed := 0
	if was.suppressed {
		suppressed = 1
	}
	_, err := tx.Exec(ctx, `INSERT INTO erasures (hash, subscriber_id, erased_at, suppressed, given_up_by) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (hash) DO UPDATE SET subscriber_id = excluded.subscriber_id, erased_at = excluded.erased_at, suppressed = excluded.suppressed,
			given_up_by = excluded.given_up_by`, hash, was.subscriber, db.Millis(was.at), suppressed, string(was.givenUpBy))
	if err != nil {
		return fmt.Errorf("store the erasure: %w", err)
	}
	return nil
}

// SentMail is a system mail that a reader was to get.
type SentMail struct {
	Kind      MailKind
	State     string // pending, sent, failed, dropped or uncertain
	CreatedAt time.Time
	SentAt    time.Time // zero unless it was sent
	Reply     string    // the relay's last answer
}

// Mails returns the system mails to a subscriber that are kept, oldest first.
// Those to an address that the reader asked to change to are somebody else's
// until it is done: they would tell whether that address is known here.
func (s *Store) Mails(ctx context.Context, subscriberID int64) ([]SentMail, error) {
	var rows []struct {
		Kind      MailKind `db:"kind"`
		State     string   `db:"state"`
		CreatedAt int64    `db:"created_at"`
		SentAt    int64    `db:"sent_at"`
		Reply     string   `db:"reply"`
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.Select(ctx, &rows, `SELECT kind, state, created_at, sent_at, reply FROM system_mails
			WHERE subscriber_id = $1 AND kind <> $2 ORDER BY id`, subscriberID, string(MailNewAddress))
	})
	if err != nil {
		return nil, fmt.Errorf("read system mails: %w", err)
	}
	out := make([]SentMail, len(rows))
	for i, r := range rows {
		out[i] = SentMail{r.Kind, r.State, db.Time(r.CreatedAt), db.Time(r.SentAt), r.Reply}
	}
	return out, nil
}
