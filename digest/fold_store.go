package digest

import (
	"context"
	"fmt"
	"strings"

	"broadsheet/internal/db"
)

// leadRow is a story that another one may fold into.
type leadRow struct {
	ID          int64  `db:"id"`
	SourceID    int64  `db:"source_id"`
	PublishedAt int64  `db:"published_at"`
	Lead        int64  `db:"lead"` // itself, or what it is folded into
	Priority    int    `db:"priority"`
	Access      Access `db:"access"`
	Audience    string `db:"audience"`
	Origin      int64  `db:"origin"` // source of the lead
	articleContent
}

// mostCompared is how many texts a new story is compared with, the most alike
// first.
const mostCompared = 20

// leadOf returns the id of the story that a new one folds into, 0 if it stands
// for itself.
func (p *put) leadOf(ctx context.Context, a *storedArticle, in *Incoming, published int64) (int64, error) {
	keys := p.fold.bands[in]
	if len(keys) == 0 || a.HeldAt != 0 || a.backlog {
		return 0, nil
	}
	ids := p.fold.alike(keys)
	leads, err := p.loadLeads(ctx, ids)
	if err != nil {
		return 0, err
	}
	text := newFoldText(&a.content, a.SourceID, published)
	for _, id := range ids {
		lead := leads[id]
		if lead != nil && p.mayFold(lead, in, a) && sameStory(text, newFoldText(&lead.articleContent, lead.SourceID, lead.PublishedAt)) {
			return lead.Lead, nil
		}
	}
	return 0, nil
}

// mayFold reports whether the readers of a lead are those of a new story, and
// no editor's wish is lost with it.
func (p *put) mayFold(lead *leadRow, in *Incoming, a *storedArticle) bool {
	return lead.Access == a.Access && lead.Audience == a.Audience && in.Priority <= lead.Priority &&
		(p.source != nil || lead.Origin == 0) // what the newsroom sends does not give way to a feed
}

// loadLeads reads, of the given stories, those that readers have had lately or
// will have, and those that are folded into such a one.
func (p *put) loadLeads(ctx context.Context, ids []int64) (map[int64]*leadRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []leadRow
	err := p.tx.Select(ctx, &rows, `SELECT a.id, a.source_id, a.published_at, l.id AS lead,
		l.priority, l.access, l.audience, l.source_id AS origin,
		`+contentColumns+`
		FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
		JOIN articles l ON l.id = CASE WHEN a.lead_id > 0 THEN a.lead_id ELSE a.id END
		WHERE a.id {in 1} AND a.withdrawn_at = 0 AND l.withdrawn_at = 0 AND l.held_at = 0 AND l.arrived_at > $2
		AND NOT EXISTS (SELECT 1 FROM article_topics t WHERE t.article_id = l.id AND t.seq = 0)`, ids, p.now-foldWithin.Milliseconds())
	out := make(map[int64]*leadRow, len(rows))
	for i := range rows {
		out[rows[i].ID] = &rows[i]
	}
	return out, err
}

// foldInto makes a story part of its lead: the lead gets the topics that it
// lacks and counts the source.
func (p *put) foldInto(ctx context.Context, a *storedArticle, matches []TopicMatch) error {
	own := ownTopics(matches)
	if _, err := p.tx.Exec(ctx, `UPDATE articles SET own_topics = $1 WHERE id = $2 AND own_topics <> $1`, own, a.ID); err != nil {
		return err
	}
	lead := &storedArticle{ID: a.LeadID}
	if err := p.loadKnownTopics(ctx, map[int64]*storedArticle{lead.ID: lead}); err != nil {
		return err
	}
	lent := make([]TopicMatch, len(matches))
	for i, m := range matches {
		lent[i] = TopicMatch{m.TopicID, FoldReason + m.Reason}
	}
	changed, err := p.updateTopics(ctx, lead, lent, false)
	if err != nil {
		return err
	}
	p.touched = p.touched || changed
	for _, known := range []map[string]*storedArticle{p.byURL, p.byGUID} { // it may come again in this transaction
		for _, a := range known {
			if a.ID == lead.ID {
				a.topics = lead.topics
			}
		}
	}
	return countSources(ctx, p.tx, lead.ID)
}

// FoldReason begins the reason of a topic that a lead has from what was folded
// into it; its own source does not take it off.
const FoldReason = "folded, "

// countSources sets how many sources carry a lead.
func countSources(ctx context.Context, tx *db.Tx, lead int64) error {
	const count = `(SELECT COUNT(DISTINCT CASE WHEN f.source_id > 0 THEN CAST(f.source_id AS TEXT) ELSE f.source_name END)
		FROM articles f WHERE f.id = $1 OR f.lead_id > 0 AND f.lead_id = $1 AND f.withdrawn_at = 0)`
	if _, err := tx.Exec(ctx, `UPDATE articles SET sources = `+count+` WHERE id = $1 AND sources <> `+count, lead); err != nil {
		return fmt.Errorf("count the sources of article %d: %w", lead, err)
	}
	return nil
}

// ownTopics is how the topics of a folded article are kept.
func ownTopics(matches []TopicMatch) string {
	var b strings.Builder
	for _, m := range matches {
		fmt.Fprintf(&b, "%d %s\n", m.TopicID, m.Reason)
	}
	return b.String()
}

// parseOwnTopics is the inverse of ownTopics.
func parseOwnTopics(text string) ([]TopicMatch, error) {
	var out []TopicMatch
	for line := range strings.Lines(text) {
		number, reason, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		id, err := parseNumber(number)
		if err != nil {
			return nil, fmt.Errorf("topics of a folded article: %w", err)
		}
		out = append(out, TopicMatch{id, reason})
	}
	return out, nil
}
