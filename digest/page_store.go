package digest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"broadsheet/internal/db"
)

// everybody is the cursor of a run that is planned to the end.
const everybody = math.MaxInt64

// writePages stores a page of runs that are locked.
func (s *Store) writePages(ctx context.Context, tx *db.Tx, pages []*plannedPage) error {
	for _, p := range pages {
		if err := s.writePage(ctx, tx, p); err != nil {
			return fmt.Errorf("edition %s: %w", p.edition.Key, err)
		}
	}
	return nil
}

func (s *Store) writePage(ctx context.Context, tx *db.Tx, p *plannedPage) error {
	now := db.Millis(s.now())
	if err := p.insert(ctx, tx, now); err != nil {
		return err
	}
	if err := p.addSkips(ctx, tx); err != nil {
		return fmt.Errorf("skips: %w", err)
	}
	if !p.edition.Partial { // a partial edition moves no cut-off
		if err := p.keepWindows(ctx, tx); err != nil {
			return fmt.Errorf("keep windows open: %w", err)
		}
	}
	p.planned = 0
	if p.last {
		p.planned = now
	}
	var ids, cursors, due []int64
	for _, part := range p.parts {
		cursor := part.cursor
		if p.last {
			cursor = everybody
		}
		ids, cursors, due = append(ids, part.run.ID), append(cursors, cursor), append(due, part.due)
	}
	if _, err := tx.ExecRows(ctx, `UPDATE runs SET plan_cursor = v.plan_cursor, planned_at = $1, due = runs.due + v.due FROM {rows} WHERE runs.id = v.id`,
		[]db.Column{db.Ints("id", ids), db.Ints("plan_cursor", cursors), db.Ints("due", due)}, p.planned); err != nil {
		return err
	}
	return p.markProof(ctx, tx)
}

// addSkips counts who of the page gets nothing.
func (p *plannedPage) addSkips(ctx context.Context, tx *db.Tx) error {
	var runs, counts []int64
	var reasons []SkipReason
	for _, part := range p.parts {
		for reason, n := range part.skips {
			part.due += n
			runs, reasons, counts = append(runs, part.run.ID), append(reasons, reason), append(counts, n)
		}
	}
	_, err := tx.ExecRows(ctx, `INSERT INTO run_skips (run_id, reason, n) SELECT v.run_id, v.reason, v.n FROM {rows} WHERE TRUE
		ON CONFLICT (run_id, reason) DO UPDATE SET n = run_skips.n + excluded.n`,
		[]db.Column{db.Ints("run_id", runs), db.Texts("reason", reasons), db.Ints("n", counts)})
	return err
}

// keepWindows lets the next windows of the page's readers begin where these did,
// where they stay open.
func (p *plannedPage) keepWindows(ctx context.Context, tx *db.Tx) error {
	var subscribers, from, cohorts, numbers []int64
	for _, part := range p.parts {
		subscribers, from = append(subscribers, part.carry...), append(from, part.carryFrom...)
		for range part.carry {
			cohorts, numbers = append(cohorts, part.run.CohortID), append(numbers, part.run.Number+1)
		}
	}
	_, err := tx.UpdateRows(ctx, `UPDATE subscriptions SET joined_seq = v.from_seq, joined_runs = v.number FROM {rows}
		WHERE subscriptions.subscriber_id = v.subscriber_id AND subscriptions.digest_id = $1 AND subscriptions.cohort_id = v.cohort_id`,
		[]db.Column{db.Ints("subscriber_id", subscribers), db.Ints("from_seq", from), db.Ints("cohort_id", cohorts), db.Ints("number", numbers)},
		p.edition.DigestID)
	return err
}

// markProof notes where later runs have to look at the deliveries of these:
// what they brought does not follow from where windows begin.
func (p *plannedPage) markProof(ctx context.Context, tx *db.Tx) error {
	var carried []int64
	for _, part := range p.parts {
		if part.carried {
			carried = append(carried, part.run.ID)
		}
	}
	if len(carried) > 0 {
		if _, err := tx.Exec(ctx, `UPDATE runs SET carried = 1 WHERE id {in 1}`, carried); err != nil {
			return err
		}
	}
	if p.edition.ArticleID == 0 || len(p.subscriber) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE articles SET again = 1 WHERE id = $1 AND again = 0`, p.edition.ArticleID)
	return err
}

// insert writes selections, batches and deliveries and counts for each run how
// many deliveries are new.
func (p *plannedPage) insert(ctx context.Context, tx *db.Tx, now int64) error {
	if len(p.subscriber) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(p.selections)) // in one order, so that two runs of an edition never wait for each other
	stories, slots := make([]string, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		stories[i] = p.selections[id]
		slots[i] = slugsIn(stories[i])
	}
	if _, err := tx.InsertRows(ctx, `INSERT INTO selections (edition_id, id, stories, slots) SELECT $1, v.id, v.stories, v.slots FROM {rows}`,
		[]db.Column{db.Ints("id", ids), db.Texts("stories", stories), db.Texts("slots", slots)}, p.edition.ID); err != nil {
		return fmt.Errorf("selections: %w", err)
	}
	b := p.batches(now)
	if err := b.insert(ctx, tx, p.edition); err != nil {
		return fmt.Errorf("batches: %w", err)
	}
	r := p.rows(b)
	n, err := tx.InsertRows(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
		SELECT $1, $2, v.subscriber_id, v.run_id, v.selection_id, v.batch_id, $3 FROM {rows}`,
		[]db.Column{db.Ints("subscriber_id", r.subscriber), db.Ints("run_id", r.run), db.Ints("selection_id", r.selection), db.Ints("batch_id", r.batch)},
		p.edition.Slot.DayNumber(), p.edition.ID, now)
	if err == nil && n < int64(len(p.subscriber)) {
		err = p.settleMoved(ctx, tx, b)
	}
	if err != nil {
		return fmt.Errorf("deliveries: %w", err)
	}
	return nil
}

// deliveryRows are what deliveries are inserted from.
type deliveryRows struct{ subscriber, run, selection, batch []int64 }

// rows returns the deliveries of the page in the order in which they lie in the
// table, batch after batch, and counts them as due.
func (p *plannedPage) rows(b *pageBatches) (r deliveryRows) {
	n := len(p.subscriber)
	r.subscriber, r.run, r.selection, r.batch = make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	next := make([]int, len(b.size)) // the place of each batch's next delivery
	for i := 1; i < len(next); i++ {
		next[i] = next[i-1] + int(b.size[i-1])
	}
	for i, at := range b.of {
		part, to := p.parts[p.part[i]], next[at]
		r.subscriber[to], r.run[to], r.selection[to], r.batch[to] = p.subscriber[i], part.run.ID, p.selection[i], b.id[at]
		part.due++
		next[at]++
	}
	return r
}

const movedQuery = `SELECT d.subscriber_id, d.run_id, d.batch_id FROM deliveries d WHERE d.day = $1 AND +d.edition_id = $2
	AND d.subscriber_id >= $3 AND d.subscriber_id <= $4 AND d.subscriber_id {in 5} ORDER BY d.subscriber_id`

// settleMoved deals with subscribers of the page who have a delivery of this
// edition from another run, because they moved to this cohort since: the stories
// of this window come with their next edition. The plus is that of readers.
func (p *plannedPage) settleMoved(ctx context.Context, tx *db.Tx, b *pageBatches) error {
	at := make(map[int64]int, len(p.subscriber))
	for i, id := range p.subscriber {
		at[id] = i
	}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber, run, batch int64
		if err := scan(&subscriber, &run, &batch); err != nil {
			return err
		}
		i := at[subscriber]
		part := p.parts[p.part[i]]
		if batch != b.id[b.of[i]] {
			part.due-- // it is not new
		}
		if run != part.run.ID {
			part.keepOpen(subscriber, p.from[i])
		}
		return nil
	}, movedQuery, p.edition.Slot.DayNumber(), p.edition.ID, slices.Min(p.subscriber), slices.Max(p.subscriber), p.subscriber)
	if err != nil {
		return err
	}
	return b.shrink(ctx, tx)
}
