package digest

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
)

// unlisted is the verdict about a story at which choosing did not look at all.
func (x *explainer) unlisted(ctx context.Context, tx *db.Tx) (Verdict, error) {
	v := Verdict{ArticleID: x.asked, Rule: RuleGone, Detail: "the digest offers none of its topics"}
	articles, err := newestOf(ctx, tx, []int64{x.asked})
	if err != nil {
		return v, err
	}
	a := articles[x.asked]
	switch {
	case a == nil:
		return v, fmt.Errorf("article %d: %w", x.asked, ErrNotFound)
	case x.out.Skip != "" && x.chooser.passes(&x.sub) != "":
		v.Rule, v.Detail = Rule(x.out.Skip), "the reader gets nothing at all, whatever there is"
	case db.Millis(a.ArrivedAt) <= x.chooser.unproven.until:
		v.Rule, v.Detail = RuleHad, "the deliveries that could tell who had it are gone"
	}
	return v, nil
}

// keptBack gives the verdicts about the stories of a window that cannot be
// chosen at all, and about the one that is asked for.
func keptBack(ctx context.Context, tx *db.Tx, c *chooser, from int64) ([]Verdict, error) {
	var out []Verdict
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var v Verdict
		var withdrawn, lead, embargo, held int64
		if err := scan(&v.ArticleID, &withdrawn, &lead, &embargo, &held); err != nil {
			return err
		}
		switch {
		case withdrawn > 0:
			v.Rule, v.Detail = RuleWithdrawn, "withdrawn at "+inUTC(withdrawn)
		case lead > 0:
			v.Rule, v.Detail = RuleFolded, fmt.Sprintf("a near-duplicate of story %d, which stands for it", lead)
		case embargo > 0:
			v.Rule, v.Detail = RuleEmbargo, "until "+inUTC(embargo)
		default:
			v.Rule, v.Detail = RuleHeld, "held since "+inUTC(held)+" until it is released"
		}
		out = append(out, v)
		return nil
	}, `SELECT a.id, a.withdrawn_at, a.lead_id, a.embargo_until, a.held_at FROM articles a
		WHERE NOT (`+eligible+`) AND (a.id = $3 OR a.id IN (SELECT w.article_id FROM article_topics w WHERE w.seq > $1 AND w.seq <= $2))
		ORDER BY a.id DESC`, max(from, 0), c.run.ToSeq, c.asked)
	if err != nil {
		return nil, fmt.Errorf("load what is kept back: %w", err)
	}
	return out, nil
}

func inUTC(ms int64) string { return db.Time(ms).UTC().Format("2006-01-02 15:04 UTC") }
