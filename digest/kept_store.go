package digest

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// kept is selections that are surely in the database: storing one again would
// change nothing. After a failover to a standby that lags behind, they may be gone,
// and pages of theirs are planned again. So it is checked before each tick.
type kept struct {
	of      map[int64]map[int64]bool // by their editions
	run     int64                    // that the last page finished, 0 if it finished none
	planned int64                    // when that was
}

// add notes that a page is stored.
func (k *kept) add(page *plannedPage) {
	if k.size()+len(page.selections) > mostChoices {
		clear(k.of)
	}
	ids := k.of[page.edition.ID]
	if ids == nil {
		ids = make(map[int64]bool, len(page.selections))
		k.of[page.edition.ID] = ids
	}
	for id := range page.selections {
		ids[id] = true
	}
	k.run, k.planned = page.parts[0].run.ID, page.planned
	if !page.last {
		k.run = 0
	}
}

func (k *kept) size() (n int) {
	for _, ids := range k.of {
		n += len(ids)
	}
	return n
}

// check forgets all if the page that was stored last may be gone. Who plans it again
// does so later, so the time tells; and as it is there, so is what was stored before
// it.
func (k *kept) check(ctx context.Context, tx *db.Tx) error {
	var planned int64
	err := tx.Get(ctx, &planned, `SELECT COALESCE(MAX(planned_at), 0) FROM runs WHERE id = $1`, k.run)
	if err != nil {
		return fmt.Errorf("find the run that was planned last: %w", err)
	}
	if k.run == 0 || planned != k.planned {
		clear(k.of)
	}
	return nil
}

// look notes which selections of an edition the database has, if nothing of it is
// known.
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
		clear(k.of)
	}
	k.of[edition] = found
	return nil
}
