package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// keepMails is how long a system mail is kept once it has ended, for whoever
// asks what became of it. The limits on mails look back less far.
const keepMails = 90 * 24 * time.Hour

// PruneMails deletes the system mails that ended over 90 days ago, among the
// next most ones that belong to subscribers with ids above after. It returns
// the id to go on from with the next call, 0 once it has been through all. So
// it needs no index of its own, and no call takes long.
func (s *Store) PruneMails(ctx context.Context, after int64, most int) (next int64, err error) {
	old := s.now().Add(-keepMails - giveUpAfter) // a mail ends within that of being queued
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		err := tx.Get(ctx, &next, `SELECT coalesce(max(subscriber_id), 0) FROM
			(SELECT subscriber_id FROM system_mails WHERE subscriber_id > $1 ORDER BY subscriber_id LIMIT $2) AS page`, after, most)
		if err != nil || next == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM system_mails
			WHERE subscriber_id > $1 AND subscriber_id <= $2 AND next_try_at = 0 AND created_at < $3`, after, next, db.Millis(old))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune system mails: %w", err)
	}
	return next, nil
}
