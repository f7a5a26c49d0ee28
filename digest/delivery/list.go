package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/mail"
)

var (
	// ErrNotFound says that there is no such edition, subscriber or delivery.
	ErrNotFound = errors.New("not found")
	// ErrArchived says that an edition is so old that its deliveries were dropped. Its balance remains.
	ErrArchived = errors.New("edition is archived: its deliveries were dropped after [mail] keep_deliveries, its balance remains")
)

// Key names a delivery.
type Key struct{ EditionID, SubscriberID int64 }

// Delivery is one edition to one subscriber.
type Delivery struct {
	Key
	Edition     string // key of the edition
	Address     string // "" if the subscriber was erased
	SelectionID int64
	State       State
	Reason      string
	Attempts    int
	NextTryAt   time.Time // zero unless it waits for another try
	ChangedAt   time.Time
}

// Attempt is one try to hand a delivery to a relay.
type Attempt struct {
	N          int
	At         time.Time
	ComposedAt time.Time // the message's stories are as they were then
	Answer
}

// Filter says which deliveries to list. The zero value is all of them.
type Filter struct {
	Edition string // key, "" for all
	State   State  // "" for all
	Address string // canonical, "" for all
	Limit   int    // 100 by default
	After   Key    // the last one of the page before
}

type deliveryRow struct {
	EditionID    int64  `db:"edition_id"`
	SubscriberID int64  `db:"subscriber_id"`
	Edition      string `db:"key"`
	Address      string `db:"address"`
	SelectionID  int64  `db:"selection_id"`
	State        string `db:"state"`
	Reason       string `db:"reason"`
	Attempts     int    `db:"attempts"`
	NextTryAt    int64  `db:"next_try_at"`
	ChangedAt    int64  `db:"changed_at"`
}

func (r *deliveryRow) delivery() Delivery {
	return Delivery{
		Key: Key{r.EditionID, r.SubscriberID}, Edition: r.Edition, Address: r.Address, SelectionID: r.SelectionID,
		State: State(r.State), Reason: r.Reason, Attempts: r.Attempts, NextTryAt: db.Time(r.NextTryAt),
		ChangedAt: db.Time(r.ChangedAt),
	}
}

const deliverySelect = `
	SELECT d.edition_id, d.subscriber_id, e.key, COALESCE(s.address, '') AS address, d.selection_id, d.state, d.reason,
		d.attempts, d.next_try_at, d.changed_at
	FROM deliveries d
	JOIN editions e ON e.id = d.edition_id
	LEFT JOIN subscribers s ON s.id = d.subscriber_id `

// List returns a page of deliveries, those of the newest edition first and by subscriber within an edition.
func (s *Store) List(ctx context.Context, f Filter) ([]Delivery, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	var rows []deliveryRow
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows = nil
		var subscriber int64
		if f.Address != "" {
			var err error
			if subscriber, err = subscriberID(ctx, tx, f.Address); err != nil {
				return err
			}
		}
		editions, err := editionsFor(ctx, tx, f, subscriber)
		for i := 0; err == nil && i < len(editions) && len(rows) < f.Limit; i++ {
			err = listEdition(ctx, tx, &rows, editions[i], f, subscriber)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	out := make([]Delivery, len(rows))
	for i := range rows {
		out[i] = rows[i].delivery()
	}
	return out, nil
}

type editionRow struct {
	ID         int64               `db:"id"`
	Day        int64               `db:"day"`
	State      digest.EditionState `db:"state"` // where it is asked for
	ArchivedAt int64               `db:"archived_at"`
}

// editionsFor returns the editions that a page may be of, newest first. Asking each in turn reads along a key, where
// sorting all deliveries would read everything.
func editionsFor(ctx context.Context, tx *db.Tx, f Filter, subscriber int64) ([]editionRow, error) {
	var out []editionRow
	var err error
	switch {
	case f.Edition != "":
		e, err := editionByKey(ctx, tx, f.Edition)
		return []editionRow{e}, err
	case subscriber != 0:
		err = tx.Select(ctx, &out, `SELECT DISTINCT d.edition_id AS id, d.day FROM deliveries d
			WHERE d.subscriber_id = $1 AND d.day IN (SELECT day FROM editions WHERE archived_at = 0) AND (CAST($2 AS BIGINT) = 0 OR d.edition_id <= $2) ORDER BY d.edition_id DESC`,
			subscriber, f.After.EditionID)
	default:
		err = tx.Select(ctx, &out, `SELECT id, day FROM editions
			WHERE archived_at = 0 AND (CAST($1 AS BIGINT) = 0 OR id <= $1) ORDER BY id DESC`, f.After.EditionID)
	}
	return out, err
}

// A page of an edition is of the deliveries after a reader and up to another one. A large edition is read by the key of
// the day's readers, which ends with the page, a small one by its batches: of the day it may be hardly anything. CAST and
// plus change nothing but keep SQLite from the other way; PostgreSQL, which can tell how large an edition is, sees through
// the CAST.
const (
	pageByReaders = deliverySelect + `
		WHERE d.day = $1 AND CAST(d.edition_id AS BIGINT) = $2 AND d.subscriber_id > $3 AND d.subscriber_id <= $4
			AND (CAST($5 AS TEXT) = '' OR d.state = $5)
		ORDER BY d.subscriber_id LIMIT $6`
	pageByBatches = deliverySelect + `
		WHERE d.day = $1 AND d.edition_id = $2 AND +d.subscriber_id > $3 AND +d.subscriber_id <= $4
			AND (CAST($5 AS TEXT) = '' OR d.state = $5)
		ORDER BY +d.subscriber_id LIMIT $6`
)

// smallEdition is how many deliveries are read and sorted for a page.
const smallEdition = 20_000

func listEdition(ctx context.Context, tx *db.Tx, rows *[]deliveryRow, e editionRow, f Filter, subscriber int64) error {
	after, last := int64(0), int64(math.MaxInt64)
	if f.After.EditionID == e.ID {
		after = f.After.SubscriberID
	}
	query := pageByReaders
	if subscriber != 0 {
		after, last = max(after, subscriber-1), subscriber
	} else {
		var size int64
		if err := tx.Get(ctx, &size, `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM batches WHERE edition_id = $1`, e.ID); err != nil {
			return err
		}
		if size <= smallEdition {
			query = pageByBatches
		}
	}
	var page []deliveryRow
	err := tx.Select(ctx, &page, query, e.Day, e.ID, after, last, string(f.State), f.Limit-len(*rows))
	*rows = append(*rows, page...)
	return err
}

// Show returns a delivery with its attempts, the first one first, or ErrNotFound.
func (s *Store) Show(ctx context.Context, edition, address string) (Delivery, []Attempt, error) {
	var row deliveryRow
	var attempts []Attempt
	err := s.db.View(ctx, func(tx *db.Tx) error {
		attempts = nil
		e, err := editionByKey(ctx, tx, edition)
		if err != nil {
			return err
		}
		subscriber, err := subscriberID(ctx, tx, address)
		if err != nil {
			return err
		}
		err = tx.Get(ctx, &row, deliverySelect+`WHERE d.day = $1 AND d.edition_id = $2 AND d.subscriber_id = $3`,
			e.Day, e.ID, subscriber)
		if errors.Is(err, db.ErrNoRows) {
			return fmt.Errorf("delivery of %s to this address: %w", edition, ErrNotFound)
		} else if err != nil {
			return err
		}
		attempts, err = selectAttempts(ctx, tx, e, subscriber)
		return err
	})
	if err != nil {
		return Delivery{}, nil, fmt.Errorf("show delivery: %w", err)
	}
	return row.delivery(), attempts, nil
}

func selectAttempts(ctx context.Context, tx *db.Tx, e editionRow, subscriber int64) ([]Attempt, error) {
	var out []Attempt
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var a Attempt
		var at, composedAt int64
		var class, phase string
		if err := scan(&a.N, &at, &composedAt, &a.Relay, &class, &phase, &a.Code, &a.Enhanced, &a.Text); err != nil {
			return err
		}
		a.At, a.ComposedAt, a.Class, a.Phase = db.Time(at), db.Time(composedAt), mail.Class(class), mail.Phase(phase)
		out = append(out, a)
		return nil
	}, `SELECT n, at, composed_at, relay, class, phase, code, enhanced, reply FROM attempts
		WHERE day = $1 AND edition_id = $2 AND subscriber_id = $3 ORDER BY n`, e.Day, e.ID, subscriber)
	return out, err
}

// editionByKey finds an edition whose deliveries are there.
func editionByKey(ctx context.Context, tx *db.Tx, key string) (editionRow, error) {
	var e editionRow
	err := tx.Get(ctx, &e, `SELECT id, day, state, archived_at FROM editions WHERE key = $1`, key)
	if errors.Is(err, db.ErrNoRows) {
		return e, fmt.Errorf("edition %s: %w", key, ErrNotFound)
	}
	if err == nil && e.ArchivedAt > 0 {
		return e, fmt.Errorf("%s: %w", key, ErrArchived)
	}
	return e, err
}

func subscriberID(ctx context.Context, tx *db.Tx, address string) (int64, error) {
	var id int64
	err := tx.Get(ctx, &id, `SELECT id FROM subscribers WHERE address = $1`, address)
	if errors.Is(err, db.ErrNoRows) {
		return 0, fmt.Errorf("subscriber: %w", ErrNotFound)
	}
	return id, err
}

// Count returns how many deliveries of a choice are in one of the given states.
// It changes nothing. It returns ErrNotFound for an unknown edition or address.
func (s *Store) Count(ctx context.Context, c Choice, states ...State) (int64, error) {
	var n int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		e, err := editionByKey(ctx, tx, c.Edition)
		if err != nil {
			return err
		}
		var subscriber int64
		if c.Address != "" {
			if subscriber, err = subscriberID(ctx, tx, c.Address); err != nil {
				return err
			}
		}
		names := make([]string, len(states))
		for i, state := range states {
			names[i] = string(state)
		}
		return tx.Get(ctx, &n, `SELECT count(*) FROM deliveries WHERE day = $1 AND edition_id = $2
			AND (CAST($3 AS BIGINT) = 0 OR subscriber_id = $3) AND state {in 4}`, e.Day, e.ID, subscriber, names)
	})
	if err != nil {
		return 0, fmt.Errorf("count deliveries of %s: %w", c.Edition, err)
	}
	return n, nil
}
