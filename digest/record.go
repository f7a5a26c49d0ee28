package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// ArticleRecord is all that is known of how an article came to where it is.
type ArticleRecord struct {
	Article *Article
	Topics  []TopicRecord // with those that are gone; of a folded article those that it would have
	Again   bool          // it had other numbers before, under which a run may have offered it
	Folded  []FoldedStory // what is folded into it
	Notes   []CorrectionNote
	Changes []Change
}

// TopicRecord is a topic of an article with the number under which it came.
type TopicRecord struct {
	TopicMatch
	Seq  int64 // 0 for what came old with the first fetch of its source: in no window
	Gone bool  // it was taken off again
}

// FoldedStory is a story that became part of another one.
type FoldedStory struct {
	ID     int64
	Source string // what readers see as its origin
	Title  string
}

// CorrectionNote is what an editor told the readers of a wrong version.
type CorrectionNote struct {
	At   time.Time
	Seq  int64 // the number by which windows are cut
	Note string
}

// ArticleRecord returns the record of an article, or ErrNotFound.
func (s *Store) ArticleRecord(ctx context.Context, id int64) (*ArticleRecord, error) {
	out := &ArticleRecord{}
	var err error
	if out.Article, err = s.Article(ctx, id, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		out.Topics, out.Folded, out.Notes = nil, nil, nil
		return errors.Join(out.readTopics(ctx, tx), out.readFolded(ctx, tx), out.readNotes(ctx, tx))
	})
	if err != nil {
		return nil, fmt.Errorf("record of article %d: %w", id, err)
	}
	out.Changes, err = s.Changes(ctx, "article", fmt.Sprint(id))
	return out, err
}

func (r *ArticleRecord) readTopics(ctx context.Context, tx *db.Tx) error {
	var own string
	if err := tx.Get(ctx, &own, `SELECT own_topics FROM articles WHERE id = $1`, r.Article.ID); err != nil {
		return err
	}
	matches, err := parseOwnTopics(own)
	if err != nil {
		return err
	}
	for _, m := range matches {
		r.Topics = append(r.Topics, TopicRecord{TopicMatch: m})
	}
	if err := tx.Get(ctx, &r.Again, `SELECT again = 1 FROM articles WHERE id = $1`, r.Article.ID); err != nil {
		return err
	}
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var t TopicRecord
		err := scan(&t.TopicID, &t.Reason, &t.Seq)
		t.Gone = t.Reason == topicGone
		r.Topics = append(r.Topics, t)
		return err
	}, `SELECT t.topic_id, t.reason, t.seq FROM article_topics t JOIN topics p ON p.id = t.topic_id
		WHERE t.article_id = $1 ORDER BY p.position, p.id`, r.Article.ID)
}

func (r *ArticleRecord) readFolded(ctx context.Context, tx *db.Tx) error {
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var f FoldedStory
		err := scan(&f.ID, &f.Source, &f.Title)
		r.Folded = append(r.Folded, f)
		return err
	}, `SELECT a.id, a.source_name, v.title FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
		WHERE a.lead_id = $1 ORDER BY a.id`, r.Article.ID)
}

func (r *ArticleRecord) readNotes(ctx context.Context, tx *db.Tx) error {
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var c CorrectionNote
		var at int64
		err := scan(&at, &c.Seq, &c.Note)
		c.At = db.Time(at)
		r.Notes = append(r.Notes, c)
		return err
	}, `SELECT at, seq, note FROM corrections WHERE article_id = $1 ORDER BY id`, r.Article.ID)
}
