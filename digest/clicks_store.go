package digest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"broadsheet/internal/db"
)

// addClicks adds what was counted to what there is; the clicks of a burst may be
// fewer than before. An edition that does not exist was of another database, and
// is left out.
func (s *Store) addClicks(ctx context.Context, counts map[clickKey]*clickTally, opens map[openKey]*clickTally) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := insertClicks(ctx, tx, counts); err != nil {
			return err
		}
		return insertOpens(ctx, tx, opens)
	})
	if err != nil {
		return fmt.Errorf("write clicks: %w", err)
	}
	return nil
}

// compare puts keys in one order for all services, so that none waits for another
// that waits for it.
func (k clickKey) compare(o clickKey) int {
	return cmp.Or(cmp.Compare(k.edition, o.edition), cmp.Compare(k.article, o.article), cmp.Compare(k.slot, o.slot),
		cmp.Compare(k.position, o.position), cmp.Compare(k.hour, o.hour))
}

func (k openKey) compare(o openKey) int {
	return cmp.Or(cmp.Compare(k.edition, o.edition), cmp.Compare(k.hour, o.hour))
}

func insertClicks(ctx context.Context, tx *db.Tx, counts map[clickKey]*clickTally) error {
	var editions, articles, positions, hours, clicks, scanners []int64
	var slots []string
	for _, key := range slices.SortedFunc(maps.Keys(counts), clickKey.compare) {
		t := counts[key]
		editions, articles, slots = append(editions, key.edition), append(articles, key.article), append(slots, key.slot)
		positions, hours = append(positions, int64(key.position)), append(hours, key.hour)
		clicks, scanners = append(clicks, t.people), append(scanners, t.scanners)
	}
	_, err := tx.ExecRows(ctx, `INSERT INTO click_counts (edition_id, article_id, slot, position, hour, clicks, scanners)
		SELECT v.edition_id, v.article_id, v.slot, v.position, v.hour, v.clicks, v.scanners FROM {rows}
		WHERE EXISTS (SELECT 1 FROM editions e WHERE e.id = v.edition_id)
		ON CONFLICT (edition_id, article_id, slot, position, hour)
		DO UPDATE SET clicks = click_counts.clicks + excluded.clicks, scanners = click_counts.scanners + excluded.scanners`,
		[]db.Column{
			db.Ints("edition_id", editions), db.Ints("article_id", articles), db.Texts("slot", slots), db.Ints("position", positions),
			db.Ints("hour", hours), db.Ints("clicks", clicks), db.Ints("scanners", scanners),
		})
	return err
}

func insertOpens(ctx context.Context, tx *db.Tx, counts map[openKey]*clickTally) error {
	var editions, hours, opens, scanners []int64
	for _, key := range slices.SortedFunc(maps.Keys(counts), openKey.compare) {
		t := counts[key]
		editions, hours = append(editions, key.edition), append(hours, key.hour)
		opens, scanners = append(opens, t.people), append(scanners, t.scanners)
	}
	_, err := tx.ExecRows(ctx, `INSERT INTO open_counts (edition_id, hour, opens, scanners)
		SELECT v.edition_id, v.hour, v.opens, v.scanners FROM {rows}
		WHERE EXISTS (SELECT 1 FROM editions e WHERE e.id = v.edition_id)
		ON CONFLICT (edition_id, hour)
		DO UPDATE SET opens = open_counts.opens + excluded.opens, scanners = open_counts.scanners + excluded.scanners`,
		[]db.Column{db.Ints("edition_id", editions), db.Ints("hour", hours), db.Ints("opens", opens), db.Ints("scanners", scanners)})
	return err
}

// ClickCount is how often one link of an edition's mails was followed.
type ClickCount struct {
	Edition  string    // its key
	Slot     string    // of a slot, its slug
	Place    LinkPlace // of a link that is of no story and of no slot
	Position int       // among those of its kind in the mail, from 1
	Article  int64     // of a story
	URL      string    // of the story
	Title    string    // of the story, as it is now
	Clicks   int64     // by people, as far as we can tell
	Scanners int64     // by machines
}

// ClickCounts returns how often links were followed, the newest edition first,
// and in each the stories by their position, then the other places, then the
// slots. It is that of one edition unless key is "", and no more than limit.
func (s *Store) ClickCounts(ctx context.Context, key string, limit int) ([]ClickCount, error) {
	var out []ClickCount
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var c ClickCount
			var name string
			err := scan(&c.Edition, &name, &c.Position, &c.Article, &c.URL, &c.Title, &c.Clicks, &c.Scanners)
			c.Slot, c.Place = splitName(name)
			out = append(out, c)
			return err
		}, `SELECT e.key, n.slot, n.position, n.article_id, COALESCE(v.url, ''), COALESCE(v.title, ''), n.clicks, n.scanners
			FROM (SELECT edition_id, slot, position, article_id, CASE WHEN SUM(clicks) > 0 THEN SUM(clicks) ELSE 0 END AS clicks, SUM(scanners) AS scanners
				FROM click_counts GROUP BY edition_id, slot, position, article_id) AS n
			JOIN editions e ON e.id = n.edition_id
			LEFT JOIN articles a ON a.id = n.article_id
			LEFT JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
			WHERE CAST($1 AS TEXT) = '' OR e.key = $1
			ORDER BY e.slot DESC, e.id DESC, CASE WHEN n.slot = '' THEN 0 WHEN n.slot LIKE '#%' THEN 1 ELSE 2 END, n.slot, n.position, n.article_id LIMIT $2`, key, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("read clicks: %w", err)
	}
	return out, nil
}

// OpenCount is how often the pixel of an edition's mails was fetched. Programs
// fetch it that nobody looks at, and others never do: it is not how many read.
type OpenCount struct {
	Edition  string // its key
	Opens    int64
	Scanners int64
}

// OpenCounts returns how often pixels were fetched, the newest edition first, of
// one edition unless key is "", and no more than limit.
func (s *Store) OpenCounts(ctx context.Context, key string, limit int) ([]OpenCount, error) {
	var out []OpenCount
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var c OpenCount
			err := scan(&c.Edition, &c.Opens, &c.Scanners)
			out = append(out, c)
			return err
		}, `SELECT e.key, SUM(n.opens), SUM(n.scanners) FROM open_counts n JOIN editions e ON e.id = n.edition_id
			WHERE CAST($1 AS TEXT) = '' OR e.key = $1 GROUP BY e.id, e.key, e.slot ORDER BY e.slot DESC, e.id DESC LIMIT $2`, key, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("read opens: %w", err)
	}
	return out, nil
}
