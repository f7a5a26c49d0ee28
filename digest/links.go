package digest

import (
	"cmp"
	"fmt"
	"html"
	"strings"
	"time"

	"broadsheet/templates"
)

// Links are the addresses in a mail that belong to no single reader.
type Links struct {
	SignUp      string       // where someone who was forwarded the mail signs up
	Public      *PublicLinks // nil: no mail links to itself, and nothing is counted
	CountClicks bool         // links to stories, of slots, introductions, corrections and to what has no room lead over our server
	Pixel       bool         // mails carry a picture that tells when they are opened
}

// dress gives the links of a mail that is laid out their parameters, leads those
// of its stories over our own server where clicks are counted, and adds the link
// to the mail itself. It writes no link that depends on when it is asked, so that
// a retry has the same.
func (c *Composer) dress(dr *draft, content *templates.Digest) error {
	if dr.bare {
		return nil
	}
	w := wardrobe{composer: c, draft: dr, articles: map[string]int64{}, dressed: map[string]string{}}
	for _, pick := range dr.picks {
		if a := dr.articles[pick.ArticleID]; a.URL != "" {
			w.articles[a.URL] = a.ID
		}
	}
	if content.Lead != nil {
		section, id := "", int64(0)
		if n := sectionOf(content.Sections, content.Lead.URL); n >= 0 {
			section, id = w.section(&content.Sections[n])
		}
		w.story(content.Lead, section, id)
	}
	for i := range content.Sections {
		s := &content.Sections[i]
		slug, id := w.section(s)
		for j := range s.Stories {
			w.story(&s.Stories[j], slug, id)
		}
	}
	content.Corrections = w.corrections(content.Corrections)
	introduced := 0
	content.Intro = content.Intro.WithLinks(func(link string) string {
		introduced++
		return w.place(link, PlaceIntroduction, introduced)
	})
	content.MoreURL = w.place(content.MoreURL, PlaceMore, 1)
	if c.links.Public != nil && dr.edition.ID != 0 && dr.selectionID != 0 {
		l := c.links.Public.AsOf(dr.at)
		content.ViewURL = l.View(Mailing{dr.edition.ID, dr.selectionID})
		if c.links.Pixel {
			content.PixelURL = l.Open(dr.edition.ID)
		}
	}
	return w.err
}

// sectionOf is the place of the section in which a story stands, -1 for none.
func sectionOf(sections []templates.Section, link string) int {
	for i := range sections {
		for j := range sections[i].Stories {
			if sections[i].Stories[j].URL == link {
				return i
			}
		}
	}
	return -1
}

// wardrobe dresses the links of one mail. What goes wrong first stays in err.
type wardrobe struct {
	composer *Composer
	draft    *draft
	articles map[string]int64  // by canonical URL
	dressed  map[string]string // by canonical URL or headline: the lead may stand in its section, too
	position int
	err      error
}

// section names a section for parameters and for clicks.
func (w *wardrobe) section(s *templates.Section) (slug string, id int64) {
	switch s.Kind {
	case templates.TopSection:
		return topText, SectionTop
	case templates.LatestSection:
		return latestText, SectionLatest
	}
	if t := w.composer.setup.TopicBySlug(s.Slug); t != nil {
		return s.Slug, t.ID
	}
	return "", 0
}

func (w *wardrobe) story(s *templates.Story, section string, sectionID int64) {
	key := cmp.Or(s.URL, s.Title)
	link, ok := w.dressed[key]
	if !ok {
		w.position++
		if link = s.URL; webAddress(link) != nil {
			link = w.link(link, section, sectionID)
		}
		w.dressed[key] = link
	}
	s.URL = link
}

// link is the link of the story at the present position.
func (w *wardrobe) link(to, section string, sectionID int64) string {
	links, e := &w.composer.links, w.draft.edition
	id := w.articles[to]
	if !links.CountClicks || links.Public == nil || e.ID == 0 || id == 0 {
		return w.tag(to, w.position, section)
	}
	return links.Public.AsOf(w.draft.at).Go(Click{EditionID: e.ID, ArticleID: id, Position: w.position, section: sectionID})
}

func (w *wardrobe) tag(link string, position int, section string) string {
	tagged, err := w.draft.digest.tagged(w.composer.setup, w.draft.edition, link, position, section)
	if err != nil && w.err == nil {
		w.err = err
	}
	return tagged
}

// longestTarget is the longest address that a link can carry, so that the link
// with it is still read.
const longestTarget = 2000

// place is the link of a place with its parameters, which leads over our server
// where clicks are counted. Its target is signed with it.
func (w *wardrobe) place(link string, place LinkPlace, position int) string {
	target := w.tag(link, 0, string(place))
	links, e := &w.composer.links, w.draft.edition
	if !links.CountClicks || links.Public == nil || e.ID == 0 || webAddress(target) == nil || len(target) > longestTarget {
		return target
	}
	return links.Public.AsOf(w.draft.at).Go(Click{EditionID: e.ID, Place: place, Position: position, target: target})
}

// corrections returns corrections with links that have parameters. Those that
// were given belong to the draft, which is drawn several times.
func (w *wardrobe) corrections(given []templates.Correction) []templates.Correction {
	out := make([]templates.Correction, len(given))
	for i, correction := range given {
		correction.URL = w.place(correction.URL, PlaceCorrections, i+1)
		out[i] = correction
	}
	return out
}

// tagged returns a link in a mail of an edition with the parameters of the digest.
func (d *Digest) tagged(set *Setup, e *Edition, link string, position int, section string) (string, error) {
	f := LinkFields{Position: position, Section: section}
	f.Site.Name, f.Digest.Slug, f.Digest.Name = set.Site.Name, d.Slug, d.Name
	f.Edition.Key, f.Edition.Date = e.Key, e.Slot.Date()
	link, err := d.Tags.apply(link, &f)
	if err != nil {
		return "", fmt.Errorf("links of %s: %w", e.Key, err)
	}
	return link, nil
}

// withPixel puts a picture that nobody sees at the end of a mail, whatever theme
// drew it.
func withPixel(document, address string) string {
	end := strings.LastIndex(document, "</body>")
	if address == "" || end < 0 {
		return document
	}
	return document[:end] + `<img src="` + html.EscapeString(address) + `" width="1" height="1" alt="" style="display:block;border:0">` + document[end:]
}

// SlotLink returns the link of a creative in the mails of an edition: over our
// server where clicks are counted. The target is signed with it, so that it leads
// there for as long as the mail is kept, whatever the configuration then says.
func (c *Composer) SlotLink(editionID int64, slot string, position int, target string) string {
	return c.slotLink(time.Time{}, editionID, slot, position, target)
}

func (c *Composer) slotLink(at time.Time, editionID int64, slot string, position int, target string) string {
	if !c.links.CountClicks || c.links.Public == nil || editionID == 0 || webAddress(target) == nil {
		return target
	}
	return c.links.Public.AsOf(at).Go(Click{EditionID: editionID, Slot: slot, Position: position, target: target})
}
