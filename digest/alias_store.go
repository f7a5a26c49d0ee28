package digest

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"broadsheet/internal/db"
)

// aliasKind is what a name of an article is that is not its own URL or GUID.
type aliasKind string

const (
	aliasURL aliasKind = "url" // that it had before, or has elsewhere
	aliasID  aliasKind = "id"  // that another source has for it, or the API or a system of the newsroom
)

// The latest names of an article that are kept: some sources make up new ones for
// ever.
const (
	mostAliasURLs = 8
	mostAliasIDs  = 4 // of one source or system
)

// alias is a name of an article besides its own.
type alias struct {
	Kind      aliasKind `db:"kind"`
	SourceID  int64     `db:"source_id"`
	Name      string    `db:"name"`
	ArticleID int64     `db:"article_id"`
}

const aliasColumns = `l.kind, l.source_id, l.name, l.article_id`

// aliased returns the ids of the articles that have one of some names besides
// their own.
func (p *put) aliased(ctx context.Context, urls, guids []string) (ids []int64, err error) {
	err = p.tx.Select(ctx, &ids, `SELECT l.article_id FROM article_aliases l WHERE l.kind = 'url' AND l.source_id = 0 AND l.name {in 1}
		UNION SELECT l.article_id FROM article_aliases l WHERE l.kind = 'id' AND l.source_id = $2 AND l.name {in 3}`, urls, p.sourceID(), guids)
	if err != nil {
		return nil, fmt.Errorf("look up aliases: %w", err)
	}
	return ids, nil
}

// loadAliases adds to known articles the names that they have besides their own,
// the oldest first.
func (p *put) loadAliases(ctx context.Context, found map[int64]*storedArticle) error {
	ids := make([]int64, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	var rows []alias
	if err := p.tx.Select(ctx, &rows, `SELECT `+aliasColumns+` FROM article_aliases l WHERE l.article_id {in 1}
		ORDER BY l.added_at, l.name`, ids); err != nil {
		return fmt.Errorf("load aliases: %w", err)
	}
	for _, l := range rows {
		p.rememberAlias(found[l.ArticleID], l)
	}
	return nil
}

func (p *put) rememberAlias(a *storedArticle, l alias) {
	a.aliases = append(a.aliases, l)
	switch {
	case l.Kind == aliasURL:
		p.former[l.Name] = a
	case l.SourceID == p.sourceID():
		p.byGUID[l.Name] = a
	}
}

// findFormer finds a story by a URL that is that of no other, unless its source
// calls it otherwise than the one that is there: then it is a new story at an
// address that became free.
func (p *put) findFormer(in *Incoming) *storedArticle {
	a := p.former[in.URL]
	if a == nil || in.URL == "" || in.GUID != "" && len(p.idsOf(a, in.GUID)) > 0 {
		return nil
	}
	return a
}

// idsOf are the ids that the present source has for an article; without a source
// those of the system that like has an id of.
func (p *put) idsOf(a *storedArticle, like string) []string {
	ours := func(source int64, id string) bool {
		return id != "" && source == p.sourceID() && (source != 0 || systemOf(id) == systemOf(like))
	}
	var out []string
	if ours(a.SourceID, a.GUID) {
		out = append(out, a.GUID)
	}
	for _, l := range a.aliases {
		if l.Kind == aliasID && ours(l.SourceID, l.Name) {
			out = append(out, l.Name)
		}
	}
	return out
}

// systemOf is the part of an id that tells whose it is, such as "ghost:site:".
func systemOf(id string) string { return id[:strings.LastIndexByte(id, ':')+1] }

// learn notes what else a known story is called.
func (p *put) learn(ctx context.Context, a *storedArticle, in *Incoming) error {
	if in.GUID != "" && p.byGUID[in.GUID] == nil && !p.callsElse(a, in) {
		if err := p.addAlias(ctx, a, alias{aliasID, p.sourceID(), in.GUID, a.ID}); err != nil {
			return err
		}
	}
	if in.URL == "" || in.URL == a.url || p.used[in.GUID] > 1 || p.byURL[in.URL] != nil || p.former[in.URL] != nil {
		return nil
	}
	return p.addAlias(ctx, a, alias{aliasURL, 0, in.URL, a.ID})
}

// callsElse reports whether the source sends an article by another id, too: then
// the two may be stories that share an address by mistake.
func (p *put) callsElse(a *storedArticle, in *Incoming) bool {
	for _, id := range p.idsOf(a, in.GUID) {
		if p.sent[id] {
			return true
		}
	}
	return false
}

// addAlias gives an article a name, which others have it no more, and drops the
// oldest of its kind where there are too many.
func (p *put) addAlias(ctx context.Context, a *storedArticle, l alias) error {
	if _, err := p.tx.Exec(ctx, `INSERT INTO article_aliases (kind, source_id, name, article_id, added_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (kind, source_id, name) DO UPDATE SET article_id = excluded.article_id, added_at = excluded.added_at`,
		string(l.Kind), l.SourceID, l.Name, l.ArticleID, p.now); err != nil {
		return fmt.Errorf("call article %d %s: %w", a.ID, l.Name, err)
	}
	p.rememberAlias(a, l)
	var like []string
	for _, have := range a.aliases {
		if have.Kind == l.Kind && have.SourceID == l.SourceID && (l.Kind == aliasURL || l.SourceID != 0 || systemOf(have.Name) == systemOf(l.Name)) {
			like = append(like, have.Name)
		}
	}
	if most := map[aliasKind]int{aliasURL: mostAliasURLs, aliasID: mostAliasIDs}[l.Kind]; len(like) > most {
		_, err := p.tx.Exec(ctx, `DELETE FROM article_aliases WHERE kind = $1 AND source_id = $2 AND name {in 3} AND article_id = $4`,
			string(l.Kind), l.SourceID, like[:len(like)-most], a.ID)
		return err
	}
	return nil
}

// adoptURLs makes stories known by the new URL that their source sends, unless
// another story has it, or the source uses the id for several. It comes before
// all else, for the old URL may have become that of a new story.
func (p *put) adoptURLs(ctx context.Context, chunk []Incoming) error {
	for i := range chunk {
		in := &chunk[i]
		a := p.byGUID[in.GUID]
		if a == nil || p.used[in.GUID] > 1 || in.URL == "" || in.URL == a.url || !p.mayMove(a, in) {
			continue
		}
		if other := p.byURL[in.URL]; other != nil {
			if other.LeadID != a.ID {
				continue
			}
			if err := p.setURL(ctx, other, ""); err != nil { // the same story, which came by its new URL first
				return err
			}
		}
		old := a.url
		if err := p.setURL(ctx, a, in.URL); err != nil {
			return err
		}
		if old != "" {
			if err := p.addAlias(ctx, a, alias{aliasURL, 0, old, a.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *put) setURL(ctx context.Context, a *storedArticle, to string) error {
	if p.byURL[a.url] == a {
		delete(p.byURL, a.url)
	}
	a.url = to
	p.remember(a)
	if _, err := p.tx.Exec(ctx, `UPDATE articles SET url = $1 WHERE id = $2`, to, a.ID); err != nil {
		return fmt.Errorf("adopt %q: %w", to, err)
	}
	return nil
}

// mayMove reports whether a story that came by one of its ids tells the URL of an
// article from now on. Another source than its own does on the same site alone.
// A URL that it had before may be that of a copy that is behind: what changed
// last decides, and without dates its own source.
func (p *put) mayMove(a *storedArticle, in *Incoming) bool {
	own := p.source == nil || a.SourceID == p.sourceID()
	if p.former[in.URL] != a {
		return own || a.url == "" || sameHost(a.url, in.URL)
	}
	if modified := db.Millis(in.ModifiedAt); modified != 0 || a.content.ModifiedAt != 0 {
		return modified > a.content.ModifiedAt
	}
	return own
}

func sameHost(a, b string) bool {
	first, err := url.Parse(a)
	if err != nil {
		return false
	}
	second, err := url.Parse(b)
	return err == nil && strings.EqualFold(first.Host, second.Host)
}

// relink gives the text of a story that its source does not change any more the
// URL that it has now: the words are the newsroom's, the link is the source's.
func (p *put) relink(ctx context.Context, a *storedArticle) (changed bool, err error) {
	if a.url == "" || a.content.URL == a.url {
		return false, nil
	}
	a.content.URL = a.url
	return true, p.storeVersion(ctx, a)
}
