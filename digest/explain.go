package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// Explanation is what becomes of a digest for one reader, and why.
type Explanation struct {
	Edition *Edition // that it belongs to; it need not exist
	DueAt   time.Time
	From    int64 // the window is (From, To] of the numbers under which stories got their topics
	To      int64

	Frozen bool       // the reader has a delivery: what stands in it is settled, and read from the ledger
	State  string     // of the delivery if Frozen, such as "sent"
	Reason string     // of that state
	Past   bool       // the reader was planned: where nothing is frozen there was no delivery
	Skip   SkipReason // not "": nothing goes out, for this reason
	Remedy string     // what helps against that, for people

	Stories []Explained // the candidates: first those that are the reader's, the best first
	Slots   []SlotVerdict
}

// Explained is what became of one candidate.
type Explained struct {
	Verdict
	Article *Article
}

// RuleFrozen is the rule of the stories that stand in a delivery.
const RuleFrozen Rule = "frozen"

// Explain says what the reader gets of the digest at its first slot at or after
// at, and which rule decides about each story that could stand in it, or about
// the given one only if articleID is not 0. It is made by the code that plans,
// in transactions that cannot write. What the reader has already is read from the
// ledger; the rules are then applied to what is known now.
func (p *Planner) Explain(ctx context.Context, d *Digest, subscriberID int64, at time.Time, articleID int64) (*Explanation, error) {
	x := explainer{planner: p, digest: d, subscriber: subscriberID, asked: articleID, out: &Explanation{}}
	if err := x.explain(ctx, at); err != nil {
		return nil, fmt.Errorf("explain %s for subscriber %d: %w", d.Slug, subscriberID, err)
	}
	return x.out, nil
}

// explainer is an explanation in the making.
type explainer struct {
	planner    *Planner
	digest     *Digest
	subscriber int64
	asked      int64
	sub        subscription
	cohort     cohort
	chooser    *chooser
	frozen     *Selection // nil if the reader has no delivery
	out        *Explanation
}

func (x *explainer) explain(ctx context.Context, at time.Time) error {
	if err := x.find(ctx, at); err != nil {
		return err
	}
	c := x.chooser
	c.asked = x.asked
	x.out.Edition, x.out.DueAt = c.edition, c.run.DueAt
	x.out.To = c.run.ToSeq
	var verdicts []Verdict
	c.trace = func(v Verdict) { verdicts = append(verdicts, v) }
	return x.planner.store.db.View(ctx, func(tx *db.Tx) error {
		verdicts = nil
		pick, _, _, err := c.one(ctx, tx, &x.sub, x.planner.store.now())
		if err != nil {
			return err
		}
		x.out.From = c.from(&x.sub) // which it knows now
		kept, err := keptBack(ctx, tx, c, x.out.From)
		if err != nil {
			return err
		}
		x.settle(pick)
		x.out.Slots = c.slots.verdicts(x.sub.Attributes, x.frozen, pick)
		return x.tell(ctx, tx, x.merge(append(verdicts, kept...)))
	})
}

// find sets the chooser: that of the run that began already, or of one that does
// not exist.
func (x *explainer) find(ctx context.Context, at time.Time) error {
	p := x.planner
	var run *Run
	err := p.store.db.View(ctx, func(tx *db.Tx) error {
		cohorts, sub, err := subscriptionOf(ctx, tx, x.digest.ID, x.subscriber)
		if err != nil {
			return err
		}
		if len(cohorts) == 0 {
			return ErrNotSubscribed
		}
		x.cohort, x.sub = cohorts[0], sub
		run, err = x.begun(ctx, tx, at)
		return err
	})
	if err != nil {
		return err
	}
	if run == nil {
		x.chooser, err = p.imagineSlot(ctx, &Send{Digest: x.digest}, x.cohort, at)
		return err
	}
	return x.past(ctx, run)
}

// begun returns the first run with the reader in it that is due at or after at,
// nil if none has begun.
func (x *explainer) begun(ctx context.Context, tx *db.Tx, at time.Time) (*Run, error) {
	runs, err := selectRuns(ctx, tx, `JOIN editions e ON e.id = r.edition_id
		WHERE e.digest_id = $1 AND r.due_at >= $2 AND e.state <> 'cancelled' AND (r.cohort_id = $3 AND e.partial = 0 OR EXISTS (
			SELECT 1 FROM deliveries d WHERE d.day = e.day AND d.edition_id = e.id AND d.subscriber_id = $4 AND d.run_id = r.id))
		ORDER BY r.due_at, r.id LIMIT 1`, x.digest.ID, db.Millis(at), x.cohort.ID, x.subscriber)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return &runs[0], nil
}

// past prepares to explain a run that began, and reads what the reader has of
// it.
func (x *explainer) past(ctx context.Context, run *Run) error {
	p := x.planner
	return p.store.db.View(ctx, func(tx *db.Tx) error {
		e, err := editionByID(ctx, tx, run.EditionID)
		if err != nil {
			return err
		}
		x.chooser = newChooser(p.setup, x.digest, e, run)
		if x.chooser.admittedSince, err = p.admittedSince(ctx); err != nil {
			return err
		}
		x.out.Past = !run.PlannedAt.IsZero() || run.PlanCursor >= x.subscriber
		if x.out.Past && x.sub.JoinedRuns == run.Number+1 { // it stayed open: it began there in this run, too
			x.sub.JoinedRuns = run.Number
		}
		var text string
		err = tx.Each(ctx, func(scan func(dest ...any) error) error { return scan(&x.out.State, &x.out.Reason, &text) },
			`SELECT d.state, d.reason, s.stories FROM deliveries d JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
			WHERE d.day = $1 AND d.edition_id = $2 AND d.subscriber_id = $3`, e.Slot.DayNumber(), e.ID, x.subscriber)
		if err != nil || x.out.State == "" {
			return err
		}
		had, err := parseSelection(text)
		x.frozen, x.out.Frozen, x.out.Past = &had, true, true
		return err
	})
}

// settle sets whether anything goes out.
func (x *explainer) settle(pick chosen) {
	if x.frozen != nil {
		return
	}
	x.out.Skip = pick.skip
	x.out.Remedy = x.remedy(pick)
}

// merge puts what is frozen first. The rules say why all others are not there.
func (x *explainer) merge(verdicts []Verdict) []Verdict {
	if x.frozen == nil {
		return verdicts
	}
	var out []Verdict
	there, gone := map[int64]bool{}, map[int64]bool{}
	for _, v := range verdicts {
		gone[v.ArticleID] = v.Rule == RuleWithdrawn
	}
	for i := range x.frozen.Stories {
		pick := &x.frozen.Stories[i]
		if gone[pick.ArticleID] && x.out.State == "pending" {
			continue // it falls out as the mail is composed
		}
		there[pick.ArticleID] = true
		out = append(out, Verdict{ArticleID: pick.ArticleID, Chosen: true, Section: pick.TopicID, Rule: RuleFrozen,
			Detail: "it stands in the reader's delivery of " + x.chooser.edition.Key})
	}
	for _, v := range verdicts {
		if there[v.ArticleID] {
			continue
		}
		if v.Chosen {
			v.Chosen, v.Section = false, 0
			v.Detail = "it was not there to be chosen when this edition was planned; by what is known now: " + v.Detail
		}
		out = append(out, v)
	}
	return out
}

// tell adds the articles to the verdicts.
func (x *explainer) tell(ctx context.Context, tx *db.Tx, verdicts []Verdict) error {
	known := slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.ArticleID == x.asked })
	if x.asked != 0 {
		if !known {
			v, err := x.unlisted(ctx, tx)
			if err != nil {
				return err
			}
			verdicts = append(verdicts, v)
		}
		verdicts = slices.DeleteFunc(verdicts, func(v Verdict) bool { return v.ArticleID != x.asked })
	}
	ids := make([]int64, len(verdicts))
	for i, v := range verdicts {
		ids[i] = v.ArticleID
	}
	articles, err := newestOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	x.out.Stories = make([]Explained, len(verdicts))
	for i, v := range verdicts {
		x.out.Stories[i] = Explained{v, articles[v.ArticleID]}
	}
	return nil
}

// newestOf loads articles as they are, also those that were withdrawn.
func newestOf(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]*Article, error) {
	var rows []articleRow
	err := tx.Select(ctx, &rows, `SELECT `+articleColumns+` FROM articles a
		JOIN article_versions v ON v.article_id = a.id AND v.version = a.version WHERE a.id {in 1}`, ids)
	if err != nil {
		return nil, fmt.Errorf("load articles: %w", err)
	}
	out := make(map[int64]*Article, len(rows))
	for i := range rows {
		out[rows[i].ID] = rows[i].article()
	}
	return out, nil
}

// remedy says what helps a reader who gets nothing.
func (x *explainer) remedy(pick chosen) string {
	d := x.digest
	switch pick.skip {
	case SkipNothingNew:
		return "no story came for the reader in the window: see why at each story, or ask for one with --article"
	case SkipTooFew:
		return fmt.Sprintf("%s of at least %d, min_items: they come with the next edition", stories(pick.stories), d.MinItems)
	case SkipNotAdmitted:
		return "the warming-up of the sending domain has yet to reach the reader, who gets these stories when it has"
	case SkipPaused:
		return "the reader paused until " + inUTC(x.sub.PausedUntil) + " and can end that on the preference page"
	case SkipDailyCap:
		return fmt.Sprintf("the reader had %d of this date already, daily_cap: the stories come with the next edition", d.DailyCap)
	case SkipMoved:
		return "the reader had this date's edition where the reader lived before: the stories come with the next"
	case SkipNotAudience:
		return fmt.Sprintf("the digest is for %s, the reader has %s", strings.Join(d.Audience, ", "),
			strings.Join(splitPairs(x.planner.setup.attributesOf(x.sub.Attributes)), ", "))
	}
	if x.out.Past {
		return "the reader had no delivery then, and by what is known now would have"
	}
	return ""
}

func stories(n int) string {
	if n == 1 {
		return "1 story"
	}
	return fmt.Sprintf("%d stories", n)
}
