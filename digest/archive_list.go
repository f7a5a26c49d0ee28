package digest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// ArchivePage is how many editions a page of the archive lists.
const ArchivePage = 20

// mostHeadlines is how many headlines of an edition are listed, and mostListed
// how many editions a map of the site has.
const (
	mostHeadlines = 3
	mostListed    = 50_000
)

// ArchiveQuery says what to list of the public archive.
type ArchiveQuery struct {
	Digest string // a slug, "" for all digests
	Topic  string // a slug, "" for all topics
	Page   int    // from 1
}

// Listed is an edition in a list of the archive.
type Listed struct {
	Edition   *Edition
	Digest    *Digest
	Date      time.Time // the local date of its slot
	Title     string    // that editors gave it, maybe empty
	Headlines []string  // of its first stories
	At        time.Time // from which it is shown
}

// Archived returns the digests of the public archive in their order, none if
// there is no archive.
func (p *Publisher) Archived() []*Digest {
	var out []*Digest
	ids := p.archive.digestIDs(p.setup)
	for i := range p.setup.Digests {
		if d := &p.setup.Digests[i]; slices.Contains(ids, d.ID) {
			out = append(out, d)
		}
	}
	return out
}

// ArchivedTopics returns the topics that the digests of the archive offer.
func (p *Publisher) ArchivedTopics() []*Topic {
	var out []*Topic
	for i := range p.setup.Topics {
		t := &p.setup.Topics[i]
		if slices.ContainsFunc(p.Archived(), func(d *Digest) bool { return slices.Contains(p.setup.Offered(d), t) }) {
			out = append(out, t)
		}
	}
	return out
}

// List returns a page of the public archive, the newest edition first, and
// whether there are more. It returns ErrNotFound for a digest or a topic that is
// not in it. Editions of which no story can be shown any more are left out.
func (p *Publisher) List(ctx context.Context, q ArchiveQuery) (list []Listed, more bool, err error) {
	digests, topic, err := p.scope(q)
	if err != nil {
		return nil, false, err
	}
	now := p.composer.now()
	err = p.store.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := p.archive.listPublic(ctx, tx, now, digests, topic, (q.Page-1)*ArchivePage, ArchivePage+1)
		if err != nil {
			return err
		}
		if more = len(rows) > ArchivePage; more {
			rows = rows[:ArchivePage]
		}
		for _, r := range rows {
			dr, err := p.draft(ctx, tx, r, now)
			if err != nil {
				return err
			}
			if !dr.isEmpty() {
				list = append(list, listed(dr, r.at))
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("list the archive: %w", err)
	}
	return list, more, nil
}

// scope are the digests and the topic of a query.
func (p *Publisher) scope(q ArchiveQuery) (digests []int64, topicID int64, err error) {
	digests = []int64{}
	for _, d := range p.Archived() {
		if q.Digest == "" || q.Digest == d.Slug {
			digests = append(digests, d.ID)
		}
	}
	if len(digests) == 0 {
		return nil, 0, fmt.Errorf("digest %q in the archive: %w", q.Digest, ErrNotFound)
	}
	if q.Topic != "" {
		i := slices.IndexFunc(p.ArchivedTopics(), func(t *Topic) bool { return t.Slug == q.Topic })
		if i < 0 {
			return nil, 0, fmt.Errorf("topic %q in the archive: %w", q.Topic, ErrNotFound)
		}
		topicID = p.ArchivedTopics()[i].ID
	}
	if q.Page < 1 || q.Page > mostListed/ArchivePage {
		return nil, 0, fmt.Errorf("page %d of the archive: %w", q.Page, ErrNotFound)
	}
	return digests, topicID, nil
}

// draft is what the archive shows of an edition: what was withdrawn or held back
// since, or reserved for an audience, is gone from it.
func (p *Publisher) draft(ctx context.Context, tx *db.Tx, r publicRow, now time.Time) (*draft, error) {
	d, err := p.setup.digestByID(r.edition.DigestID)
	if err != nil {
		return nil, err
	}
	dr, err := gather(ctx, tx, d, r.edition, r.selection, now.UTC().Truncate(time.Millisecond))
	if err != nil {
		return nil, err
	}
	dr.bare = true
	dr.picks = slices.DeleteFunc(dr.picks, func(pick Pick) bool {
		a := dr.articles[pick.ArticleID]
		return !a.HeldAt.IsZero() || len(a.Audience) > 0
	})
	for i := range dr.picks {
		if pick := &dr.picks[i]; dr.articles[pick.ArticleID].Access == AccessPaid {
			pick.Body = false
		}
	}
	return dr, nil
}

func listed(dr *draft, at time.Time) Listed {
	l := Listed{Edition: dr.edition, Digest: dr.digest, Date: dr.edition.date(dr.digest.Location), Title: dr.subject(), At: at}
	headlines := dr.text.headlines()
	for _, pick := range dr.picks[:min(len(dr.picks), mostHeadlines)] {
		title := headlines[pick.ArticleID]
		if title == "" {
			title = dr.articles[pick.ArticleID].Title
		}
		l.Headlines = append(l.Headlines, title)
	}
	return l
}

// PublicEdition is an edition of the archive with those around it.
type PublicEdition struct {
	Published
	Before, After string // keys of editions of the same digest, "" for none
}

// Edition returns the page of an edition of the archive. It returns ErrNotFound
// for one that is not in it, or of which nothing can be shown any more.
func (p *Publisher) Edition(ctx context.Context, key string) (*PublicEdition, error) {
	digests := p.archive.digestIDs(p.setup)
	now := p.composer.now()
	var out PublicEdition
	var dr *draft
	var at time.Time
	err := p.store.db.View(ctx, func(tx *db.Tx) error {
		r, err := p.archive.publicEdition(ctx, tx, now, digests, key)
		if err != nil {
			return err
		}
		if dr, err = p.draft(ctx, tx, r, now); err != nil {
			return err
		}
		if dr.isEmpty() {
			return fmt.Errorf("all stories of %s: %w", key, ErrNotFound)
		}
		at = r.at
		out.Before, out.After, err = p.archive.neighbours(ctx, tx, now, r.edition)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", key, err)
	}
	page, err := p.composer.page(dr)
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", key, err)
	}
	page.At = at
	out.Published = *page
	return &out, nil
}

// InArchive returns the key of an edition, "" if the archive does not show it.
func (p *Publisher) InArchive(ctx context.Context, editionID int64) (key string, err error) {
	digests := p.archive.digestIDs(p.setup)
	if len(digests) == 0 {
		return "", nil
	}
	err = p.store.db.View(ctx, func(tx *db.Tx) error {
		rows, err := p.archive.publicRows(ctx, tx, p.composer.now(), digests, `AND e.id = $5`, editionID)
		for _, r := range rows {
			key = r.edition.Key
		}
		return err
	})
	return key, err
}

// Map returns the keys of the newest editions of the archive and since when they
// are shown, as many as a map of a site may have.
func (p *Publisher) Map(ctx context.Context) (list []Listed, err error) {
	digests := p.archive.digestIDs(p.setup)
	err = p.store.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := p.archive.listPublic(ctx, tx, p.composer.now(), digests, 0, 0, mostListed)
		for _, r := range rows {
			list = append(list, Listed{Edition: r.edition, At: r.at})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("map the archive: %w", err)
	}
	return list, nil
}
