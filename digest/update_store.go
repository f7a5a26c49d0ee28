package digest

import (
	"context"
	"fmt"
	"slices"

	"broadsheet/internal/db"
)

// topicGone is the reason of a topic that was taken off an article. Its row
// stays, for its number tells that readers may have got the story for it: where
// another one comes in its place, deliveries have to tell.
const topicGone = "gone"

// articleContent is what readers see of an article and what a new version
// replaces.
type articleContent struct {
	URL      string `db:"url"`
	Title    string `db:"title"`
	Summary  string `db:"summary"`
	Body     string `db:"body"`
	Author   string `db:"author"`
	ImageURL string `db:"image_url"`
	ImageAlt string `db:"image_alt"`
	Language string `db:"language"`

	ImageWidth  int    `db:"image_width"`
	ImageHeight int    `db:"image_height"`
	ImageCredit string `db:"image_credit"`
	ModifiedAt  int64  `db:"modified_at"`
}

// contentColumns are the columns of articleContent in the version v.
const contentColumns = `v.url, v.title, v.summary, v.body, v.author, v.image_url, v.image_alt, v.language,
	v.image_width, v.image_height, v.image_credit, v.modified_at`

func (c *articleContent) take(in *Incoming) {
	*c = articleContent{
		URL: in.URL, Title: in.Title, Summary: in.Summary, Body: in.Body, Author: in.Author, Language: in.Language,
		ImageURL: in.ImageURL, ImageAlt: in.ImageAlt, ImageWidth: in.ImageWidth, ImageHeight: in.ImageHeight, ImageCredit: in.ImageCredit,
		ModifiedAt: db.Millis(in.ModifiedAt),
	}
}

// storedArticle is what Put needs to know of an article that is there.
type storedArticle struct {
	ID       int64  `db:"id"`
	SourceID int64  `db:"source_id"`
	GUID     string `db:"guid"`
	Priority int    `db:"priority"`
	Version  int    `db:"version"`
	FromAt   int64  `db:"from_at"` // of the version
	LeadID   int64  `db:"lead_id"`
	HeldAt   int64  `db:"held_at"`
	Embargo  int64  `db:"embargo_until"`
	Access   Access `db:"access"`
	Audience string `db:"audience"`
	Edited   int    `db:"edited"` // the newsroom changed what its source brought
	ToldAt   int64  `db:"told_at"`

	WithdrawnAt int64 `db:"withdrawn_at"`

	backlog bool   // it is old and came with the first fetch of its source
	url     string // by which it is known; of one that the newsroom changed, its text may have an older one
	content articleContent
	topics  []TopicMatch // with those that are gone
	aliases []alias      // the oldest first
}

const knownColumns = `a.id, a.source_id, a.guid, a.priority, a.version, v.from_at, a.lead_id, a.held_at, a.embargo_until, a.access, a.audience, a.edited, a.told_at, a.withdrawn_at, a.url AS known_url,
	` + contentColumns

type knownRow struct {
	storedArticle
	articleContent
	KnownURL string `db:"known_url"`
}

// loadKnown finds the articles that incoming stories may be.
func (p *put) loadKnown(ctx context.Context, chunk []Incoming) error {
	p.byURL, p.byGUID, p.former = map[string]*storedArticle{}, map[string]*storedArticle{}, map[string]*storedArticle{}
	var urls, guids []string
	for i := range chunk {
		if chunk[i].URL != "" {
			urls = append(urls, chunk[i].URL)
		}
		if chunk[i].GUID != "" {
			guids = append(guids, chunk[i].GUID)
		}
	}
	const known = `SELECT ` + knownColumns + ` FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version `
	var byGUID, byURL, byAlias []knownRow
	if err := p.tx.Select(ctx, &byGUID, known+`WHERE a.source_id = $1 AND a.guid <> '' AND a.guid {in 2}`, p.sourceID(), guids); err != nil {
		return err
	}
	if err := p.tx.Select(ctx, &byURL, known+`WHERE a.url <> '' AND a.url {in 1}`, urls); err != nil {
		return err
	}
	aliased, err := p.aliased(ctx, urls, guids)
	if err != nil {
		return err
	}
	if err := p.tx.Select(ctx, &byAlias, known+`WHERE a.id {in 1}`, aliased); err != nil {
		return err
	}
	found := map[int64]*storedArticle{}
	for _, row := range slices.Concat(byGUID, byURL, byAlias) {
		if found[row.ID] == nil {
			a := row.storedArticle
			a.content, a.url = row.articleContent, row.KnownURL
			found[row.ID] = &a
			p.remember(&a)
		}
	}
	if err := p.loadAliases(ctx, found); err != nil {
		return err
	}
	return p.loadKnownTopics(ctx, found)
}

func (p *put) loadKnownTopics(ctx context.Context, found map[int64]*storedArticle) error {
	ids := make([]int64, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	return p.tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id int64
		var m TopicMatch
		err := scan(&id, &m.TopicID, &m.Reason)
		if err == nil {
			found[id].topics = append(found[id].topics, m)
		}
		return err
	}, `SELECT article_id, topic_id, reason FROM article_topics WHERE article_id {in 1}`, ids)
}

// update stores what changed of a known story. A topic that it never had makes
// it new to the readers of that topic alone.
func (p *put) update(ctx context.Context, a *storedArticle, in *Incoming) error {
	own := a.SourceID == p.sourceID() && (p.source == nil || a.Edited == 0)
	before := *a
	before.topics = slices.Clone(a.topics)
	changed := false
	var err error
	if own || p.source == nil {
		if changed, err = p.updateContent(ctx, a, in); err != nil {
			return err
		}
		marked, err := p.updateMarks(ctx, a, in)
		if err != nil {
			return err
		}
		changed = changed || marked
	} else if changed, err = p.relink(ctx, a); err != nil {
		return err
	}
	if err := p.noteTold(ctx, a); err != nil {
		return err
	}
	if err := p.learn(ctx, a, in); err != nil {
		return err
	}
	matches := p.tagger.Match(in, p.source)
	retagged := false
	if a.LeadID != 0 {
		err = p.foldInto(ctx, a, matches)
	} else {
		retagged, err = p.updateTopics(ctx, a, matches, own)
	}
	if err != nil {
		return err
	}
	if changed || retagged {
		if err := p.markEdited(ctx, a); err != nil {
			return err
		}
		p.result.Updated++
		p.noteUpdate(&before, a)
	} else {
		p.result.Unchanged++
	}
	p.remember(a)
	return nil
}

// markEdited keeps a source from changing back what the newsroom changed.
func (p *put) markEdited(ctx context.Context, a *storedArticle) error {
	if p.source != nil || a.SourceID == 0 || a.Edited != 0 {
		return nil
	}
	a.Edited = 1
	_, err := p.tx.Exec(ctx, `UPDATE articles SET edited = 1 WHERE id = $1`, a.ID)
	return err
}

func (p *put) updateContent(ctx context.Context, a *storedArticle, in *Incoming) (changed bool, err error) {
	var fresh articleContent
	fresh.take(in)
	fresh.URL = a.url
	if fresh == a.content {
		return false, nil
	}
	a.content = fresh
	if err := p.storeVersion(ctx, a); err != nil {
		return false, err
	}
	return true, p.replaceBands(ctx, a)
}

// storeVersion stores the content of an article as its next version.
func (p *put) storeVersion(ctx context.Context, a *storedArticle) error {
	a.Version++
	if err := p.insertVersion(ctx, a); err != nil {
		return err
	}
	_, err := p.tx.Exec(ctx, `UPDATE articles SET version = $1 WHERE id = $2`, a.Version, a.ID)
	return err
}

// updateMarks takes over how a known story ranks and, from the API and files
// alone, who may read it and when. What they do not tell stays.
func (p *put) updateMarks(ctx context.Context, a *storedArticle, in *Incoming) (changed bool, err error) {
	before := *a
	byUs := p.source == nil
	if in.Priority != 0 || byUs && in.Clears.Priority {
		a.Priority = in.Priority
	}
	if byUs && (in.Access != AccessFree || in.Clears.Access) {
		a.Access = in.Access
	}
	if byUs && (len(in.Audience) > 0 || in.Clears.Audience) {
		a.Audience = joinPairs(in.Audience)
	}
	if a.Priority != before.Priority || a.Access != before.Access || a.Audience != before.Audience {
		changed = true
		if _, err := p.tx.Exec(ctx, `UPDATE articles SET priority = $1, access = $2, audience = $3 WHERE id = $4`,
			a.Priority, string(a.Access), a.Audience, a.ID); err != nil {
			return false, err
		}
	}
	if widens(before.Audience, a.Audience) {
		if err := p.offerAnew(ctx, a, standing(a.topics)); err != nil {
			return false, fmt.Errorf("offer it to a wider audience: %w", err)
		}
	}
	if !byUs {
		return changed, nil
	}
	moved, err := p.updateEmbargo(ctx, a, in)
	return changed || moved, err
}

// updateEmbargo moves an embargo, begins one, or lets one be over. An editor who
// held the story back or released it has the last word.
func (p *put) updateEmbargo(ctx context.Context, a *storedArticle, in *Incoming) (changed bool, err error) {
	until := db.Millis(in.EmbargoUntil)
	if in.Clears.Embargo && a.Embargo > p.now {
		until = p.now
	}
	if until == 0 || until == a.Embargo || a.Embargo == 0 && (a.HeldAt > 0 || a.LeadID > 0 || until <= p.now) {
		return false, nil
	}
	var byHand int64
	if err := p.tx.Get(ctx, &byHand, `SELECT COUNT(*) FROM changes WHERE noun = 'article' AND key = $1 AND action IN ('hold', 'release')`,
		fmt.Sprint(a.ID)); err != nil || byHand > 0 {
		return false, err
	}
	if a.Embargo > 0 { // another time, which may be over
		_, err = p.tx.Exec(ctx, `UPDATE articles SET embargo_until = $1 WHERE id = $2`, until, a.ID)
	} else {
		a.HeldAt, err = holdBack(ctx, p.tx, a.ID, p.now, until)
	}
	a.Embargo = until
	return true, err
}
