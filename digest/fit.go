package digest

import (
	"fmt"
	"sort"
	"strings"

	"broadsheet/mail"
	"broadsheet/templates"
)

const (
	// mostHTML is the most octets of the HTML part, line ends counted as two:
	// a mail program that shows the first 102 KB alone would hide the link that
	// unsubscribes.
	mostHTML = 95_000
	// NearlyClipped is the octets of HTML from which operators should be told.
	NearlyClipped = 80_000
	// mostName and mostLink are kept free for the reader's name, and for each of
	// the reader's links beside what begins all of them.
	mostName = 600
	mostLink = 60
)

// sheet is a mail as it is drawn, with markers where the reader's parts go.
type sheet struct {
	content *templates.Digest // of the HTML part
	plain   *templates.Digest // of the text part: the same stories, none of them shortened
	html    string

	shortened bool
	leftOut   []string // slugs of the slots for which there was no room, or no story to stand beside
}

// keeps says how many of the first stories of a draft keep what they have.
type keeps struct{ stories, pictures, summaries, bodies int }

// size is the octets of the HTML with the reader's parts, at most.
func (c *Composer) size(s *sheet, markers mail.Markers) int {
	room := mostName * strings.Count(s.html, markers.Of(mail.SlotName))
	for _, link := range []mail.Slot{mail.SlotUnsubscribe, mail.SlotPreferences} {
		room += (len(c.links.SignUp) + mostLink) * strings.Count(s.html, markers.Of(link))
	}
	return len(s.html) + strings.Count(s.html, "\n") + room
}

// fit draws what has room of a draft. The last stories in the order of ranking
// give way: their bodies, then their summaries, then their pictures, and then
// they themselves, which are counted as not shown. The first one keeps all but
// its body.
func (c *Composer) fit(dr *draft, markers mail.Markers) (*sheet, error) {
	most := dr.mayFit()
	drawn := map[int]*sheet{}
	var err error
	// With each step the mail shrinks, so halving finds the first that fits.
	fits := func(step int) bool {
		if err != nil {
			return true
		}
		s := drawn[step]
		if s == nil {
			if s, err = c.draw(dr, dr.keep(most, step), markers); err != nil {
				return true
			}
			drawn[step] = s
		}
		return c.size(s, markers) <= mostHTML
	}
	last := steps(most)
	step := 0
	if !fits(0) {
		step = sort.Search(last, fits)
	}
	switch fit := fits(step); {
	case err != nil:
		return nil, err
	case !fit && len(dr.slots) > 0: // words of editors go before those of sponsors
		left := slugsOf(dr.slots)
		dr.slots = nil
		s, err := c.fit(dr, markers)
		if err == nil {
			s.leftOut = left
		}
		return s, err
	case !fit:
		return nil, fmt.Errorf("it takes %d octets of HTML, and %d is the most", c.size(drawn[step], markers), mostHTML)
	}
	out := drawn[step]
	out.shortened = step > 0 || most < len(dr.picks)
	if len(out.content.Slots) == 0 {
		out.leftOut = slugsOf(dr.slots)
	}
	return out, nil
}

func slugsOf(slots []templates.Slot) (slugs []string) {
	for i := range slots {
		slugs = append(slugs, slots[i].Slug)
	}
	return slugs
}

// steps is in how many steps so many stories are reduced to a bare first one.
func steps(stories int) int {
	if stories == 0 {
		return 0
	}
	return stories + 3*(stories-1)
}

// keep is what is left of so many stories after a step of giving way.
func (dr *draft) keep(stories, step int) keeps {
	k := keeps{stories: stories, pictures: stories, summaries: stories, bodies: stories}
	give := func(from *int, down int) {
		n := min(step, *from-down)
		*from -= n
		step -= n
	}
	if stories > 0 {
		give(&k.bodies, 0)
		give(&k.summaries, 1)
		give(&k.pictures, 1)
		give(&k.stories, 1)
	}
	return k
}

// shorten takes off the story at a place what it does not keep.
func (k *keeps) shorten(s *templates.Story, place int) {
	if place >= k.bodies {
		s.Body = nil
	}
	if place >= k.summaries {
		s.Summary = ""
	}
	if place >= k.pictures {
		s.Image = ""
	}
}

// mayFit is how many stories have room if nothing but their headlines is
// counted, at least the first: more of them are not even drawn.
func (dr *draft) mayFit() int {
	octets := 0
	for n := range dr.picks {
		a := dr.articles[dr.picks[n].ArticleID]
		if octets += len(a.Title) + len(a.URL); octets > mostHTML && n > 0 {
			return n
		}
	}
	return len(dr.picks)
}

// draw draws what is kept of the stories of a draft. The text part is not
// shortened but for bodies, which nobody clips and everybody has to load.
func (c *Composer) draw(dr *draft, k keeps, markers mail.Markers) (*sheet, error) {
	s := new(sheet)
	for _, part := range []struct {
		content **templates.Digest
		keeps
	}{{&s.content, k}, {&s.plain, keeps{stories: k.stories, pictures: k.stories, summaries: k.stories, bodies: k.bodies}}} {
		content, err := c.content(dr, part.keeps)
		if err != nil {
			return nil, err
		}
		content.ReaderName, content.Unsubscribe, content.Preferences =
			markers.Of(mail.SlotName), markers.Of(mail.SlotUnsubscribe), markers.Of(mail.SlotPreferences)
		*part.content = content
	}
	var err error
	s.html, err = dr.theme.HTML(s.content)
	s.html = withPixel(s.html, s.content.PixelURL)
	return s, err
}
