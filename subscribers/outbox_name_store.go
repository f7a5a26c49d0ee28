package subscribers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// NameHooksEvery is how often a running process says which systems its
// configuration has.
const NameHooksEvery = time.Minute

const (
	unnamedFor   = time.Hour          // so long nobody names what is retired, and whoever retires it has watched
	longestBlink = 3 * NameHooksEvery // a process that did not look for longer has not watched
)

// HookWatch is since when a process has looked, without a gap, which systems the
// running processes name. The zero value has not begun. Times are those of the
// database.
type HookWatch struct {
	Since, Last time.Time
}

// at is the watch after another look. A gap may be the database's: then nobody
// could name anything, and the watch begins anew.
func (w HookWatch) at(clock time.Time) HookWatch {
	if w.Last.IsZero() || clock.Before(w.Last) || clock.Sub(w.Last) > longestBlink {
		w.Since = clock
	}
	w.Last = clock
	return w
}

// RetiredHook is a system that is told no more.
type RetiredHook struct {
	Slug    string
	Dropped int64 // events that it was still to be told, or that were given up
}

// AddHooks has those of the given systems told that were not until now. It leaves
// the others as they are: a command on a host with another configuration takes
// nothing away.
func (s *Store) AddHooks(ctx context.Context, want []Hook) error {
	var missing []Hook
	err := s.db.View(ctx, func(tx *db.Tx) error {
		have, err := readHooks(ctx, tx)
		missing = slices.DeleteFunc(slices.Clone(want), func(w Hook) bool {
			return slices.ContainsFunc(have, func(h Hook) bool { return h.Slug == w.Slug })
		})
		return err
	})
	if err == nil && len(missing) > 0 {
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			clock, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			if err := insertHooks(ctx, tx, missing); err != nil {
				return err
			}
			return nameEvents(ctx, tx, missing, clock)
		})
	}
	if err != nil {
		return fmt.Errorf("add outgoing webhooks: %w", err)
	}
	return nil
}

// NameHooks says for a running process that its configuration has these systems
// and events. From then on they are told. Each process calls it every
// NameHooksEvery with the watch that it returned before: what no process has named
// for an hour is retired, with what it was still to be told, by one that has
// watched all that time. So a process with an older configuration takes nothing
// away while another has the system.
func (s *Store) NameHooks(ctx context.Context, want []Hook, w HookWatch) (now HookWatch, gone []RetiredHook, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		now, gone = w, nil
		clock, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		now = w.at(clock)
		if err := insertHooks(ctx, tx, want); err != nil {
			return err
		}
		have, err := lockHooks(ctx, tx)
		if err != nil {
			return err
		}
		if err := nameEvents(ctx, tx, want, clock); err != nil {
			return err
		}
		if clock.Sub(now.Since) >= unnamedFor {
			if _, err := tx.Exec(ctx, `DELETE FROM outgoing_webhook_events WHERE named_at < $1`, db.Millis(clock.Add(-unnamedFor))); err != nil {
				return err
			}
		}
		gone, err = settleHooks(ctx, tx, have)
		return err
	})
	if err != nil {
		return w, nil, fmt.Errorf("name outgoing webhooks: %w", err)
	}
	return now, gone, nil
}

// insertHooks adds the systems that are missing, in an order that all share.
func insertHooks(ctx context.Context, tx *db.Tx, hooks []Hook) error {
	for _, h := range sortedHooks(hooks) {
		if _, err := tx.Exec(ctx, `INSERT INTO outgoing_webhooks (slug, events) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING`, h.Slug, h.list()); err != nil {
			return err
		}
	}
	return nil
}

// lockHooks reads all systems and has other processes wait.
func lockHooks(ctx context.Context, tx *db.Tx) ([]Hook, error) {
	return selectHooks(ctx, tx, ` ORDER BY slug {for update}`)
}

func nameEvents(ctx context.Context, tx *db.Tx, hooks []Hook, clock time.Time) error {
	for _, h := range sortedHooks(hooks) {
		for _, e := range h.Events {
			_, err := tx.Exec(ctx, `INSERT INTO outgoing_webhook_events (slug, event, named_at) VALUES ($1, $2, $3)
				ON CONFLICT (slug, event) DO UPDATE SET named_at = excluded.named_at`, h.Slug, string(e), db.Millis(clock))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// settleHooks has the systems told of the events that are named, and retires
// those of which none is.
func settleHooks(ctx context.Context, tx *db.Tx, have []Hook) (gone []RetiredHook, err error) {
	named := map[string][]HookEvent{}
	err = tx.Each(ctx, func(scan func(...any) error) error {
		var slug, event string
		err := scan(&slug, &event)
		named[slug] = append(named[slug], HookEvent(event))
		return err
	}, `SELECT slug, event FROM outgoing_webhook_events ORDER BY slug, event`)
	if err != nil {
		return nil, err
	}
	for _, h := range have {
		told := Hook{h.Slug, named[h.Slug]}
		switch {
		case len(told.Events) == 0:
			n, err := retireHook(ctx, tx, h.Slug)
			if err != nil {
				return nil, err
			}
			gone = append(gone, RetiredHook{h.Slug, n})
		case told.list() != h.list():
			if _, err := tx.Exec(ctx, `UPDATE outgoing_webhooks SET events = $1 WHERE slug = $2`, told.list(), h.Slug); err != nil {
				return nil, err
			}
		}
	}
	return gone, nil
}

func retireHook(ctx context.Context, tx *db.Tx, slug string) (dropped int64, err error) {
	if _, err := tx.Exec(ctx, `DELETE FROM outgoing_webhooks WHERE slug = $1`, slug); err != nil {
		return 0, err
	}
	return tx.Exec(ctx, `DELETE FROM outbox WHERE hook = $1`, slug)
}

func sortedHooks(hooks []Hook) []Hook {
	return slices.SortedFunc(slices.Values(hooks), func(a, b Hook) int { return strings.Compare(a.Slug, b.Slug) })
}

func readHooks(ctx context.Context, tx *db.Tx) ([]Hook, error) { return selectHooks(ctx, tx, "") }

func selectHooks(ctx context.Context, tx *db.Tx, order string) ([]Hook, error) {
	var hooks []Hook
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var h Hook
		var events string
		err := scan(&h.Slug, &events)
		for e := range strings.SplitSeq(strings.Trim(events, ","), ",") {
			h.Events = append(h.Events, HookEvent(e))
		}
		hooks = append(hooks, h)
		return err
	}, `SELECT slug, events FROM outgoing_webhooks`+order)
	return hooks, err
}
