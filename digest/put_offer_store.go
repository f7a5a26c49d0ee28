package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// offered is what runs and editions of all digests tell of numbers. While the
// counter of runs is locked, none begins.
type offered struct {
	locked  bool
	until   int64 // no run has offered a number after this
	dropped int64 // deliveries tell who had the stories that arrived after this
}

// lockRuns keeps runs from beginning and reads what they offered, once for all
// stories of a transaction. A run that is being started is waited for.
func (p *put) lockRuns(ctx context.Context) error {
	if p.offered.locked {
		return nil
	}
	if _, err := p.tx.NextIDs(ctx, "run", 0); err != nil {
		return err
	}
	if err := p.tx.Get(ctx, &p.offered.until, `SELECT COALESCE(MAX(to_seq), 0) FROM runs`); err != nil {
		return err
	}
	if err := p.tx.Get(ctx, &p.offered.dropped, `SELECT COALESCE(MAX(r.planned_at), 0) FROM editions e JOIN runs r ON r.edition_id = e.id
		WHERE e.archived_at > 0`); err != nil {
		return err
	}
	p.offered.locked = true
	return nil
}

// offerAnew gives topics of a story a new number where a run has passed the old
// one: it left the story out for some of their readers, whom it reaches now.
// Deliveries tell who had it; where they are gone it keeps its number, for nobody
// gets it twice. What is held back gets a new number when it is released.
func (p *put) offerAnew(ctx context.Context, a *storedArticle, topics []int64) error {
	if len(topics) == 0 || a.HeldAt != 0 {
		return nil
	}
	if err := p.lockRuns(ctx); err != nil {
		return err
	}
	n, err := p.tx.Exec(ctx, `UPDATE article_topics SET seq = $1 WHERE article_id = $2 AND topic_id {in 3} AND seq > 0 AND seq <= $4
			AND EXISTS (SELECT 1 FROM articles a WHERE a.id = $2 AND a.arrived_at - $6 > $5)`,
		p.nextSeq, a.ID, topics, p.offered.until, p.offered.dropped, archivedSlack.Milliseconds())
	if err != nil || n == 0 {
		return err
	}
	p.nextSeq++
	_, err = p.tx.Exec(ctx, `UPDATE articles SET again = 1 WHERE id = $1`, a.ID)
	return err
}

// updateTopics adds the topics that the article lacks and, if all is true,
// takes off those that it no longer matches.
func (p *put) updateTopics(ctx context.Context, a *storedArticle, matches []TopicMatch, all bool) (changed bool, err error) {
	var fresh, marked []TopicMatch
	var back []int64
	for _, m := range matches {
		n := slices.IndexFunc(a.topics, func(have TopicMatch) bool { return have.TopicID == m.TopicID })
		switch {
		case n < 0:
			fresh = append(fresh, m)
		case a.topics[n].Reason == topicGone:
			a.topics[n].Reason = m.Reason
			marked, back = append(marked, m), append(back, m.TopicID)
		}
	}
	if all {
		marked = append(marked, takeOff(a, matches)...)
	}
	if _, err := p.tx.ExecRows(ctx, `UPDATE article_topics SET reason = v.reason FROM {rows}
		WHERE article_topics.article_id = $1 AND article_topics.topic_id = v.topic_id`, matchColumns(marked), a.ID); err != nil {
		return false, err
	}
	if err := p.offerAnew(ctx, a, back); err != nil {
		return false, fmt.Errorf("offer it for topics that are back: %w", err)
	}
	return len(fresh)+len(marked) > 0, p.insertTopics(ctx, a, fresh)
}

// takeOff marks the topics of an article that it no longer matches as gone, and
// returns them. Those of what was folded into it stay.
func takeOff(a *storedArticle, matches []TopicMatch) (gone []TopicMatch) {
	for i, have := range a.topics {
		if have.Reason == topicGone || strings.HasPrefix(have.Reason, FoldReason) ||
			slices.ContainsFunc(matches, func(m TopicMatch) bool { return m.TopicID == have.TopicID }) {
			continue
		}
		a.topics[i].Reason = topicGone
		gone = append(gone, a.topics[i])
	}
	return gone
}
