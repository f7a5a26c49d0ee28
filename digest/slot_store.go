package digest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// slotDelay is how long after it was written another version of a slot begins to
// count: by then it is surely committed, so that no first try is composed without
// what its retry has. The first version counts at once, for nothing was planned
// with the slot before.
const slotDelay = time.Second

// slotRow is the newest version of a slot.
type slotRow struct {
	Slug    string `db:"slug"`
	Version int64  `db:"version"`
	Body    string `db:"body"`
}

// changedSlots returns the versions that the configuration differs by from the
// newest in the database; a slot that was removed has no body.
func changedSlots(ctx context.Context, tx *db.Tx, set *Setup) ([]slotRow, error) {
	var rows []slotRow
	err := tx.Select(ctx, &rows, `SELECT v.slug, v.version, v.body FROM slot_versions v
		WHERE v.version = (SELECT MAX(w.version) FROM slot_versions w WHERE w.slug = v.slug) ORDER BY v.slug`)
	if err != nil {
		return nil, fmt.Errorf("slots: %w", err)
	}
	have := make(map[string]slotRow, len(rows))
	for _, row := range rows {
		have[row.Slug] = row
	}
	var changed []slotRow
	for i := range set.Slots {
		slug := set.Slots[i].Slug
		body, err := set.Slots[i].body()
		if err != nil {
			return nil, fmt.Errorf("slot %s: %w", slug, err)
		}
		if have[slug].Body != body {
			changed = append(changed, slotRow{slug, have[slug].Version + 1, body})
		}
		delete(have, slug)
	}
	for _, row := range rows {
		if _, removed := have[row.Slug]; removed && row.Body != "" {
			changed = append(changed, slotRow{row.Slug, row.Version + 1, ""})
		}
	}
	return changed, nil
}

// syncSlots stores what changed of the configured slots.
func (s *Store) syncSlots(ctx context.Context, tx *db.Tx, set *Setup) error {
	changed, err := changedSlots(ctx, tx, set)
	if err != nil {
		return err
	}
	for _, row := range changed {
		from := s.now()
		if row.Version > 1 {
			from = from.Add(slotDelay)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO slot_versions (slug, version, from_at, body) VALUES ($1, $2, $3, $4)`,
			row.Slug, row.Version, db.Millis(from), row.Body); err != nil {
			return fmt.Errorf("slot %s: %w", row.Slug, err)
		}
	}
	return nil
}

// SlotsCountIn is how long it takes until what is stored of slots counts.
func (s *Store) SlotsCountIn(ctx context.Context) (time.Duration, error) {
	var last int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &last, `SELECT COALESCE(MAX(from_at), 0) FROM slot_versions`)
	})
	if err != nil {
		return 0, fmt.Errorf("read when slots count: %w", err)
	}
	return min(max(db.Time(last).Sub(s.now()), 0), slotDelay), nil
}

// slotsAsOf returns the slots of a mail as they were at a time. Those that were
// removed by then, or made to end, are left out.
func slotsAsOf(ctx context.Context, tx *db.Tx, d *Digest, e *Edition, placed []PlacedSlot, at time.Time) ([]templates.Slot, error) {
	if len(placed) == 0 {
		return nil, nil
	}
	slugs := make([]string, len(placed))
	for i := range placed {
		slugs[i] = placed[i].Slug
	}
	var rows []slotRow
	err := tx.Select(ctx, &rows, `SELECT v.slug, v.version, v.body FROM slot_versions v WHERE v.slug {in 1}
		AND v.version = (SELECT MAX(w.version) FROM slot_versions w WHERE w.slug = v.slug AND w.from_at <= $2)`, slugs, db.Millis(at))
	if err != nil {
		return nil, fmt.Errorf("load slots: %w", err)
	}
	var slots []Slot
	for _, row := range rows {
		if row.Body == "" {
			continue
		}
		s, err := parseSlot(row.Body)
		if err != nil {
			return nil, err
		}
		slots = append(slots, *s)
	}
	return drawnSlots(slots, d, e, placed), nil
}

// drawnSlots returns the slots of a mail, those that run in it among the given.
func drawnSlots(slots []Slot, d *Digest, e *Edition, placed []PlacedSlot) []templates.Slot {
	var out []templates.Slot
	for _, p := range placed {
		i := slices.IndexFunc(slots, func(s Slot) bool { return s.Slug == p.Slug })
		if i < 0 {
			continue
		}
		if rule, _ := slots[i].runsIn(d, e.Slot.Date()); rule != "" {
			continue
		}
		// What is configured was checked. A creative that cannot be drawn is one of
		// an older program with other rules: no reader has to do without the stories.
		if drawn, err := slots[i].drawn(p.Position); err == nil {
			out = append(out, drawn)
		}
	}
	return out
}
