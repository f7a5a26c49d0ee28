package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// draft is all that a mail is made of, but for what belongs to its reader.
type draft struct {
	digest      *Digest
	edition     *Edition
	text        EditionText
	intro       *templates.Prose
	picks       []Pick  // those that are there, in the order in which they are drawn
	topics      []int64 // the order of their sections, nil for the digest's
	more        int     // that the limits left out
	language    string  // of the words around the stories, "" for the site's
	articles    map[int64]*Article
	corrections []templates.Correction
	slots       []templates.Slot
	theme       *templates.Theme
	selectionID int64 // 0 where no mail of a reader is made of it
	bare        bool  // links stay as they are
	at          time.Time
}

// gather reads what the mail of a selection is made of, as it was at a time. An
// edition without an id is imagined for a preview: what editors made of it by now
// counts, if it was made ahead.
func gather(ctx context.Context, tx *db.Tx, d *Digest, e *Edition, sel Selection, at time.Time) (*draft, error) {
	dr := &draft{digest: d, edition: e, topics: sel.Order, more: sel.More, language: sel.Language, at: at}
	id, textAt := e.ID, at
	var err error
	if id == 0 {
		textAt = time.Time{}
		if id, err = editionID(ctx, tx, e.Key); err != nil {
			return nil, err
		}
	}
	if dr.text, err = editionText(ctx, tx, id, textAt); err != nil {
		return nil, fmt.Errorf("what editors made of it: %w", err)
	}
	if dr.intro, err = templates.ParseProse(dr.text.Intro); err != nil {
		return nil, fmt.Errorf("%w: introduction: %w", ErrContent, err)
	}
	if dr.articles, err = articlesAsOf(ctx, tx, sel.articleIDs(), at); err != nil {
		return nil, err
	}
	if dr.corrections, err = correctionsAsOf(ctx, tx, sel.Corrections, at); err != nil {
		return nil, err
	}
	if dr.theme, err = themeAsOf(ctx, tx, d, e, at); err != nil {
		return nil, err
	}
	if e.ID == 0 { // the database need not have the configuration yet
		dr.slots = drawnSlots(d.slots, d, e, sel.Slots)
	} else {
		dr.slots, err = slotsAsOf(ctx, tx, d, e, sel.Slots, at)
	}
	if err != nil {
		return nil, err
	}
	dr.order(sel.Stories)
	return dr, nil
}

// order leaves out what was withdrawn and puts first what editors gave a place.
// All else stays as it was ranked.
func (dr *draft) order(stories []Pick) {
	for _, pick := range stories {
		if dr.articles[pick.ArticleID] != nil {
			dr.picks = append(dr.picks, pick)
		}
	}
	places := dr.text.places()
	place := func(p Pick) int {
		if n, ok := places[p.ArticleID]; ok {
			return n
		}
		return len(places) + 1
	}
	slices.SortStableFunc(dr.picks, func(a, b Pick) int { return place(a) - place(b) })
}

// isEmpty reports whether nobody has to read it: an introduction alone is no
// reason to write, unless it is a letter.
func (dr *draft) isEmpty() bool {
	return dr.edition.Kind != Letter && len(dr.picks) == 0 && len(dr.corrections) == 0
}

// content lays out what is kept of the stories of a draft as readers see them: the
// first one as the lead, then the sections. The reader's own parts are empty.
func (c *Composer) content(dr *draft, k keeps) (*templates.Digest, error) {
	d, e := dr.digest, dr.edition
	content := &templates.Digest{
		Kind: dr.kind(), Since: d.since(e.Slot),
		Site: c.setup.Site, Slug: d.Slug, Name: d.NameIn(dr.language), Edition: e.Key, Date: e.date(d.Location), Language: dr.language,
		Preheader: dr.text.Preheader, Intro: dr.intro, Corrections: dr.corrections,
		More: dr.more + len(dr.picks) - k.stories, MoreURL: c.setup.Site.URL, SubscribeURL: dr.signUp(c.links.SignUp),
	}
	headlines := dr.text.headlines()
	var laid sections
	for i := range dr.picks[:k.stories] {
		story := c.story(&dr.picks[i], dr.articles[dr.picks[i].ArticleID], headlines, dr.language)
		k.shorten(&story, i)
		if content.Lead == nil {
			lead := story
			content.Lead = &lead
		}
		laid.add(c.setup.topicByID(dr.picks[i].TopicID), dr.picks[i].TopicID, dr.language, story)
	}
	content.Sections, content.Slots = laid.inOrder(c.order(dr)), c.slots(dr)
	var err error
	if content.Subject = templates.SubjectLine(dr.subject()); content.Subject == "" {
		content.Subject, err = d.Subject.Execute(content)
	}
	return content, errors.Join(err, c.dress(dr, content))
}

// slots are those of a draft, with links that lead over our server where clicks
// are counted. Where all stories were withdrawn there are none.
func (c *Composer) slots(dr *draft) []templates.Slot {
	if len(dr.picks) == 0 {
		return nil
	}
	out := slices.Clone(dr.slots)
	if dr.bare {
		return out
	}
	for i := range out {
		slug := out[i].Slug
		out[i].Follow = func(link string) string { return c.slotLink(dr.at, dr.edition.ID, slug, i+1, link) }
	}
	return out
}

// signUp is the page where others sign up, in the language of the mail.
func (dr *draft) signUp(page string) string {
	if page == "" || dr.language == "" {
		return page
	}
	return page + "?lang=" + dr.language
}

// subject is the edition's own, "" for what the digest's template makes.
func (dr *draft) subject() string {
	if dr.text.Subject != "" || dr.edition.Kind != Letter {
		return dr.text.Subject
	}
	return dr.intro.Heading()
}

func (c *Composer) story(pick *Pick, a *Article, headlines map[int64]string, language string) templates.Story {
	s := templates.Story{
		Title: a.Title, URL: a.URL, Summary: a.Summary, Language: a.Language, Author: a.Author, Image: a.ImageURL, ImageAlt: a.ImageAlt,
		ImageWidth: a.ImageWidth, ImageHeight: a.ImageHeight, ImageCredit: a.ImageCredit, ModifiedAt: a.ModifiedAt,
		Source: a.SourceName, AlsoFrom: a.AlsoFrom, PublishedAt: a.PublishedAt, Pinned: pick.Pinned, Paid: a.Access == AccessPaid,
	}
	if headline := headlines[a.ID]; headline != "" {
		s.Title = headline
	}
	if pick.Body {
		s.Body = strings.Split(a.Body, "\n\n")
	}
	for _, id := range append([]int64{pick.TopicID}, pick.Also...) {
		if t := c.setup.topicByID(id); t.ID != 0 {
			s.Topics = append(s.Topics, t.nameIn(language))
		}
	}
	return s
}

// sections gathers stories by what they stand under. Those of topics that have
// retired since stand in one section without a name.
type sections []section

type section struct {
	id int64 // a topic, 0 if it retired, or a section over all topics
	templates.Section
}

func (s *sections) add(topic Topic, id int64, language string, story templates.Story) {
	added := section{topic.ID, templates.Section{Slug: topic.Slug, Name: topic.nameIn(language)}}
	switch id {
	case SectionTop:
		added = section{id, templates.Section{Kind: templates.TopSection}}
	case SectionLatest:
		added = section{id, templates.Section{Kind: templates.LatestSection}}
	}
	i := slices.IndexFunc(*s, func(have section) bool { return have.id == added.id })
	if i < 0 {
		i = len(*s)
		*s = append(*s, added)
	}
	(*s)[i].Stories = append((*s)[i].Stories, story)
}

// order returns the topics in the order in which their sections stand.
func (c *Composer) order(dr *draft) []int64 {
	if dr.topics != nil {
		return dr.topics
	}
	var ids []int64
	for _, t := range c.setup.Offered(dr.digest) {
		ids = append(ids, t.ID)
	}
	return ids
}

// inOrder returns the best over all topics, the sections in the order of the
// topics, the others, and the latest.
func (s sections) inOrder(topics []int64) []templates.Section {
	place := make(map[int64]int, len(topics)+2)
	for i, topic := range topics {
		place[topic] = i - len(topics) // before 0, which the others have
	}
	place[SectionTop], place[SectionLatest] = -len(topics)-1, 1
	slices.SortStableFunc(s, func(a, b section) int { return place[a.id] - place[b.id] })
	out := make([]templates.Section, len(s))
	for i := range s {
		out[i] = s[i].Section
	}
	return out
}
