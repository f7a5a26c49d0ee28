package delivery

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// SlotCount is what became of a slot in the mails of an edition.
type SlotCount struct {
	Edition  string // its key
	Digest   string // its slug
	Date     string // local, of the edition
	Slot     string // its slug
	Sponsor  string // "" for an ad of the house
	Sent     int64  // mails with the slot in them that a relay accepted
	Clicks   int64  // by people, as far as we can tell; 0 where nobody counts them
	Scanners int64  // by machines
}

// slotEdition is an edition as counting its slots needs it.
type slotEdition struct {
	ID        int64  `db:"id"`
	Key       string `db:"key"`
	Day       int64  `db:"day"`
	Slot      string `db:"slot"`
	Digest    string `db:"digest"`
	CreatedAt int64  `db:"created_at"`
}

const slotEditionQuery = `SELECT e.id, e.key, e.day, e.slot, g.slug AS digest, e.created_at FROM editions e JOIN digests g ON g.id = e.digest_id `

// SlotCounts counts the slots of the edition of a key, or of all editions since a
// local date such as "2026-11-23" if that is "", in the order of their dates. The
// counts outlive the deliveries.
func (s *Store) SlotCounts(ctx context.Context, key, since string) ([]SlotCount, error) {
	var out []SlotCount
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		if err := tx.ShareDays(ctx); err != nil {
			return err
		}
		history, err := digest.LoadSlotHistory(ctx, tx)
		if err != nil {
			return err
		}
		var editions []slotEdition
		err = tx.Select(ctx, &editions, slotEditionQuery+`WHERE (e.key = $1 OR CAST($1 AS TEXT) = '' AND e.slot >= $2)
			AND (EXISTS (SELECT 1 FROM edition_slots x WHERE x.edition_id = e.id)
				OR EXISTS (SELECT 1 FROM click_counts k WHERE k.edition_id = e.id AND k.slot <> '' AND k.slot NOT LIKE '#%')
				OR EXISTS (SELECT 1 FROM selections s WHERE s.edition_id = e.id AND s.slots <> ''))
			ORDER BY e.slot, e.key`, key, since)
		for i := 0; i < len(editions) && err == nil; i++ {
			var counts []SlotCount
			counts, err = editions[i].counts(ctx, tx, history)
			out = append(out, counts...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count slots: %w", err)
	}
	return out, nil
}

// counts adds the deliveries that are there to the totals of those that are not.
func (e *slotEdition) counts(ctx context.Context, tx *db.Tx, history *digest.SlotHistory) ([]SlotCount, error) {
	rows := map[string]*SlotCount{}
	row := func(slug string) *SlotCount {
		if rows[slug] == nil {
			date, _, _ := strings.Cut(e.Slot, "T")
			rows[slug] = &SlotCount{Edition: e.Key, Digest: e.Digest, Date: date, Slot: slug, Sponsor: history.Sponsor(slug)}
		}
		return rows[slug]
	}
	sent, err := e.sent(ctx, tx, history, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	for slug, n := range sent {
		row(slug).Sent += n
	}
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		var slug string
		var n int64
		err := scan(&slug, &n)
		row(slug).Sent += n
		return err
	}, `SELECT slot, sent FROM edition_slots WHERE edition_id = $1`, e.ID)
	if err != nil {
		return nil, err
	}
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		var slug string
		var clicks, scanners int64
		err := scan(&slug, &clicks, &scanners)
		row(slug).Clicks, row(slug).Scanners = clicks, scanners
		return err
	}, `SELECT slot, CAST(CASE WHEN SUM(clicks) > 0 THEN SUM(clicks) ELSE 0 END AS BIGINT), CAST(SUM(scanners) AS BIGINT) FROM click_counts
		WHERE edition_id = $1 AND slot <> '' AND slot NOT LIKE '#%' GROUP BY slot`, e.ID)
	var out []SlotCount
	for _, slug := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, *rows[slug])
	}
	return out, err
}

const (
	slotSent = ` FROM deliveries d JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		WHERE d.day = $1 AND d.edition_id = $2 AND d.batch_id <= $3 AND d.state = 'sent' AND s.slots <> '' `
	sentQuery = `SELECT s.slots, CAST(0 AS BIGINT), '', COUNT(*)` + slotSent + `GROUP BY s.slots`

	// sentWhenQuery tells when the mails were composed, too, and what they did
	// without: of what left us first, which every later try repeats.
	sentWhenQuery = `SELECT n.slots, n.composed_at, COALESCE(o.slots, ''), COUNT(*)
		FROM (SELECT s.slots, s.id, COALESCE((SELECT MIN(a.composed_at) FROM attempts a
			WHERE a.day = d.day AND a.edition_id = d.edition_id AND a.subscriber_id = d.subscriber_id
			AND (a.class = 'accepted' OR a.phase IN ('body', 'dot'))), 0) AS composed_at` + slotSent + `) AS n
		LEFT JOIN slots_left_out o ON o.edition_id = $2 AND o.selection_id = n.id AND o.composed_at = n.composed_at
		GROUP BY n.slots, n.composed_at, o.slots`
)

// sent counts the mails by slot that were sent with it, of the batches up to one.
// Where a slot changed since the edition was made, or mails do without one that
// they were planned with, it is asked of each mail when it was composed: before
// its slot was removed, or after, and with it or without.
func (e *slotEdition) sent(ctx context.Context, tx *db.Tx, history *digest.SlotHistory, last int64) (map[string]int64, error) {
	slot, err := schedule.ParseLocal(e.Slot)
	if err != nil {
		return nil, fmt.Errorf("edition %s: %w", e.Key, err)
	}
	var changed bool
	if err := tx.Get(ctx, &changed, `SELECT EXISTS (SELECT 1 FROM slots_left_out WHERE edition_id = $1)`, e.ID); err != nil {
		return nil, err
	}
	count := func(query string) (map[string]int64, error) {
		out := map[string]int64{}
		err := tx.Each(ctx, func(scan func(dest ...any) error) error {
			var slugs, without string
			var composed, n int64
			if err := scan(&slugs, &composed, &without, &n); err != nil {
				return err
			}
			left := strings.Split(without, ",")
			for slug := range strings.SplitSeq(slugs, ",") {
				changed = changed || history.ChangedAfter(slug, db.Time(e.CreatedAt))
				if !slices.Contains(left, slug) && history.Ran(slug, e.Digest, slot, db.Time(cmp.Or(composed, e.CreatedAt+slotGrace.Milliseconds()))) {
					out[slug] += n
				}
			}
			return nil
		}, query, e.Day, e.ID, last)
		return out, err
	}
	out, err := count(sentQuery)
	if err != nil || !changed {
		return out, err
	}
	return count(sentWhenQuery)
}

// slotGrace is by when a slot counts that was configured before an edition was
// made.
const slotGrace = time.Second

// keepSlots adds the slots of the deliveries of an edition up to a batch,
// which are about to go, to its totals.
func keepSlots(ctx context.Context, tx *db.Tx, edition, last int64) error {
	var some int64
	if err := tx.Get(ctx, &some, `SELECT COUNT(*) FROM (SELECT 1 FROM slot_versions LIMIT 1) AS v`); err != nil || some == 0 {
		return err
	}
	var e slotEdition
	if err := tx.Get(ctx, &e, slotEditionQuery+`WHERE e.id = $1`, edition); err != nil {
		return fmt.Errorf("slots of edition %d: %w", edition, err)
	}
	history, err := digest.LoadSlotHistory(ctx, tx)
	if err != nil {
		return err
	}
	sent, err := e.sent(ctx, tx, history, last)
	if err != nil {
		return fmt.Errorf("slots of edition %d: %w", edition, err)
	}
	for _, slug := range slices.Sorted(maps.Keys(sent)) {
		if _, err := tx.Exec(ctx, `INSERT INTO edition_slots (edition_id, slot, sent) VALUES ($1, $2, $3)
			ON CONFLICT (edition_id, slot) DO UPDATE SET sent = edition_slots.sent + excluded.sent`, edition, slug, sent[slug]); err != nil {
			return fmt.Errorf("slots of edition %d: %w", edition, err)
		}
	}
	return nil
}

// noteLeftOut composes as before, and keeps which slots a mail does without,
// before it is sent to anybody.
func (s *Store) noteLeftOut(compose Compose, log *slog.Logger) Compose {
	return func(ctx context.Context, editionID, selectionID int64, asOf time.Time) (*digest.Composed, error) {
		composed, err := compose(ctx, editionID, selectionID, asOf)
		if err != nil || len(composed.LeftOut) == 0 {
			return composed, err
		}
		slots := strings.Join(composed.LeftOut, ",")
		log.WarnContext(ctx, "slots left out", "edition", composed.EditionKey, "selection", selectionID, "slots", slots)
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO slots_left_out (edition_id, selection_id, composed_at, slots) VALUES ($1, $2, $3, $4)
				ON CONFLICT (edition_id, selection_id, composed_at) DO NOTHING`, editionID, selectionID, db.Millis(composed.ComposedAt), slots)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("note the slots that a mail of %s does without: %w", composed.EditionKey, err)
		}
		return composed, nil
	}
}
