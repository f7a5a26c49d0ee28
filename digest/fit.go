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
	// mostPersonal is kept free for the reader's name and links.
	mostPersonal = 1_500
)

// sheet is a mail as it is drawn, with markers where the reader's parts go.
type sheet struct {
	content *templates.Digest
	html    string
}

// fits reports whether the HTML is small enough with the reader's parts.
func (s *sheet) fits() bool {
	return len(s.html)+strings.Count(s.html, "\n")+mostPersonal <= mostHTML
}

// fit draws as many stories of a draft as have room. The last ones in the order
// of ranking give way, and are counted as not shown; of a single story that has
// no room, the body does.
func (c *Composer) fit(dr *draft, markers mail.Markers) (*sheet, error) {
	most := dr.mayFit()
	whole, err := c.draw(dr, most, markers)
	if err != nil || whole.fits() {
		return whole, err
	}
	// With each story the mail grows, so halving finds the last one that fits.
	drawn := map[int]*sheet{}
	n := sort.Search(most, func(n int) bool {
		if err != nil {
			return true
		}
		var s *sheet
		if s, err = c.draw(dr, n, markers); err != nil {
			return true
		}
		drawn[n] = s
		return !s.fits()
	}) - 1
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return drawn[n], nil
	}
	if len(dr.picks) > 0 {
		dr.picks[0].Body = false
		whole, err = c.draw(dr, 1, markers)
	}
	if err == nil && !whole.fits() {
		err = fmt.Errorf("it takes %d octets of HTML, and %d is the most", len(whole.html), mostHTML-mostPersonal)
	}
	return whole, err
}

// mayFit is how many stories have room if nothing but their words is counted, at
// least the first: more of them are not even drawn.
func (dr *draft) mayFit() int {
	octets := 0
	for n := range dr.picks {
		a := dr.articles[dr.picks[n].ArticleID]
		words := a.Summary
		if dr.picks[n].Body {
			words = a.Body
		}
		if octets += len(a.Title) + len(a.URL) + len(words); octets > mostHTML && n > 0 {
			return n
		}
	}
	return len(dr.picks)
}

// draw draws the first n stories of a draft.
func (c *Composer) draw(dr *draft, n int, markers mail.Markers) (*sheet, error) {
	content, err := c.content(dr, n)
	if err != nil {
		return nil, err
	}
	content.ReaderName, content.Unsubscribe, content.Preferences =
		markers.Of(mail.SlotName), markers.Of(mail.SlotUnsubscribe), markers.Of(mail.SlotPreferences)
	html, err := dr.digest.Theme.HTML(content)
	return &sheet{content, html}, err
}
