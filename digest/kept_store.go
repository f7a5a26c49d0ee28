package digest

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// kept is selections that are surely in the database, by their editions: storing
// one again would change nothing.
type kept map[int64]map[int64]bool

// add notes that selections of an edition are stored.
func (k kept) add(edition int64, selections map[int64]string) {
	if k.size()+len(selections) > mostChoices {
		clear(k)
	}
	if k[edition] == nil {
		k[edition] = make(map[int64]bool, len(selections))
	}
	for id := range selections {
		k[edition][id] = true
	}
}

func (k kept) size() (n int) {
	for _, ids := range k {
		n += len(ids)
	}
	return n
}

// look notes which selections of an edition the database has. It is called anew in
// each tick: after a failover to a standby that lags behind, pages are planned again
// whose selections are gone. What is known is read again only if it adds up to
// something else.
func (k kept) look(ctx context.Context, tx *db.Tx, edition int64) error {
	const low = 1<<31 - 1
	var n, want int64
	for id := range k[edition] {
		n, want = n+1, want+id&low
	}
	same := false
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var count, sum int64
		err := scan(&count, &sum)
		same = count == n && sum == want
		return err
	}, `SELECT COUNT(*), CAST(COALESCE(SUM(id & $2), 0) AS BIGINT) FROM selections WHERE edition_id = $1`, edition, low)
	if err != nil {
		return fmt.Errorf("add up the selections of an edition: %w", err)
	}
	if same {
		return nil
	}
	delete(k, edition)
	found := map[int64]string{}
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id int64
		err := scan(&id)
		found[id] = ""
		return err
	}, `SELECT id FROM selections WHERE edition_id = $1 LIMIT $2`, edition, mostChoices/2)
	if err != nil {
		return fmt.Errorf("find the selections of an edition: %w", err)
	}
	k.add(edition, found)
	return nil
}
