package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Store reads and settles deliveries.
type Store struct {
	db  *db.DB
	now func() time.Time
}

// NewStore returns a store on a migrated database.
func NewStore(d *db.DB, now func() time.Time) *Store { return &Store{db: d, now: now} }

// claim is what a worker asks for.
type claim struct {
	worker  string
	lease   time.Duration
	edition int64 // 0: of any
	urgency urgency
	served  map[int64]int64 // when each edition was served last; the least recently served one comes first
	held    []int64         // batches in its hands already
	here    []string        // workers whose journals lie in our state folder
	policy  Policy
	bounces Bounces
	facts   func(worker string) (*Journal, error) // reads such a journal
}

// urgency says which editions a claim is about.
type urgency int

const (
	anyUrgency urgency = iota
	onlyUrgent
	notUrgent
)

// candidate is an edition with work for a worker.
type candidate struct {
	ID     int64 `db:"id"`
	Urgent bool  `db:"urgent"`
}

// claimable is true of a batch that a worker may lease.
const claimable = `b.done_at = 0 AND b.ready_at <= $1 AND b.lease_until < $2
	AND (b.worker = '' OR b.worker {in 3} OR b.lease_until < $4) AND NOT (b.id {in 5})`

// lineupQuery reads, of the editions that send, a batch or a few each: in this form, not as EXISTS, both engines go along
// the index of open batches and stop at the first one.
const lineupQuery = `
	SELECT e.id, e.urgent <> 0 AS urgent FROM editions e
	WHERE e.state = 'sending' AND (CAST($6 AS BIGINT) = 0 OR e.id = $6)
		AND (SELECT b.id FROM batches b WHERE b.edition_id = e.id AND ` + claimable + ` ORDER BY b.ready_at, b.id LIMIT 1) IS NOT NULL
	ORDER BY e.id`

const claimQuery = `
	SELECT b.id, b.run_id, b.day, b.fence, b.worker, b.lease_until,
		(SELECT r.expires_at FROM runs r WHERE r.id = b.run_id),
		(SELECT e.digest_id FROM editions e WHERE e.id = b.edition_id)
	FROM batches b
	WHERE b.edition_id = $6 AND ` + claimable + `
		AND EXISTS (SELECT 1 FROM editions e WHERE e.id = b.edition_id AND e.state = 'sending')
	ORDER BY b.ready_at, b.id LIMIT 1 {skip locked}`

const leaseQuery = `UPDATE batches SET lease_until = $1, fence = fence + 1, worker = $2 WHERE id = $3`

// claim leases the oldest batch that is ready of the first edition that has one, or returns nil. What its former worker
// left is settled in the same transaction: from the journal if that lies here, else by the policy for a worker that is
// gone. Another host's worker gets twice the lease to come back first, so that an outage of the database that all of them
// met costs nothing.
func (s *Store) claim(ctx context.Context, c claim) (*batch, error) {
	editions, err := s.lineup(ctx, &c)
	if err != nil {
		return nil, fmt.Errorf("look for batches: %w", err)
	}
	for _, e := range editions {
		b, err := s.claimOf(ctx, e, &c)
		if err != nil {
			return nil, fmt.Errorf("claim a batch: %w", err)
		}
		if b != nil {
			return b, nil
		}
	}
	return nil, nil // or other workers were faster everywhere
}

// lineup returns the editions that have work, in the order in which they are to be served.
func (s *Store) lineup(ctx context.Context, c *claim) ([]candidate, error) {
	var out []candidate
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.Select(ctx, &out, lineupQuery, append(c.open(s.now(), now), c.edition)...)
	})
	if err != nil {
		return nil, err
	}
	out = slices.DeleteFunc(out, func(e candidate) bool {
		return c.urgency == onlyUrgent && !e.Urgent || c.urgency == notUrgent && e.Urgent
	})
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(c.served[a.ID], c.served[b.ID]) })
	return out, nil
}

// open returns what claimable asks for. Leases run by the database's clock.
func (c *claim) open(ours, database time.Time) []any {
	ms := db.Millis(database)
	return []any{db.Millis(ours), ms, c.here, ms - 2*c.lease.Milliseconds(), c.held}
}

// claimOf leases the oldest batch that is ready of one edition, or returns nil.
func (s *Store) claimOf(ctx context.Context, e candidate, c *claim) (*batch, error) {
	var b *batch
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		b = nil
		began := s.now()
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		found := batch{edition: e.ID, urgent: e.Urgent}
		var former string
		var leaseUntil, expiresAt int64
		err = tx.Each(ctx, func(scan func(dest ...any) error) error {
			b = &found
			return scan(&b.id, &b.run, &b.day, &b.fence, &former, &leaseUntil, &expiresAt, &b.digest)
		}, claimQuery, append(c.open(began, now), e.ID)...)
		if err != nil || b == nil {
			return err
		}
		if _, err := tx.Exec(ctx, leaseQuery, db.Millis(now.Add(c.lease)), c.worker, b.id); err != nil {
			return err
		}
		b.fence++
		b.expiresAt = db.Time(expiresAt)
		b.until = began.Add(c.lease - c.lease/5)
		if former == "" || former == c.worker {
			return nil
		}
		return s.inherit(ctx, tx, b, former, *c)
	})
	return b, err
}

// inherit settles what a former worker had under way in a batch.
func (s *Store) inherit(ctx context.Context, tx *db.Tx, b *batch, former string, c claim) error {
	var facts *Journal
	for _, name := range c.here {
		if name == former {
			var err error
			if facts, err = c.facts(former); err != nil {
				return err
			}
		}
	}
	if facts == nil {
		var err error
		b.settled, err = abandon(ctx, tx, b.day, b.id, c.policy, s.now())
		return err
	}
	var changes []change
	b.settled = counts{}
	for _, e := range facts.Entries {
		if e.Batch == b.id {
			changes = b.settled.appendFact(changes, e, c.policy, s.now())
		}
	}
	to := recorder{c.bounces, s.now()}
	var err error
	if b.refused, err = to.record(ctx, tx, changes); err != nil {
		return err
	}
	if facts.Boot != bootID() {
		more, err := abandon(ctx, tx, b.day, b.id, c.policy, s.now())
		b.settled.add(more)
		return err
	}
	return nil
}

// abandon settles the pending deliveries of a batch whose worker is gone with its journal: any of them may have been
// sent.
func abandon(ctx context.Context, tx *db.Tx, day, batchID int64, policy Policy, now time.Time) (counts, error) {
	state, reason := Uncertain, ReasonWorkerLost
	switch policy {
	case Resend:
		return nil, nil
	case AssumeSent:
		state, reason = Sent, ReasonAssumed
	}
	n, err := tx.Exec(ctx, `UPDATE deliveries SET state = $1, reason = $2, changed_at = $3
		WHERE day >= $4 AND batch_id = $5 AND state = 'pending' AND next_try_at = 0`,
		string(state), reason, db.Millis(now), day, batchID)
	return counts{state: int(n)}, err
}

// rollQuery, like all queries by batch, says day >= and not day =: no later day has that batch, so it is the same, but
// PostgreSQL, which knows nothing yet of a day just planned, takes an equation on the day for a reason to read all of it.
const rollQuery = `
	SELECT d.subscriber_id, d.selection_id, d.attempts, d.reason, COALESCE(s.address, ''), COALESCE(s.name, ''), COALESCE(s.state, ''),
		COALESCE(s.suppressed_at, 0), COALESCE(u.state, '')
	FROM deliveries d
	LEFT JOIN subscribers s ON s.id = d.subscriber_id
	LEFT JOIN subscriptions u ON u.subscriber_id = d.subscriber_id AND u.digest_id = $3
	WHERE d.day >= $1 AND d.batch_id = $2 AND d.state = 'pending' AND d.next_try_at = 0
	ORDER BY d.subscriber_id`

// load reads the pending deliveries of a batch with their readers, and notes in the batch who has left since planning.
// There are none if the edition was paused or cancelled after the claim.
func (s *Store) load(ctx context.Context, b *batch) ([]*item, error) {
	var items []*item
	began := s.now()
	err := s.db.View(ctx, func(tx *db.Tx) error {
		items, b.roll = nil, map[int64]string{}
		if sends, err := stillSends(ctx, tx, b.edition); err != nil || !sends {
			return err
		}
		var retried []int64
		byID := map[int64]*item{}
		err := eachReader(ctx, tx, b, func(it item, reason string) {
			it.batch = b
			items = append(items, &it)
			b.roll[it.subscriber] = reason
			if it.attempts > 0 {
				retried = append(retried, it.subscriber)
				byID[it.subscriber] = &it
			}
		})
		if err != nil || len(retried) == 0 {
			return err
		}
		return loadAttempts(ctx, tx, b, retried, byID)
	})
	if err != nil {
		return nil, fmt.Errorf("load batch %d: %w", b.id, err)
	}
	b.readAt = began
	return items, nil
}

func eachReader(ctx context.Context, tx *db.Tx, b *batch, row func(it item, reason string)) error {
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var it item
		var state, subscription string
		var suppressedAt int64
		err := scan(&it.subscriber, &it.selection, &it.attempts, &it.waited, &it.address, &it.name, &state, &suppressedAt, &subscription)
		if err != nil {
			return err
		}
		row(it, leftBecause(state, suppressedAt, subscription))
		return nil
	}, rollQuery, b.day, b.id, b.digest)
}

// leftBecause says why a reader gets nothing more, or "".
func leftBecause(state string, suppressedAt int64, subscription string) string {
	switch {
	case suppressedAt > 0 || subscription == "suppressed":
		return ReasonSuppressed
	case state != "active" || subscription != "active":
		return ReasonUnsubscribed
	}
	return ""
}

// loadAttempts finds out of earlier tries how often the recipient's server put us off, and how the message read when
// its text first went out: from then on it is fixed.
func loadAttempts(ctx context.Context, tx *db.Tx, b *batch, retried []int64, byID map[int64]*item) error {
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber, composedAt int64
		var class, phase string
		if err := scan(&subscriber, &composedAt, &class, &phase); err != nil {
			return err
		}
		it := byID[subscriber]
		if mail.Class(class) == mail.ClassTemporaryRecipient {
			it.refusals++
		}
		if it.asOf.IsZero() && isUnderWay(mail.Phase(phase)) {
			it.asOf = db.Time(composedAt)
		}
		return nil
	}, `SELECT subscriber_id, composed_at, class, phase FROM attempts
		WHERE day = $1 AND edition_id = $2 AND subscriber_id {in 3} ORDER BY subscriber_id, n`, b.day, b.edition, retried)
}

// isUnderWay reports whether some of the message's text may have left us by that phase.
func isUnderWay(p mail.Phase) bool { return p == mail.PhaseBody || p == mail.PhaseDot }

// roll reads who of a batch is still to be sent, and whether its edition still sends.
func (s *Store) roll(ctx context.Context, b *batch) (roll map[int64]string, sendable bool, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		roll = map[int64]string{}
		if sendable, err = stillSends(ctx, tx, b.edition); err != nil {
			return err
		}
		return eachReader(ctx, tx, b, func(it item, reason string) { roll[it.subscriber] = reason })
	})
	if err != nil {
		return nil, false, fmt.Errorf("read again who gets batch %d: %w", b.id, err)
	}
	return roll, sendable, nil
}

func stillSends(ctx context.Context, tx *db.Tx, edition int64) (bool, error) {
	var state digest.EditionState
	if err := tx.Get(ctx, &state, `SELECT state FROM editions WHERE id = $1`, edition); err != nil {
		return false, fmt.Errorf("read edition %d: %w", edition, err)
	}
	return state != digest.EditionPaused && state != digest.EditionCancelled, nil
}
