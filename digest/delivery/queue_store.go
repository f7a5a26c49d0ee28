package delivery

import (
	"context"
	"fmt"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Queue is what waits to be sent, over all editions and workers.
type Queue struct {
	Sending int64 // editions
	Paused  int64 // editions
	// Pending counts deliveries of editions that are sending or paused. A batch counts whole until all of it has ended.
	Pending int64
	// Retries are those of Pending that wait for another try, MaxRetries at most.
	Retries int64
	// OldestAt is since when the oldest open batch or due retry has been ready, zero if there is none. Batches of paused
	// editions do not count.
	OldestAt time.Time
	// PausedProviders are those that get nothing for a while, at most 50.
	PausedProviders []string
}

// MaxRetries is how many retries are counted for a Queue.
const MaxRetries = 100_000

// Age returns how long the oldest work has waited at now.
func (q Queue) Age(now time.Time) time.Duration {
	if q.OldestAt.IsZero() {
		return 0
	}
	return max(0, now.Sub(q.OldestAt))
}

// Each of the subqueries reads along batches_open, the outer ones along the partial indexes of their state.
const openEditions = `
	SELECT e.state, CAST((SELECT COALESCE(SUM(b.size), 0) FROM batches b WHERE b.edition_id = e.id AND b.done_at = 0) AS BIGINT),
		COALESCE((SELECT MIN(b.ready_at) FROM batches b WHERE b.edition_id = e.id AND b.done_at = 0), 0)
	FROM editions e WHERE e.state = `

const (
	sendingQuery   = openEditions + `'sending'`
	pausedQuery    = openEditions + `'paused'`
	retriesQuery   = `SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE next_try_at > 0 LIMIT $1) AS r`
	nextRetryQuery = `SELECT COALESCE((SELECT next_try_at FROM deliveries WHERE next_try_at > 0 ORDER BY next_try_at LIMIT 1), 0)`
)

// Queue reads what waits. It costs a look at each open batch and each retry, whatever the number of deliveries.
func (s *Store) Queue(ctx context.Context) (Queue, error) {
	var q Queue
	now := db.Millis(s.now())
	err := s.db.View(ctx, func(tx *db.Tx) error {
		q = Queue{}
		for _, query := range []string{sendingQuery, pausedQuery} {
			if err := tx.Each(ctx, q.add, query); err != nil {
				return fmt.Errorf("open batches: %w", err)
			}
		}
		if err := tx.Get(ctx, &q.Retries, retriesQuery, MaxRetries); err != nil {
			return fmt.Errorf("retries: %w", err)
		}
		q.Pending += q.Retries
		var next int64
		if err := tx.Get(ctx, &next, nextRetryQuery); err != nil {
			return fmt.Errorf("next retry: %w", err)
		}
		if next <= now {
			q.ready(next)
		}
		return tx.Select(ctx, &q.PausedProviders, `SELECT provider FROM provider_pauses WHERE paused_until > $1 ORDER BY provider LIMIT 50`, now)
	})
	if err != nil {
		return Queue{}, fmt.Errorf("read the queue: %w", err)
	}
	return q, nil
}

// add takes a row of openEditions.
func (q *Queue) add(scan func(dest ...any) error) error {
	var state digest.EditionState
	var pending, readyAt int64
	if err := scan(&state, &pending, &readyAt); err != nil {
		return err
	}
	q.Pending += pending
	if state == digest.EditionPaused {
		q.Paused++
		return nil
	}
	q.Sending++
	q.ready(readyAt)
	return nil
}

// ready takes the time since when something has been ready, 0 for nothing.
func (q *Queue) ready(ms int64) {
	if at := db.Time(ms); ms > 0 && (q.OldestAt.IsZero() || at.Before(q.OldestAt)) {
		q.OldestAt = at
	}
}

// Answered is how many attempts of an edition went over a relay and got a class of answer.
type Answered struct {
	Relay string // "" where none was reached
	Class mail.Class
	N     int64
}

// answersQuery adds what was counted when old attempts were dropped to those that are still there.
const answersQuery = `
	SELECT a.relay, a.class, CAST(SUM(a.n) AS BIGINT) FROM (
		SELECT relay, class, COUNT(*) AS n FROM attempts WHERE day = $1 AND edition_id = $2 GROUP BY relay, class
		UNION ALL SELECT relay, class, n FROM edition_answers WHERE edition_id = $2) AS a
	GROUP BY a.relay, a.class ORDER BY a.relay, a.class`

// Answers counts the attempts of an edition by relay and class. It reads all of them.
func (s *Store) Answers(ctx context.Context, editionID int64) ([]Answered, error) {
	var out []Answered
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		if err := tx.ShareDays(ctx); err != nil {
			return err
		}
		var day int64
		if err := tx.Get(ctx, &day, `SELECT day FROM editions WHERE id = $1`, editionID); err != nil {
			return err
		}
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var a Answered
			err := scan(&a.Relay, &a.Class, &a.N)
			out = append(out, a)
			return err
		}, answersQuery, day, editionID)
	})
	if err != nil {
		return nil, fmt.Errorf("answers of edition %d: %w", editionID, err)
	}
	return out, nil
}

// Pace is how fast an edition goes out, over all workers.
type Pace struct {
	Sent    float64 // a second, over the last minute or since it began
	Ended   float64 // a second; those that failed, expired and so on with those sent
	Waiting int64   // pending deliveries that wait for another try
}

// Left returns how long what is pending takes at this pace, but for what waits for another try; ok is false when that
// cannot be told.
func (p Pace) Left(pending int64) (left time.Duration, ok bool) {
	ready := pending - p.Waiting
	if p.Ended <= 0 || ready <= 0 {
		return 0, false
	}
	return time.Duration(float64(ready) / p.Ended * float64(time.Second)), true
}

// paceTime is the stretch of time that a pace is taken from.
const paceTime = time.Minute

// Pace looks at what was recorded lately. It reads all deliveries of the edition, as Balance does.
func (s *Store) Pace(ctx context.Context, editionID int64) (Pace, error) {
	now := s.now()
	var row struct {
		Sent    int64 `db:"sent"`
		Ended   int64 `db:"ended"`
		Since   int64 `db:"since"`
		Waiting int64 `db:"waiting"`
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &row, `SELECT
				COUNT(CASE WHEN d.state = 'sent' AND d.changed_at > $2 THEN 1 END) AS sent,
				COUNT(CASE WHEN d.state <> 'pending' AND d.changed_at > $2 THEN 1 END) AS ended,
				CAST(COALESCE(MIN(CASE WHEN d.state <> 'pending' AND d.changed_at > $2 THEN d.changed_at END), 0) AS BIGINT) AS since,
				COUNT(CASE WHEN d.next_try_at > 0 THEN 1 END) AS waiting
			FROM deliveries d JOIN editions e ON e.day = d.day AND e.id = d.edition_id WHERE e.id = $1`,
			editionID, db.Millis(now.Add(-paceTime)))
	})
	if err != nil {
		return Pace{}, fmt.Errorf("pace of edition %d: %w", editionID, err)
	}
	p := Pace{Waiting: row.Waiting}
	if row.Ended > 0 {
		over := max(1, now.Sub(db.Time(row.Since)).Seconds())
		p.Sent, p.Ended = float64(row.Sent)/over, float64(row.Ended)/over
	}
	return p, nil
}

// progress counts an edition. The plus keeps both engines from reading its deliveries once more for those that wait.
func (s *Store) progress(ctx context.Context, editionID int64) (Progress, error) {
	var p Progress
	var err error
	if p.Balance, err = s.Balance(ctx, editionID); err != nil {
		return p, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &p.Waiting, `SELECT COUNT(*) FROM deliveries WHERE next_try_at > 0 AND +edition_id = $1`, editionID)
	})
	if err != nil {
		return p, fmt.Errorf("count what waits of edition %d: %w", editionID, err)
	}
	return p, nil
}
