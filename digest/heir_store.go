package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// heirQuery is SQL for the story that takes the place of a lead a which is
// withdrawn: the first of those folded into it that has topics, 0 for none.
const heirQuery = `COALESCE((SELECT f.id FROM articles f WHERE f.lead_id > 0 AND f.lead_id = a.id AND f.withdrawn_at = 0 AND f.own_topics <> ''
	ORDER BY f.arrived_at, f.id LIMIT 1), 0)`

// copyOf is a story that is folded into another one.
type copyOf struct {
	ID        int64  `db:"id"`
	OwnTopics string `db:"own_topics"`
	Withdrawn int64  `db:"withdrawn_at"`
	matches   []TopicMatch
}

// inherit puts one of the stories that are folded into a withdrawn lead in its
// place. It takes over the numbers, so that whose windows are past them are not
// offered it, and is known to have been had by who had the lead. The others fold
// into it from now on.
func (a *deskArticle) inherit(ctx context.Context, tx *db.Tx, now int64) error {
	if a.Heir == 0 {
		return nil
	}
	copies, err := copiesOf(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE articles SET lead_id = CASE WHEN id = $1 THEN 0 ELSE $1 END, unfolded_from = $2, unfolded_at = $3
		WHERE lead_id > 0 AND lead_id = $2`, a.Heir, a.ID, now); err != nil {
		return fmt.Errorf("take the place of article %d: %w", a.ID, err)
	}
	const of = `(SELECT l.%s FROM articles l WHERE l.id = $2)`
	if _, err := tx.Exec(ctx, `UPDATE articles SET own_topics = '', instead_of = TRIM(`+fmt.Sprintf(of, "instead_of")+` || ' ' || CAST($5 AS TEXT)),
		arrived_at = `+fmt.Sprintf(of, "arrived_at")+`, again = `+fmt.Sprintf(of, "again")+`, held_at = $3, embargo_until = $4 WHERE id = $1`,
		a.Heir, a.ID, a.HeldAt, a.Embargo, fmt.Sprint(a.ID)); err != nil {
		return fmt.Errorf("take the place of article %d: %w", a.ID, err)
	}
	if err := a.bequeath(ctx, tx, copies); err != nil {
		return err
	}
	if err := countSources(ctx, tx, a.Heir); err != nil {
		return err
	}
	return recordChange(ctx, tx, Change{
		At: db.Time(now), Who: "broadsheet", Noun: "article", Key: fmt.Sprint(a.Heir), Action: "lead", Detail: fmt.Sprintf("in the place of article %d", a.ID),
	})
}

func copiesOf(ctx context.Context, tx *db.Tx, lead int64) (copies []copyOf, err error) {
	err = tx.Select(ctx, &copies, `SELECT id, own_topics, withdrawn_at FROM articles WHERE lead_id > 0 AND lead_id = $1 ORDER BY arrived_at, id`, lead)
	if err != nil {
		return nil, fmt.Errorf("load what is folded into article %d: %w", lead, err)
	}
	for i := range copies {
		if copies[i].matches, err = parseOwnTopics(copies[i].OwnTopics); err != nil {
			return nil, err
		}
	}
	return copies, nil
}

// bequeath gives the heir of a lead its topics with their numbers. What none of
// the stories has that are left stays as the number of a topic that is gone.
func (a *deskArticle) bequeath(ctx context.Context, tx *db.Tx, copies []copyOf) error {
	reasons := map[int64]string{}
	for _, c := range copies {
		for _, m := range c.matches {
			switch had := reasons[m.TopicID]; {
			case c.ID == a.Heir:
				reasons[m.TopicID] = m.Reason
			case c.Withdrawn == 0 && had == "":
				reasons[m.TopicID] = FoldReason + m.Reason
			}
		}
	}
	var ids, seqs []int64
	var why []string
	if err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id, seq int64
		err := scan(&id, &seq)
		reason := reasons[id]
		if reason == "" {
			reason = topicGone
		}
		ids, seqs, why = append(ids, id), append(seqs, seq), append(why, reason)
		return err
	}, `SELECT topic_id, seq FROM article_topics WHERE article_id = $1 ORDER BY topic_id`, a.ID); err != nil {
		return err
	}
	_, err := tx.ExecRows(ctx, `INSERT INTO article_topics (article_id, topic_id, seq, reason) SELECT $1, v.topic_id, v.seq, v.reason FROM {rows}`,
		[]db.Column{db.Ints("topic_id", ids), db.Ints("seq", seqs), db.Texts("reason", why)}, a.Heir)
	return err
}

// followHeir makes a withdrawn story whose place another one took part of that,
// as its system publishes it again. It reports false where none stands there.
func (a *deskArticle) followHeir(ctx context.Context, tx *db.Tx) (done bool, err error) {
	heirs, err := heirsOf(ctx, tx, []int64{a.ID}, time.Time{})
	if err != nil || heirs[a.ID].ID == 0 {
		return false, err
	}
	heir := heirs[a.ID].ID
	var rows []struct {
		TopicID int64  `db:"topic_id"`
		Reason  string `db:"reason"`
	}
	if err := tx.Select(ctx, &rows, `SELECT topic_id, reason FROM article_topics WHERE article_id = $1 ORDER BY topic_id`, a.ID); err != nil {
		return false, err
	}
	var own []TopicMatch
	var ids []int64
	var why []string
	for _, row := range rows {
		if row.Reason != topicGone && !strings.HasPrefix(row.Reason, FoldReason) {
			own = append(own, TopicMatch{row.TopicID, row.Reason})
			ids, why = append(ids, row.TopicID), append(why, FoldReason+row.Reason)
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM article_topics WHERE article_id = $1`, a.ID); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE articles SET lead_id = $1, own_topics = $2, withdrawn_at = 0, held_at = 0, embargo_until = 0 WHERE id = $3`,
		heir, ownTopics(own), a.ID); err != nil {
		return false, err
	}
	if err := a.returnTopics(ctx, tx, heir, ids, why); err != nil {
		return false, err
	}
	return true, countSources(ctx, tx, heir)
}

// returnTopics gives the heir back the topics that it lost with this story. They
// have a new number, so that deliveries tell who had it.
func (a *deskArticle) returnTopics(ctx context.Context, tx *db.Tx, heir int64, ids []int64, why []string) error {
	seq, err := tx.NextIDs(ctx, "article_seq", 1)
	if err != nil {
		return err
	}
	n, err := tx.ExecRows(ctx, `UPDATE article_topics SET reason = v.reason, seq = $3 FROM {rows}
		WHERE article_topics.article_id = $1 AND article_topics.topic_id = v.topic_id AND article_topics.reason = $2`,
		[]db.Column{db.Ints("topic_id", ids), db.Texts("reason", why)}, heir, topicGone, seq)
	if err == nil && n > 0 {
		_, err = tx.Exec(ctx, `UPDATE articles SET again = 1 WHERE id = $1`, heir)
	}
	return err
}

// heir stands in the place of a withdrawn article.
type heir struct {
	Of   int64 `db:"of_id"`
	ID   int64 `db:"id"`
	Same int   `db:"same"` // both are for the same readers
}

// heirsOf returns which articles stand in the place of withdrawn ones at a time,
// zero for now. One that is itself part of another is that.
func heirsOf(ctx context.Context, tx *db.Tx, ids []int64, at time.Time) (map[int64]heir, error) {
	var rows []heir
	err := tx.Select(ctx, &rows, `SELECT w.id AS of_id, CASE WHEN h.lead_id > 0 THEN h.lead_id ELSE h.id END AS id,
		CASE WHEN h.access = w.access AND h.audience = w.audience THEN 1 ELSE 0 END AS same
		FROM articles w JOIN articles h ON h.instead_of <> '' AND ' ' || h.instead_of || ' ' LIKE '% ' || CAST(w.id AS TEXT) || ' %'
		WHERE w.id {in 1} AND (h.withdrawn_at = 0 OR CAST($2 AS BIGINT) > 0 AND h.withdrawn_at > $2) ORDER BY h.id`, ids, db.Millis(at))
	if err != nil {
		return nil, fmt.Errorf("find what stands in the place of articles: %w", err)
	}
	out := make(map[int64]heir, len(rows))
	for _, row := range rows {
		out[row.Of] = row
	}
	return out, nil
}

// loadHeirs adds what stands at a time in the place of those articles that were
// withdrawn by then, so that mails which are planned bring that instead.
func loadHeirs(ctx context.Context, tx *db.Tx, ids []int64, articles map[int64]*Article, at time.Time) error {
	gone := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return articles[id] != nil })
	if len(gone) == 0 {
		return nil
	}
	heirs, err := heirsOf(ctx, tx, gone, at)
	if err != nil || len(heirs) == 0 {
		return err
	}
	var instead []int64
	for _, h := range heirs {
		instead = append(instead, h.ID)
	}
	there, err := standingAsOf(ctx, tx, instead, at)
	for of, h := range heirs {
		if a := there[h.ID]; a != nil && h.Same == 1 && articles[h.ID] == nil {
			articles[of] = a
		}
	}
	return err
}

// parsePlaces reads articles.instead_of.
func parsePlaces(text string) []int64 {
	var out []int64
	for field := range strings.FieldsSeq(text) {
		if id, err := parseNumber(field); err == nil {
			out = append(out, id)
		}
	}
	return out
}
