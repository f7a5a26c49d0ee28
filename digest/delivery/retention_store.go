package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"broadsheet/internal/db"
)

// errDayKept says that a day cannot go yet; why follows.
var errDayKept = errors.New("the day is kept")

// oldDays returns the days before the given one of which something is left to drop, the oldest first. The batches of an
// edition go last, so they tell where a drop was interrupted.
func (s *Store) oldDays(ctx context.Context, before int64) ([]int64, error) {
	var days []int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		days = nil
		return tx.Select(ctx, &days, `SELECT DISTINCT e.day FROM editions e WHERE e.day < $1
			AND (e.archived_at = 0 OR EXISTS (SELECT 1 FROM batches b WHERE b.edition_id = e.id)) ORDER BY e.day`, before)
	})
	if err != nil {
		return nil, fmt.Errorf("find old days: %w", err)
	}
	return days, nil
}

const (
	// openEditionQuery leaves out what editors made ahead and no run came for.
	openEditionQuery = `SELECT COUNT(*) FROM editions e WHERE e.day = $1 AND e.state NOT IN ('done', 'cancelled')
		AND (EXISTS (SELECT 1 FROM runs r WHERE r.edition_id = e.id)
			OR EXISTS (SELECT 1 FROM deliveries d WHERE d.day = $1 AND d.edition_id = e.id))`

	openDeliveryQuery = `SELECT COUNT(*) FROM editions e WHERE e.day = $1 AND e.state = 'done' AND EXISTS (
		SELECT 1 FROM deliveries d WHERE d.day = $1 AND d.edition_id = e.id AND d.state = 'pending')`

	// proofQuery finds editions that brought something to a reader whose next window can have it, too: partial ones, and
	// those after which the window stayed open. Later runs look at these deliveries to leave it out. That window begins where
	// the reader's joined_seq says or at the last cut-off of the cohort; a run that is still being planned began before that.
	proofQuery = `SELECT COUNT(*) FROM editions e WHERE e.day = $1
		AND (e.partial = 1 OR EXISTS (SELECT 1 FROM runs k WHERE k.edition_id = e.id AND k.carried = 1)) AND EXISTS (
		SELECT 1 FROM deliveries d
		JOIN runs r ON r.id = d.run_id
		JOIN subscriptions s ON s.subscriber_id = d.subscriber_id AND s.digest_id = e.digest_id
		JOIN cohorts c ON c.id = s.cohort_id
		WHERE d.day = $1 AND d.edition_id = e.id AND d.state IN ('sent', 'uncertain') AND (e.partial = 1 OR r.carried = 1)
			AND (r.to_seq > CASE WHEN s.joined_seq >= 0 AND (s.joined_runs >= c.runs OR s.joined_seq > c.last_seq)
					THEN s.joined_seq ELSE c.last_seq END
				OR EXISTS (SELECT 1 FROM runs o WHERE o.cohort_id = c.id AND o.planned_at = 0)))`

	// askedQuery finds articles about whose readers the deliveries of a day will be asked: that had other numbers before, or
	// were put right. A reader's next window has them if it begins before their number. The hour is for clocks that differ.
	askedQuery = `SELECT COUNT(*) FROM (
			SELECT a.arrived_at, t.seq FROM articles a JOIN article_topics t ON t.article_id = a.id WHERE a.again = 1 AND a.withdrawn_at = 0
			UNION ALL SELECT a.arrived_at, c.seq FROM corrections c JOIN articles a ON a.id = c.article_id) AS n
		WHERE n.arrived_at - 3600000 <= (SELECT MAX(r.planned_at) FROM editions e JOIN runs r ON r.edition_id = e.id WHERE e.day = $1)
		AND n.seq > COALESCE((SELECT MIN(w.seq) FROM (` + windowStarts + `) AS w), n.seq)`

	// windowStarts is where the next windows of all readers begin, 0 where a run is being planned.
	windowStarts = `SELECT c.last_seq AS seq FROM cohorts c JOIN digests g ON g.id = c.digest_id WHERE g.retired_at = 0 AND c.last_seq >= 0
			AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.cohort_id = c.id AND s.state = 'active')
		UNION ALL SELECT s.joined_seq FROM subscriptions s JOIN cohorts c ON c.id = s.cohort_id JOIN digests g ON g.id = c.digest_id
			WHERE g.retired_at = 0 AND s.state = 'active' AND s.joined_seq >= 0 AND s.joined_runs >= c.runs
		UNION ALL SELECT 0 FROM runs r WHERE r.planned_at = 0`
)

// mayDrop returns errDayKept with the reason if a day is still needed. It reads much and locks nothing.
func (s *Store) mayDrop(ctx context.Context, day int64) error {
	err := s.db.View(ctx, func(tx *db.Tx) error {
		for _, check := range []struct{ query, reason string }{
			{openEditionQuery, "an edition is not at its end"},
			{openDeliveryQuery, "deliveries are pending"},
			{proofQuery, "an edition is proof of what readers got"},
			{askedQuery, "the readers of an article are still asked for"},
		} {
			var n int64
			if err := tx.Get(ctx, &n, check.query, day); err != nil {
				return err
			}
			if n > 0 {
				return fmt.Errorf("%w: %s", errDayKept, check.reason)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDayKept) {
		return fmt.Errorf("look at day %d: %w", day, err)
	}
	return err
}

// doubt is an edition and how many of its deliveries are uncertain.
type doubt struct {
	Edition string `db:"key"`
	N       int64  `db:"n"`
}

// doubts returns the editions of a day with uncertain deliveries that an operator can still decide about. What mayDrop lets
// pass does not become uncertain afterwards, for only pending deliveries do.
func (s *Store) doubts(ctx context.Context, day int64) ([]doubt, error) {
	var found []doubt
	err := s.db.View(ctx, func(tx *db.Tx) error {
		found = nil
		return tx.Select(ctx, &found, `SELECT key, n FROM (SELECT e.key, (SELECT COUNT(*) FROM deliveries d
				WHERE d.day = $1 AND d.edition_id = e.id AND d.state = 'uncertain') AS n
			FROM editions e WHERE e.day = $1 AND e.archived_at = 0) AS found WHERE n > 0 ORDER BY key`, day)
	})
	if err != nil {
		return nil, fmt.Errorf("count uncertain deliveries of day %d: %w", day, err)
	}
	return found, nil
}

// archive closes the editions of a day: from here on nobody queues their deliveries again, and no run asks them who had
// what. Where whole days can be dropped it then counts the deliveries and drops them in one transaction. It returns the
// editions of which rows are left.
func (s *Store) archive(ctx context.Context, day int64) ([]int64, error) {
	ids, err := s.closeEditions(ctx, day)
	if err == nil {
		ids, err = s.dropDay(ctx, day, ids)
	}
	if err != nil && !errors.Is(err, errDayKept) {
		return nil, fmt.Errorf("archive day %d: %w", day, err)
	}
	return ids, err
}

// dropDay counts and drops the deliveries of editions that are closed. It returns those of which rows are left.
func (s *Store) dropDay(ctx context.Context, day int64, ids []int64) (left []int64, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		left = ids
		if !tx.DropsDays() {
			return nil
		}
		if err := tx.HoldDay(ctx, int(day)); err != nil {
			return err
		}
		left = nil
		for _, id := range ids {
			if err := countDeliveries(ctx, tx, day, id, math.MaxInt64); err != nil {
				return err
			}
			if err := countAttempts(ctx, tx, day, id, math.MaxInt64); err != nil {
				return err
			}
			if err := deletePlan(ctx, tx, id); err != nil {
				return err
			}
		}
		return dropCounted(ctx, tx, day)
	})
	return left, err
}

// errStillRead says that the rows of a day are counted and could not be dropped.
var errStillRead = errors.New("somebody reads the deliveries all the time")

// dropCounted drops a day, trying a few times where somebody reads, so that the rows need not be counted again. Between its
// tries nobody is held up but who changes rows of that day.
func dropCounted(ctx context.Context, tx *db.Tx, day int64) error {
	for range dropTries {
		if err := tx.DropDay(ctx, int(day)); !errors.Is(err, db.ErrDayBusy) {
			return err
		}
		if err := pause(ctx, time.Second/4+rand.N(time.Second)); err != nil {
			return err
		}
	}
	return errStillRead
}

// closeEditions archives the editions of a day, unless something changed since mayDrop looked, and returns all of them.
func (s *Store) closeEditions(ctx context.Context, day int64) (ids []int64, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		ids = nil
		// Who releases or corrects an article is either seen here or sees what is archived. Nobody can wait for long.
		if _, err := tx.NextIDs(ctx, "article_seq", 0); err != nil {
			return err
		}
		if err := tx.Select(ctx, &ids, `SELECT id FROM editions WHERE day = $1 ORDER BY id {for update}`, day); err != nil {
			return err
		}
		for query, reason := range map[string]string{openEditionQuery: "an edition was opened again", askedQuery: "an article was released or corrected"} {
			var n int64
			if err := tx.Get(ctx, &n, query, day); err != nil {
				return err
			}
			if n > 0 {
				return fmt.Errorf("%w: %s", errDayKept, reason)
			}
		}
		_, err := tx.Exec(ctx, `UPDATE editions SET archived_at = $1 WHERE day = $2 AND archived_at = 0`, db.Millis(s.now()), day)
		return err
	})
	return ids, err
}

const (
	countQuery = `INSERT INTO edition_states (edition_id, state, reason, n)
		SELECT edition_id, state, reason, COUNT(*) FROM deliveries
		WHERE day = $1 AND edition_id = $2 AND batch_id <= $3 GROUP BY edition_id, state, reason
		ON CONFLICT (edition_id, state, reason) DO UPDATE SET n = edition_states.n + excluded.n`

	nextBatchQuery = `SELECT COALESCE(MAX(batch_id), 0) FROM (SELECT batch_id FROM deliveries
		WHERE day = $1 AND edition_id = $2 ORDER BY batch_id LIMIT $3) AS chunk`

	deleteQuery = `DELETE FROM deliveries WHERE day = $1 AND edition_id = $2 AND batch_id <= $3`
)

// countDeliveries adds the deliveries of an edition up to a batch to its totals.
func countDeliveries(ctx context.Context, tx *db.Tx, day, edition, last int64) error {
	_, err := tx.Exec(ctx, countQuery, day, edition, last)
	if err != nil {
		return fmt.Errorf("count deliveries of edition %d: %w", edition, err)
	}
	return keepSlots(ctx, tx, edition, last)
}

// countAttempts adds the attempts of an edition up to a subscriber to its totals.
func countAttempts(ctx context.Context, tx *db.Tx, day, edition, last int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO edition_answers (edition_id, relay, class, n)
		SELECT edition_id, relay, class, COUNT(*) FROM attempts
		WHERE day = $1 AND edition_id = $2 AND subscriber_id <= $3 GROUP BY edition_id, relay, class
		ON CONFLICT (edition_id, relay, class) DO UPDATE SET n = edition_answers.n + excluded.n`, day, edition, last)
	if err != nil {
		return fmt.Errorf("count attempts of edition %d: %w", edition, err)
	}
	return nil
}

// deletePlan deletes what planning wrote of an edition besides its runs.
func deletePlan(ctx context.Context, tx *db.Tx, edition int64) error {
	for _, query := range []string{
		`DELETE FROM selections WHERE edition_id = $1`,
		`DELETE FROM slots_left_out WHERE edition_id = $1`,
		`DELETE FROM batches WHERE edition_id = $1`,
	} {
		if _, err := tx.Exec(ctx, query, edition); err != nil {
			return fmt.Errorf("delete what was planned of edition %d: %w", edition, err)
		}
	}
	return nil
}

// chunkSize is about how many rows are deleted in one transaction where days cannot be dropped.
const chunkSize = 2000

// deleteChunk moves the next rows of an archived edition into its totals, so that the sum of both is right at any moment:
// first the deliveries, whole batches of them, then the attempts, which tell how mails were composed as long as there are
// deliveries, both in the order in which they lie. It reports false when none are left.
func (s *Store) deleteChunk(ctx context.Context, day, edition int64) (more bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		for _, next := range []func(ctx context.Context, tx *db.Tx, day, edition int64) (bool, error){
			deleteDeliveries, deleteAttempts, deleteSelections,
		} {
			if more, err = next(ctx, tx, day, edition); more || err != nil {
				return err
			}
		}
		return deletePlan(ctx, tx, edition)
	})
	if err != nil {
		return false, fmt.Errorf("delete deliveries of edition %d: %w", edition, err)
	}
	return more, nil
}

// deleteDeliveries deletes the next deliveries of an edition, and reports whether there were any.
func deleteDeliveries(ctx context.Context, tx *db.Tx, day, edition int64) (bool, error) {
	var last int64
	err := tx.Get(ctx, &last, nextBatchQuery, day, edition, chunkSize)
	if err != nil || last == 0 {
		return false, err
	}
	if err := countDeliveries(ctx, tx, day, edition, last); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, deleteQuery, day, edition, last)
	return true, err
}

// deleteAttempts deletes the next attempts of an edition, and reports whether there were any.
func deleteAttempts(ctx context.Context, tx *db.Tx, day, edition int64) (bool, error) {
	var last int64
	err := tx.Get(ctx, &last, `SELECT COALESCE(MAX(subscriber_id), 0) FROM (SELECT subscriber_id FROM attempts
		WHERE day = $1 AND edition_id = $2 ORDER BY subscriber_id LIMIT $3) AS chunk`, day, edition, chunkSize)
	if err != nil || last == 0 {
		return false, err
	}
	if err := countAttempts(ctx, tx, day, edition, last); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM attempts WHERE day = $1 AND edition_id = $2 AND subscriber_id <= $3`, day, edition, last)
	return true, err
}

// deleteSelections deletes the next selections of an edition, and reports whether there were any.
func deleteSelections(ctx context.Context, tx *db.Tx, _, edition int64) (bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM selections WHERE edition_id = $1
		AND id IN (SELECT id FROM selections WHERE edition_id = $1 LIMIT $2)`, edition, chunkSize)
	return n > 0, err
}
