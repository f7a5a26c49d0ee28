package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"broadsheet/internal/db"
)

// kept is selections that are surely in the database: storing one again would
// change nothing. After a failover to a standby that lags behind, they may be gone,
// and pages of theirs are planned again. So it is checked with each page.
type kept struct {
	of      map[int64]map[int64]bool // by their editions
	run     int64                    // one that was planned last, 0 if more is known than was stored with it
	cursor  int64                    // how far it was planned then
	planned int64                    // when that finished it, 0 if it did not
}

// add notes that a page is stored.
func (k *kept) add(page *plannedPage) {
	ids := k.of[page.edition.ID]
	if ids == nil || k.size()+len(page.selections) > mostChoices {
		ids = make(map[int64]bool, len(page.selections))
		k.of[page.edition.ID] = ids
	}
	for id := range page.selections {
		ids[id] = true
	}
	k.run, k.cursor, k.planned = page.parts[0].run.ID, page.parts[0].cursor, page.planned
}

func (k *kept) size() (n int) {
	for _, ids := range k.of {
		n += len(ids)
	}
	return n
}

// check forgets all if the page that was stored last may be gone. As it is there, so
// is what was stored before it. Who plans a run again finishes it later, so the time
// tells of one that was finished.
func (k *kept) check(ctx context.Context, tx *db.Tx) error {
	there := false
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var cursor, planned int64
		err := scan(&cursor, &planned)
		there = cursor >= k.cursor && planned == k.planned
		return err
	}, `SELECT plan_cursor, planned_at FROM runs WHERE id = $1`, k.run)
	if err != nil {
		return fmt.Errorf("find the run that was planned last: %w", err)
	}
	if !there {
		clear(k.of)
	}
	return nil
}

// know makes sure of the selections of the editions of some runs, and forgets others.
func (k *kept) know(ctx context.Context, tx *db.Tx, choosers []*chooser) error {
	if err := k.check(ctx, tx); err != nil {
		return err
	}
	maps.DeleteFunc(k.of, func(edition int64, _ map[int64]bool) bool {
		return !slices.ContainsFunc(choosers, func(c *chooser) bool { return c.edition.ID == edition })
	})
	for _, c := range choosers {
		if err := k.look(ctx, tx, c.edition.ID); err != nil {
			return err
		}
	}
	return nil
}

// look notes which selections of an edition the database has, if nothing of it is
// known. Others may have stored them after the page that is checked for.
func (k *kept) look(ctx context.Context, tx *db.Tx, edition int64) error {
	if k.of[edition] != nil {
		return nil
	}
	found := map[int64]bool{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id int64
		err := scan(&id)
		found[id] = true
		return err
	}, `SELECT id FROM selections WHERE edition_id = $1 LIMIT $2`, edition, mostChoices/2)
	if err != nil {
		return fmt.Errorf("find the selections of an edition: %w", err)
	}
	if k.size()+len(found) > mostChoices {
		clear(found)
	}
	k.of[edition], k.run = found, 0
	return nil
}
