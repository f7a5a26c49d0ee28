package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// rampGroup is what the ramp came to for a group of recipient domains.
type rampGroup struct {
	Name     string `db:"name"`
	Day      int64  `db:"day"`       // of the last admission, since 1970
	Steps    int64  `db:"steps"`     // by which the ceiling has grown
	RisenDay int64  `db:"risen_day"` // of the last step, or the group's first day
	Ceiling  int64  `db:"ceiling"`   // in mails a day
	Used     int64  `db:"used"`      // mails a day to readers who are admitted
	Waiting  int64  `db:"waiting"`   // readers who are not
	Reason   string `db:"reason"`    // why the ceiling did not grow: its record, "" if that is good
}

func (s *Store) databaseClock(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		now, err = tx.Now(ctx)
		return err
	})
	return now, err
}

const selectRamp = `SELECT name, day, steps, risen_day, ceiling, used, waiting, reason FROM ramp_groups `

// rampGroups returns all groups by their names.
func (s *Store) rampGroups(ctx context.Context) (map[string]rampGroup, error) {
	var found map[string]rampGroup
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		found, err = selectGroups(ctx, tx, selectRamp)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the ramp: %w", err)
	}
	return found, nil
}

func selectGroups(ctx context.Context, tx *db.Tx, query string, args ...any) (map[string]rampGroup, error) {
	var rows []rampGroup
	err := tx.Select(ctx, &rows, query, args...)
	found := make(map[string]rampGroup, len(rows))
	for _, g := range rows {
		found[g.Name] = g
	}
	return found, err
}

// putGroup writes a group unless another process was first on that day.
const putGroup = `INSERT INTO ramp_groups (name, day, steps, risen_day, ceiling, used, waiting, reason)
	SELECT v.name, v.day, v.steps, v.risen_day, v.ceiling, v.used, v.waiting, v.reason FROM {rows} WHERE TRUE
	ON CONFLICT (name) DO UPDATE SET day = excluded.day, steps = excluded.steps, risen_day = excluded.risen_day,
		ceiling = excluded.ceiling, used = excluded.used, waiting = excluded.waiting, reason = excluded.reason
	WHERE ramp_groups.day < excluded.day`

// startRampDay writes the groups of a day and returns them as they are now.
func (s *Store) startRampDay(ctx context.Context, groups []rampGroup) (map[string]rampGroup, error) {
	var found map[string]rampGroup
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecRows(ctx, putGroup, []db.Column{
			texts("name", groups, func(g rampGroup) string { return g.Name }),
			ints("day", groups, func(g rampGroup) int64 { return g.Day }),
			ints("steps", groups, func(g rampGroup) int64 { return g.Steps }),
			ints("risen_day", groups, func(g rampGroup) int64 { return g.RisenDay }),
			ints("ceiling", groups, func(g rampGroup) int64 { return g.Ceiling }),
			ints("used", groups, func(g rampGroup) int64 { return g.Used }),
			ints("waiting", groups, func(g rampGroup) int64 { return g.Waiting }),
			texts("reason", groups, func(g rampGroup) string { return g.Reason }),
		})
		if err != nil {
			return err
		}
		found, err = selectGroups(ctx, tx, selectRamp)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("raise the ramp: %w", err)
	}
	return found, nil
}

// endRampDay notes that the admission of a day is complete.
func (s *Store) endRampDay(ctx context.Context, day int64) error {
	_, err := s.startRampDay(ctx, []rampGroup{{Name: allGroups, Day: day}})
	return err
}

// rampPage is how many readers the ramp reads, and at most admits, at a time.
const rampPage = 5 * pageSize

// activeReader is what the ramp reads of a reader who may be mailed.
type activeReader struct {
	ID         int64  `db:"id"`
	Address    string `db:"address"`
	AdmittedAt int64  `db:"admitted_at"`
	EngagedAt  int64  `db:"engaged_at"` // last confirmation or change of preferences, or what the tool before us saw
	Mails      int64  `db:"mails"`      // a day, taken as the number of active subscriptions

	group string
}

// hour is when the reader last engaged, in hours since 1970.
func (a *activeReader) hour() int64 { return a.EngagedAt / time.Hour.Milliseconds() }

// eachActive calls fn with pages of the readers who may be mailed and were last
// admitted before an instant, in the order of their ids. It counts subscriptions
// without a condition on their state: with one, PostgreSQL without statistics
// reads the whole index of the active ones for each reader.
func (s *Store) eachActive(ctx context.Context, before int64, fn func(page []activeReader) error) error {
	for after := int64(0); ; {
		var page []activeReader
		err := s.db.View(ctx, func(tx *db.Tx) error {
			page = nil
			return tx.Select(ctx, &page, `SELECT id, address, admitted_at, mails,
					CASE WHEN set_at > known_at THEN set_at ELSE known_at END AS engaged_at
				FROM (SELECT s.id, s.address, s.admitted_at, CASE WHEN s.active_at > s.confirmed_at THEN s.active_at ELSE s.confirmed_at END AS known_at,
						(SELECT COUNT(CASE WHEN u.state = 'active' THEN 1 END) FROM subscriptions u WHERE u.subscriber_id = s.id) AS mails,
						(SELECT COALESCE(MAX(c.at), 0) FROM consents c WHERE c.subscriber_id = s.id AND c.event = 'preferences') AS set_at
					FROM subscribers s
					WHERE s.id > $1 AND s.state = 'active' AND s.suppressed_at = 0 AND s.admitted_at < $2
					ORDER BY s.id LIMIT $3) AS page ORDER BY id`, after, before, rampPage)
		})
		if err != nil {
			return fmt.Errorf("read readers after %d: %w", after, err)
		}
		if len(page) == 0 {
			return nil
		}
		if err := fn(page); err != nil {
			return err
		}
		after = page[len(page)-1].ID
	}
}

// admission is who may be admitted on a day, as far as there is room.
type admission struct {
	day     int64
	at      time.Time
	began   time.Time // who was admitted since then is already
	readers []activeReader
}

// admitReaders admits readers one after the other while the ceilings of their
// groups allow it, and returns how many it admitted of each. An empty group takes
// one reader whatever the mails, or it would never get any and never grow. What
// the ceiling takes is counted in the same transaction, so no two processes pass
// it together.
func (s *Store) admitReaders(ctx context.Context, a admission) (map[string]int64, error) {
	if len(a.readers) == 0 {
		return nil, nil
	}
	var admitted map[string]int64
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		admitted = map[string]int64{}
		groups, err := selectGroups(ctx, tx, selectRamp+`WHERE day = $1 ORDER BY name {for update}`, a.day)
		if err != nil {
			return err
		}
		waiting, err := stillWaiting(ctx, tx, &a)
		if err != nil {
			return err
		}
		var ids []int64
		for _, r := range a.readers {
			g, ok := groups[r.group]
			if !ok || !waiting[r.ID] || r.Mails > g.Ceiling-g.Used && g.Used > 0 {
				continue
			}
			g.Used, g.Waiting = g.Used+r.Mails, g.Waiting-1
			groups[r.group] = g
			ids = append(ids, r.ID)
			admitted[r.group]++
		}
		if len(ids) == 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE subscribers SET admitted_at = $1 WHERE id {in 2}`, db.Millis(a.at), ids); err != nil {
			return err
		}
		for name := range admitted {
			if _, err := tx.Exec(ctx, `UPDATE ramp_groups SET used = $1, waiting = $2 WHERE name = $3`, groups[name].Used, groups[name].Waiting, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("admit %d readers: %w", len(a.readers), err)
	}
	return admitted, nil
}

// stillWaiting locks the readers of an admission whom nobody has admitted
// meanwhile and who may be mailed.
func stillWaiting(ctx context.Context, tx *db.Tx, a *admission) (map[int64]bool, error) {
	ids := make([]int64, len(a.readers))
	for i := range a.readers {
		ids[i] = a.readers[i].ID
	}
	waiting := make(map[int64]bool, len(ids))
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		waiting[id] = true
		return err
	}, `SELECT id FROM subscribers WHERE id {in 1} AND admitted_at < $2 AND state = 'active' AND suppressed_at = 0
		ORDER BY id {for update}`, ids, db.Millis(a.began))
	return waiting, err
}
