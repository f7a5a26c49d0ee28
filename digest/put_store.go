package digest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"broadsheet/internal/db"
)

// PutResult counts what became of incoming stories.
type PutResult struct {
	New       int
	Updated   int
	Unchanged int
	Untagged  int // of the new ones: they match no topic, so no reader gets them
}

// Add adds other to r.
func (r *PutResult) Add(other PutResult) {
	r.New += other.New
	r.Updated += other.Updated
	r.Unchanged += other.Unchanged
	r.Untagged += other.Untagged
}

// putChunk is how many stories one transaction stores.
const putChunk = 200

// Put stores incoming stories, tagged by t. A story is known if its canonical
// URL is, or if its source has sent its id before: then what changed is stored
// as a new version, and nobody gets it again. source is nil for the API and
// files. Putting the same stories twice changes nothing.
func (s *Store) Put(ctx context.Context, t *Tagger, source *Source, stories []Incoming) (PutResult, error) {
	var total PutResult
	for chunk := range slices.Chunk(stories, putChunk) {
		ids, err := s.db.NextIDs(ctx, "article", len(chunk))
		if err != nil {
			return total, fmt.Errorf("store articles: %w", err)
		}
		var p *put
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			p = &put{tx: tx, tagger: t, source: source, nextID: ids, now: db.Millis(s.now())}
			return p.all(ctx, chunk)
		})
		if err != nil {
			return total, fmt.Errorf("store articles: %w", err)
		}
		total.Add(p.result)
	}
	return total, nil
}

// put is one transaction of Put.
type put struct {
	tx      *db.Tx
	tagger  *Tagger
	source  *Source
	nextID  int64
	nextSeq int64
	now     int64
	known   []*storedArticle
	byURL   map[string]*storedArticle
	byGUID  map[string]*storedArticle
	result  PutResult
}

func (p *put) sourceID() int64 {
	if p.source == nil {
		return 0
	}
	return p.source.ID
}

// origin is what readers see as where a story comes from.
func (p *put) origin(in *Incoming) string {
	if p.source != nil && p.source.Name != "" {
		return p.source.Name
	}
	if u, err := url.Parse(in.URL); err == nil {
		return strings.TrimPrefix(u.Hostname(), "www.")
	}
	return ""
}

func (p *put) all(ctx context.Context, chunk []Incoming) error {
	// The counter's row lock makes transactions that bring articles follow one
	// another, so that numbers follow commits and no story is stored twice.
	seq, err := p.tx.NextIDs(ctx, "article_seq", len(chunk))
	if err != nil {
		return err
	}
	p.nextSeq = seq
	if err := p.loadKnown(ctx, chunk); err != nil {
		return err
	}
	for i := range chunk {
		in := &chunk[i]
		if known := p.find(in); known != nil {
			err = p.update(ctx, known, in)
		} else {
			err = p.insert(ctx, in)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", in.Title, err)
		}
	}
	return nil
}

func (p *put) find(in *Incoming) *storedArticle {
	if in.URL != "" {
		if a := p.byURL[in.URL]; a != nil {
			return a
		}
	}
	if in.GUID != "" {
		return p.byGUID[in.GUID]
	}
	return nil
}

func (p *put) remember(a *storedArticle) {
	if a.URL != "" {
		p.byURL[a.URL] = a
	}
	if a.GUID != "" && a.SourceID == p.sourceID() {
		p.byGUID[a.GUID] = a
	}
}

func (p *put) insert(ctx context.Context, in *Incoming) error {
	a := &storedArticle{ID: p.nextID, SourceID: p.sourceID(), GUID: in.GUID, URL: in.URL, Version: 1, Priority: in.Priority}
	p.nextID++
	a.content.take(in)
	published := db.Millis(in.PublishedAt)
	if published == 0 || published > p.now { // a date in the future would rank above all news for ever
		published = p.now
	}
	if _, err := p.tx.Exec(ctx, `INSERT INTO articles (id, source_id, guid, url, source_name, priority, published_at, arrived_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, a.ID, a.SourceID, a.GUID, a.URL, p.origin(in), a.Priority, published, p.now); err != nil {
		return err
	}
	if err := p.insertVersion(ctx, a); err != nil {
		return err
	}
	matches := p.tagger.Match(in, p.source)
	if len(matches) == 0 {
		p.result.Untagged++
	}
	if err := p.insertTopics(ctx, a, matches); err != nil {
		return err
	}
	p.result.New++
	p.remember(a)
	return nil
}

// update stores what changed of a known story. A topic that it did not have
// before makes it new to the readers of that topic alone.
func (p *put) update(ctx context.Context, a *storedArticle, in *Incoming) error {
	var fresh articleContent
	fresh.take(in)
	textChanged := fresh != a.content
	if textChanged {
		a.content = fresh
		a.Version++
		if err := p.insertVersion(ctx, a); err != nil {
			return err
		}
	}
	if textChanged || a.Priority != in.Priority {
		a.Priority = in.Priority
		if _, err := p.tx.Exec(ctx, `UPDATE articles SET version = $1, priority = $2 WHERE id = $3`, a.Version, a.Priority, a.ID); err != nil {
			return err
		}
	}
	topicsChanged, err := p.updateTopics(ctx, a, p.tagger.Match(in, p.source))
	if err != nil {
		return err
	}
	if textChanged || topicsChanged {
		p.result.Updated++
	} else {
		p.result.Unchanged++
	}
	p.remember(a)
	return nil
}

func (p *put) updateTopics(ctx context.Context, a *storedArticle, matches []TopicMatch) (changed bool, err error) {
	var have []int64
	if err := p.tx.Select(ctx, &have, `SELECT topic_id FROM article_topics WHERE article_id = $1`, a.ID); err != nil {
		return false, err
	}
	var fresh []TopicMatch
	var gone []int64
	for _, m := range matches {
		if !slices.Contains(have, m.TopicID) {
			fresh = append(fresh, m)
		}
	}
	for _, id := range have {
		if !slices.ContainsFunc(matches, func(m TopicMatch) bool { return m.TopicID == id }) {
			gone = append(gone, id)
		}
	}
	if len(fresh) == 0 && len(gone) == 0 {
		return false, nil
	}
	if _, err := p.tx.Exec(ctx, `DELETE FROM article_topics WHERE article_id = $1 AND topic_id {in 2}`, a.ID, gone); err != nil {
		return false, err
	}
	return true, p.insertTopics(ctx, a, fresh)
}

func (p *put) insertTopics(ctx context.Context, a *storedArticle, matches []TopicMatch) error {
	ids := make([]int64, len(matches))
	reasons := make([]string, len(matches))
	for i, m := range matches {
		ids[i], reasons[i] = m.TopicID, m.Reason
	}
	seq := p.nextSeq
	p.nextSeq++
	_, err := p.tx.ExecRows(ctx, `INSERT INTO article_topics (article_id, topic_id, seq, reason)
		SELECT $1, v.topic_id, $2, v.reason FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING`,
		[]db.Column{db.Ints("topic_id", ids), db.Texts("reason", reasons)}, a.ID, seq)
	return err
}

func (p *put) insertVersion(ctx context.Context, a *storedArticle) error {
	c := &a.content
	_, err := p.tx.Exec(ctx, `INSERT INTO article_versions
		(article_id, version, from_at, title, summary, body, author, image_url, image_alt, language)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		a.ID, a.Version, p.now, c.Title, c.Summary, c.Body, c.Author, c.ImageURL, c.ImageAlt, c.Language)
	return err
}
