package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// absentArticle is what tells why an article is no candidate.
type absentArticle struct {
	WithdrawnAt int64 `db:"withdrawn_at"`
	HeldAt      int64 `db:"held_at"`
	Embargo     int64 `db:"embargo_until"`
	LeadID      int64 `db:"lead_id"`
	ArrivedAt   int64 `db:"arrived_at"`
	FreshAt     int64 `db:"fresh_at"`
}

// whyAbsent says why an article is not among the candidates of a chooser that
// chose. It returns ErrNotFound if there is no such article.
func (c *chooser) whyAbsent(ctx context.Context, tx *db.Tx, articleID int64) (Verdict, error) {
	var a absentArticle
	err := tx.Get(ctx, &a, `SELECT withdrawn_at, held_at, embargo_until, lead_id, arrived_at, fresh_at FROM articles WHERE id = $1`, articleID)
	if errors.Is(err, db.ErrNoRows) {
		return Verdict{}, fmt.Errorf("article %d: %w", articleID, ErrNotFound)
	} else if err != nil {
		return Verdict{}, fmt.Errorf("article %d: %w", articleID, err)
	}
	v := Verdict{ArticleID: articleID}
	if v.Rule, v.Detail = a.heldBack(); v.Rule != "" {
		return v, nil
	}
	if article := c.edition.ArticleID; article != 0 && article != articleID {
		v.Rule, v.Detail = RuleWindow, fmt.Sprintf("the edition has article %d only", article)
		return v, nil
	}
	if v.Rule, v.Detail, err = c.outside(ctx, tx, articleID); err != nil || v.Rule != "" {
		return v, err
	}
	v.Rule, v.Detail = c.aged(&a)
	return v, nil
}

// heldBack says why nobody may have an article.
func (a *absentArticle) heldBack() (Rule, string) {
	at := func(ms int64) string { return db.Time(ms).Format(time.RFC3339) }
	switch {
	case a.WithdrawnAt != 0:
		return RuleWithdrawn, "withdrawn at " + at(a.WithdrawnAt)
	case a.LeadID != 0:
		return RuleFolded, fmt.Sprintf("folded into article %d", a.LeadID)
	case a.Embargo != 0:
		return RuleEmbargo, "under embargo until " + at(a.Embargo)
	case a.HeldAt != 0:
		return RuleHeld, "held back since " + at(a.HeldAt)
	}
	return "", ""
}

// outside says which of the topics and numbers of an article keep it out of the
// windows that were looked at.
func (c *chooser) outside(ctx context.Context, tx *db.Tx, articleID int64) (Rule, string, error) {
	var topics []topicSeq
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var t topicSeq
		var reason string
		err := scan(&t.topic, &t.seq, &reason)
		if _, ok := c.digest.topics[t.topic]; ok {
			t.gone = reason == topicGone
			topics = append(topics, t)
		}
		return err
	}, `SELECT topic_id, seq, reason FROM article_topics WHERE article_id = $1 ORDER BY seq`, articleID)
	if err != nil || c.edition.ArticleID != 0 {
		return "", "", err
	}
	from := c.earliest()
	inside, last, left := false, int64(0), false
	for _, t := range topics {
		inside = inside || t.seq > max(from, 0) && t.seq <= c.run.ToSeq || from == wholeStock && t.seq <= c.run.ToSeq
		last, left = max(last, t.seq), left || !t.gone
	}
	switch {
	case len(topics) == 0:
		return RuleGone, "it has no topic of " + c.digest.Slug, nil
	case inside:
		return "", "", nil
	case !left:
		return RuleGone, "its topics were taken off", nil
	case last == 0:
		return RuleWindow, "it came with the first fetch of its source, old or without a date, and is in no window", nil
	}
	return RuleWindow, fmt.Sprintf("it came under number %d, the window is (%d, %d]", last, from, c.run.ToSeq), nil
}

// earliest is where the first of the windows begins that were looked at.
func (c *chooser) earliest() int64 {
	from := c.run.FromSeq
	for start := range c.pools {
		from = min(from, start)
	}
	return from
}

// aged says how the times of an article keep it out.
func (c *chooser) aged(a *absentArticle) (Rule, string) {
	age := c.run.DueAt.Sub(db.Time(a.FreshAt)).Round(time.Minute)
	switch {
	case a.ArrivedAt <= c.unproven:
		return RuleHad, "it arrived before deliveries that are gone, and nobody can tell who had it"
	case c.edition.Kind == Welcome:
		return RuleAge, fmt.Sprintf("fresh %s ago, a welcome looks %s back", age, c.digest.Welcome)
	case c.digest.MaxAge > 0:
		return RuleAge, fmt.Sprintf("fresh %s ago, max_age is %s", age, c.digest.MaxAge)
	}
	return RuleWindow, fmt.Sprintf("it became eligible after number %d", c.run.ToSeq)
}
