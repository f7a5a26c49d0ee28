// Package paper is the made-up newspaper of the demo: the Harbour Gazette of
// Port Aldine, with its stories, its pictures, its feed and its web pages.
package paper

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Topic is what readers can choose, with the rules that bring stories to it.
type Topic struct {
	Slug        string
	Name        string
	Description string   // one line
	Categories  []string // those of the feed that belong to it, as globs
	Keywords    []string // words or phrases of headline or summary, nil if none
}

// Paper is an edition of the newspaper that goes on publishing. It is safe for
// concurrent use.
type Paper struct {
	bySlug  map[string]*story
	gallery gallery

	mu        sync.Mutex
	published []*story // the newest first
	later     []*story // in the order in which they break
	changedAt time.Time
}

// New returns the newspaper as it stands at now: its stories appeared in the
// two days before, and ten more wait for PublishLater.
func New(now time.Time) *Paper {
	now = now.Truncate(time.Second)
	p := &Paper{bySlug: map[string]*story{}, changedAt: now}
	for _, s := range loadStories() {
		p.bySlug[s.slug] = s
		s.publishedAt = now.Add(-s.age)
		if s.later {
			p.later = append(p.later, s)
		} else {
			p.published = append(p.published, s)
		}
	}
	p.sort()
	return p
}

// Name is what the newspaper is called.
func (p *Paper) Name() string { return "The Harbour Gazette" }

// Tagline stands under the name.
func (p *Paper) Tagline() string { return "News of Port Aldine, on every tide" }

// Topics returns the topics in the order of the newspaper's sections.
func (p *Paper) Topics() []Topic {
	return []Topic{
		{
			Slug: "city", Name: "City", Description: "Streets, ferries, neighbours and the weather",
			Categories: []string{"city", "harbour", "transport"}, Keywords: []string{"old town", "tram line"},
		},
		{
			Slug: "politics", Name: "Politics", Description: "The town hall, the council and what they decide",
			Categories: []string{"politics", "council*"}, Keywords: []string{"mayor", "by-election"},
		},
		{
			Slug: "business", Name: "Business", Description: "Shops, shipyards, wages and rents",
			Categories: []string{"business", "work"}, Keywords: []string{"shipyard"},
		},
		{
			Slug: "culture", Name: "Culture", Description: "Stages, galleries, books and music",
			Categories: []string{"culture", "books", "music"}, Keywords: []string{"exhibition"},
		},
		{
			Slug: "sport", Name: "Sport", Description: "From the first league to the children's regatta",
			Categories: []string{"sport*", "sailing"}, Keywords: []string{"regatta"},
		},
		{
			Slug: "science", Name: "Science", Description: "The university, the sea and the sky above it",
			Categories: []string{"science", "environment"}, Keywords: []string{"observatory"},
		},
	}
}

// PublishLater moves the next n stories that wait into the newspaper, as
// published at this moment, and returns their headlines, the first to break
// first. They are fewer than n, or nil, once the stories run out.
func (p *Paper) PublishLater(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = max(0, min(n, len(p.later)))
	if n == 0 {
		return nil
	}
	p.changedAt = time.Now().Truncate(time.Second)
	var headlines []string
	for i, s := range p.later[:n] {
		fresh := *s // pages may be reading the old one
		fresh.later = false
		fresh.publishedAt = p.changedAt.Add(time.Duration(i+1-n) * time.Second)
		p.published = append(p.published, &fresh)
		headlines = append(headlines, s.headline)
	}
	p.later = p.later[n:]
	p.sort()
	return headlines
}

func (p *Paper) sort() {
	slices.SortFunc(p.published, func(a, b *story) int {
		return cmp.Or(b.publishedAt.Compare(a.publishedAt), cmp.Compare(a.slug, b.slug))
	})
}

// front returns the published stories, the newest first, and when the last one
// came.
func (p *Paper) front() ([]*story, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.published), p.changedAt
}

// story finds any story, nil if there is none. Those that wait are found too:
// a mail of an earlier run of the demo may link to them.
func (p *Paper) story(slug string) *story {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.published {
		if s.slug == slug {
			return s
		}
	}
	return p.bySlug[slug]
}
