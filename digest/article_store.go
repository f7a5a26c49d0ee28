package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

type articleRow struct {
	ID          int64  `db:"id"`
	SourceID    int64  `db:"source_id"`
	GUID        string `db:"guid"`
	SourceName  string `db:"source_name"`
	Priority    int    `db:"priority"`
	PublishedAt int64  `db:"published_at"`
	ArrivedAt   int64  `db:"arrived_at"`
	PinnedUntil int64  `db:"pinned_until"`
	HeldAt      int64  `db:"held_at"`
	WithdrawnAt int64  `db:"withdrawn_at"`
	Version     int    `db:"version"`
	FromAt      int64  `db:"from_at"`

	EmbargoUntil int64  `db:"embargo_until"`
	FreshAt      int64  `db:"fresh_at"`
	Access       Access `db:"access"`
	Audience     string `db:"audience"`
	LeadID       int64  `db:"lead_id"`
	Sources      int    `db:"sources"`
	articleContent
}

const articleColumns = `a.id, a.source_id, a.guid, a.source_name, a.priority, a.published_at, a.arrived_at,
	a.pinned_until, a.held_at, a.withdrawn_at, v.version, v.from_at,
	a.embargo_until, a.fresh_at, a.access, a.audience, a.lead_id, a.sources,
	` + contentColumns

func (r *articleRow) article() *Article {
	return &Article{
		ID: r.ID, SourceID: r.SourceID, GUID: r.GUID, URL: r.URL, Title: r.Title, Summary: r.Summary, Body: r.Body,
		Author: r.Author, ImageURL: r.ImageURL, ImageAlt: r.ImageAlt, ImageWidth: r.ImageWidth, ImageHeight: r.ImageHeight,
		ImageCredit: r.ImageCredit, ModifiedAt: db.Time(r.ModifiedAt), SourceName: r.SourceName, Language: r.Language,
		Priority: r.Priority, Version: r.Version, PublishedAt: db.Time(r.PublishedAt), ArrivedAt: db.Time(r.ArrivedAt),
		UpdatedAt: db.Time(r.FromAt), PinnedUntil: db.Time(r.PinnedUntil), HeldAt: db.Time(r.HeldAt), WithdrawnAt: db.Time(r.WithdrawnAt),
		EmbargoUntil: db.Time(r.EmbargoUntil), FreshAt: db.Time(r.FreshAt), Access: r.Access, Audience: splitPairs(r.Audience),
		LeadID: r.LeadID, Sources: r.Sources,
	}
}

// articlesAsOf loads articles with the text that they had at a time, by id;
// those withdrawn by then are left out, or are what stands in their place.
func articlesAsOf(ctx context.Context, tx *db.Tx, ids []int64, at time.Time) (map[int64]*Article, error) {
	out, err := standingAsOf(ctx, tx, ids, at)
	if err != nil {
		return nil, err
	}
	return out, loadHeirs(ctx, tx, ids, out, at)
}

// standingAsOf is articlesAsOf without what stands in the place of others.
func standingAsOf(ctx context.Context, tx *db.Tx, ids []int64, at time.Time) (map[int64]*Article, error) {
	var rows []articleRow
	err := tx.Select(ctx, &rows, `SELECT `+articleColumns+` FROM articles a
		JOIN article_versions v ON v.article_id = a.id AND v.version = (
			SELECT max(w.version) FROM article_versions w WHERE w.article_id = a.id AND (w.from_at <= $2 OR w.version = 1))
		WHERE a.id {in 1} AND (a.withdrawn_at = 0 OR a.withdrawn_at > $2)`, ids, db.Millis(at))
	if err != nil {
		return nil, fmt.Errorf("load articles: %w", err)
	}
	out := make(map[int64]*Article, len(rows))
	for i := range rows {
		out[rows[i].ID] = rows[i].article()
	}
	if err := loadTopics(ctx, tx, out); err != nil {
		return nil, err
	}
	return out, loadAlsoFrom(ctx, tx, ids, out, at)
}

// loadAlsoFrom names the other sources of articles, as they were at a time.
func loadAlsoFrom(ctx context.Context, tx *db.Tx, ids []int64, articles map[int64]*Article, at time.Time) error {
	const there = `f.source_name <> '' AND f.arrived_at <= $2 AND (f.withdrawn_at = 0 OR f.withdrawn_at > $2)`
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var lead, id int64
		var name string
		if err := scan(&lead, &name, &id); err != nil {
			return err
		}
		if a := articles[lead]; a != nil && name != a.SourceName && !slices.Contains(a.AlsoFrom, name) {
			a.AlsoFrom = append(a.AlsoFrom, name)
		}
		return nil
	}, `SELECT f.lead_id AS lead, f.source_name, f.id FROM articles f WHERE f.lead_id > 0 AND f.lead_id {in 1} AND `+there+`
		UNION ALL SELECT f.unfolded_from AS lead, f.source_name, f.id FROM articles f
		WHERE f.unfolded_from > 0 AND f.unfolded_from {in 1} AND f.unfolded_at > $2 AND `+there+` ORDER BY 3`, ids, db.Millis(at))
	if err != nil {
		return fmt.Errorf("load who else carries articles: %w", err)
	}
	return nil
}

func loadTopics(ctx context.Context, tx *db.Tx, articles map[int64]*Article) error {
	ids := make([]int64, 0, len(articles))
	for id := range articles {
		ids = append(ids, id)
	}
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id int64
		var m TopicMatch
		if err := scan(&id, &m.TopicID, &m.Reason); err != nil {
			return err
		}
		articles[id].Topics = append(articles[id].Topics, m)
		return nil
	}, `SELECT t.article_id, t.topic_id, t.reason FROM article_topics t JOIN topics p ON p.id = t.topic_id
		WHERE t.article_id {in 1} AND t.reason <> $2 ORDER BY t.article_id, p.position, p.id`, ids, topicGone)
}

// ArticleFilter narrows Articles down.
type ArticleFilter struct {
	TopicID int64        // 0: any
	Query   string       // part of a title, case folded as the database does
	State   ArticleState // "": any
	Limit   int
}

// articleState is SQL for the state of an article, as Article.State has it.
const articleState = `CASE WHEN a.withdrawn_at > 0 THEN 'withdrawn' WHEN a.lead_id > 0 THEN 'folded'
	WHEN a.embargo_until > 0 THEN 'embargo' WHEN a.held_at > 0 THEN 'held' WHEN a.pinned_until > $6 THEN 'pinned' ELSE 'open' END`

// likeLiteral escapes what is special to LIKE.
var likeLiteral = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Articles lists articles, the last arrived first.
func (s *Store) Articles(ctx context.Context, f ArticleFilter) ([]*Article, error) {
	var out []*Article
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var rows []articleRow
		err := tx.Select(ctx, &rows, `SELECT `+articleColumns+` FROM articles a
			JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
			WHERE (CAST($1 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM article_topics t WHERE t.article_id = a.id AND t.topic_id = $1 AND t.reason <> $4))
			AND (CAST($2 AS TEXT) = '' OR lower(v.title) LIKE '%' || lower($2) || '%' ESCAPE '!')
			AND (CAST($5 AS TEXT) = '' OR `+articleState+` = $5)
			ORDER BY a.arrived_at DESC, a.id DESC LIMIT $3`,
			f.TopicID, likeLiteral.Replace(f.Query), f.Limit, topicGone, string(f.State), db.Millis(s.now()))
		if err != nil {
			return err
		}
		byID := map[int64]*Article{}
		for i := range rows {
			a := rows[i].article()
			out = append(out, a)
			byID[a.ID] = a
		}
		return loadTopics(ctx, tx, byID)
	})
	if err != nil {
		return nil, fmt.Errorf("list articles: %w", err)
	}
	return out, nil
}

// Article returns the article with that id or, if id is 0, the one that has or
// had that canonical URL, or ErrNotFound.
func (s *Store) Article(ctx context.Context, id int64, url string) (*Article, error) {
	var out *Article
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var row articleRow
		err := tx.Get(ctx, &row, `SELECT `+articleColumns+` FROM articles a
			JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
			WHERE a.id = $1 OR CAST($1 AS BIGINT) = 0 AND a.id = `+articleByURL, id, url)
		if errors.Is(err, db.ErrNoRows) {
			return ErrNotFound
		} else if err != nil {
			return err
		}
		out = row.article()
		return loadTopics(ctx, tx, map[int64]*Article{out.ID: out})
	})
	if err != nil {
		return nil, fmt.Errorf("article %s: %w", articleName(id, url), err)
	}
	return out, nil
}

// articleByURL is SQL for the id of the article that has the URL $2 or, without
// one, that had it or has it elsewhere.
const articleByURL = `COALESCE((SELECT u.id FROM articles u WHERE u.url <> '' AND u.url = $2),
	(SELECT l.article_id FROM article_aliases l WHERE l.kind = 'url' AND l.source_id = 0 AND l.name = $2))`

func articleName(id int64, url string) string {
	if id != 0 {
		return fmt.Sprint(id)
	}
	return url
}
