package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// DigestState is what the database knows of a configured digest.
type DigestState struct {
	Readers   int64     // active subscriptions
	NextDueAt time.Time // of the cohort that is due first, zero if none has been computed
}

// DigestState counts a digest's readers and finds when it is due next.
func (s *Store) DigestState(ctx context.Context, digestID int64) (DigestState, error) {
	var out DigestState
	err := s.db.View(ctx, func(tx *db.Tx) error {
		err := tx.Get(ctx, &out.Readers, `SELECT count(*) FROM subscriptions s JOIN cohorts c ON c.id = s.cohort_id
			WHERE c.digest_id = $1 AND s.state = 'active'`, digestID)
		if err != nil {
			return err
		}
		var due int64
		err = tx.Get(ctx, &due, `SELECT COALESCE(MIN(next_due_at), 0) FROM cohorts c WHERE digest_id = $1 AND next_due_at > 0
			AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.cohort_id = c.id AND s.state = 'active')`, digestID)
		out.NextDueAt = db.Time(due)
		return err
	})
	if err != nil {
		return DigestState{}, fmt.Errorf("state of digest %d: %w", digestID, err)
	}
	return out, nil
}

// TopicCounts returns how many articles each topic has, by its id.
func (s *Store) TopicCounts(ctx context.Context) (map[int64]int64, error) {
	out := map[int64]int64{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var id, n int64
			err := scan(&id, &n)
			out[id] = n
			return err
		}, `SELECT topic_id, count(*) FROM article_topics WHERE reason <> $1 GROUP BY topic_id`, topicGone)
	})
	if err != nil {
		return nil, fmt.Errorf("count articles by topic: %w", err)
	}
	return out, nil
}
