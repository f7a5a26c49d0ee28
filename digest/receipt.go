package digest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// Receipt is what became of the last edition of a digest for one of its readers.
type Receipt struct {
	DigestID    int64
	Key         string     // of the edition, "" if there was none for the reader
	EditionID   int64      // its id
	DueAt       time.Time  // when the reader's cohort was due
	State       string     // of the delivery, such as "sent" or "pending"; "" without one
	Skip        SkipReason // why there is no delivery; "" where that is not known, for the days are gone
	Topics      []int64    // of the subscription in the reader's order, nil for all
	PausedUntil time.Time
	NextDueAt   time.Time // when the cohort is due next, zero where nobody knows
}

// receiptSub is an active subscription while its receipt is made.
type receiptSub struct {
	subscription
	digest, cohort, runs, next, created int64
}

// receiptRun is the last planned run of a cohort.
type receiptRun struct {
	ID        int64  `db:"id"`
	EditionID int64  `db:"edition_id"`
	Key       string `db:"key"`
	Day       int    `db:"day"`
	Archived  int64  `db:"archived_at"`
	DueAt     int64  `db:"due_at"`
	PlannedAt int64  `db:"planned_at"`
	ToSeq     int64  `db:"to_seq"`
	Number    int64  `db:"number"`
}

// Receipts returns what became of the last edition of each digest that the
// subscriber gets. Nothing is stored of readers who get no mail: why not follows
// from where their next window begins and from what planning counted.
func (s *Store) Receipts(ctx context.Context, subscriberID int64) ([]Receipt, error) {
	var out []Receipt
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		subs, err := receiptSubs(ctx, tx, subscriberID)
		if err != nil {
			return err
		}
		for i := range subs {
			r, err := subs[i].receipt(ctx, tx)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("receipts of subscriber %d: %w", subscriberID, err)
	}
	return out, nil
}

func receiptSubs(ctx context.Context, tx *db.Tx, subscriberID int64) ([]receiptSub, error) {
	var out []receiptSub
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var s receiptSub
		err := scan(append(append(s.seat(), s.reader()...), &s.digest, &s.cohort, &s.created, &s.runs, &s.next)...)
		out = append(out, s)
		return err
	}, `SELECT `+seatColumns+readerColumns+`, s.digest_id, s.cohort_id, s.created_at, c.runs, c.next_due_at
		FROM subscriptions s`+joinReaders+` JOIN cohorts c ON c.id = s.cohort_id
		WHERE s.subscriber_id = $1 AND s.state = 'active' ORDER BY s.digest_id`, subscriberID)
	return out, err
}

func (s *receiptSub) receipt(ctx context.Context, tx *db.Tx) (Receipt, error) {
	out := Receipt{DigestID: s.digest, Topics: parseTopics(s.Topics).order, PausedUntil: db.Time(s.PausedUntil), NextDueAt: db.Time(s.next)}
	run, err := s.lastRun(ctx, tx)
	if err != nil || run == nil || s.cameAfter(run) {
		return out, err
	}
	out.Key, out.EditionID, out.DueAt = run.Key, run.EditionID, db.Time(run.DueAt)
	err = tx.Each(ctx, func(scan func(dest ...any) error) error { return scan(&out.State) },
		`SELECT state FROM deliveries WHERE day = $1 AND edition_id = $2 AND subscriber_id = $3`, run.Day, run.EditionID, s.SubscriberID)
	if err != nil || out.State != "" || run.Archived > 0 {
		return out, err
	}
	out.Skip, err = s.skipped(ctx, tx, run)
	return out, err
}

// lastRun returns the last run of the cohort that is planned to the end, nil if
// none is. Editions are looked at from the last slot backwards, along an index.
func (s *receiptSub) lastRun(ctx context.Context, tx *db.Tx) (*receiptRun, error) {
	if s.runs == 0 {
		return nil, nil
	}
	var runs []receiptRun
	err := tx.Select(ctx, &runs, `SELECT r.id, r.edition_id, e.key, e.day, e.archived_at, r.due_at, r.planned_at, r.to_seq, r.number
		FROM editions e JOIN runs r ON r.edition_id = e.id AND r.cohort_id = $1
		WHERE e.digest_id = $2 AND e.partial = 0 AND r.planned_at > 0 ORDER BY e.slot DESC LIMIT 1`, s.cohort, s.digest)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return &runs[0], nil
}

// cameAfter reports whether the reader came, or came back, after a run.
func (s *receiptSub) cameAfter(run *receiptRun) bool {
	return s.created > run.PlannedAt || s.JoinedRuns < 0 && s.JoinedSeq >= run.ToSeq
}

// skipped derives why the reader got nothing from a run: of the reasons that it
// counted, the one that fits. Those after which the window stays open fit a
// reader whose window did.
func (s *receiptSub) skipped(ctx context.Context, tx *db.Tx, run *receiptRun) (SkipReason, error) {
	var counted []SkipReason
	if err := tx.Select(ctx, &counted, `SELECT reason FROM run_skips WHERE run_id = $1`, run.ID); err != nil {
		return "", err
	}
	if s.JoinedSeq >= 0 && s.JoinedRuns == run.Number+1 {
		if reason, err := s.keptOpen(ctx, tx, run, counted); err != nil || reason != "" {
			return reason, err
		}
	}
	if slices.Contains(counted, SkipNotAudience) && !slices.Contains(counted, SkipNothingNew) {
		return SkipNotAudience, nil
	}
	return SkipNothingNew, nil
}

const othersQuery = `SELECT COUNT(*) FROM deliveries d JOIN editions e ON e.id = d.edition_id
	WHERE d.day = $1 AND d.subscriber_id = $2 AND e.digest_id = $3`

// keptOpen is why the reader's window stayed open, or "". It is open, too, of who
// came from another cohort after the run: then what stories are in it tells.
func (s *receiptSub) keptOpen(ctx context.Context, tx *db.Tx, run *receiptRun, counted []SkipReason) (SkipReason, error) {
	var others int64
	err := tx.Get(ctx, &others, othersQuery, run.Day, s.SubscriberID, s.digest)
	if err != nil {
		return "", err
	}
	came, err := s.cameUntil(ctx, tx, run.ToSeq)
	if err != nil {
		return "", err
	}
	for _, reason := range []struct {
		is   SkipReason
		fits bool
	}{
		{SkipPaused, s.PausedUntil > run.DueAt},
		{SkipNotAdmitted, s.AdmittedAt == 0 || s.AdmittedAt > run.PlannedAt},
		{SkipMoved, others > 0},
		{SkipDailyCap, others > 0},
		{SkipTooFew, came},
	} {
		if reason.fits && slices.Contains(counted, reason.is) {
			return reason.is, nil
		}
	}
	return "", nil
}

// cameUntil reports whether a story of the reader's topics came from the start of
// the open window up to a number. It counts those that were taken back since.
func (s *receiptSub) cameUntil(ctx context.Context, tx *db.Tx, to int64) (came bool, err error) {
	topics := parseTopics(s.Topics)
	err = tx.Get(ctx, &came, `SELECT EXISTS (SELECT 1 FROM article_topics t WHERE t.seq > $1 AND t.seq <= $2 AND ($3 OR t.topic_id {in 4}))`,
		s.JoinedSeq, to, topics.all, topics.order)
	return came, err
}
