package digest

import (
	"context"
	"fmt"
	"slices"

	"broadsheet/internal/db"
)

// renewGUIDs makes stories that are known by their URL known by the new id that
// their source sends, where it sends the old one no more.
func (p *put) renewGUIDs(ctx context.Context, chunk []Incoming) error {
	if p.source == nil {
		return nil
	}
	for i := range chunk {
		in := &chunk[i]
		a := p.byURL[in.URL]
		if in.GUID == "" || a == nil || a.SourceID != p.sourceID() || a.GUID == "" || a.GUID == in.GUID || p.byGUID[in.GUID] != nil || p.sent[a.GUID] {
			continue
		}
		delete(p.byGUID, a.GUID)
		a.GUID = in.GUID
		p.remember(a)
		if _, err := p.tx.Exec(ctx, `UPDATE articles SET guid = $1 WHERE id = $2`, a.GUID, a.ID); err != nil {
			return fmt.Errorf("adopt %s: %w", a.GUID, err)
		}
	}
	return nil
}

// nameless is how many of a source's last stories without an address are looked
// at for one whose id changed.
const nameless = 500

// adoptGUIDs makes stories without an address known by the new id that their
// feed sends: what has the same title and about the same text, and whose old
// id the source sends no more.
func (p *put) adoptGUIDs(ctx context.Context, chunk []Incoming) error {
	unknown := func(in *Incoming) bool { return in.URL == "" && p.byGUID[in.GUID] == nil }
	if p.source == nil || !slices.ContainsFunc(chunk, func(in Incoming) bool { return unknown(&in) }) {
		return nil
	}
	old, err := p.loadNameless(ctx)
	if err != nil {
		return err
	}
	for i := range chunk {
		in := &chunk[i]
		if !unknown(in) {
			continue
		}
		same := func(a *namelessArticle) bool { return a.ID != 0 && !p.sent[a.GUID] && a.is(in) }
		n := slices.IndexFunc(old, same)
		if n < 0 {
			continue
		}
		known := old[n].storedArticle
		old[n] = &namelessArticle{storedArticle: &storedArticle{}}
		known.GUID = in.GUID
		if _, err := p.tx.Exec(ctx, `UPDATE articles SET guid = $1 WHERE id = $2`, known.GUID, known.ID); err != nil {
			return fmt.Errorf("adopt %s: %w", known.GUID, err)
		}
		if err := p.loadKnownTopics(ctx, map[int64]*storedArticle{known.ID: known}); err != nil {
			return err
		}
		p.remember(known)
	}
	return nil
}

type namelessArticle struct {
	*storedArticle
	published int64
}

// is reports whether a story is this one with another id.
func (a *namelessArticle) is(in *Incoming) bool {
	if words(a.content.Title) != words(in.Title) {
		return false
	}
	text, other := foldTokens(a.content.Summary+" "+a.content.Body), foldTokens(in.Summary+" "+in.Body)
	if len(text) < 2 || len(other) < 2 { // nothing but a date can tell them apart
		return slices.Equal(text, other) && db.Millis(in.PublishedAt) == a.published
	}
	return !numbersDiffer(text, other) && resemblance(shingles(text, 2), shingles(other, 2)) >= foldOwnBody
}

func (p *put) loadNameless(ctx context.Context) ([]*namelessArticle, error) {
	var rows []struct {
		knownRow
		PublishedAt int64 `db:"published_at"`
	}
	err := p.tx.Select(ctx, &rows, `SELECT `+knownColumns+`, a.published_at
		FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
		WHERE a.source_id = $1 AND a.guid <> '' AND a.url = '' ORDER BY a.arrived_at DESC, a.id DESC LIMIT $2`, p.sourceID(), nameless)
	var out []*namelessArticle
	for i := range rows {
		a := rows[i].storedArticle
		a.content = rows[i].articleContent
		out = append(out, &namelessArticle{&a, rows[i].PublishedAt})
	}
	return out, err
}
