package digest

import (
	"context"
	"errors"
	"fmt"

	"broadsheet/internal/db"
)

// ErrNotSynced says that the configuration names a topic, source or digest
// that the database does not have yet.
var ErrNotSynced = errors.New("the database does not have the configuration yet: run broadsheet migrate, or start broadsheet serve")

// declared is a topic, source or digest as both sides know it.
type declared struct {
	ID          int64  `db:"id"`
	Slug        string `db:"slug"`
	Name        string `db:"name"`
	Description string `db:"description"`
	Position    int    `db:"position"`
	Kind        string `db:"kind"`
	URL         string `db:"url"`
	RetiredAt   int64  `db:"retired_at"`
}

// same reports whether the row needs no change but perhaps an id.
func (d declared) same(row declared) bool {
	d.ID = row.ID
	return d == row
}

// table is where one kind of declared things is kept.
type table struct {
	counter, list, upsert, retire string
	args                          func(d declared) []any
}

var (
	topicTable = table{
		counter: "topic",
		list:    `SELECT id, slug, name, description, position, '' AS kind, '' AS url, retired_at FROM topics`,
		upsert: `INSERT INTO topics (id, slug, name, description, position) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (slug) DO UPDATE SET name = excluded.name, description = excluded.description, position = excluded.position, retired_at = 0`,
		retire: `UPDATE topics SET retired_at = $1 WHERE id = $2`,
		args:   func(d declared) []any { return []any{d.ID, d.Slug, d.Name, d.Description, d.Position} },
	}
	digestTable = table{
		counter: "digest",
		list:    `SELECT id, slug, name, '' AS description, 0 AS position, '' AS kind, '' AS url, retired_at FROM digests`,
		upsert: `INSERT INTO digests (id, slug, name) VALUES ($1, $2, $3)
			ON CONFLICT (slug) DO UPDATE SET name = excluded.name, retired_at = 0`,
		retire: `UPDATE digests SET retired_at = $1 WHERE id = $2`,
		args:   func(d declared) []any { return []any{d.ID, d.Slug, d.Name} },
	}
	// A source whose address changed starts anew: what the old one said about
	// freshness does not hold.
	sourceTable = table{
		counter: "source",
		list:    `SELECT id, slug, name, '' AS description, 0 AS position, kind, url, retired_at FROM sources`,
		upsert: `INSERT INTO sources (id, slug, kind, url, name) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (slug) DO UPDATE SET kind = excluded.kind, url = excluded.url, name = excluded.name, retired_at = 0,
			etag = '', last_modified = '', next_fetch_at = 0, failures = 0, last_error = '',
			moved_to = '', moved_times = 0, adopted_url = '', gone_at = 0, held_at = 0, held_reason = '', accepted_at = 0`,
		retire: `UPDATE sources SET retired_at = $1 WHERE id = $2`,
		args:   func(d declared) []any { return []any{d.ID, d.Slug, d.Kind, d.URL, d.Name} },
	}
)

func (s *Setup) declaredTopics() []declared {
	var out []declared
	for i, t := range s.Topics {
		out = append(out, declared{Slug: t.Slug, Name: t.Name, Description: t.Description, Position: i})
	}
	return out
}

func (s *Setup) declaredSources() []declared {
	var out []declared
	for _, src := range s.Sources {
		out = append(out, declared{Slug: src.Slug, Name: src.Name, Kind: src.Kind, URL: src.URL})
	}
	return out
}

func (s *Setup) declaredDigests() []declared {
	var out []declared
	for _, d := range s.Digests {
		out = append(out, declared{Slug: d.Slug, Name: d.Name})
	}
	return out
}

// Sync brings the database in line with the configuration and gives the setup
// its ids. What is no longer configured retires and keeps its rows; what comes
// back is the same row again. Nothing is written if nothing differs.
func (s *Store) Sync(ctx context.Context, set *Setup) error {
	differs := false
	if err := s.SyncLooks(ctx, set.Looks); err != nil {
		return err
	}
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if differs, err = s.load(ctx, tx, set); err != nil || differs {
			return err
		}
		slots, err := changedSlots(ctx, tx, set)
		differs = len(slots) > 0
		return err
	}); err != nil {
		return fmt.Errorf("read the configured topics, sources, digests and slots: %w", err)
	}
	if !differs {
		return nil
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.NextIDs(ctx, "digest", 0); err != nil { // two processes sync one after the other
			return err
		}
		for _, one := range []struct {
			table table
			want  []declared
		}{{topicTable, set.declaredTopics()}, {sourceTable, set.declaredSources()}, {digestTable, set.declaredDigests()}} {
			if err := s.syncTable(ctx, tx, one.table, one.want); err != nil {
				return fmt.Errorf("%ss: %w", one.table.counter, err)
			}
		}
		if err := s.syncSlots(ctx, tx, set); err != nil {
			return err
		}
		if _, err := s.load(ctx, tx, set); err != nil {
			return err
		}
		return s.syncOffers(ctx, tx, set)
	})
	if err != nil {
		return fmt.Errorf("sync the configuration: %w", err)
	}
	return nil
}

// Load gives the setup its ids without writing anything. It returns
// ErrNotSynced if the database lacks something that is configured.
func (s *Store) Load(ctx context.Context, set *Setup) error {
	err := s.db.View(ctx, func(tx *db.Tx) error {
		_, err := s.load(ctx, tx, set)
		return err
	})
	if err != nil {
		return fmt.Errorf("load the configured topics, sources and digests: %w", err)
	}
	if err := s.LoadLooks(ctx, set.Looks); err != nil {
		return err
	}
	for _, t := range set.Topics {
		if t.ID == 0 {
			return fmt.Errorf("topic %s: %w", t.Slug, ErrNotSynced)
		}
	}
	for _, src := range set.Sources {
		if src.ID == 0 {
			return fmt.Errorf("source %s: %w", src.Slug, ErrNotSynced)
		}
	}
	for _, d := range set.Digests {
		if d.ID == 0 {
			return fmt.Errorf("digest %s: %w", d.Slug, ErrNotSynced)
		}
	}
	return nil
}

// load fills the ids in and reports whether the database differs from the
// configuration.
func (s *Store) load(ctx context.Context, tx *db.Tx, set *Setup) (differs bool, err error) {
	for _, one := range []struct {
		table table
		want  []declared
		give  func(i int, id int64)
	}{
		{topicTable, set.declaredTopics(), func(i int, id int64) { set.Topics[i].ID = id }},
		{sourceTable, set.declaredSources(), func(i int, id int64) { set.Sources[i].ID = id }},
		{digestTable, set.declaredDigests(), func(i int, id int64) { set.Digests[i].ID = id }},
	} {
		have, err := listTable(ctx, tx, one.table)
		if err != nil {
			return false, err
		}
		active := 0
		for _, row := range have {
			if row.RetiredAt == 0 {
				active++
			}
		}
		differs = differs || active != len(one.want)
		for i, want := range one.want {
			row, ok := have[want.Slug]
			differs = differs || !ok || !want.same(row)
			if ok && row.RetiredAt == 0 {
				one.give(i, row.ID)
			}
		}
	}
	set.index()
	changed, err := s.loadOffers(ctx, tx, set)
	return differs || len(changed) > 0, err
}

func (s *Store) syncTable(ctx context.Context, tx *db.Tx, t table, want []declared) error {
	have, err := listTable(ctx, tx, t)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, d := range want {
		kept[d.Slug] = true
		row, ok := have[d.Slug]
		if ok && d.same(row) {
			continue
		}
		if d.ID = row.ID; !ok {
			if d.ID, err = tx.NextIDs(ctx, t.counter, 1); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, t.upsert, t.args(d)...); err != nil {
			return fmt.Errorf("%s: %w", d.Slug, err)
		}
	}
	for slug, row := range have {
		if kept[slug] || row.RetiredAt != 0 {
			continue
		}
		if _, err := tx.Exec(ctx, t.retire, db.Millis(s.now()), row.ID); err != nil {
			return fmt.Errorf("retire %s: %w", slug, err)
		}
	}
	return nil
}

func listTable(ctx context.Context, tx *db.Tx, t table) (map[string]declared, error) {
	var rows []declared
	if err := tx.Select(ctx, &rows, t.list); err != nil {
		return nil, err
	}
	out := make(map[string]declared, len(rows))
	for _, row := range rows {
		out[row.Slug] = row
	}
	return out, nil
}
