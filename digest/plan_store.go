package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// startRun is what begins a run.
type startRun struct {
	digest     *Digest
	cohort     cohort
	slot       schedule.Local
	due        time.Time
	expires    time.Time
	next       schedule.Local // where the cohort goes on
	nextDue    time.Time
	firstFrom  time.Time // a cohort's first window begins with what arrived after this
	asOfDue    bool      // the window ends with what had arrived when the slot was due
	kind       EditionKind
	partial    bool
	topicID    int64
	recipients []int64
}

// startRun writes the edition, if it is the first of its runs, and the run, and
// moves the cohort's cut-off, all or nothing. It reports false if another
// planner was first, if the edition was cancelled, or if nobody subscribes.
func (s *Store) startRun(ctx context.Context, r startRun) (began bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		began = false
		w, err := runWindow(ctx, tx, &r)
		if err != nil {
			return err
		}
		lastSeq, runs := w.to, r.cohort.Runs+1
		if r.partial {
			lastSeq, runs = r.cohort.LastSeq, r.cohort.Runs
		}
		if moved, err := moveCohort(ctx, tx, r.cohort, r.next, r.nextDue, lastSeq, runs); err != nil || !moved {
			return err
		}
		var anyone int
		if err := tx.Get(ctx, &anyone, `SELECT count(*) FROM (SELECT 1 FROM subscriptions WHERE cohort_id = $1 AND state = 'active' LIMIT 1) AS s`, r.cohort.ID); err != nil || anyone == 0 {
			return err
		}
		e, err := s.ensureEdition(ctx, tx, &r)
		if err != nil {
			return err
		}
		if e.State == EditionCancelled { // its stories come with the next edition
			_, err := tx.Exec(ctx, `UPDATE cohorts SET last_seq = $1 WHERE id = $2`, w.from, r.cohort.ID)
			return err
		}
		id, err := tx.NextIDs(ctx, "run", 1)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (edition_id, cohort_id) DO NOTHING`,
			id, e.ID, r.cohort.ID, db.Millis(r.due), db.Millis(r.expires), w.from, w.to, r.cohort.Runs)
		began = n == 1
		return err
	})
	return began, err
}

// runWindow is (the cohort's last cut-off, what has arrived]. The counter's
// committed value is the highest number whose articles are all committed.
func runWindow(ctx context.Context, tx *db.Tx, r *startRun) (w window, err error) {
	if w.to, err = lastSeq(ctx, tx); err != nil {
		return w, err
	}
	if r.asOfDue {
		if w.to, err = seqAt(ctx, tx, r.due); err != nil {
			return w, err
		}
	}
	if w.from = r.cohort.LastSeq; w.from < 0 {
		if w.from, err = seqAt(ctx, tx, r.firstFrom); err != nil {
			return w, err
		}
	}
	w.to = max(w.to, w.from)
	return w, nil
}

func lastSeq(ctx context.Context, tx *db.Tx) (seq int64, err error) {
	err = tx.Get(ctx, &seq, `SELECT value FROM counters WHERE name = 'article_seq'`)
	return seq, err
}

// seqAt is the highest number of an article that had arrived at t.
func seqAt(ctx context.Context, tx *db.Tx, t time.Time) (seq int64, err error) {
	err = tx.Get(ctx, &seq, `SELECT COALESCE(MAX(t.seq), 0) FROM article_topics t JOIN articles a ON a.id = t.article_id WHERE a.arrived_at <= $1`, db.Millis(t))
	return seq, err
}

func (s *Store) ensureEdition(ctx context.Context, tx *db.Tx, r *startRun) (*Edition, error) {
	const find = `SELECT ` + editionColumns + ` FROM editions WHERE digest_id = $1 AND slot = $2`
	key := editionKey(r.digest, r.slot, r.kind)
	e, err := getEdition(ctx, tx, key, find, r.digest.ID, r.slot.String())
	if errors.Is(err, ErrNotFound) {
		if err := s.insertEdition(ctx, tx, r, key); err != nil {
			return nil, fmt.Errorf("edition %s: %w", key, err)
		}
		return getEdition(ctx, tx, key, find, r.digest.ID, r.slot.String())
	}
	if err == nil && e.State == EditionDone { // of an earlier zone
		_, err = tx.Exec(ctx, `UPDATE editions SET state = 'sending' WHERE id = $1 AND state = 'done'`, e.ID)
	}
	return e, err
}

func (s *Store) insertEdition(ctx context.Context, tx *db.Tx, r *startRun, key string) error {
	if err := tx.EnsureDay(ctx, r.slot.DayNumber()); err != nil {
		return err
	}
	id, err := tx.NextIDs(ctx, "edition", 1)
	if err != nil {
		return err
	}
	partial := 0
	if r.partial {
		partial = 1
	}
	_, err = tx.Exec(ctx, `INSERT INTO editions (id, digest_id, slot, key, kind, partial, topic_id, recipients, day, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'sending', $10) ON CONFLICT DO NOTHING`,
		id, r.digest.ID, r.slot.String(), key, string(r.kind), partial, r.topicID, joinIDs(r.recipients), r.slot.DayNumber(), db.Millis(s.now()))
	return err
}

// unplannedRuns returns runs whose planning is not complete, the earliest due
// first.
func (s *Store) unplannedRuns(ctx context.Context, editionID int64) ([]Run, error) {
	var out []Run
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectRuns(ctx, tx, `JOIN editions e ON e.id = r.edition_id
			WHERE r.planned_at = 0 AND e.state <> 'cancelled' AND (CAST($1 AS BIGINT) = 0 OR r.edition_id = $1) ORDER BY r.due_at, r.id LIMIT 200`, editionID)
		return err
	})
	return out, err
}

// subscription is what planning reads of a subscription.
type subscription struct {
	SubscriberID int64
	Topics       string
	JoinedSeq    int64
	JoinedRuns   int64
}

// pageSize is how many subscriptions are planned in one transaction.
const pageSize = 5000

// subscriptionPage reads the active subscriptions of a cohort after a
// subscriber. Those that joined in a later run than number are left to it.
func subscriptionPage(ctx context.Context, tx *db.Tx, cohortID, after, number int64, only []int64) ([]subscription, error) {
	query := `SELECT subscriber_id, topics, joined_seq, joined_runs FROM subscriptions
		WHERE cohort_id = $1 AND state = 'active' AND subscriber_id > $2 AND joined_runs <= $3 `
	args := []any{cohortID, after, number, pageSize}
	if only != nil {
		query += `AND subscriber_id {in 5} `
		args = append(args, only)
	}
	page := make([]subscription, 0, 256)
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var sub subscription
		err := scan(&sub.SubscriberID, &sub.Topics, &sub.JoinedSeq, &sub.JoinedRuns)
		page = append(page, sub)
		return err
	}, query+`ORDER BY subscriber_id LIMIT $4`, args...)
	return page, err
}

// candidates loads and ranks the articles of a window with the topics that the
// digest offers.
func candidates(ctx context.Context, tx *db.Tx, d *Digest, w window, topicID int64, at time.Time) ([]candidate, error) {
	var out []candidate
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var c candidate
		var pinnedUntil int64
		var t topicSeq
		if err := scan(&c.id, &c.priority, &pinnedUntil, &c.publishedAt, &t.topic, &t.seq); err != nil {
			return err
		}
		if _, ok := d.topics[t.topic]; !ok || topicID != 0 && t.topic != topicID {
			return nil
		}
		if len(out) == 0 || out[len(out)-1].id != c.id {
			c.pinned = db.Time(pinnedUntil).After(at)
			out = append(out, c)
		}
		last := &out[len(out)-1]
		last.topics = append(last.topics, t)
		return nil
	}, `SELECT a.id, a.priority, a.pinned_until, a.published_at, t.topic_id, t.seq
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

// alreadyGot returns the articles that partial editions carried to the
// subscribers of a page.
func alreadyGot(ctx context.Context, tx *db.Tx, editions []int64, first, last int64) (map[int64]map[int64]bool, error) {
	if len(editions) == 0 {
		return nil, nil
	}
	got := map[int64]map[int64]bool{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber int64
		var stories string
		if err := scan(&subscriber, &stories); err != nil {
			return err
		}
		sel, err := parseSelection(stories)
		if err != nil {
			return err
		}
		if got[subscriber] == nil {
			got[subscriber] = map[int64]bool{}
		}
		for _, id := range sel.articleIDs() {
			got[subscriber][id] = true
		}
		return nil
	}, `SELECT d.subscriber_id, s.stories FROM deliveries d
		JOIN editions e ON e.id = d.edition_id AND e.day = d.day
		JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		WHERE d.edition_id {in 1} AND d.subscriber_id >= $2 AND d.subscriber_id <= $3 AND d.state IN ('pending', 'sent', 'uncertain')`,
		editions, first, last)
	return got, err
}

// plannedPage is what one page of a run comes to.
type plannedPage struct {
	run        *Run
	edition    *Edition
	cursor     int64 // the last subscriber of the page
	last       bool
	selections map[int64]string // new in this run
	subscriber []int64
	selection  []int64
	batch      []int64
	batches    []int64
	sizes      []int64
	skips      map[SkipReason]int64
	carry      []int64 // subscribers whose window stays open
	carryFrom  []int64
}

// writePage stores a page in one transaction. It reports false if another
// planner has stored it.
func (s *Store) writePage(ctx context.Context, p *plannedPage) (mine bool, err error) {
	now := db.Millis(s.now())
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE runs SET plan_cursor = $1, planned_at = $2 WHERE id = $3 AND plan_cursor = $4 AND planned_at = 0`,
			p.cursor, map[bool]int64{true: now}[p.last], p.run.ID, p.run.PlanCursor)
		if mine = n == 1; err != nil || !mine {
			return err
		}
		inserted, err := p.insert(ctx, tx, now)
		if err != nil {
			return err
		}
		for reason, n := range p.skips {
			inserted += n
			if _, err := tx.Exec(ctx, `INSERT INTO run_skips (run_id, reason, n) VALUES ($1, $2, $3)
				ON CONFLICT (run_id, reason) DO UPDATE SET n = run_skips.n + excluded.n`, p.run.ID, string(reason), n); err != nil {
				return err
			}
		}
		if _, err := tx.ExecRows(ctx, `UPDATE subscriptions SET joined_seq = v.from_seq, joined_runs = $1 FROM {rows}
			WHERE subscriptions.subscriber_id = v.subscriber_id AND subscriptions.digest_id = $2 AND subscriptions.cohort_id = $3`,
			[]db.Column{db.Ints("subscriber_id", p.carry), db.Ints("from_seq", p.carryFrom)}, p.run.Number+1, p.edition.DigestID, p.run.CohortID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE runs SET due = due + $1 WHERE id = $2`, inserted, p.run.ID)
		return err
	})
	return mine, err
}

// insert writes selections, batches and deliveries and returns how many
// deliveries are new: a subscriber who moved between two cohorts while their
// runs were planned has one already.
func (p *plannedPage) insert(ctx context.Context, tx *db.Tx, now int64) (int64, error) {
	var ids []int64
	var stories []string
	for id, text := range p.selections {
		ids, stories = append(ids, id), append(stories, text)
	}
	day := p.edition.Slot.DayNumber()
	if _, err := tx.ExecRows(ctx, `INSERT INTO selections (edition_id, id, stories)
		SELECT $1, v.id, v.stories FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING`,
		[]db.Column{db.Ints("id", ids), db.Texts("stories", stories)}, p.edition.ID); err != nil {
		return 0, fmt.Errorf("selections: %w", err)
	}
	if _, err := tx.ExecRows(ctx, `INSERT INTO batches (id, edition_id, run_id, day, size, ready_at)
		SELECT v.id, $1, $2, $3, v.size, $4 FROM {rows}`,
		[]db.Column{db.Ints("id", p.batches), db.Ints("size", p.sizes)}, p.edition.ID, p.run.ID, day, now); err != nil {
		return 0, fmt.Errorf("batches: %w", err)
	}
	n, err := tx.ExecRows(ctx, `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
		SELECT $1, $2, v.subscriber_id, $3, v.selection_id, v.batch_id, $4 FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING`,
		[]db.Column{db.Ints("subscriber_id", p.subscriber), db.Ints("selection_id", p.selection), db.Ints("batch_id", p.batch)},
		day, p.edition.ID, p.run.ID, now)
	if err != nil {
		return 0, fmt.Errorf("deliveries: %w", err)
	}
	return n, nil
}

// subscriptionOf returns a subscriber's active subscription to a digest and its
// cohort, or no cohort.
func subscriptionOf(ctx context.Context, tx *db.Tx, digestID, subscriberID int64) ([]cohort, subscription, error) {
	sub := subscription{SubscriberID: subscriberID}
	var cohortID int64
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		return scan(&cohortID, &sub.Topics, &sub.JoinedSeq, &sub.JoinedRuns)
	}, `SELECT cohort_id, topics, joined_seq, joined_runs FROM subscriptions
		WHERE subscriber_id = $1 AND digest_id = $2 AND state = 'active'`, subscriberID, digestID)
	if err != nil || cohortID == 0 {
		return nil, sub, err
	}
	cohorts, err := selectCohorts(ctx, tx, `WHERE id = $1`, cohortID)
	return cohorts, sub, err
}
