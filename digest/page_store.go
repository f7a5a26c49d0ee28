package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"broadsheet/internal/db"
)

// subscription is what planning reads of a subscription. What is of the
// subscriber is read only where it matters.
type subscription struct {
	SubscriberID int64
	Topics       string
	Former       string // what was chosen before, "" if nothing else was
	JoinedSeq    int64
	JoinedRuns   int64
	PausedUntil  int64 // 0 if it is not paused

	AdmittedAt int64  // of the subscriber
	Attributes string // of the subscriber, as they are stored
	Language   string // of the subscriber, BCP 47
}

// pageSize is how many subscriptions are planned in one transaction.
const pageSize = 5000

// The columns of a subscription s and its subscriber u, in the order of fields.
const (
	seatColumns   = `s.subscriber_id, s.topics, s.former_topics, s.joined_seq, s.joined_runs, s.paused_until`
	readerColumns = `, u.admitted_at, u.attributes, u.language`
	joinReaders   = ` JOIN subscribers u ON u.id = s.subscriber_id`
)

// seat returns where the columns of a subscription go.
func (s *subscription) seat() []any {
	return []any{&s.SubscriberID, &s.Topics, &s.Former, &s.JoinedSeq, &s.JoinedRuns, &s.PausedUntil}
}

// reader returns where the columns of the subscriber go.
func (s *subscription) reader() []any { return []any{&s.AdmittedAt, &s.Attributes, &s.Language} }

// subscriptionPage reads the active subscriptions of a run's cohort that are
// not planned yet, only those of the recipients of a partial edition that has
// some. Those that joined for a later run are left to it. The page is good until
// the next one is read.
func subscriptionPage(ctx context.Context, tx *db.Tx, c *chooser) ([]subscription, error) {
	var sub subscription // one for all rows: scanning makes it escape
	columns, from, fields := seatColumns, ` FROM subscriptions s`, sub.seat()
	if c.readsReaders() {
		columns, from, fields = columns+readerColumns, from+joinReaders, append(fields, sub.reader()...)
	}
	query := `SELECT ` + columns + from + `
		WHERE s.cohort_id = $1 AND s.state = 'active' AND s.subscriber_id > $2 AND s.joined_runs <= $3 `
	args := []any{c.run.CohortID, c.run.PlanCursor, c.run.Number, pageSize}
	if c.edition.Recipients != nil {
		query += `AND s.subscriber_id {in 5} `
		args = append(args, c.edition.Recipients)
	}
	page := c.page[:0]
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		err := scan(fields...)
		page = append(page, sub)
		return err
	}, query+`ORDER BY s.subscriber_id LIMIT $4`, args...)
	c.page = page
	return page, err
}

// subscriptionOf returns a subscriber's active subscription to a digest and its
// cohort, or no cohort.
func subscriptionOf(ctx context.Context, tx *db.Tx, digestID, subscriberID int64) ([]cohort, subscription, error) {
	var sub subscription
	var cohortID int64
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		return scan(append(append(sub.seat(), sub.reader()...), &cohortID)...)
	}, `SELECT `+seatColumns+readerColumns+`, s.cohort_id FROM subscriptions s`+joinReaders+`
		WHERE s.subscriber_id = $1 AND s.digest_id = $2 AND s.state = 'active'`, subscriberID, digestID)
	if err != nil || cohortID == 0 {
		return nil, sub, err
	}
	cohorts, err := selectCohorts(ctx, tx, `WHERE id = $1`, cohortID)
	return cohorts, sub, err
}

// writePage stores a page of a run that is locked.
func (s *Store) writePage(ctx context.Context, tx *db.Tx, c *chooser, p *plannedPage) error {
	now := db.Millis(s.now())
	due, err := p.insert(ctx, tx, c, now)
	if err != nil {
		return err
	}
	for reason, n := range p.skips {
		due += n
		if _, err := tx.Exec(ctx, `INSERT INTO run_skips (run_id, reason, n) VALUES ($1, $2, $3)
			ON CONFLICT (run_id, reason) DO UPDATE SET n = run_skips.n + excluded.n`, c.run.ID, string(reason), n); err != nil {
			return fmt.Errorf("skips: %w", err)
		}
	}
	if !c.edition.Partial { // a partial edition moves no cut-off
		if _, err := tx.ExecRows(ctx, `UPDATE subscriptions SET joined_seq = v.from_seq, joined_runs = $1 FROM {rows}
			WHERE subscriptions.subscriber_id = v.subscriber_id AND subscriptions.digest_id = $2 AND subscriptions.cohort_id = $3`,
			[]db.Column{db.Ints("subscriber_id", p.carry), db.Ints("from_seq", p.carryFrom)}, c.run.Number+1, c.edition.DigestID, c.run.CohortID); err != nil {
			return fmt.Errorf("keep windows open: %w", err)
		}
	}
	planned := int64(0)
	if p.last {
		planned = now
	}
	if _, err := tx.Exec(ctx, `UPDATE runs SET plan_cursor = $1, planned_at = $2, due = due + $3 WHERE id = $4`, p.cursor, planned, due, c.run.ID); err != nil {
		return err
	}
	return p.markProof(ctx, tx, c)
}

// markProof notes where later runs have to look at the deliveries of this one:
// what it brought does not follow from where windows begin.
func (p *plannedPage) markProof(ctx context.Context, tx *db.Tx, c *chooser) error {
	if p.carried {
		if _, err := tx.Exec(ctx, `UPDATE runs SET carried = 1 WHERE id = $1`, c.run.ID); err != nil {
			return err
		}
	}
	if c.edition.ArticleID == 0 || len(p.subscriber) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE articles SET again = 1 WHERE id = $1 AND again = 0`, c.edition.ArticleID)
	return err
}

// insert writes selections, batches and deliveries and returns how many
// deliveries are new.
func (p *plannedPage) insert(ctx context.Context, tx *db.Tx, c *chooser, now int64) (int64, error) {
	if len(p.subscriber) == 0 {
		return 0, nil
	}
	ids := slices.Sorted(maps.Keys(p.selections)) // in one order, so that two runs of an edition never wait for each other
	stories, slots := make([]string, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		stories[i] = p.selections[id]
		slots[i] = slugsIn(stories[i])
	}
	if _, err := tx.InsertRows(ctx, `INSERT INTO selections (edition_id, id, stories, slots) SELECT $1, v.id, v.stories, v.slots FROM {rows}`,
		[]db.Column{db.Ints("id", ids), db.Texts("stories", stories), db.Texts("slots", slots)}, c.edition.ID); err != nil {
		return 0, fmt.Errorf("selections: %w", err)
	}
	batch, err := p.insertBatches(ctx, tx, c, now)
	if err != nil {
		return 0, fmt.Errorf("batches: %w", err)
	}
	n, err := tx.InsertRows(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
		SELECT $1, $2, v.subscriber_id, $3, v.selection_id, v.batch_id, $4 FROM {rows}`,
		[]db.Column{db.Ints("subscriber_id", p.subscriber), db.Ints("selection_id", p.selection), db.Ints("batch_id", batch)},
		c.edition.Slot.DayNumber(), c.edition.ID, c.run.ID, now)
	if err == nil && n < int64(len(p.subscriber)) {
		err = p.settleMoved(ctx, tx, c, batch)
	}
	if err != nil {
		return 0, fmt.Errorf("deliveries: %w", err)
	}
	return n, nil
}

// insertBatches divides the deliveries of a page into batches and returns each
// one's batch.
func (p *plannedPage) insertBatches(ctx context.Context, tx *db.Tx, c *chooser, now int64) ([]int64, error) {
	n := (len(p.subscriber) + batchSize - 1) / batchSize
	first, err := tx.NextIDs(ctx, "batch", n)
	if err != nil {
		return nil, err
	}
	ids, sizes := make([]int64, n), make([]int64, n)
	for i := range ids {
		ids[i] = first + int64(i)
		sizes[i] = int64(min(batchSize, len(p.subscriber)-i*batchSize))
	}
	batch := make([]int64, len(p.subscriber))
	for i := range batch {
		batch[i] = ids[i/batchSize]
	}
	_, err = tx.ExecRows(ctx, `INSERT INTO batches (id, edition_id, run_id, day, size, ready_at)
		SELECT v.id, $1, $2, $3, v.size, $4 FROM {rows}`,
		[]db.Column{db.Ints("id", ids), db.Ints("size", sizes)},
		c.edition.ID, c.run.ID, c.edition.Slot.DayNumber(), max(now, db.Millis(c.run.DueAt))) // a run is planned before its slot
	return batch, err
}

// settleMoved deals with subscribers of the page who have a delivery of this
// edition from another run, because they moved to this cohort since: the stories
// of this window come with their next edition.
func (p *plannedPage) settleMoved(ctx context.Context, tx *db.Tx, c *chooser, batch []int64) error {
	var moved []int64
	err := tx.Select(ctx, &moved, `SELECT subscriber_id FROM deliveries
		WHERE day = $1 AND edition_id = $2 AND subscriber_id {in 3} AND run_id <> $4`,
		c.edition.Slot.DayNumber(), c.edition.ID, p.subscriber, c.run.ID)
	if err != nil {
		return err
	}
	from := make(map[int64]int64, len(p.subscriber))
	for i, id := range p.subscriber {
		from[id] = p.from[i]
	}
	for _, id := range moved {
		p.keepOpen(id, from[id])
	}
	if _, err := tx.Exec(ctx, `UPDATE batches SET size = (SELECT COUNT(*) FROM deliveries d WHERE d.batch_id = batches.id)
		WHERE id {in 1}`, batch); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM batches WHERE id {in 1} AND size = 0`, batch)
	return err
}
