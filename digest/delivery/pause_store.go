package delivery

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// ProviderPause says that a provider gets nothing for a while.
type ProviderPause struct {
	Provider string // as mail.Providers names it
	Reason   string
	PausedAt time.Time
	Until    time.Time
}

const (
	firstPause   = time.Hour
	longestPause = 8 * time.Hour // and how soon after a pause the next one is its sequel
)

// PausedByOperator is the reason of a pause that nobody's answers brought about.
const PausedByOperator = "paused by an operator"

const pauseColumns = `domain, reason, paused_at, paused_until`

// Pauses returns the pauses that last beyond now, in the order of their providers' names.
func (s *Store) Pauses(ctx context.Context) ([]ProviderPause, error) {
	var out []ProviderPause
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectPauses(ctx, tx, `WHERE paused_until > $1 ORDER BY domain`, db.Millis(s.now()))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read which providers are paused: %w", err)
	}
	return out, nil
}

func selectPauses(ctx context.Context, tx *db.Tx, where string, args ...any) ([]ProviderPause, error) {
	var out []ProviderPause
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var p ProviderPause
		var from, until int64
		err := scan(&p.Provider, &p.Reason, &from, &until)
		p.PausedAt, p.Until = db.Time(from), db.Time(until)
		out = append(out, p)
		return err
	}, `SELECT `+pauseColumns+` FROM domain_pauses `+where, args...)
	return out, err
}

// PauseProvider lets a provider get nothing for a while, from now on, whatever pause there is.
func (s *Store) PauseProvider(ctx context.Context, provider string, length time.Duration) (ProviderPause, error) {
	now := s.now().UTC().Truncate(time.Millisecond)
	p := ProviderPause{Provider: provider, Reason: PausedByOperator, PausedAt: now, Until: now.Add(length)}
	if err := s.db.Write(ctx, func(tx *db.Tx) error { return writePause(ctx, tx, p) }); err != nil {
		return p, fmt.Errorf("pause provider %s: %w", provider, err)
	}
	return p, nil
}

func writePause(ctx context.Context, tx *db.Tx, p ProviderPause) error {
	_, err := tx.Exec(ctx, `INSERT INTO domain_pauses (domain, reason, paused_at, paused_until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (domain) DO UPDATE SET reason = excluded.reason, paused_at = excluded.paused_at, paused_until = excluded.paused_until`,
		p.Provider, p.Reason, db.Millis(p.PausedAt), db.Millis(p.Until))
	return err
}

// pauseRefusing pauses a provider that refuses us, for an hour, or for twice as long as the time before if that is not
// long ago. It reports false if another worker was first.
func (s *Store) pauseRefusing(ctx context.Context, provider, reason string) (p ProviderPause, began bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		began = false
		now := s.now().UTC().Truncate(time.Millisecond)
		// The row is there and ours until the end: two workers see this one after the other.
		_, err := tx.Exec(ctx, `INSERT INTO domain_pauses (domain, reason, paused_at, paused_until) VALUES ($1, '', 0, 0)
			ON CONFLICT (domain) DO UPDATE SET reason = domain_pauses.reason`, provider)
		if err != nil {
			return err
		}
		rows, err := selectPauses(ctx, tx, `WHERE domain = $1`, provider)
		if err != nil {
			return err
		}
		if p = rows[0]; p.Until.After(now) {
			return nil
		}
		p = ProviderPause{Provider: provider, Reason: shorten(cleanText(reason)), PausedAt: now, Until: now.Add(nextPause(p, now))}
		began = true
		return writePause(ctx, tx, p)
	})
	if err != nil {
		return p, false, fmt.Errorf("pause provider %s: %w", provider, err)
	}
	return p, began, nil
}

// nextPause is how long a pause lasts that begins now, after the last one.
func nextPause(last ProviderPause, now time.Time) time.Duration {
	if last.Until.IsZero() || last.Reason == PausedByOperator || now.Sub(last.Until) > longestPause {
		return firstPause
	}
	return min(2*last.Until.Sub(last.PausedAt), longestPause)
}

// waitingRow is a delivery that waits for the end of a pause.
type waitingRow struct {
	Day        int64  `db:"day"`
	EditionID  int64  `db:"edition_id"`
	Subscriber int64  `db:"subscriber_id"`
	NextTryAt  int64  `db:"next_try_at"`
	Address    string `db:"address"`
}

// releasePage is how many waiting deliveries are looked at in one transaction.
const releasePage = 1000

// ResumeProvider ends the pause of a provider. What waits for it is due again at once; isIts tells from an address whether
// a delivery goes there. It returns how many deliveries those are, and ErrNotFound if the provider is not paused.
func (s *Store) ResumeProvider(ctx context.Context, provider string, isIts func(address string) bool) (int, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM domain_pauses WHERE domain = $1 AND paused_until > $2`, provider, db.Millis(s.now()))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("resume provider %s: %w", provider, err)
	}
	if n == 0 {
		return 0, fmt.Errorf("resume provider %s: it is not paused: %w", provider, ErrNotFound)
	}
	released := 0
	for last := (waitingRow{NextTryAt: db.Millis(s.now())}); ; {
		rows, moved, err := s.releasePage(ctx, last, isIts)
		if err != nil {
			return released, fmt.Errorf("resume provider %s: queue what waited: %w", provider, err)
		}
		released += moved
		if len(rows) < releasePage {
			return released, nil
		}
		last = rows[len(rows)-1]
	}
}

// releasePage makes deliveries due that come after the last one in the order of their next try.
func (s *Store) releasePage(ctx context.Context, last waitingRow, isIts func(address string) bool) (rows []waitingRow, moved int, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		rows, moved = nil, 0
		err := tx.Select(ctx, &rows, `SELECT d.day, d.edition_id, d.subscriber_id, d.next_try_at, COALESCE(s.address, '') AS address
			FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
			WHERE d.next_try_at > 0 AND d.next_try_at >= $1 AND d.reason = $2
				AND (d.next_try_at, d.edition_id, d.subscriber_id) > ($1, $3, $4)
			ORDER BY d.next_try_at, d.edition_id, d.subscriber_id LIMIT $5`,
			last.NextTryAt, ReasonProviderPaused, last.EditionID, last.Subscriber, releasePage)
		if err != nil {
			return err
		}
		var days, editions, subscribers []int64
		for _, row := range rows {
			if isIts(row.Address) {
				days, editions = append(days, row.Day), append(editions, row.EditionID)
				subscribers = append(subscribers, row.Subscriber)
			}
		}
		moved = len(days)
		_, err = tx.ExecRows(ctx, `UPDATE deliveries SET next_try_at = $1 FROM {rows}
			WHERE deliveries.day = v.day AND deliveries.edition_id = v.edition AND deliveries.subscriber_id = v.subscriber
				AND deliveries.next_try_at > 0 AND deliveries.reason = $2`,
			[]db.Column{db.Ints("day", days), db.Ints("edition", editions), db.Ints("subscriber", subscribers)},
			db.Millis(s.now()), ReasonProviderPaused)
		return err
	})
	return rows, moved, err
}
