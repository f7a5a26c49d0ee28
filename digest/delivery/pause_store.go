package delivery

import (
	"context"
	"fmt"
	"slices"
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

const pauseColumns = `provider, reason, paused_at, paused_until`

// Pauses returns the pauses that last beyond now, in the order of their providers' names.
func (s *Store) Pauses(ctx context.Context) ([]ProviderPause, error) {
	out, err := s.pausesAndResumed(ctx)
	return slices.DeleteFunc(out, func(p ProviderPause) bool { return p.Until.IsZero() }), err
}

// pausesAndResumed also returns the providers that were resumed and for which something may wait all the same, with no
// end of their pause.
func (s *Store) pausesAndResumed(ctx context.Context) ([]ProviderPause, error) {
	var out []ProviderPause
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectPauses(ctx, tx, `WHERE paused_until > $1 OR paused_until = 0 ORDER BY provider`, db.Millis(s.now()))
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
	}, `SELECT `+pauseColumns+` FROM provider_pauses `+where, args...)
	return out, err
}

// PauseProvider lets a provider get nothing for a while, from now on, whatever pause there is. What waits for the end of
// one that was to last longer is moved up by the workers.
func (s *Store) PauseProvider(ctx context.Context, provider string, length time.Duration) (ProviderPause, error) {
	now := s.now().UTC().Truncate(time.Millisecond)
	p := ProviderPause{Provider: provider, Reason: PausedByOperator, PausedAt: now, Until: now.Add(length)}
	if err := s.db.Write(ctx, func(tx *db.Tx) error { return writePause(ctx, tx, p) }); err != nil {
		return p, fmt.Errorf("pause provider %s: %w", provider, err)
	}
	return p, nil
}

func writePause(ctx context.Context, tx *db.Tx, p ProviderPause) error {
	_, err := tx.Exec(ctx, `INSERT INTO provider_pauses (provider, reason, paused_at, paused_until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (provider) DO UPDATE SET reason = excluded.reason, paused_at = excluded.paused_at, paused_until = excluded.paused_until`,
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
		_, err := tx.Exec(ctx, `INSERT INTO provider_pauses (provider, reason, paused_at, paused_until) VALUES ($1, '', 0, 0)
			ON CONFLICT (provider) DO UPDATE SET reason = provider_pauses.reason`, provider)
		if err != nil {
			return err
		}
		rows, err := selectPauses(ctx, tx, `WHERE provider = $1`, provider)
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

// heedPauses lets what is put aside wait for the pauses as they are now: the worker's knowledge of them is a second old.
// It locks them, so that who ends one finds all that waits for it.
func heedPauses(ctx context.Context, tx *db.Tx, changes []change, now time.Time) error {
	var names []string
	for i := range changes {
		if c := &changes[i]; !c.pausedUntil.IsZero() && !slices.Contains(names, c.provider) {
			names = append(names, c.provider)
		}
	}
	if len(names) == 0 {
		return nil
	}
	rows, err := selectPauses(ctx, tx, `WHERE provider {in 1} ORDER BY provider {for update}`, names)
	if err != nil {
		return fmt.Errorf("check pauses: %w", err)
	}
	ends := map[string]time.Time{}
	for _, p := range rows {
		ends[p.Provider] = p.Until
	}
	for i := range changes {
		c := &changes[i]
		if end := ends[c.provider]; end.Before(c.pausedUntil) {
			c.nextTry = later(now, c.nextTry.Add(end.Sub(c.pausedUntil)))
		}
	}
	return nil
}
