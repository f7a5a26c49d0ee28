package templates

import (
	"fmt"
	htmltemplate "html/template"
	"strconv"
	"strings"
)

// SlotPosition is where in a mail a slot stands.
type SlotPosition string

// The positions of slots. Where a mail has no lead, what stands after it stands
// on top.
const (
	SlotTop       SlotPosition = "top" // above all stories
	SlotAfterLead SlotPosition = "after_lead"
	SlotBottom    SlotPosition = "bottom" // below all stories
)

const afterSection = "after_section_"

// SlotAfterSection is the position after the nth section, from 1. In a mail with
// fewer sections it is that after the last one.
func SlotAfterSection(n int) SlotPosition { return SlotPosition(afterSection + strconv.Itoa(n)) }

// AfterSection reports whether a slot stands after a section.
func (p SlotPosition) AfterSection() bool { return p.section() > 0 }

// section is the section after which a slot stands, 0 for none.
func (p SlotPosition) section() int {
	number, ok := strings.CutPrefix(string(p), afterSection)
	if n, err := strconv.Atoi(number); ok && err == nil && n > 0 {
		return n
	}
	return 0
}

// Slot is a sponsor's creative or an ad of the house in a digest. All readers of
// the selection have the same.
type Slot struct {
	Slug     string
	Position SlotPosition
	Sponsor  string    // who pays; "" for an ad of the house
	Label    string    // "" for the word of the mail's language
	Creative *Creative // nil: the text is drawn in HTML, too
	Text     string    // paragraphs with an empty line between them
	Link     string    // absolute https
	LinkText string    // the words of the link; "" for its host

	// Follow returns the address that a link of the slot gets in the mail, such
	// as one that counts. Nil leaves links as they are.
	Follow func(link string) string
}

// SlotBox is a slot as it is drawn.
type SlotBox struct {
	Label     string            // what it is and who pays, for the line above it
	HTML      htmltemplate.HTML // of the creative; empty: Text is to be drawn
	Text      []string          // paragraphs
	URL       string
	LinkText  string // the words of the link
	Linked    bool   // the creative has links of its own, so that the HTML needs no other
	Rel       string // of links; empty for an ad of the house
	Dir       string // of its words, empty where it is the mail's
	Sponsored bool
}

// addSlots puts slots where they stand.
func (v *Issue) addSlots(slots []Slot) {
	for i := range slots {
		box := v.slotBox(&slots[i])
		switch s := &slots[i]; {
		case s.Position.section() > 0 && len(v.Sections) > 0:
			column := &v.Sections[min(s.Position.section(), len(v.Sections))-1]
			column.Slots = append(column.Slots, box)
		case s.Position == SlotAfterLead && v.Lead != nil, s.Position.section() > 0 && v.Lead != nil:
			v.LeadSlots = append(v.LeadSlots, box)
		case s.Position == SlotBottom:
			v.BottomSlots = append(v.BottomSlots, box)
		default:
			v.TopSlots = append(v.TopSlots, box)
		}
	}
}

func (v *Issue) slotBox(s *Slot) SlotBox {
	b := SlotBox{Label: v.slotLabel(s), URL: webURL(s.Link), LinkText: oneLine(s.LinkText), Sponsored: s.Sponsor != ""}
	for paragraph := range strings.SplitSeq(s.Text, "\n\n") {
		if paragraph = oneLine(paragraph); paragraph != "" {
			b.Text = append(b.Text, paragraph)
		}
	}
	if dir := textDirection(strings.Join(b.Text, " "), v.Dir); dir != v.Dir {
		b.Dir = dir
	}
	if b.LinkText == "" {
		b.LinkText = hostOf(b.URL)
	}
	if b.Sponsored {
		b.Rel = "sponsored"
	}
	if s.Creative != nil {
		b.HTML = s.Creative.draw(b.URL, s.Follow, b.Sponsored)
		b.Linked = len(s.Creative.links) > 0
	}
	if s.Follow != nil && b.URL != "" {
		b.URL = s.Follow(b.URL)
	}
	return b
}

// slotLabel tells readers that a slot is no story, and whose it is.
func (v *Issue) slotLabel(s *Slot) string {
	if s.Sponsor == "" {
		return firstOf(oneLine(s.Label), fmt.Sprintf(v.T.HouseAd, isolate(v.Site, v.Dir)))
	}
	return firstOf(oneLine(s.Label), v.T.Sponsored) + " · " + isolate(oneLine(s.Sponsor), v.Dir)
}

// MissedSlots returns where the theme draws no slots in an ordinary mail, in one of
// its parts: a sponsor there would pay for nothing.
func (t *Theme) MissedSlots() ([]SlotPosition, error) {
	positions := []SlotPosition{SlotTop, SlotAfterLead, SlotAfterSection(1), SlotBottom}
	d := SampleDigest(KindDaily)
	for i, position := range positions {
		d.Slots = append(d.Slots, Slot{Position: position, Sponsor: slotMark(i), Text: "x", Link: "https://slot.example/"})
	}
	html, err := t.HTML(d)
	if err != nil {
		return nil, err
	}
	text, err := t.Text(d)
	if err != nil {
		return nil, err
	}
	var missed []SlotPosition
	for i, position := range positions {
		if mark := slotMark(i); !strings.Contains(html, mark) || !strings.Contains(text, mark) {
			missed = append(missed, position)
		}
	}
	return missed, nil
}

func slotMark(i int) string { return "slotmark" + strconv.Itoa(i) + "x" }

// hostOf is the host of a URL without what all hosts begin with.
func hostOf(link string) string {
	_, rest, _ := strings.Cut(link, "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	return strings.TrimPrefix(host, "www.")
}
