package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// dueBy is what a planner looks for.
type dueBy struct {
	now     time.Time
	closing map[int64]time.Time // of each digest with a schedule: slots up to then have closed
	instant []int64             // digests without one
	digests []int64             // both
}

// scheduled returns the digests with a schedule and up to when slots have closed
// of the one that closes earliest.
func (by *dueBy) scheduled() (closed time.Time, digests []int64) {
	for id, closing := range by.closing {
		digests = append(digests, id)
		closed = latest(closed, closing)
	}
	return closed, digests
}

// anythingDue reports whether there is anything to plan: a slot that has closed
// or is yet to be computed, a story for an instant digest, a run that is not
// planned to the end, something owed to a reader, an embargo that is over. It is
// one statement along indexes, for nearly always there is nothing.
func (s *Store) anythingDue(ctx context.Context, by dueBy) (bool, error) {
	closed, scheduled := by.scheduled()
	found := false
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var what string
			var digest, at int64
			err := scan(&what, &digest, &at)
			found = found || what != "slot" || !db.Time(at).After(by.closing[digest])
			return err
		}, `SELECT 'slot', digest_id, MIN(next_due_at) FROM cohorts WHERE next_due_at <= $1 AND digest_id {in 2} GROUP BY digest_id
			UNION ALL SELECT 'story', digest_id, 0 FROM cohorts WHERE digest_id {in 3} AND next_due_at <= $4
				AND last_seq < (SELECT value FROM counters WHERE name = 'article_seq') GROUP BY digest_id
			UNION ALL SELECT 'run', e.digest_id, 0 FROM runs r JOIN editions e ON e.id = r.edition_id
				WHERE r.planned_at = 0 AND e.digest_id {in 5} GROUP BY e.digest_id
			UNION ALL SELECT 'owed', digest_id, 0 FROM subscriptions WHERE owed <> '' AND digest_id {in 5} GROUP BY digest_id
			UNION ALL SELECT 'embargo', 0, 0 WHERE EXISTS (SELECT 1 FROM articles WHERE embargo_until > 0 AND embargo_until <= $4)`,
			db.Millis(closed), scheduled, by.instant, db.Millis(by.now), by.digests)
	})
	if err != nil {
		return false, fmt.Errorf("look for what is due: %w", err)
	}
	return found, nil
}

// behind returns the cohorts of a digest for which something has arrived since
// their last cut-off and that need not wait.
func (s *Store) behind(ctx context.Context, digestID int64, now time.Time) ([]cohort, error) {
	var out []cohort
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectCohorts(ctx, tx, `WHERE digest_id = $1 AND next_due_at <= $2
			AND last_seq < (SELECT value FROM counters WHERE name = 'article_seq') ORDER BY id`, digestID, db.Millis(now))
		return err
	})
	return out, err
}

// storiesCame reports whether a story of the digest's topics is in the window of
// a cohort. If none is, the window begins after it the next time.
func (s *Store) storiesCame(ctx context.Context, d *Digest, c cohort, now time.Time) (bool, error) {
	topics := make([]int64, 0, len(d.topics))
	for id := range d.topics {
		topics = append(topics, id)
	}
	oldest := int64(0)
	if d.MaxAge > 0 {
		oldest = db.Millis(now.Add(-d.MaxAge))
	}
	var came bool
	var to int64
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if to, err = lastSeq(ctx, tx); err != nil {
			return err
		}
		return tx.Get(ctx, &came, `SELECT EXISTS (SELECT 1 FROM article_topics t JOIN articles a ON a.id = t.article_id
			WHERE t.seq > $1 AND t.seq <= $2 AND t.topic_id {in 3} AND t.reason <> $4
				AND `+eligible+` AND a.fresh_at >= $5)`, c.LastSeq, to, topics, topicGone, oldest)
	})
	if err != nil || came {
		return came, err
	}
	return false, s.moveCutOff(ctx, c, to)
}

// passOver lets the first window of a cohort begin with what arrives from now on
// or, if it has readers, since they came.
func (s *Store) passOver(ctx context.Context, c cohort) error {
	var to int64
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if first, ok := c.firstSeq(); ok {
			to = first
			if anyone, err := hasSubscribers(ctx, tx, c.ID); err != nil || anyone {
				return err
			}
		}
		to, err = lastSeq(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return s.moveCutOff(ctx, c, to)
}

// moveCutOff moves a cohort's cut-off without a run, unless another planner has
// moved it meanwhile.
func (s *Store) moveCutOff(ctx context.Context, c cohort, seq int64) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE cohorts SET last_seq = $1 WHERE id = $2 AND last_seq = $3 AND runs = $4`, seq, c.ID, c.LastSeq, c.Runs)
		return err
	})
}
