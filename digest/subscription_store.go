package digest

import (
	"cmp"
	"context"
	"fmt"
	"math"
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

// pageSize is about how many subscriptions are planned in one transaction: at least
// half as many if there are, and less than twice as many.
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

// seatQuery is a query for subscriptions s and what it reads of each.
type seatQuery struct {
	text     string // up to where it says which
	fields   []any
	sub      subscription // one for all rows: scanning makes it escape
	cohortID int64
}

func newSeatQuery(c *chooser) *seatQuery {
	q := &seatQuery{}
	columns, from := `SELECT s.cohort_id, `+seatColumns, ` FROM subscriptions s`
	q.fields = append([]any{&q.cohortID}, q.sub.seat()...)
	if c.readsReaders() {
		columns, from, q.fields = columns+readerColumns, from+joinReaders, append(q.fields, q.sub.reader()...)
	}
	q.text = columns + from
	return q
}

// among is SQL that leaves only the recipients of an edition, if it has some,
// with its arguments behind others.
func among(e *Edition, args []any) (where string, all []any) {
	if e.Recipients == nil {
		return ``, args
	}
	args = append(args, e.Recipients)
	return fmt.Sprintf(` AND s.subscriber_id {in %d}`, len(args)), args
}

// subscriptionPage reads the next active subscriptions of runs of a digest that are
// not planned yet, only those of the recipients of a partial edition that has some.
// Those that joined for a later run are left to it. Each chooser has its part of the
// page, which is in the order of the subscribers and good until the next one is read.
// parts says in whose part each of the page's subscriptions is.
//
// It reads ranges of ids, of which each has about a page of them, until there is
// half a page at least; of small runs at first all that follow, which often fit. A
// query that orders all that follow and stops after a page may read all that follow
// on PostgreSQL, also of a single run.
func subscriptionPage(ctx context.Context, tx *db.Tx, choosers []*chooser) (parts []int, last bool, err error) {
	low := choosers[0].run.PlanCursor
	for _, c := range choosers {
		c.page = c.page[:0]
		low = min(low, c.run.PlanCursor)
	}
	for len(parts) == 0 && !last {
		r := &seatRows{low: low, rows: choosers[0].together.rows[:0]}
		if last, err = r.fill(ctx, tx, choosers); err != nil {
			return nil, false, err
		}
		parts, low = r.share(choosers), r.low
		choosers[0].together.rows = r.rows
	}
	for _, c := range choosers { // also one without readers there, so that nobody looks for them again
		c.reached = low
	}
	return parts, last, nil
}

// A MIN for each cohort is one look into its index: over all of them it would be
// their whole entries.
const nextSeatQuery = `SELECT COALESCE(MIN(first), 0) FROM (SELECT
	(SELECT MIN(s.subscriber_id) FROM subscriptions s WHERE s.cohort_id = c.id AND s.state = 'active' AND s.subscriber_id > $2%s) AS first
	FROM cohorts c WHERE c.id {in 1}) AS f`

// nextSeat is the first subscriber after low who may be on a page of the choosers, 0
// if there is none. There may be millions of ids before that one, of readers whose
// hour is another, and of nobody.
func nextSeat(ctx context.Context, tx *db.Tx, choosers []*chooser, low int64) (id int64, err error) {
	where, args := among(choosers[0].edition, []any{cohortsOf(choosers), low})
	err = tx.Get(ctx, &id, fmt.Sprintf(nextSeatQuery, where), args...)
	return id, err
}

func cohortsOf(choosers []*chooser) []int64 {
	ids := make([]int64, len(choosers))
	for i, c := range choosers {
		ids[i] = c.run.CohortID
	}
	return ids
}

// seatRows is the subscriptions of some cohorts, in no order.
type seatRows struct {
	low  int64 // they are complete up to this subscriber
	rows []seatRow
}

// seatRow is a subscription of a chooser's cohort.
type seatRow struct {
	part int // the chooser's place among those that ask
	subscription
}

// fill reads on until there is a page. It reports whether that is the last one.
func (s *seatRows) fill(ctx context.Context, tx *db.Tx, choosers []*chooser) (last bool, err error) {
	shared := choosers[0].together
	near := s.low > 0 || shared.reach == everyID // the next reader follows soon
	for len(s.rows) < pageSize/2 {
		if !near {
			next, err := nextSeat(ctx, tx, choosers, s.low)
			if err != nil || next == 0 {
				return err == nil, err
			}
			s.low = next - 1
		}
		had := len(s.rows)
		high := s.low + min(shared.reach, math.MaxInt64-s.low)
		complete, err := s.read(ctx, tx, choosers, high)
		switch {
		case err != nil:
			return false, err
		case !complete && had > 0:
			s.rows = s.rows[:had]
			return false, nil
		case !complete:
			shared.aim(high-s.low, len(s.rows))
			s.rows, near = s.rows[:0], true
			continue
		case high == math.MaxInt64:
			return true, nil
		case len(s.rows) > had: // what follows the last reader of a zone says nothing of the next one
			shared.aim(s.highest(had)-s.low, len(s.rows)-had)
		}
		s.low, near = high, false
	}
	return false, nil
}

// highest is the last subscriber of the rows from the given one on.
func (s *seatRows) highest(from int) int64 {
	return slices.MaxFunc(s.rows[from:], func(a, b seatRow) int { return cmp.Compare(a.SubscriberID, b.SubscriberID) }).SubscriberID
}

// read reads the subscriptions of the choosers' cohorts up to a subscriber. It
// reports false if they are too many for a page. Rows that nobody orders are read
// on SQLite from the index of each cohort, where they lie together.
func (s *seatRows) read(ctx context.Context, tx *db.Tx, choosers []*chooser, high int64) (complete bool, err error) {
	const most = 2 * pageSize
	q := newSeatQuery(choosers[0])
	of := make(map[int64]int, len(choosers))
	for i, c := range choosers {
		of[c.run.CohortID] = i
	}
	where, args := among(choosers[0].edition, []any{cohortsOf(choosers), s.low, high, most - len(s.rows), choosers[0].digest.ID})
	if choosers[0].readsReaders() { // PostgreSQL would read all of them
		where += ` AND u.id > $2 AND u.id <= $3`
	}
	cohort := `s.cohort_id`
	if tx.Dialect() == db.Postgres && high-s.low < sparse*pageSize { // its index lacks the rest of a row, and most of the range is wanted
		cohort = `+s.cohort_id`
	}
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		err := scan(q.fields...)
		s.rows = append(s.rows, seatRow{of[q.cohortID], q.sub})
		return err
	}, q.text+` WHERE `+cohort+` {in 1} AND s.digest_id = $5 AND s.state = 'active' AND s.subscriber_id > $2 AND s.subscriber_id <= $3`+where+`
		LIMIT $4`, args...)
	return len(s.rows) < most, err
}

// share gives the choosers their subscriptions, in the order of the subscribers,
// and returns in whose part each is. The pages of all share memory: of a zone's
// readers there may be a whole page, of the next zone's the one after it.
func (s *seatRows) share(choosers []*chooser) []int {
	var order []int
	counts := make([]int, len(choosers))
	for i := range s.rows {
		row := &s.rows[i]
		if run := choosers[row.part].run; row.SubscriberID > run.PlanCursor && row.JoinedRuns <= run.Number {
			order = append(order, i)
			counts[row.part]++
		}
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(s.rows[i].SubscriberID, s.rows[j].SubscriberID) })
	shared := choosers[0].together
	shared.page = slices.Grow(shared.page[:0], len(order))
	rest := shared.page
	for i, c := range choosers {
		c.page, rest = rest[:0:counts[i]], rest[counts[i]:counts[i]:cap(rest)]
	}
	parts := make([]int, len(order))
	for i, at := range order {
		row := &s.rows[at]
		c := choosers[row.part]
		parts[i], c.page = row.part, append(c.page, row.subscription)
	}
	return parts
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
