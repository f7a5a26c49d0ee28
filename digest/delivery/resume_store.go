package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// waitingRow is a delivery that waits for the end of a pause.
type waitingRow struct {
	Day        int64  `db:"day"`
	EditionID  int64  `db:"edition_id"`
	Subscriber int64  `db:"subscriber_id"`
	NextTryAt  int64  `db:"next_try_at"`
	Address    string `db:"address"`
}

// moveUpPage is how many waiting deliveries are looked at in one transaction.
const moveUpPage = 1000

// moveUpRest is between two of these, for others to write.
const moveUpRest = 10 * time.Millisecond

// ResumeProvider ends the pause of a provider and lets what waits for it be queued at once; isIts tells by the address
// whether a delivery goes there. It returns how many deliveries those are, and ErrNotFound if the provider is not paused.
// If it is cut short, the next worker goes on, or who calls it again.
func (s *Store) ResumeProvider(ctx context.Context, provider string, isIts func(address string) bool) (int, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE provider_pauses SET paused_until = 0 WHERE provider = $1 AND (paused_until > $2 OR paused_until = 0)`,
			provider, db.Millis(s.now()))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("resume provider %s: %w", provider, err)
	}
	if n == 0 {
		return 0, fmt.Errorf("resume provider %s: it is not paused: %w", provider, ErrNotFound)
	}
	moved, err := s.moveUp(ctx, provider, isIts)
	if err != nil {
		return moved, fmt.Errorf("resume provider %s: queue what waited: %w", provider, err)
	}
	return moved, nil
}

// moveUp lets what waits for a provider beyond the end of its pause, as that is now, wait no longer than that, and forgets
// that the provider was resumed. Several processes may do so at once.
func (s *Store) moveUp(ctx context.Context, provider string, isIts func(address string) bool) (int, error) {
	m := mover{provider: provider, isIts: isIts}
	moved := 0
	for more := true; more; {
		next := m
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			next = m
			return next.page(ctx, tx, s.now().UTC().Truncate(time.Millisecond))
		})
		if err != nil {
			return moved, err
		}
		m, more = next, next.more
		moved += m.moved
		if more && pause(ctx, moveUpRest) != nil {
			return moved, ctx.Err()
		}
	}
	return moved, nil
}

// mover goes along the deliveries that wait, in the order of their next try.
type mover struct {
	provider string
	isIts    func(address string) bool

	end   time.Time  // of the pause when the last page was read; zero, there is none
	last  waitingRow // of that page
	moved int        // deliveries of that page
	more  bool       // pages
}

// page moves up deliveries that come after the last one. If the end of the pause was moved up meanwhile, it begins anew.
// The pause stays locked, so that nothing is put aside for an end that no longer holds.
func (m *mover) page(ctx context.Context, tx *db.Tx, now time.Time) error {
	pauses, err := selectPauses(ctx, tx, `WHERE provider = $1 {for update}`, m.provider)
	if err != nil {
		return err
	}
	pause := ProviderPause{}
	if len(pauses) > 0 {
		pause = pauses[0]
	}
	end, right := pause.Until, now // what waits until then is right
	if !end.IsZero() {
		right = later(now, end.Add(afterwards(pause.PausedAt, end)))
	}
	if m.last == (waitingRow{}) || end.Before(m.end) {
		m.last = waitingRow{NextTryAt: db.Millis(right)}
	}
	m.end = end
	rows, err := m.read(ctx, tx)
	if err != nil {
		return err
	}
	if err := m.move(ctx, tx, rows, now, right); err != nil {
		return err
	}
	if m.more = len(rows) == moveUpPage; m.more {
		m.last = rows[len(rows)-1]
		return nil
	}
	_, err = tx.Exec(ctx, `DELETE FROM provider_pauses WHERE provider = $1 AND paused_until = 0`, m.provider)
	return err
}

func (m *mover) read(ctx context.Context, tx *db.Tx) (rows []waitingRow, err error) {
	err = tx.Select(ctx, &rows, `SELECT d.day, d.edition_id, d.subscriber_id, d.next_try_at, COALESCE(s.address, '') AS address
		FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
		WHERE d.next_try_at > 0 AND d.next_try_at >= $1 AND d.reason = $2
			AND (d.next_try_at, d.edition_id, d.subscriber_id) > ($1, $3, $4)
		ORDER BY d.next_try_at, d.edition_id, d.subscriber_id LIMIT $5`,
		m.last.NextTryAt, ReasonProviderPaused, m.last.EditionID, m.last.Subscriber, moveUpPage)
	return rows, err
}

const moveUpQuery = `UPDATE deliveries SET next_try_at = v.next FROM {rows}
	WHERE deliveries.day = v.day AND deliveries.edition_id = v.edition AND deliveries.subscriber_id = v.subscriber
		AND deliveries.day >= $2 AND deliveries.next_try_at > v.next AND deliveries.reason = $1`

// move lets those of rows that wait too long wait for the end of the pause, spread as by afterPause.
func (m *mover) move(ctx context.Context, tx *db.Tx, rows []waitingRow, now, right time.Time) error {
	var days, editions, subscribers, nexts []int64
	for _, row := range rows {
		if !m.isIts(row.Address) || row.NextTryAt <= db.Millis(right) {
			continue
		}
		next := now
		if m.end.After(now) {
			next = m.end.Add(rand.N(afterwards(now, m.end)))
		}
		days, editions, subscribers = append(days, row.Day), append(editions, row.EditionID), append(subscribers, row.Subscriber)
		nexts = append(nexts, db.Millis(next))
	}
	if m.moved = len(days); m.moved == 0 {
		return nil
	}
	_, err := tx.ExecRows(ctx, moveUpQuery, []db.Column{db.Ints("day", days), db.Ints("edition", editions), db.Ints("subscriber", subscribers), db.Ints("next", nexts)},
		ReasonProviderPaused, slices.Min(days))
	return err
}

// afterwards is over how much time deliveries are spread after a pause.
func afterwards(from, end time.Time) time.Duration { return max(time.Second, end.Sub(from)/10) }
