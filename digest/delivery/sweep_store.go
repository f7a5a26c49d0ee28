package delivery

import (
	"context"
	"fmt"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
)

const (
	batchSize = 250
	sweepSize = 4 * batchSize
)

type dueRow struct {
	Day        int64 `db:"day"`
	EditionID  int64 `db:"edition_id"`
	RunID      int64 `db:"run_id"`
	Subscriber int64 `db:"subscriber_id"`
	NextTryAt  int64 `db:"next_try_at"`
}

// sweep moves up to sweepSize deliveries whose next try is due into new batches and returns how many it moved. Several
// processes may do so at once: each takes rows that no other has locked.
func (s *Store) sweep(ctx context.Context) (int, error) {
	moved := 0
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var due []dueRow
		now := db.Millis(s.now())
		err := tx.Select(ctx, &due, `SELECT day, edition_id, run_id, subscriber_id, next_try_at FROM deliveries
			WHERE next_try_at > 0 AND next_try_at <= $1 ORDER BY next_try_at LIMIT $2 {skip locked}`, now, sweepSize)
		moved = len(due)
		if err != nil {
			return err
		}
		batches := groupDue(due)
		if len(batches) == 0 {
			return nil
		}
		id, err := tx.NextIDs(ctx, "batch", len(batches))
		if err != nil {
			return err
		}
		for i, rows := range batches {
			if err := rebatch(ctx, tx, id+int64(i), rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweep retries: %w", err)
	}
	return moved, nil
}

// groupDue splits rows into groups of one run and day, at most batchSize each.
func groupDue(due []dueRow) [][]dueRow {
	type group struct{ run, day int64 }
	var out [][]dueRow
	at := map[group]int{}
	for _, row := range due {
		key := group{row.RunID, row.Day}
		i, ok := at[key]
		if !ok || len(out[i]) == batchSize {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], row)
	}
	return out
}

const rebatchQuery = `UPDATE deliveries SET batch_id = $1, next_try_at = 0 FROM {rows}
	WHERE deliveries.day = v.day AND deliveries.edition_id = v.edition AND deliveries.subscriber_id = v.subscriber AND deliveries.day >= $2`

// rebatch makes a batch of rows, the first of which was due first. The batch has been ready since then, so that who
// asks with an earlier time in hand finds the work either here or there.
func rebatch(ctx context.Context, tx *db.Tx, id int64, rows []dueRow) error {
	first := rows[0]
	_, err := tx.Exec(ctx, `INSERT INTO batches (id, edition_id, run_id, day, size, ready_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, first.EditionID, first.RunID, first.Day, len(rows), first.NextTryAt)
	if err != nil {
		return fmt.Errorf("insert batch: %w", err)
	}
	var days, editions, subscribers []int64
	for _, row := range rows {
		days, editions = append(days, row.Day), append(editions, row.EditionID)
		subscribers = append(subscribers, row.Subscriber)
	}
	_, err = tx.ExecRows(ctx, rebatchQuery, []db.Column{db.Ints("day", days), db.Ints("edition", editions), db.Ints("subscriber", subscribers)}, id, first.Day)
	if err != nil {
		return fmt.Errorf("move deliveries: %w", err)
	}
	return nil
}

// isSettled is true of an edition that is planned and has nothing pending in the two places where that can be, see the
// package comment. The plus keeps both engines from reading all deliveries of the edition by their key instead of the
// few that wait.
const isSettled = `e.state = 'sending'
	AND EXISTS (SELECT 1 FROM runs r WHERE r.edition_id = e.id)
	AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.edition_id = e.id AND r.planned_at = 0)
	AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.edition_id = e.id AND b.done_at = 0)
	AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.next_try_at > 0 AND +d.edition_id = e.id)`

// settle makes editions done that are planned and of which nothing is pending. It returns their keys. The first
// statement may have waited for the lock of a planner, or of who makes deliveries pending again, and then goes on with
// what it saw before: only the second, which begins when the editions are locked, sees what that one added.
func (s *Store) settle(ctx context.Context) ([]string, error) {
	var keys []string
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var ids []int64
		keys = nil
		err := tx.Select(ctx, &ids, `SELECT e.id FROM editions e WHERE `+isSettled+` ORDER BY e.id {for update}`)
		if err != nil || len(ids) == 0 {
			return err
		}
		return tx.Select(ctx, &keys, `UPDATE editions AS e SET state = 'done' WHERE e.id {in 1} AND `+isSettled+` RETURNING key`, ids)
	})
	if err != nil {
		return nil, fmt.Errorf("settle editions: %w", err)
	}
	return keys, nil
}

// pauseEdition reports whether the edition was sending until now.
func (s *Store) pauseEdition(ctx context.Context, id int64, reason string) (bool, error) {
	var paused bool
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		paused, err = pauseTx(ctx, tx, id, reason)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("pause edition %d: %w", id, err)
	}
	return paused, nil
}

func pauseTx(ctx context.Context, tx *db.Tx, id int64, reason string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE editions SET state = 'paused', reason = $1 WHERE id = $2 AND state IN ('sending', 'done')`,
		shorten(cleanText(reason)), id)
	return n > 0, err
}

// prospect is what there is to do of an edition.
type prospect struct {
	State   digest.EditionState `db:"state"`
	Reason  string              `db:"reason"`
	Batches bool                `db:"batches"` // some are open
	Retries bool                `db:"retries"` // some are due
}

func (s *Store) prospect(ctx context.Context, edition int64) (prospect, error) {
	var out prospect
	now := db.Millis(s.now())
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &out, `SELECT e.state, e.reason,
				EXISTS (SELECT 1 FROM batches b WHERE b.edition_id = e.id AND b.done_at = 0 AND b.ready_at <= $2) AS batches,
				EXISTS (SELECT 1 FROM deliveries d WHERE d.next_try_at > 0 AND d.next_try_at <= $2 AND +d.edition_id = e.id) AS retries
			FROM editions e WHERE e.id = $1`, edition, now)
	})
	if err != nil {
		return out, fmt.Errorf("read edition %d: %w", edition, err)
	}
	return out, nil
}

// isIdle reports whether nothing of an edition can be done now, by anyone.
func (p prospect) isIdle() bool {
	return p.State != digest.EditionSending || !p.Batches && !p.Retries
}

// waiting is what pending deliveries of an edition wait for.
type waiting struct {
	Rated bool `db:"rated"` // some for the rate of a provider
	Path  bool `db:"path"`  // some for the relays, until soon
}

func (s *Store) waits(ctx context.Context, edition int64, soon time.Time) (waiting, error) {
	var out waiting
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &out, `SELECT
				EXISTS (SELECT 1 FROM deliveries d WHERE d.next_try_at > 0 AND +d.edition_id = $1 AND d.reason = $3) AS rated,
				EXISTS (SELECT 1 FROM deliveries d WHERE d.next_try_at > 0 AND d.next_try_at <= $2 AND +d.edition_id = $1
					AND d.reason = $4) AS path`,
			edition, db.Millis(soon), ReasonRate, ReasonPath)
	})
	if err != nil {
		return out, fmt.Errorf("read what edition %d waits for: %w", edition, err)
	}
	return out, nil
}
