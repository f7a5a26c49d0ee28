package config

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Slot is a sponsor's creative or an ad of the house, and where and when it runs.
type Slot struct {
	Slug     string   // required, unique
	Position string   // "top", "after_lead", "after_section_1" to "_9", "bottom"; "" for a slot that only stands in for others
	Sponsor  string   // who pays; "" for an ad of the house
	House    bool     // the site's own; given if and only if there is no sponsor
	Label    string   // such as "Advertisement"; "" for the word of the mail's language
	HTML     string   // the creative, which Checks.Creative found safe; "" unless given: then the text is drawn
	Text     string   // required; the creative in words
	Link     string   // required; absolute https
	LinkText string   // the words of the link; its host unless given
	Digests  []string // slugs of the digests that it runs in; all unless given
	Audience []string // of which readers need one of each name, such as "tier=free"; everybody unless given
	From     string   // the first date of editions that it runs in, such as "2026-12-01"; "" unless given
	Until    string   // the last one; "" unless given
	Priority int      // of two for one position the higher one runs; 0 unless given
	Fallback string   // the slot that runs where this one does not; "" unless given
}

// Flaw is something that a creative must not have.
type Flaw struct {
	Line int    // from 1
	Text string // what it is, and the remedy
}

// What a slot can hold. mostSlots bounds what each plan looks at.
const (
	mostSlots        = 200
	mostSlotText     = 2000
	mostSlotSections = 9
)

const sectionPosition = "after_section_"

// slotPosition is the rule of where in a mail a slot stands.
func slotPosition(s string) error {
	if number, ok := strings.CutPrefix(s, sectionPosition); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= mostSlotSections && strconv.Itoa(n) == number {
			return nil
		}
		return fmt.Errorf(`must name a section from %s1 to %s%d, not %s`, sectionPosition, sectionPosition, mostSlotSections, quote(s))
	}
	plain := []string{"top", "after_lead", "bottom"}
	if slices.Contains(plain, s) {
		return nil
	}
	known := []string{"top", "after_lead", sectionPosition + "2", "bottom"}
	if near := nearest(s, known); near != "" {
		return fmt.Errorf("must not be %s, did you mean %q?", quote(s), near)
	}
	return fmt.Errorf("must be %s, not %s", alternatives(known), quote(s))
}

// secureURL wants a webURL that is https.
func secureURL(s string) error {
	if err := webURL(s); err != nil {
		return err
	}
	if !strings.HasPrefix(s, "https://") {
		return fmt.Errorf("must begin with https://, not %s", quote(s))
	}
	return nil
}

func readSlots(tables []*table, c *Config) []Slot {
	if len(tables) > mostSlots {
		tables[mostSlots].complain("slug", "is one of %d, and at most %d slots can be there: remove those that are over", len(tables), mostSlots)
		return nil
	}
	seen := slugs{}
	var out []Slot
	for _, t := range tables {
		out = append(out, readSlot(t, c, seen))
	}
	standIns := map[string]bool{}
	for i, t := range tables {
		t.fallback(out, i)
		standIns[out[i].Fallback] = true
	}
	for i, t := range tables {
		if out[i].Position == "" && t.child("position") == nil && out[i].Slug != "" && !standIns[out[i].Slug] {
			t.require("position", `"after_lead", unless it is the fallback of another slot`)
		}
	}
	return out
}

func readSlot(t *table, c *Config, seen slugs) Slot {
	s := Slot{
		Slug:     t.slug(seen),
		Position: t.text("position", "", slotPosition),
		Sponsor:  t.text("sponsor", "", line(100)),
		House:    t.flag("house"),
		Label:    t.text("label", "", line(40)),
		HTML:     t.creative(),
		Text:     t.words(),
		Link:     t.needed("link", `"https://sponsor.example/offer"`, line(2000), secureURL),
		LinkText: t.text("link_text", "", line(100)),
		Digests:  t.slotDigests(c.Digests),
		Audience: t.texts("audience", c.attribute),
		From:     t.dateIfGiven("from"),
		Until:    t.dateIfGiven("until"),
		Priority: t.number("priority", 0, 0, 100),
		Fallback: t.text("fallback", ""),
	}
	switch {
	case s.Sponsor == "" && !s.House:
		t.require("sponsor", `"Harbour Bank", whom readers see beside it, or house = true for your own ad`)
	case s.Sponsor != "" && s.House:
		t.complain("house", "is true, and %s is its sponsor: remove one of the two", quote(s.Sponsor))
	}
	if s.From != "" && s.Until != "" && s.Until < s.From {
		t.complain("until", "is %s, before the %s of from: it would never run", s.Until, s.From)
	}
	t.done()
	return s
}

// creative returns the HTML of a slot, which stands in the file itself or in one
// of its own.
func (t *table) creative() string {
	text := t.text("html", "")
	shown := t.text("html_file", "", line(4096))
	if text != "" && shown != "" {
		t.complain("html_file", "is given, and so is html: remove one of the two")
	}
	place := t.place("html")
	if shown != "" {
		var content []byte
		place.File, content = t.file("html_file", "", "write the creative into it, or name another file")
		text = string(content)
	}
	if text == "" {
		return ""
	}
	for _, flaw := range t.l.checks.Creative(text) {
		p := place
		if p.Line, p.Text = flaw.Line, flaw.Text; shown == "" {
			p.Line, p.Text = place.Line, fmt.Sprintf("html in %s, its line %d: %s", t.title, flaw.Line, flaw.Text)
		}
		t.l.problems = append(t.l.problems, p)
	}
	return text
}

// words returns the text of a slot.
func (t *table) words() string {
	text := t.text("text", "", prose(mostSlotText))
	shown := t.text("text_file", "", line(4096))
	if text != "" && shown != "" {
		t.complain("text_file", "is given, and so is text: remove one of the two")
	}
	if shown != "" {
		_, content := t.file("text_file", "", "write the text into it, or name another file")
		if text = string(content); !utf8.ValidString(text) {
			t.complain("text_file", "names %s, which is not UTF-8: save it as that", quote(shown))
			return ""
		}
		t.check("text_file", text, []rule{prose(mostSlotText)})
		return strings.TrimSpace(text)
	}
	if text = strings.TrimSpace(text); text == "" {
		t.require("text", `"Two months for the price of one.", what readers of plain text see`)
	}
	return text
}

// slotDigests returns the slugs of the digests that key names, in their order.
func (t *table) slotDigests(digests []Digest) []string {
	var known []string
	for i := range digests {
		known = append(known, digests[i].Slug)
	}
	items := t.items("digests")
	if n := t.child("digests"); len(items) == 0 {
		if n != nil && n.kind == unstable.Array && len(n.items) == 0 {
			t.complain("digests", `is empty: name digests, or leave it out for all`)
		}
		return known
	}
	named := map[string]bool{}
	for _, it := range items {
		some := false
		for _, slug := range known {
			if ok, _ := path.Match(it.text, slug); ok {
				named[slug], some = true, true
			}
		}
		if some {
			continue
		}
		remedy := "; there is no [[digest]] with a slug like that"
		if near := t.l.suggest(it.text, slices.Values(known)); near != "" {
			remedy = ", did you mean " + quote(near) + "?"
		}
		t.complainAt(it.place, "digests", "names the unknown digest %s%s", quote(it.text), remedy)
	}
	return slices.DeleteFunc(known, func(slug string) bool { return !named[slug] })
}

// dateIfGiven returns the date of key as "2026-12-01", "" if none is given. It may
// be written with quotation marks or as a date of TOML.
func (t *table) dateIfGiven(key string) string {
	s := t.lookup(key)
	if s.node == nil || s.node.kind == unstable.String && s.node.text == "" {
		return ""
	}
	_, err := time.Parse(time.DateOnly, s.node.text)
	if k := s.node.kind; err != nil || k != unstable.String && k != unstable.LocalDate {
		t.complain(key, "must be a date such as 2026-12-01, not %s", describe(s.node))
		return ""
	}
	return s.node.text
}

// fallback judges the fallback of a slot: there is such a slot, and following
// them leads to an end.
func (t *table) fallback(all []Slot, i int) {
	next := map[string]string{}
	for k := range all {
		next[all[k].Slug] = all[k].Fallback
	}
	own := &all[i]
	if own.Fallback == "" {
		return
	}
	if _, ok := next[own.Fallback]; !ok {
		remedy := "; there is no [[slot]] with this slug"
		if near := t.l.suggest(own.Fallback, maps.Keys(next)); near != "" {
			remedy = ", did you mean " + quote(near) + "?"
		}
		t.complain("fallback", "names the unknown slot %s%s", quote(own.Fallback), remedy)
		return
	}
	chain := []string{own.Slug}
	for at := own.Fallback; at != "" && len(chain) <= len(all); at = next[at] {
		chain = append(chain, at)
		if at == own.Slug {
			t.complain("fallback", "leads back to the slot itself, %s: end the chain", strings.Join(chain, " to "))
			return
		}
	}
}
