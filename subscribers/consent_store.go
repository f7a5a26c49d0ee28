package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// numbered is a note and whose it is.
type numbered struct {
	note
	subscriber int64
}

// insertConsents appends the notes of records, and puts into the outbox what
// other systems are told of them. Their times are part of the key, so each is
// moved past the last one of its subscriber.
func insertConsents(ctx context.Context, tx *db.Tx, recs []*record) error {
	var notes []numbered
	var known []int64
	for _, r := range recs {
		if len(r.notes) > 0 && !r.fresh {
			known = append(known, r.ID)
		}
	}
	last, err := lastConsents(ctx, tx, known)
	if err != nil {
		return err
	}
	for _, r := range recs {
		for i := range r.notes {
			n := &r.notes[i]
			if before := last[r.ID]; db.Millis(n.At) <= before {
				n.At = db.Time(before + 1)
			}
			last[r.ID] = db.Millis(n.At)
			notes = append(notes, numbered{*n, r.ID})
		}
	}
	err = tx.AddRows(ctx, `INSERT INTO consents (subscriber_id, at, event, origin, client, text_hash, detail)
		SELECT v.subscriber, v.at, v.event, v.origin, v.client, v.text_hash, v.detail FROM {rows}`, []db.Column{
		ints("subscriber", notes, func(n numbered) int64 { return n.subscriber }),
		ints("at", notes, func(n numbered) int64 { return db.Millis(n.At) }),
		texts("event", notes, func(n numbered) Event { return n.Event }),
		texts("origin", notes, func(n numbered) string { return cut(n.Origin, maxOrigin) }),
		texts("client", notes, func(n numbered) string { return cut(n.Client, maxOrigin) }),
		texts("text_hash", notes, func(n numbered) string { return n.hash }),
		texts("detail", notes, func(n numbered) string { return n.Detail }),
	})
	if err != nil {
		return err
	}
	return insertEvents(ctx, tx, recs)
}

func lastConsents(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]int64, error) {
	last := map[int64]int64{}
	if len(ids) == 0 {
		return last, nil
	}
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var id, at int64
		err := scan(&id, &at)
		last[id] = at
		return err
	}, `SELECT subscriber_id, max(at) FROM consents WHERE subscriber_id {in 1} GROUP BY subscriber_id`, ids)
	return last, err
}

// confirmedBySelf tells when each of the readers last confirmed by a link of
// ours.
func confirmedBySelf(ctx context.Context, tx *db.Tx, known map[string]*record) (map[int64]time.Time, error) {
	var ids []int64
	for _, r := range known {
		ids = append(ids, r.ID)
	}
	last := map[int64]time.Time{}
	if len(ids) == 0 {
		return last, nil
	}
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var id, at int64
		err := scan(&id, &at)
		last[id] = db.Time(at)
		return err
	}, `SELECT subscriber_id, max(at) FROM consents WHERE subscriber_id {in 1} AND event = $2 GROUP BY subscriber_id`, ids, EventConfirmed)
	if err != nil {
		return nil, fmt.Errorf("read confirmations: %w", err)
	}
	return last, nil
}

// saveText stores a text that consents refer to, once, or again after an erasure
// emptied it.
func saveText(ctx context.Context, tx *db.Tx, t consentText, now time.Time) error {
	if t.hash == "" {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO consent_texts (hash, language, text, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (hash) DO UPDATE SET text = excluded.text WHERE consent_texts.text = ''`, t.hash, t.language, t.text, db.Millis(now))
	if err != nil {
		return fmt.Errorf("store the consent text: %w", err)
	}
	return nil
}

// consentsOf reads the record of consent of a subscriber, oldest first.
func consentsOf(ctx context.Context, tx *db.Tx, subscriber int64) ([]Consent, error) {
	var rows []struct {
		At       int64  `db:"at"`
		Event    Event  `db:"event"`
		Origin   string `db:"origin"`
		Client   string `db:"client"`
		Detail   string `db:"detail"`
		Hash     string `db:"text_hash"`
		Text     string `db:"text"`
		Language string `db:"language"`
		Since    int64  `db:"created_at"`
		Version  int    `db:"version"`
	}
	err := tx.Select(ctx, &rows, `SELECT c.at, c.event, c.origin, c.client, c.detail, c.text_hash, coalesce(t.text, '') AS text,
			coalesce(t.language, '') AS language, coalesce(t.created_at, 0) AS created_at, (SELECT count(*) FROM consent_texts o
				WHERE o.language = t.language AND (o.created_at < t.created_at OR o.created_at = t.created_at AND o.hash <= t.hash)) AS version
		FROM consents c LEFT JOIN consent_texts t ON t.hash = c.text_hash WHERE c.subscriber_id = $1 ORDER BY c.at`, subscriber)
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	consents := make([]Consent, len(rows))
	for i, r := range rows {
		consents[i] = Consent{At: db.Time(r.At), Event: r.Event, Origin: r.Origin, Client: r.Client, Detail: r.Detail,
			Text: r.Text, TextHash: r.Hash, TextLanguage: r.Language, TextVersion: r.Version, TextSince: db.Time(r.Since)}
	}
	return consents, nil
}

// noteMail puts on record that a mail of ours went out to a subscriber, unless
// the record needs no word of its kind. It is called before the transaction
// writes anything of the subscriber's.
func noteMail(ctx context.Context, tx *db.Tx, m *claimedMail, state mailState, now time.Time) error {
	n := note{Consent: Consent{At: now, Event: EventConfirmationSent, Origin: originPostman}}
	switch {
	case m.Kind != MailConfirm:
		return nil
	case state == mailUncertain:
		n.Detail = "the answer of the relay was lost"
	case state != mailSent:
		return nil
	}
	r := &record{Subscriber: Subscriber{ID: m.Subscriber}, notes: []note{n}}
	err := tx.Get(ctx, &r.Address, `SELECT address FROM subscribers WHERE id = $1 {for update}`, m.Subscriber)
	if errors.Is(err, db.ErrNoRows) {
		return nil // erased meanwhile
	}
	if err == nil {
		err = insertConsents(ctx, tx, []*record{r})
	}
	if err != nil {
		return fmt.Errorf("put a mail on record: %w", err)
	}
	return nil
}
