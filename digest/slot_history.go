package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// SlotHistory is what was said of slots at all times.
type SlotHistory struct {
	versions map[string][]slotVersion // the oldest first
}

type slotVersion struct {
	from time.Time
	slot *Slot // nil: it was removed
}

// LoadSlotHistory reads it in a transaction.
func LoadSlotHistory(ctx context.Context, tx *db.Tx) (*SlotHistory, error) {
	h := &SlotHistory{versions: map[string][]slotVersion{}}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var slug, body string
		var from int64
		if err := scan(&slug, &from, &body); err != nil {
			return err
		}
		v := slotVersion{from: db.Time(from)}
		if body != "" {
			var err error
			if v.slot, err = parseSlot(body); err != nil {
				return err
			}
		}
		h.versions[slug] = append(h.versions[slug], v)
		return nil
	}, `SELECT slug, from_at, body FROM slot_versions ORDER BY slug, version`)
	if err != nil {
		return nil, fmt.Errorf("load what was said of slots: %w", err)
	}
	return h, nil
}

// Sponsor is who paid for a slot last, "" for an ad of the house.
func (h *SlotHistory) Sponsor(slug string) string {
	versions := h.versions[slug]
	for i := len(versions) - 1; i >= 0; i-- {
		if s := versions[i].slot; s != nil {
			return s.Sponsor
		}
	}
	return ""
}

// ChangedAfter reports whether a version of a slot began to count after a time.
func (h *SlotHistory) ChangedAfter(slug string, at time.Time) bool {
	versions := h.versions[slug]
	return len(versions) > 0 && versions[len(versions)-1].from.After(at)
}

// Ran reports whether a mail that was planned with a slot and composed at a time
// has it: it was not removed, or made to end, by then.
func (h *SlotHistory) Ran(slug, digestSlug string, slot schedule.Local, composed time.Time) bool {
	versions := h.versions[slug]
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].from.After(composed) {
			continue
		}
		if s := versions[i].slot; s != nil {
			rule, _ := s.runsIn(&Digest{Slug: digestSlug}, slot.Date())
			return rule == ""
		}
		return false
	}
	return false
}
