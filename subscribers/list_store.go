package subscribers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Detail is all that is known of an address.
type Detail struct {
	Subscriber                   // ID is 0 where only a suppression is known
	Subscriptions []Subscription // by digest id
	Consents      []Consent      // oldest first
	Suppression   *Suppression   // nil if the address is not suppressed
	Asked         *Asked         // what waits for the reader's confirmation, of one who has left; nil for nothing
}

// ByAddress returns all that is known of an address, written in any way, or
// ErrUnknown. One that its reader gave up for another stands for that reader.
func (s *Store) ByAddress(ctx context.Context, address string) (*Detail, error) {
	address, err := mail.Canonical(address)
	if err != nil {
		return nil, err
	}
	var d *Detail
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		d, err = followed(ctx, tx, address, func(address string) (*Detail, error) { return detailOf(ctx, tx, address) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// detailOf reads what is known of an address, or ErrUnknown.
func detailOf(ctx context.Context, tx *db.Tx, address string) (*Detail, error) {
	d := &Detail{Subscriber: Subscriber{Address: address}}
	var err error
	if d.Suppression, err = suppressionOf(ctx, tx, address); err != nil {
		return nil, err
	}
	recs, err := load(ctx, tx, byAddresses, []string{address}, "")
	switch {
	case err != nil:
		return nil, err
	case len(recs) == 0 && d.Suppression == nil:
		return nil, ErrUnknown
	case len(recs) == 0:
		d.SuppressedAt = d.Suppression.CreatedAt
		return d, nil
	}
	d.Subscriber = recs[0].Subscriber
	for _, seat := range recs[0].seats {
		d.Subscriptions = append(d.Subscriptions, seat.Subscription)
	}
	if asked := recs[0].asked; asked != nil {
		slugs, err := digestSlugs(ctx, tx)
		if err != nil {
			return nil, fmt.Errorf("read the names of digests: %w", err)
		}
		d.Asked = asked.shown(slugs)
	}
	d.Consents, err = consentsOf(ctx, tx, d.ID)
	return d, err
}

// AddressOf returns the address of a subscriber, or ErrUnknown.
func (s *Store) AddressOf(ctx context.Context, subscriberID int64) (string, error) {
	var addresses []string
	err := s.db.View(ctx, func(tx *db.Tx) error {
		addresses = nil
		return tx.Select(ctx, &addresses, `SELECT address FROM subscribers WHERE id = $1`, subscriberID)
	})
	if err != nil {
		return "", fmt.Errorf("read the address of subscriber %d: %w", subscriberID, err)
	}
	if len(addresses) == 0 {
		return "", ErrUnknown
	}
	return addresses[0], nil
}

func (s *Store) idOf(ctx context.Context, address string) (int64, error) {
	address, err := mail.Canonical(address)
	if err != nil {
		return 0, err
	}
	var ids []int64
	err = s.db.View(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Select(ctx, &ids, `SELECT id FROM subscribers WHERE address = $1`, address)
	})
	if err == nil && len(ids) == 0 {
		err = ErrUnknown
	}
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// Filter picks subscribers. The zero value picks all.
type Filter struct {
	State  State  // as shown: StateSuppressed wins over the state beneath
	Topic  string // slug; a live subscription wants it
	Digest string // slug; a live subscription to it
	Query  string // part of the address or name
	After  int64  // only subscribers with a larger id, for paging
	Limit  int    // 0 for 1,000

	// NotAdmittedSince picks those who may be mailed and were not admitted since
	// then, as Ramp.Waiting returns it: nobody if it is zero. nil picks all.
	NotAdmittedSince *time.Time
}

// pageSize is how many subscribers are read or written at a time.
const pageSize = 1000

// Row is a subscriber in a list.
type Row struct {
	Subscriber
	Digests []string // slugs of live subscriptions
	Topics  []string // slugs of the topics wanted by them in the reader's order, "*" for all
	Hours   []string // such as "daily=06:30", of the digests that have another than their own
	Pauses  []Pause  // of live subscriptions, also those that are over

	// WaitsSince is when a reader was asked to confirm who has not, also one who
	// had left; zero for any other.
	WaitsSince time.Time
}

// Pause is until when a digest is paused.
type Pause struct {
	Digest string // slug
	Until  time.Time
}

// List returns subscribers in the order of their ids: by the hour of their clocks,
// then as they came. For more than a page, pass the last id as After.
func (s *Store) List(ctx context.Context, f Filter) ([]Row, error) {
	var rows []Row
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows = nil
		slugs, err := topicSlugs(ctx, tx)
		if err != nil {
			return err
		}
		query, args := f.where()
		recs, err := loadPage(ctx, tx, query, args)
		for _, r := range recs {
			rows = append(rows, r.row(slugs))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	return rows, nil
}

func loadPage(ctx context.Context, tx *db.Tx, query string, args []any) ([]*record, error) {
	var ids []int64
	if err := tx.Select(ctx, &ids, query, args...); err != nil || len(ids) == 0 {
		return nil, err
	}
	return load(ctx, tx, byIDs, ids, "")
}

// where returns the query for the ids that f picks.
func (f *Filter) where() (string, []any) {
	query, args := `SELECT id FROM subscribers s WHERE s.id > $1`, []any{f.After}
	and := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args)))
		}
		query += " AND " + condition
	}
	switch f.State {
	case "":
	case StateSuppressed:
		query += " AND s.suppressed_at > 0"
	default:
		and("s.suppressed_at = 0 AND s.state = ?", string(f.State))
	}
	live := `EXISTS (SELECT 1 FROM subscriptions u JOIN digests d ON d.id = u.digest_id
		WHERE u.subscriber_id = s.id AND u.state <> 'ended' AND `
	if f.Digest != "" {
		and(live+`d.slug = ?)`, f.Digest)
	}
	if f.Topic != "" {
		and(live+`(u.topics = '*' OR EXISTS (SELECT 1 FROM topics t WHERE t.slug = ? AND u.topics LIKE '%,' || t.id || ',%')))`, f.Topic)
	}
	if f.NotAdmittedSince != nil {
		and("s.state = 'active' AND s.suppressed_at = 0 AND s.admitted_at < ?", db.Millis(*f.NotAdmittedSince))
	}
	if f.Query != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Query)) + "%"
		and(`(s.address LIKE ? ESCAPE '\' OR lower(s.name) LIKE ? ESCAPE '\')`, like)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = pageSize
	}
	return fmt.Sprintf("%s ORDER BY s.id LIMIT %d", query, limit), args
}

func topicSlugs(ctx context.Context, tx *db.Tx) (map[int64]string, error) {
	return slugsByID(ctx, tx, `SELECT id, slug FROM topics`)
}

// digestSlugs are those of all digests that ever were.
func digestSlugs(ctx context.Context, tx *db.Tx) (map[int64]string, error) {
	return slugsByID(ctx, tx, `SELECT id, slug FROM digests`)
}

func slugsByID(ctx context.Context, tx *db.Tx, query string) (map[int64]string, error) {
	slugs := map[int64]string{}
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var id int64
		var slug string
		err := scan(&id, &slug)
		slugs[id] = slug
		return err
	}, query)
	return slugs, err
}

func (r *record) row(slugs map[int64]string) Row {
	row := Row{Subscriber: r.Subscriber}
	switch {
	case r.asked != nil:
		row.WaitsSince = db.Time(r.asked.At)
	case r.State == StatePending:
		row.WaitsSince = r.AskedAt
	}
	for _, s := range r.seats {
		if !s.isLive() {
			continue
		}
		row.Digests = append(row.Digests, s.Digest)
		if s.Hour != "" {
			row.Hours = append(row.Hours, s.Digest+"="+s.Hour)
		}
		if !s.PausedUntil.IsZero() {
			row.Pauses = append(row.Pauses, Pause{s.Digest, s.PausedUntil})
		}
		if s.Topics == AllTopics {
			row.Topics = []string{string(AllTopics)}
			continue
		}
		for _, id := range s.Topics.IDs() {
			if slug := slugs[id]; !slices.Contains(row.Topics, slug) && !slices.Contains(row.Topics, string(AllTopics)) {
				row.Topics = append(row.Topics, slug)
			}
		}
	}
	return row
}

// Count returns how many subscribers are in each state as shown, all four
// present.
func (s *Store) Count(ctx context.Context) (map[State]int64, error) {
	var counts map[State]int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		counts = map[State]int64{StatePending: 0, StateActive: 0, StateUnsubscribed: 0, StateSuppressed: 0}
		return tx.Each(ctx, func(scan func(...any) error) error {
			var state State
			var n int64
			err := scan(&state, &n)
			counts[state] = n
			return err
		}, `SELECT CASE WHEN suppressed_at > 0 THEN 'suppressed' ELSE state END AS shown, count(*) FROM subscribers GROUP BY shown`)
	})
	if err != nil {
		return nil, fmt.Errorf("count subscribers: %w", err)
	}
	return counts, nil
}
