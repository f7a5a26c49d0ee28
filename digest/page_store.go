package digest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// subscription is what planning reads of a subscription.
type subscription struct {
	SubscriberID int64
	Topics       string
	Former       string // what was chosen before, "" if nothing else was
	JoinedSeq    int64
	JoinedRuns   int64
	AdmittedAt   int64 // of the subscriber; read only where it matters
}

// pageSize is how many subscriptions are planned in one transaction.
const pageSize = 5000

// admittedAt is SQL for when the subscriber of a subscription was admitted.
const admittedAt = `(SELECT s.admitted_at FROM subscribers s WHERE s.id = subscriptions.subscriber_id)`

// subscriptionPage reads the active subscriptions of a run's cohort that are
// not planned yet, only those of the recipients of a partial edition that has
// some. Those that joined for a later run are left to it.
func subscriptionPage(ctx context.Context, tx *db.Tx, c *chooser) ([]subscription, error) {
	admitted := `CAST(0 AS BIGINT)`
	if c.admittedSince > 0 {
		admitted = admittedAt
	}
	query := `SELECT subscriber_id, topics, former_topics, joined_seq, joined_runs, ` + admitted + ` FROM subscriptions
		WHERE cohort_id = $1 AND state = 'active' AND subscriber_id > $2 AND joined_runs <= $3 `
	args := []any{c.run.CohortID, c.run.PlanCursor, c.run.Number, pageSize}
	if c.edition.Recipients != nil {
		query += `AND subscriber_id {in 5} `
		args = append(args, c.edition.Recipients)
	}
	page := make([]subscription, 0, 256)
	var sub subscription // one for all rows: scanning makes it escape
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		err := scan(&sub.SubscriberID, &sub.Topics, &sub.Former, &sub.JoinedSeq, &sub.JoinedRuns, &sub.AdmittedAt)
		page = append(page, sub)
		return err
	}, query+`ORDER BY subscriber_id LIMIT $4`, args...)
	return page, err
}

// subscriptionOf returns a subscriber's active subscription to a digest and its
// cohort, or no cohort.
func subscriptionOf(ctx context.Context, tx *db.Tx, digestID, subscriberID int64) ([]cohort, subscription, error) {
	sub := subscription{SubscriberID: subscriberID}
	var cohortID int64
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		return scan(&cohortID, &sub.Topics, &sub.Former, &sub.JoinedSeq, &sub.JoinedRuns, &sub.AdmittedAt)
	}, `SELECT cohort_id, topics, former_topics, joined_seq, joined_runs, `+admittedAt+` FROM subscriptions
		WHERE subscriber_id = $1 AND digest_id = $2 AND state = 'active'`, subscriberID, digestID)
	if err != nil || cohortID == 0 {
		return nil, sub, err
	}
	cohorts, err := selectCohorts(ctx, tx, `WHERE id = $1`, cohortID)
	return cohorts, sub, err
}

// candidates loads and ranks the articles of a window with the topics that the
// digest offers. Pins count as they are at the given time.
func candidates(ctx context.Context, tx *db.Tx, d *Digest, w window, at time.Time) ([]candidate, error) {
	var out []candidate
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var c candidate
		var pinnedUntil int64
		var t topicSeq
		var reason string
		if err := scan(&c.id, &c.priority, &pinnedUntil, &c.publishedAt, &t.topic, &t.seq, &reason); err != nil {
			return err
		}
		if _, ok := d.topics[t.topic]; !ok {
			return nil
		}
		t.gone = reason == topicGone
		if len(out) == 0 || out[len(out)-1].id != c.id {
			c.pinned = db.Time(pinnedUntil).After(at)
			out = append(out, c)
		}
		last := &out[len(out)-1]
		last.topics = append(last.topics, t)
		return nil
	}, `SELECT a.id, a.priority, a.pinned_until, a.published_at, t.topic_id, t.seq, t.reason
		FROM articles a JOIN article_topics t ON t.article_id = a.id
		WHERE a.held_at = 0 AND a.withdrawn_at = 0
		AND a.id IN (SELECT w.article_id FROM article_topics w WHERE w.seq > $1 AND w.seq <= $2) ORDER BY a.id`, w.from, w.to)
	if err != nil {
		return nil, fmt.Errorf("load candidates: %w", err)
	}
	for i := range out {
		out[i].orderTopics(d)
	}
	rank(out)
	return out, nil
}

// partialBefore returns the partial editions of a digest whose windows reach
// past a sequence number, other than the given one.
func partialBefore(ctx context.Context, tx *db.Tx, digestID, editionID, seq int64) ([]int64, error) {
	var ids []int64
	err := tx.Select(ctx, &ids, `SELECT e.id FROM editions e WHERE e.digest_id = $1 AND e.partial = 1 AND e.id <> $2
		AND EXISTS (SELECT 1 FROM runs r WHERE r.edition_id = e.id AND r.to_seq > $3)`, digestID, editionID, seq)
	return ids, err
}

// alreadyGot returns what partial editions carried to the subscribers of a
// page: their selections, as storiesOf reads them.
func alreadyGot(ctx context.Context, tx *db.Tx, editions []int64, first, last int64) (map[int64]string, error) {
	if len(editions) == 0 {
		return nil, nil
	}
	got := map[int64]string{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber int64
		var stories string
		if err := scan(&subscriber, &stories); err != nil {
			return err
		}
		got[subscriber] += stories + "\n"
		return nil
	}, `SELECT d.subscriber_id, s.stories FROM deliveries d
		JOIN editions e ON e.id = d.edition_id AND e.day = d.day
		JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		WHERE d.edition_id {in 1} AND d.subscriber_id >= $2 AND d.subscriber_id <= $3
		AND (d.state IN ('sent', 'uncertain') OR d.state = 'pending' AND e.state <> 'cancelled')
		ORDER BY d.edition_id, d.subscriber_id`, editions, first, last)
	if err != nil {
		return nil, fmt.Errorf("load what partial editions carried: %w", err)
	}
	return got, nil
}

// storiesOf returns the articles of selections with a line end after each.
func storiesOf(selections string) (map[int64]bool, error) {
	if selections == "" {
		return nil, nil
	}
	out := map[int64]bool{}
	for line := range strings.Lines(selections) {
		s, err := parseSelection(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		for _, id := range s.articleIDs() {
			out[id] = true
		}
	}
	return out, nil
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
	_, err = tx.Exec(ctx, `UPDATE runs SET plan_cursor = $1, planned_at = $2, due = due + $3 WHERE id = $4`, p.cursor, planned, due, c.run.ID)
	return err
}

// insert writes selections, batches and deliveries and returns how many
// deliveries are new.
func (p *plannedPage) insert(ctx context.Context, tx *db.Tx, c *chooser, now int64) (int64, error) {
	if len(p.subscriber) == 0 {
		return 0, nil
	}
	ids := slices.Sorted(maps.Keys(p.selections)) // in one order, so that two runs of an edition never wait for each other
	stories := make([]string, len(ids))
	for i, id := range ids {
		stories[i] = p.selections[id]
	}
	if _, err := tx.ExecRows(ctx, `INSERT INTO selections (edition_id, id, stories)
		SELECT $1, v.id, v.stories FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING`,
		[]db.Column{db.Ints("id", ids), db.Texts("stories", stories)}, c.edition.ID); err != nil {
		return 0, fmt.Errorf("selections: %w", err)
	}
	batch, err := p.insertBatches(ctx, tx, c, now)
	if err != nil {
		return 0, fmt.Errorf("batches: %w", err)
	}
	n, err := tx.ExecRows(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
		SELECT $1, $2, v.subscriber_id, $3, v.selection_id, v.batch_id, $4 FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING`,
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
