package digest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// Whether a reader already had a story follows from the numbers of windows, but
// for some cases in which the ledger has to tell: which deliveries the reader
// has, and what was in their selections.

// sparse is by how much the ids of a page are apart on average where its readers
// are looked up one by one.
const sparse = 4

// clockSlack is by how much the clocks of hosts may differ where the time when
// a run was planned is held against the time when an article arrived. Too many
// editions do no harm.
const clockSlack = 60 * 60 * 1000

// ref names a selection of an edition.
type ref struct{ edition, selection int64 }

// brought is what a delivery brought its reader.
type brought struct {
	ref
	composedAt int64 // when the text was read that the reader got, 0 if none or not asked for
}

// evidence is what the ledger tells of the subscribers of a page.
type evidence struct {
	brought map[int64][]brought
	today   map[int64]int  // deliveries of the slot's date
	madeUp  map[int64]bool // who had an edition that made up for this one
}

// query says which editions are proof for a page. Times are the earliest arrival
// of the articles in question, never for none.
type query struct {
	partial int64   // partial editions whose windows reach past this number
	carried int64   // editions whose readers kept their windows open, with windows that reach past this number
	own     int64   // editions of the digest planned since then
	across  int64   // editions of the digests that share no story with it planned since then
	others  []int64 // those digests
}

const never = math.MaxInt64

func newQuery() query { return query{partial: never, carried: never, own: never, across: never} }

// editionDay is an edition with the day of its deliveries.
type editionDay struct {
	ID  int64 `db:"id"`
	Day int64 `db:"day"`
}

// idsAndDays returns the ids of editions and the days of their deliveries.
func idsAndDays(editions []editionDay) (ids, days []int64) {
	for _, e := range editions {
		if ids = append(ids, e.ID); !slices.Contains(days, e.Day) {
			days = append(days, e.Day)
		}
	}
	return ids, days
}

// proofs returns the editions that a query asks for, but for the given one.
// Those that are archived have no deliveries any more.
func (q *query) proofs(ctx context.Context, tx *db.Tx, digestID, editionID int64) ([]editionDay, error) {
	args := []any{editionID}
	arg := func(v any) string { args = append(args, v); return strconv.Itoa(len(args)) }
	runs := func(condition string) string {
		return `EXISTS (SELECT 1 FROM runs r WHERE r.edition_id = e.id AND ` + condition + `)`
	}
	plannedSince := func(since int64) string {
		return runs(`(r.planned_at = 0 OR r.planned_at >= $` + arg(since-clockSlack) + `)`)
	}
	var own, all []string
	if q.partial != never {
		own = append(own, `e.partial = 1 AND `+runs(`r.to_seq > $`+arg(q.partial)))
	}
	if q.carried != never {
		own = append(own, runs(`r.carried = 1 AND r.to_seq > $`+arg(q.carried)))
	}
	if q.own != never {
		own = append(own, plannedSince(q.own))
	}
	if len(own) > 0 {
		all = append(all, `e.digest_id = $`+arg(digestID)+` AND (`+strings.Join(own, ` OR `)+`)`)
	}
	if q.across != never && len(q.others) > 0 {
		all = append(all, `e.digest_id {in `+arg(q.others)+`} AND `+plannedSince(q.across))
	}
	if len(all) == 0 {
		return nil, nil
	}
	var out []editionDay
	err := tx.Select(ctx, &out, `SELECT e.id, e.day FROM editions e
		WHERE e.id <> $1 AND e.archived_at = 0 AND (`+strings.Join(all, ` OR `)+`) ORDER BY e.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("find editions that are proof: %w", err)
	}
	return out, nil
}

// counts is SQL for the deliveries d of editions e that a reader has or will
// have. What is pending in a cancelled edition will never go out.
const counts = `(d.state IN ('sent', 'uncertain') OR d.state = 'pending' AND e.state <> 'cancelled')`

// composedText is SQL for when the text was read of which something left us:
// from then on it is fixed.
const composedText = `COALESCE((SELECT MIN(a.composed_at) FROM attempts a
	WHERE a.day = d.day AND a.edition_id = d.edition_id AND a.subscriber_id = d.subscriber_id
	AND (a.class = 'accepted' OR a.phase IN ('body', 'dot'))), 0)`

// readers is SQL that confines deliveries d to the subscribers of a page, with
// its two or three arguments from the given number on. Beside it a plus stands before
// each edition_id, to keep both engines from reading whole editions by their batches.
func readers(page []subscription, n int) (where string, args []any) {
	first, last := page[0].SubscriberID, page[len(page)-1].SubscriberID
	where = fmt.Sprintf(`d.subscriber_id >= $%d AND d.subscriber_id <= $%d`, n, n+1)
	args = []any{first, last}
	if last-first < int64(sparse*len(page)) {
		return where, args
	}
	ids := make([]int64, len(page))
	for i := range page {
		ids[i] = page[i].SubscriberID
	}
	return where + fmt.Sprintf(` AND d.subscriber_id {in %d}`, n+2), append(args, ids)
}

func broughtQuery(composedAt, where string) string {
	return `SELECT d.subscriber_id, d.edition_id, d.selection_id, ` + composedAt + `
		FROM deliveries d JOIN editions e ON e.id = +d.edition_id AND e.day = d.day
		WHERE d.day {in 1} AND +d.edition_id {in 2} AND ` + where + ` AND ` + counts + `
		ORDER BY d.edition_id, d.subscriber_id`
}

func todayQuery(where string) string {
	return `SELECT d.subscriber_id, COUNT(*) FROM deliveries d JOIN editions e ON e.id = +d.edition_id AND e.day = d.day
		WHERE d.day = $1 AND e.digest_id = $2 AND e.id <> $3 AND ` + where + ` AND ` + counts + `
		GROUP BY d.subscriber_id`
}

func madeUpQuery(where string) string {
	return `SELECT d.subscriber_id FROM deliveries d WHERE d.day {in 1} AND +d.edition_id {in 2} AND ` + where
}

// loadBrought returns what editions brought to the subscribers of a page, of
// each in the order of the editions.
func loadBrought(ctx context.Context, tx *db.Tx, editions []editionDay, page []subscription, composed bool) (map[int64][]brought, error) {
	if len(editions) == 0 {
		return nil, nil
	}
	composedAt := `CAST(0 AS BIGINT)`
	if composed {
		composedAt = composedText
	}
	ids, days := idsAndDays(editions)
	where, args := readers(page, 3)
	out := map[int64][]brought{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber int64
		var b brought
		err := scan(&subscriber, &b.edition, &b.selection, &b.composedAt)
		out[subscriber] = append(out[subscriber], b)
		return err
	}, broughtQuery(composedAt, where), append([]any{days, ids}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("load what editions brought: %w", err)
	}
	return out, nil
}

// loadToday counts the deliveries that the subscribers of a page have of a
// digest's editions of a day, but for one edition.
func loadToday(ctx context.Context, tx *db.Tx, digestID, editionID int64, day int, page []subscription) (map[int64]int, error) {
	where, args := readers(page, 4)
	out := map[int64]int{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var subscriber int64
		var n int
		err := scan(&subscriber, &n)
		out[subscriber] = n
		return err
	}, todayQuery(where), append([]any{day, digestID, editionID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("count the deliveries of the day: %w", err)
	}
	return out, nil
}

// madeUpEditions returns the editions that made up for one, for readers who had
// moved to where its slot was past. For an edition that is only imagined it
// returns itself, too, if others have it already: when it is planned, that shows
// by its key.
func madeUpEditions(ctx context.Context, tx *db.Tx, e *Edition) ([]editionDay, error) {
	if e.Kind != Scheduled {
		return nil, nil
	}
	kinds := []string{string(Moved)}
	if e.ID == 0 {
		kinds = append(kinds, string(Scheduled))
	}
	var editions []editionDay
	err := tx.Select(ctx, &editions, `SELECT e.id, e.day FROM editions e WHERE e.digest_id = $1 AND e.slot >= $2 AND e.slot < $3 AND e.kind {in 4}`,
		e.DigestID, e.Slot.String(), e.Slot.Add(time.Minute).String(), kinds)
	if err != nil {
		return nil, fmt.Errorf("find what made up for this edition: %w", err)
	}
	return editions, nil
}

// loadMadeUp returns which subscribers of a page have a delivery of editions that
// made up for theirs.
func loadMadeUp(ctx context.Context, tx *db.Tx, editions []editionDay, page []subscription) (map[int64]bool, error) {
	if len(editions) == 0 { // as nearly always
		return nil, nil
	}
	ids, days := idsAndDays(editions)
	where, args := readers(page, 3)
	var had []int64
	err := tx.Select(ctx, &had, madeUpQuery(where), append([]any{days, ids}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("load who had this edition elsewhere: %w", err)
	}
	out := make(map[int64]bool, len(had))
	for _, id := range had {
		out[id] = true
	}
	return out, nil
}

// content is what a selection brought.
type content struct {
	articles    []int64
	corrections []int64
}

// loadContents adds the contents of the selections that a page's readers had to
// those that are known, which are bounded.
func loadContents(ctx context.Context, tx *db.Tx, known map[ref]content, had map[int64][]brought) error {
	missing := missingOf(known, had)
	n := 0
	for _, ids := range missing {
		n += len(ids)
	}
	if n > 0 && len(known)+n > mostChoices {
		clear(known)
		missing = missingOf(known, had)
	}
	for edition, ids := range missing {
		err := tx.Each(ctx, func(scan func(dest ...any) error) error {
			r := ref{edition: edition}
			var text string
			if err := scan(&r.selection, &text); err != nil {
				return err
			}
			selection, err := parseSelection(text)
			known[r] = content{selection.articleIDs(), selection.Corrections}
			return err
		}, `SELECT id, stories FROM selections WHERE edition_id = $1 AND id {in 2}`, edition, ids)
		if err != nil {
			return fmt.Errorf("load what edition %d brought: %w", edition, err)
		}
	}
	return nil
}

// missingOf returns the selections whose contents are not known, by edition.
func missingOf(known map[ref]content, had map[int64][]brought) map[int64][]int64 {
	missing, seen := map[int64][]int64{}, map[ref]bool{}
	for _, list := range had {
		for _, b := range list {
			if _, ok := known[b.ref]; !ok && !seen[b.ref] {
				seen[b.ref] = true
				missing[b.edition] = append(missing[b.edition], b.selection)
			}
		}
	}
	return missing
}

// correction is what readers are told who had an article before it was put
// right.
type correction struct {
	ID        int64 `db:"id"`
	ArticleID int64 `db:"article_id"`
	Seq       int64 `db:"seq"`
	At        int64 `db:"at"`
	ArrivedAt int64 `db:"arrived_at"` // of the article
}

func loadCorrections(ctx context.Context, tx *db.Tx, w window) ([]correction, error) {
	var out []correction
	err := tx.Select(ctx, &out, `SELECT c.id, c.article_id, c.seq, c.at, a.arrived_at FROM corrections c JOIN articles a ON a.id = c.article_id
		WHERE c.seq > $1 AND c.seq <= $2 ORDER BY c.id`, w.from, w.to)
	if err != nil {
		return nil, fmt.Errorf("load corrections: %w", err)
	}
	return out, nil
}

// shareLock lets the planners of digests that share no story take turns, a page
// each, until the transaction ends: what one gives its readers is seen by the
// other.
func shareLock(ctx context.Context, tx *db.Tx) error {
	_, err := tx.NextIDs(ctx, "once_across", 0)
	return err
}
