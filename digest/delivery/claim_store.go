package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

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
		b.settled, err = abandon(ctx, tx, b.row(), c.policy, s.now())
		return err
	}
	var changes []change
	b.settled = counts{}
	for _, e := range facts.Entries {
		if e.Batch == b.id {
			changes = appendFact(changes, e, c.policy, s.now())
		}
	}
	to := recorder{bounces: c.bounces, now: s.now(), careful: true, written: b.settled}
	var err error
	if b.refused, err = to.record(ctx, tx, changes); err != nil {
		return err
	}
	if facts.Boot != bootID() {
		more, err := abandon(ctx, tx, b.row(), c.policy, s.now())
		b.settled.add(more)
		return err
	}
	return nil
}

// batchRow is by what the deliveries of a batch are found.
type batchRow struct {
	ID        int64 `db:"id"`
	EditionID int64 `db:"edition_id"`
	Day       int64 `db:"day"`
}

func (b *batch) row() batchRow { return batchRow{b.id, b.edition, b.day} }

const abandonQuery = `UPDATE deliveries SET state = $1, reason = $2, changed_at = $3
	WHERE day = $4 AND edition_id = $5 AND batch_id = $6 AND state = 'pending' AND next_try_at = 0`

// abandon settles the pending deliveries of a batch whose worker is gone with its journal: any of them may have been
// sent.
func abandon(ctx context.Context, tx *db.Tx, b batchRow, policy Policy, now time.Time) (counts, error) {
	state, reason := Uncertain, ReasonWorkerLost
	switch policy {
	case Resend:
		return nil, nil
	case AssumeSent:
		state, reason = Sent, ReasonAssumed
	}
	n, err := tx.Exec(ctx, abandonQuery, string(state), reason, db.Millis(now), b.Day, b.EditionID, b.ID)
	return counts{state: int(n)}, err
}
