package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// Store keeps subscribers in the database. It is safe for concurrent use.
type Store struct {
	db      *db.DB
	clock   func() time.Time
	clients ClientDetail
	goodbye bool // who leaves gets a mail that says so
	breaker BreakerRules
	domains Domains
}

// NewStore returns a store on d that takes the time from now. It records whole
// network addresses.
func NewStore(d *db.DB, now func() time.Time) *Store {
	return &Store{db: d, clock: now, clients: ClientFull}
}

// KeepClients sets how much of network addresses is recorded from now on, and
// returns s. It is called before s is used.
func (s *Store) KeepClients(d ClientDetail) *Store {
	s.clients = d
	return s
}

// now is the time in the precision that the database keeps.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// subscriberRow is a row of the table.
type subscriberRow struct {
	ID           int64      `db:"id"`
	Address      string     `db:"address"`
	ExternalID   string     `db:"external_id"`
	Name         string     `db:"name"`
	State        State      `db:"state"`
	Language     string     `db:"language"`
	Zone         string     `db:"timezone"`
	Format       Format     `db:"format"`
	CreatedAt    int64      `db:"created_at"`
	ConfirmedAt  int64      `db:"confirmed_at"`
	EndedAt      int64      `db:"ended_at"`
	SuppressedAt int64      `db:"suppressed_at"`
	HardBounced  int64      `db:"hard_bounced_at"`
	SoftBounces  int        `db:"soft_bounces"`
	AskedAt      int64      `db:"asked_at"`
	AskedOn      string     `db:"asked_on"`
	Attributes   Attributes `db:"attributes"`
}

func (r *subscriberRow) subscriber() Subscriber {
	return Subscriber{ID: r.ID, Address: r.Address, ExternalID: r.ExternalID, Name: r.Name, State: r.State, Language: r.Language, Zone: r.Zone, Format: r.Format,
		CreatedAt: db.Time(r.CreatedAt), ConfirmedAt: db.Time(r.ConfirmedAt), EndedAt: db.Time(r.EndedAt), SuppressedAt: db.Time(r.SuppressedAt),
		HardBouncedAt: db.Time(r.HardBounced), SoftBounces: r.SoftBounces, AskedAt: db.Time(r.AskedAt), AskedOn: r.AskedOn, Attributes: r.Attributes}
}

type subscriptionRow struct {
	SubscriberID int64             `db:"subscriber_id"`
	DigestID     int64             `db:"digest_id"`
	Digest       string            `db:"slug"`
	CohortID     int64             `db:"cohort_id"`
	Zone         string            `db:"zone"`
	State        SubscriptionState `db:"state"`
	Topics       Topics            `db:"topics"`
	Former       former            `db:"former_topics"`
	JoinedSeq    int64             `db:"joined_seq"`
	JoinedRuns   int64             `db:"joined_runs"`
	CreatedAt    int64             `db:"created_at"`
	EndedAt      int64             `db:"ended_at"`
	PausedUntil  int64             `db:"paused_until"`
	Hour         string            `db:"hour"`
	Owed         owed              `db:"owed"`
}

func (r *subscriptionRow) seat() *seat {
	return &seat{had: r.Topics, former: r.Former, owed: r.Owed, Subscription: Subscription{DigestID: r.DigestID, Digest: r.Digest, CohortID: r.CohortID,
		Zone: r.Zone, Hour: r.Hour, State: r.State, Topics: r.Topics, PausedUntil: db.Time(r.PausedUntil), CreatedAt: db.Time(r.CreatedAt), EndedAt: db.Time(r.EndedAt), JoinedSeq: r.JoinedSeq, JoinedRuns: r.JoinedRuns}}
}

const (
	selectSubscribers = `SELECT id, address, external_id, name, state, language, timezone, format, created_at, confirmed_at, ended_at, suppressed_at,
		hard_bounced_at, soft_bounces, asked_at, asked_on, attributes FROM subscribers `
	byIDs       = `WHERE id {in 1} ORDER BY id`
	byAddresses = `WHERE address {in 1} ORDER BY id`
	// An empty id is that of nobody, and has no place in the index.
	byExternalIDs = `WHERE external_id {in 1} AND external_id <> '' ORDER BY id`
	// The names come from subqueries, so that a lock falls on subscriptions alone.
	selectSubscriptions = `SELECT subscriber_id, digest_id, cohort_id, state, topics, former_topics, joined_seq, joined_runs, created_at, ended_at,
		paused_until, hour, owed, (SELECT slug FROM digests d WHERE d.id = s.digest_id) AS slug, (SELECT zone FROM cohorts c WHERE c.id = s.cohort_id) AS zone
		FROM subscriptions s WHERE subscriber_id {in 1} ORDER BY subscriber_id, digest_id`
	locked = ` {for update}`
)

// load reads records by ids or by addresses, in the order of their ids. lock
// is locked in a transaction that will save them, "" in one that only reads.
func load[T int64 | string](ctx context.Context, tx *db.Tx, where string, keys []T, lock string) ([]*record, error) {
	var rows []subscriberRow
	if err := tx.Select(ctx, &rows, selectSubscribers+where+lock, keys); err != nil {
		return nil, fmt.Errorf("read subscribers: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	recs := make([]*record, len(rows))
	ids := make([]int64, len(rows))
	for i := range rows {
		recs[i] = &record{Subscriber: rows[i].subscriber()}
		recs[i].was = recs[i].Shown()
		ids[i] = rows[i].ID
	}
	var seats []subscriptionRow
	if err := tx.Select(ctx, &seats, selectSubscriptions+lock, ids); err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	at := 0
	for i := range seats {
		for recs[at].ID != seats[i].SubscriberID {
			at++
		}
		recs[at].seats = append(recs[at].seats, seats[i].seat())
	}
	return recs, loadAsked(ctx, tx, recs)
}

// The subscriber whom loadPair loads beside the one with an address.
const (
	pairOfID         = `SELECT id FROM subscribers WHERE id = $1`
	pairOfExternalID = `SELECT id FROM subscribers WHERE external_id = $1 AND external_id <> ''`
)

// loadPair reads and locks the subscriber of a key and the one with an address,
// in the order of their ids. lockNew must have been called, so that no address
// and no external id changes hands meanwhile.
func loadPair[T int64 | string](ctx context.Context, tx *db.Tx, pairOf string, key T, address string) ([]*record, error) {
	var ids []int64
	if err := tx.Select(ctx, &ids, pairOf+` UNION SELECT id FROM subscribers WHERE address = $2`, key, address); err != nil {
		return nil, fmt.Errorf("find subscribers: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return load(ctx, tx, byIDs, ids, locked)
}

// byID reads one record to change it, or ErrUnknown.
func byID(ctx context.Context, tx *db.Tx, id int64, lock string) (*record, error) {
	recs, err := load(ctx, tx, byIDs, []int64{id}, lock)
	if err == nil && len(recs) == 0 {
		err = ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	return recs[0], nil
}

// byAddress reads the record of an address to change it, or makes a fresh one,
// which is suppressed if the address is, and one who has left if the address was
// erased.
func byAddress(ctx context.Context, tx *db.Tx, address string, now time.Time) (*record, error) {
	for _, prepare := range []func(context.Context, *db.Tx) error{nil, lockNew} {
		if prepare != nil {
			if err := prepare(ctx, tx); err != nil {
				return nil, err
			}
		}
		recs, err := load(ctx, tx, byAddresses, []string{address}, locked)
		if err != nil {
			return nil, err
		}
		if len(recs) == 1 {
			return recs[0], nil
		}
	}
	return newcomer(ctx, tx, address, now)
}

// newcomer is a fresh record for an address that no reader has. What another system
// changed for another address, nobody has left.
func newcomer(ctx context.Context, tx *db.Tx, address string, now time.Time) (*record, error) {
	r := newRecord(address, now)
	found, err := suppressedAt(ctx, tx, []string{address})
	if err != nil {
		return nil, err
	}
	r.SuppressedAt = found[address]
	erased, err := erasuresOf(ctx, tx, []string{address})
	if err != nil {
		return nil, err
	}
	if was, ok := erased[address]; ok {
		if was.givenUpBy != ActorAPI {
			r.EndedAt = was.at
		}
		if was.suppressed && r.SuppressedAt.IsZero() {
			r.SuppressedAt = was.at
		}
	}
	return r, nil
}

// lockNew keeps other transactions from adding subscribers until this one
// ends, by a counter that is used for nothing else. What adds one, what suppresses
// an address and what gives one another address calls it before it looks at rows:
// otherwise each could miss what the other is about to write, and a suppressed
// address would be mailed.
//
// Transactions lock in one order, so that none ever waits for one that waits for
// it: this; the rows of subscribers by their ids, all of them at once; what hangs
// on those, as save does; the counts of mails; the queue of mails.
func lockNew(ctx context.Context, tx *db.Tx) error {
	var value int64
	if err := tx.Get(ctx, &value, `SELECT value FROM counters WHERE name = 'subscriber' {for update}`); err != nil {
		return fmt.Errorf("lock new subscribers: %w", err)
	}
	return nil
}

// change runs fn on the record of a subscriber and saves what it changed. fn
// may run more than once.
func (s *Store) change(ctx context.Context, id int64, fn func(tx *db.Tx, r *record, now time.Time) error) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		r, err := byID(ctx, tx, id, locked)
		if err != nil {
			return err
		}
		if err := fn(tx, r, s.now()); err != nil {
			return err
		}
		return s.save(ctx, tx, []*record{r})
	})
}

// save writes what has changed in records that the transaction has locked, and
// of the network addresses in their notes as much as is to be kept.
func (s *Store) save(ctx context.Context, tx *db.Tx, recs []*record) error {
	for _, r := range recs {
		for i := range r.notes {
			r.notes[i].Client = s.clients.of(r.notes[i].Client)
		}
	}
	return saveRecords(ctx, tx, recs)
}

// saveRecords is save for notes without network addresses.
func saveRecords(ctx context.Context, tx *db.Tx, recs []*record) error {
	recs, err := withIDs(ctx, tx, recs)
	if err != nil {
		return fmt.Errorf("give new subscribers ids: %w", err)
	}
	if err := insertSubscribers(ctx, tx, recs); err != nil {
		return fmt.Errorf("insert subscribers: %w", err)
	}
	if err := updateSubscribers(ctx, tx, recs); err != nil {
		return fmt.Errorf("update subscribers: %w", err)
	}
	if err := placeSeats(ctx, tx, recs); err != nil {
		return err
	}
	if err := keepWindows(ctx, tx, recs); err != nil {
		return fmt.Errorf("keep windows: %w", err)
	}
	if err := saveSubscriptions(ctx, tx, recs); err != nil {
		return fmt.Errorf("save subscriptions: %w", err)
	}
	if err := keepHomed(ctx, tx, recs); err != nil {
		return fmt.Errorf("keep what is known of cohorts: %w", err)
	}
	if err := saveAsked(ctx, tx, recs); err != nil {
		return err
	}
	if err := insertConsents(ctx, tx, recs); err != nil {
		return fmt.Errorf("record consents: %w", err)
	}
	return nil
}

func insertSubscribers(ctx context.Context, tx *db.Tx, recs []*record) error {
	fresh := freshOf(recs)
	return tx.AddRows(ctx, `INSERT INTO subscribers
			(id, address, external_id, name, state, language, timezone, format, attributes, asked_at, asked_on, created_at, active_at, confirmed_at, ended_at, suppressed_at)
		SELECT v.id, v.address, v.external_id, v.name, v.state, v.language, v.timezone, v.format, v.attributes, v.asked_at, v.asked_on, v.created_at, v.active_at, v.confirmed_at, v.ended_at, v.suppressed_at
		FROM {rows}`, append(subscriberColumns(fresh),
		ints("created_at", fresh, func(r *record) int64 { return db.Millis(r.CreatedAt) }),
		ints("active_at", fresh, func(r *record) int64 { return db.Millis(r.activeAt) })))
}

func updateSubscribers(ctx context.Context, tx *db.Tx, recs []*record) error {
	var changed []*record
	for _, r := range recs {
		if r.changed && !r.fresh {
			changed = append(changed, r)
		}
	}
	_, err := tx.ExecRows(ctx, `UPDATE subscribers SET address = v.address, external_id = v.external_id, name = v.name, state = v.state, language = v.language, timezone = v.timezone, format = v.format, attributes = v.attributes,
			asked_at = v.asked_at, asked_on = v.asked_on,
			confirmed_at = v.confirmed_at, ended_at = v.ended_at, suppressed_at = v.suppressed_at,
			hard_bounced_at = v.hard_bounced_at, soft_bounces = v.soft_bounces
		FROM {rows} WHERE subscribers.id = v.id`, append(subscriberColumns(changed),
		ints("hard_bounced_at", changed, func(r *record) int64 { return db.Millis(r.HardBouncedAt) }),
		ints("soft_bounces", changed, func(r *record) int64 { return int64(r.SoftBounces) })))
	return err
}

// subscriberColumns are the columns that both statements above write.
func subscriberColumns(recs []*record) []db.Column {
	return []db.Column{
		ints("id", recs, func(r *record) int64 { return r.ID }),
		texts("address", recs, func(r *record) string { return r.Address }),
		texts("external_id", recs, func(r *record) string { return r.ExternalID }),
		texts("name", recs, func(r *record) string { return r.Name }),
		texts("state", recs, func(r *record) State { return r.State }),
		texts("language", recs, func(r *record) string { return r.Language }),
		texts("timezone", recs, func(r *record) string { return r.Zone }),
		ints("asked_at", recs, func(r *record) int64 { return db.Millis(r.AskedAt) }),
		texts("asked_on", recs, func(r *record) string { return r.AskedOn }),
		texts("format", recs, func(r *record) Format { return r.Format }),
		texts("attributes", recs, func(r *record) Attributes { return r.Attributes }),
		ints("confirmed_at", recs, func(r *record) int64 { return db.Millis(r.ConfirmedAt) }),
		ints("ended_at", recs, func(r *record) int64 { return db.Millis(r.EndedAt) }),
		ints("suppressed_at", recs, func(r *record) int64 { return db.Millis(r.SuppressedAt) }),
	}
}

// ints is a column of what of yields for each row.
func ints[R any](name string, rows []R, of func(R) int64) db.Column {
	values := make([]int64, len(rows))
	for i, r := range rows {
		values[i] = of(r)
	}
	return db.Ints(name, values)
}

// texts is a column of what of yields for each row.
func texts[R any, S ~string](name string, rows []R, of func(R) S) db.Column {
	values := make([]S, len(rows))
	for i, r := range rows {
		values[i] = of(r)
	}
	return db.Texts(name, values)
}
