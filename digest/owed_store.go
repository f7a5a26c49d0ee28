package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// owedPage returns the next readers of a digest to whom something is owed, without
// those who wait for their welcome: who were not admitted since then.
func (s *Store) owedPage(ctx context.Context, digestID, after, since int64) ([]owed, error) {
	var page []owed
	err := s.db.View(ctx, func(tx *db.Tx) error {
		page = nil
		cohorts := map[int64]cohort{}
		err := tx.Each(ctx, func(scan func(dest ...any) error) error {
			var o owed
			var kind, state string
			err := scan(&o.subscriber, &kind, &state, &o.joinedRuns, &o.cohort.ID)
			o.kind, o.active = EditionKind(kind), state == "active"
			page = append(page, o)
			cohorts[o.cohort.ID] = cohort{}
			return err
		}, `SELECT subscriber_id, owed, state, joined_runs, cohort_id FROM subscriptions
			WHERE owed <> '' AND digest_id = $1 AND subscriber_id > $2 AND (owed <> $4 OR state <> 'active'
				OR EXISTS (SELECT 1 FROM subscribers u WHERE u.id = subscriptions.subscriber_id AND u.admitted_at >= $5))
			ORDER BY subscriber_id LIMIT $3`, digestID, after, mostOwed, string(Welcome), since)
		if err != nil || len(page) == 0 {
			return err
		}
		found, err := selectCohorts(ctx, tx, `WHERE digest_id = $1`, digestID)
		for _, c := range found {
			cohorts[c.ID] = c
		}
		for i := range page {
			page[i].cohort = cohorts[page[i].cohort.ID]
		}
		return err
	})
	return page, err
}

const hadQuery = `SELECT d.subscriber_id FROM editions e JOIN deliveries d ON d.day = e.day AND +d.edition_id = e.id
	WHERE e.digest_id = $1 AND e.slot >= $2 AND e.slot < $3 AND e.kind IN ('scheduled', 'moved')
	AND d.subscriber_id >= $4 AND d.subscriber_id <= $5 AND d.subscriber_id {in 6}`

// hadEdition returns which of the readers have a delivery of the edition of a
// slot, or of one that made up for it. The plus is that of readers.
func (s *Store) hadEdition(ctx context.Context, digestID int64, slot schedule.Local, readers []owed) (map[int64]bool, error) {
	if len(readers) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(readers))
	for i := range readers {
		ids[i] = readers[i].subscriber
	}
	var had []int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		had = nil
		return tx.Select(ctx, &had, hadQuery,
			digestID, slot.String(), slot.Add(time.Minute).String(), slices.Min(ids), slices.Max(ids), ids)
	})
	out := make(map[int64]bool, len(had))
	for _, id := range had {
		out[id] = true
	}
	return out, err
}

// forgetOwed forgets what was owed, unless the reader has moved again.
func (s *Store) forgetOwed(ctx context.Context, digestID int64, readers []owed) error {
	if len(readers) == 0 {
		return nil
	}
	var ids, cohorts []int64
	for _, o := range readers {
		ids, cohorts = append(ids, o.subscriber), append(cohorts, o.cohort.ID)
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecRows(ctx, `UPDATE subscriptions SET owed = '' FROM {rows}
			WHERE subscriptions.subscriber_id = v.subscriber_id AND subscriptions.digest_id = $1 AND subscriptions.cohort_id = v.cohort_id
				AND subscriptions.owed = $2`,
			[]db.Column{db.Ints("subscriber_id", ids), db.Ints("cohort_id", cohorts)}, digestID, string(readers[0].kind))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget what was owed: %w", err)
	}
	return nil
}

// startOwed starts the runs of an edition for those of the readers to whom it is
// still owed, after which it is not: two planners never give it twice. It returns
// how many there are, or errSlotTaken. Where another run of one of the cohorts
// began meanwhile it leaves all to the next look.
func (s *Store) startOwed(ctx context.Context, d *Digest, readers []owed, runs map[int64]startRun, slot schedule.Local) (int, error) {
	began := 0
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		began = 0
		// Cohorts before subscriptions, as whoever moves readers locks them.
		if same, err := lockUnmoved(ctx, tx, runs); err != nil || !same {
			return err
		}
		ids, cohorts, err := lockOwed(ctx, tx, d.ID, readers)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE subscriptions SET owed = '' WHERE digest_id = $1 AND subscriber_id {in 2}`, d.ID, ids); err != nil {
			return err
		}
		key := editionKey(d, slot, readers[0].kind)
		var taken bool
		if err := tx.Get(ctx, &taken, `SELECT EXISTS (SELECT 1 FROM editions WHERE key = $1)`, key); err != nil {
			return err
		} else if taken {
			return fmt.Errorf("edition %s: %w", key, errSlotTaken)
		}
		for _, id := range cohorts {
			r := runs[id]
			r.turn.slot, r.recipients = slot, ids
			w, err := runWindow(ctx, tx, &r)
			if err != nil {
				return err
			}
			if _, err := s.insertRun(ctx, tx, &r, w); err != nil {
				return err
			}
		}
		began = len(ids)
		return nil
	})
	return began, err
}

// lockUnmoved locks the cohorts of runs and reports whether they are where the runs
// say.
func lockUnmoved(ctx context.Context, tx *db.Tx, runs map[int64]startRun) (same bool, err error) {
	same = true
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id, n int64
		err := scan(&id, &n)
		same = same && n == runs[id].cohort.Runs
		return err
	}, `SELECT id, runs FROM cohorts WHERE id {in 1} ORDER BY id {for update}`, slices.Collect(maps.Keys(runs)))
	return same, err
}

// lockOwed locks those of the readers to whom something is still owed in the same
// cohort, and returns them and their cohorts.
func lockOwed(ctx context.Context, tx *db.Tx, digestID int64, readers []owed) (ids, cohorts []int64, err error) {
	all := make([]int64, len(readers))
	was := make(map[int64]int64, len(readers))
	for i, o := range readers {
		all[i], was[o.subscriber] = o.subscriber, o.cohort.ID
	}
	seen := map[int64]bool{}
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id, in int64
		err := scan(&id, &in)
		if err != nil || was[id] != in {
			return err
		}
		ids = append(ids, id)
		if !seen[in] {
			seen[in] = true
			cohorts = append(cohorts, in)
		}
		return nil
	}, `SELECT subscriber_id, cohort_id FROM subscriptions WHERE digest_id = $1 AND owed = $2 AND state = 'active' AND subscriber_id {in 3}
		ORDER BY subscriber_id {for update}`, digestID, string(readers[0].kind), all)
	return ids, cohorts, err
}
