package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/templates"
)

// ErrContent says that no mail can be made of a selection for a reason that
// stays: what it needs is missing or cannot be drawn. Any other error of
// composing, such as the database's, may be gone at the next try.
var ErrContent = errors.New("content makes no mail")

// Composed is the mail of one selection of an edition, compiled once and
// shared by all readers who get that selection.
type Composed struct {
	Body       *mail.Body
	Subject    string
	From       mail.Address
	ReplyTo    *mail.Address // nil: none
	ListID     string        // "Name <slug.lists.domain>", RFC 2919
	FeedbackID string
	EditionKey string // such as "daily/2026-11-23"
	DigestID   int64
	Date       time.Time // of the Date field
	ComposedAt time.Time // the stories are as they were at this instant
	Empty      bool      // every story was withdrawn: there is nothing to send
}

// Composer turns selections into mails. It is safe for concurrent use.
type Composer struct {
	store *Store
	setup *Setup
	links Links
	now   func() time.Time
}

// Links are the addresses in a mail that belong to no single reader.
type Links struct {
	SignUp string // where someone who was forwarded the mail signs up
}

// NewComposer returns a composer for the digests of setup, whose ids must have
// been loaded.
func NewComposer(store *Store, setup *Setup, links Links, now func() time.Time) *Composer {
	return &Composer{store: store, setup: setup, links: links, now: now}
}

// Compose makes the mail of a selection with its stories as they were at asOf,
// or as they are now if asOf is zero. For the same asOf it returns the same
// bytes. It returns ErrContent where trying again would not help.
func (c *Composer) Compose(ctx context.Context, editionID, selectionID int64, asOf time.Time) (*Composed, error) {
	if asOf.IsZero() {
		asOf = c.now().UTC().Truncate(time.Millisecond)
	}
	var e *Edition
	var sel Selection
	var articles map[int64]*Article
	err := c.store.db.View(ctx, func(tx *db.Tx) (err error) {
		if e, err = editionByID(ctx, tx, editionID); err != nil {
			return err
		}
		if sel, err = selectionByID(ctx, tx, editionID, selectionID); err != nil {
			return err
		}
		articles, err = articlesAsOf(ctx, tx, sel.articleIDs(), asOf)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrContent, err)
	}
	if err != nil {
		return nil, fmt.Errorf("compose selection %d of edition %d: %w", selectionID, editionID, err)
	}
	d, err := c.setup.digestByID(e.DigestID)
	if err != nil {
		return nil, fmt.Errorf("compose %s: %w: %w", e.Key, ErrContent, err)
	}
	composed, err := c.compile(d, e, sel, articles)
	if err != nil {
		return nil, fmt.Errorf("compose %s: %w: %w", e.Key, ErrContent, err)
	}
	composed.Date, composed.ComposedAt = asOf, asOf
	return composed, nil
}

func (c *Composer) compile(d *Digest, e *Edition, sel Selection, articles map[int64]*Article) (*Composed, error) {
	out := &Composed{
		From: d.From, ReplyTo: d.ReplyTo, EditionKey: e.Key, DigestID: d.ID,
		ListID:     fmt.Sprintf("%s <%s.lists.%s>", d.Name, d.Slug, mail.Domain(d.From.Addr)),
		FeedbackID: c.setup.feedbackID(d, e),
	}
	content := c.content(d, e, sel, articles)
	if content.Count() == 0 {
		out.Empty = true
		return out, nil
	}
	var err error
	if out.Subject, err = d.Subject.Execute(content); err != nil {
		return nil, err
	}
	content.Subject = out.Subject
	out.Body, err = render(d.Theme, content)
	return out, err
}

// render draws the parts that readers share, with slots for their own.
func render(theme *templates.Theme, content *templates.Digest) (*mail.Body, error) {
	markers := mail.NewMarkers()
	content.ReaderName, content.Unsubscribe, content.Preferences =
		markers.Of(mail.SlotName), markers.Of(mail.SlotUnsubscribe), markers.Of(mail.SlotPreferences)
	html, err := theme.HTML(content)
	if err != nil {
		return nil, err
	}
	text, err := theme.Text(content)
	if err != nil {
		return nil, err
	}
	return mail.Compile(html, text, markers)
}

// content lays a selection out as readers see it: sections in the digest's
// order of topics, the highest ranked story as the lead, withdrawn stories
// left out. The reader's own parts are empty.
func (c *Composer) content(d *Digest, e *Edition, sel Selection, articles map[int64]*Article) *templates.Digest {
	content := &templates.Digest{
		Site: c.setup.Site, Slug: d.Slug, Name: d.Name, Edition: e.Key, Date: e.date(d.Location),
		More: sel.More, MoreURL: c.setup.Site.URL, SubscribeURL: c.links.SignUp,
	}
	var laid sections
	for _, pick := range sel.Stories {
		a := articles[pick.ArticleID]
		if a == nil {
			continue
		}
		story := c.story(&pick, a)
		if content.Lead == nil {
			lead := story
			content.Lead = &lead
		}
		laid.add(c.setup.topicByID(pick.TopicID), story)
	}
	content.Sections = laid.inOrder(c.setup.Offered(d))
	return content
}

// sections gathers stories by topic. Those of topics that have retired since
// stand in one section without a name.
type sections []section

type section struct {
	topic int64 // 0 if it retired
	templates.Section
}

func (s *sections) add(topic Topic, story templates.Story) {
	for i := range *s {
		if (*s)[i].topic == topic.ID {
			(*s)[i].Stories = append((*s)[i].Stories, story)
			return
		}
	}
	*s = append(*s, section{topic.ID, templates.Section{Slug: topic.Slug, Name: topic.Name, Stories: []templates.Story{story}}})
}

// inOrder returns the sections in the order of the topics, then the others.
func (s sections) inOrder(topics []*Topic) []templates.Section {
	place := make(map[int64]int, len(topics))
	for i, t := range topics {
		place[t.ID] = i - len(topics) // before 0, which the others have
	}
	slices.SortStableFunc(s, func(a, b section) int { return place[a.topic] - place[b.topic] })
	out := make([]templates.Section, len(s))
	for i := range s {
		out[i] = s[i].Section
	}
	return out
}

func (c *Composer) story(pick *Pick, a *Article) templates.Story {
	s := templates.Story{
		Title: a.Title, URL: a.URL, Summary: a.Summary, Author: a.Author, Image: a.ImageURL, ImageAlt: a.ImageAlt,
		Source: a.SourceName, PublishedAt: a.PublishedAt, Pinned: pick.Pinned,
	}
	for _, id := range append([]int64{pick.TopicID}, pick.Also...) {
		if t := c.setup.topicByID(id); t.ID != 0 {
			s.Topics = append(s.Topics, t.Name)
		}
	}
	return s
}
