package digest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"broadsheet/internal/schedule"
	"broadsheet/templates"
)

// Slot is a sponsor's creative or an ad of the house, and where and when it runs.
// Which slots a mail has is frozen as a part of its selection, when planning knows
// all that it depends on: the digest, the date of the edition and the attributes
// of the reader. What is decided then is the same for all who share the selection,
// it does not change while a run goes on, and explain can tell it. What a slot
// looks like is read when the mail is composed, as of a time, like the text of
// articles: a retry is the same to the last octet, and what was removed from the
// configuration is in no mail that is composed after that.
type Slot struct {
	Slug     string                 `json:"slug"`
	Position templates.SlotPosition `json:"position,omitempty"` // "" for a slot that only stands in for others
	Sponsor  string                 `json:"sponsor,omitempty"`  // "" for an ad of the house
	Label    string                 `json:"label,omitempty"`    // "" for the word of the mail's language
	HTML     string                 `json:"html,omitempty"`     // of the creative; "": the text is drawn
	Text     string                 `json:"text"`
	Link     string                 `json:"link"`
	LinkText string                 `json:"link_text,omitempty"`
	Digests  []string               `json:"digests"`            // slugs
	Audience []string               `json:"audience,omitempty"` // attributes of which readers need one of each name; nil for everybody
	From     string                 `json:"from,omitempty"`     // the first date of editions, "" for any
	Until    string                 `json:"until,omitempty"`    // the last one, "" for any
	Priority int                    `json:"priority,omitempty"`
	Fallback string                 `json:"fallback,omitempty"` // the slot that runs in its place where it does not
}

// PlacedSlot is a slot in a mail.
type PlacedSlot struct {
	Position templates.SlotPosition
	Slug     string
}

// mostInMail is how many slots a mail has at most: with all of them there is
// still room for stories below the size at which mail programs clip.
const mostInMail = 4

// SlotRule is what decides about a slot.
type SlotRule string

// The rules of slots.
const (
	SlotRuns      SlotRule = "runs"
	SlotStandsIn  SlotRule = "fallback"     // it runs in the place of one that does not
	SlotUnasked   SlotRule = "not-asked"    // it only stands in for others, and runs in no place of theirs
	SlotKind      SlotRule = "kind"         // editions of that kind have none
	SlotDigest    SlotRule = "digests"      // it is for other digests
	SlotTooEarly  SlotRule = "from"         // its first date is to come
	SlotOver      SlotRule = "until"        // its last date is past
	SlotAudience  SlotRule = "audience"     // it is for other readers
	SlotOutranked SlotRule = "priority"     // another one has the position
	SlotFull      SlotRule = "most"         // the mail has as many as it can have
	SlotFrozen    SlotRule = "frozen"       // it stands in the reader's delivery
	SlotNotFrozen SlotRule = "not-frozen"   // by what is known now it would run, and the delivery was planned without it
	SlotNoStories SlotRule = "nothing-sent" // the reader gets no stories, so no slots either
)

// SlotVerdict says what became of a slot for one reader, and why.
type SlotVerdict struct {
	Slug     string
	Sponsor  string // "" for an ad of the house
	Position templates.SlotPosition
	Chosen   bool
	Rule     SlotRule
	Detail   string
}

// slotPlan chooses the slots of one edition.
type slotPlan struct {
	setup  *Setup
	digest *Digest
	date   string // of the edition
	none   string // why there are no slots at all, "" if there may be some
	ranked []*Slot
	same   bool              // all readers have the same
	made   map[string]string // by the attributes of readers, as they are stored
}

func newSlotPlan(set *Setup, d *Digest, e *Edition) *slotPlan {
	p := &slotPlan{setup: set, digest: d, date: e.Slot.Date(), same: true, made: map[string]string{}}
	switch {
	case e.Kind == Letter || e.Kind == Welcome:
		p.none = fmt.Sprintf("an edition of the kind %q has no slots", e.Kind)
	case e.ArticleID != 0:
		p.none = "breaking news has no slots"
	}
	for i := range set.Slots {
		p.ranked = append(p.ranked, &set.Slots[i])
		p.same = p.same && len(set.Slots[i].Audience) == 0
	}
	slices.SortStableFunc(p.ranked, func(a, b *Slot) int { return cmp.Compare(b.Priority, a.Priority) })
	return p
}

// of returns the slots of readers with these attributes as a selection has them.
// Readers who differ in attributes and have the same slots share selections.
func (p *slotPlan) of(attributes string) string {
	if len(p.ranked) == 0 || p.none != "" {
		return ""
	}
	if p.same {
		attributes = ""
	}
	text, ok := p.made[attributes]
	if !ok {
		text = joinSlots(p.choose(attributes, nil))
		p.made[attributes] = text
	}
	return text
}

// choose gives each position the first slot that runs in it, by priority and then
// in the order of the configuration, and where none does the first fallback of
// them that runs. No slot is in a mail twice.
func (p *slotPlan) choose(attributes string, trace func(SlotVerdict)) []PlacedSlot {
	b := slotBoard{plan: p, attributes: p.setup.attributesOf(attributes), verdicts: map[string]SlotVerdict{}}
	for _, s := range p.ranked {
		if s.Position != "" {
			b.place(s)
		}
	}
	for _, s := range p.ranked {
		if s.Position != "" && !b.has(s.Position) {
			b.standIn(s)
		}
	}
	if trace != nil {
		b.tell(trace)
	}
	return b.placed
}

// judge returns the rule that keeps a slot out of the mails of readers, or "".
func (p *slotPlan) judge(s *Slot, attributes string) (SlotRule, string) {
	if p.none != "" {
		return SlotKind, p.none
	}
	if rule, detail := s.runsIn(p.digest, p.date); rule != "" {
		return rule, detail
	}
	if len(s.Audience) > 0 && !admits(joinPairs(s.Audience), attributes) {
		return SlotAudience, fmt.Sprintf("it is for %s, the reader has %s", strings.Join(s.Audience, ", "), pairsInWords(attributes))
	}
	return "", ""
}

// runsIn returns the rule that keeps a slot out of all mails of an edition of
// that date, or "".
func (s *Slot) runsIn(d *Digest, date string) (SlotRule, string) {
	switch {
	case !slices.Contains(s.Digests, d.Slug):
		return SlotDigest, "it is for " + orNone(s.Digests)
	case s.From != "" && date < s.From:
		return SlotTooEarly, fmt.Sprintf("it runs from %s on, the edition is of %s", s.From, date)
	case s.Until != "" && date > s.Until:
		return SlotOver, fmt.Sprintf("it ran until %s, the edition is of %s", s.Until, date)
	}
	return "", ""
}

// slotBoard is the slots of one mail as they get their positions.
type slotBoard struct {
	plan       *slotPlan
	attributes string
	placed     []PlacedSlot
	verdicts   map[string]SlotVerdict
}

func (b *slotBoard) has(position templates.SlotPosition) bool { return b.at(position) != "" }

// at is the slug of the slot that has a position, "" for none.
func (b *slotBoard) at(position templates.SlotPosition) string {
	for _, p := range b.placed {
		if p.Position == position {
			return p.Slug
		}
	}
	return ""
}

func (b *slotBoard) verdict(s *Slot, position templates.SlotPosition, rule SlotRule, detail string) {
	chosen := rule == SlotRuns || rule == SlotStandsIn
	b.verdicts[s.Slug] = SlotVerdict{Slug: s.Slug, Sponsor: s.Sponsor, Position: position, Chosen: chosen, Rule: rule, Detail: detail}
	if chosen {
		b.placed = append(b.placed, PlacedSlot{position, s.Slug})
	}
}

// place gives a slot its own position, if it runs and nothing else has it.
func (b *slotBoard) place(s *Slot) {
	rule, detail := b.plan.judge(s, b.attributes)
	switch other := b.at(s.Position); {
	case rule != "":
	case other != "":
		rule, detail = SlotOutranked, other+" has the position"
	case len(b.placed) == mostInMail:
		rule, detail = SlotFull, fmt.Sprintf("the mail has its %d slots", mostInMail)
	default:
		rule, detail = SlotRuns, fmt.Sprintf("the first at its position, with priority %d", s.Priority)
	}
	b.verdict(s, s.Position, rule, detail)
}

// standIn gives the position of a slot that does not run to the first of its
// fallbacks that does and is not in the mail yet.
func (b *slotBoard) standIn(s *Slot) {
	if len(b.placed) == mostInMail {
		return
	}
	for f, left := b.plan.slot(s.Fallback), len(b.plan.ranked); f != nil && left > 0; f, left = b.plan.slot(f.Fallback), left-1 {
		if b.verdicts[f.Slug].Chosen {
			continue
		}
		rule, detail := b.plan.judge(f, b.attributes)
		if rule == "" {
			b.verdict(f, s.Position, SlotStandsIn, "it stands in for "+s.Slug)
			return
		}
		if f.Position == "" {
			b.verdict(f, "", rule, detail)
		}
	}
}

// verdicts says what becomes of all slots for a reader. What is frozen in a
// delivery stays, whatever would be chosen now.
func (p *slotPlan) verdicts(attributes string, frozen *Selection, pick chosen) []SlotVerdict {
	var out []SlotVerdict
	p.choose(attributes, func(v SlotVerdict) {
		switch {
		case frozen != nil:
			v.freeze(frozen.Slots)
		case v.Chosen && (pick.skip != "" || pick.stories == 0):
			v.Chosen, v.Rule, v.Detail = false, SlotNoStories, "the reader gets no stories, so no slots either"
		}
		out = append(out, v)
	})
	return out
}

// SlotsOf says which slots run in the edition of a slot of the schedule, for a
// reader of whom nothing is known. It needs no database.
func (s *Setup) SlotsOf(d *Digest, slot schedule.Local) []SlotVerdict {
	var out []SlotVerdict
	newSlotPlan(s, d, &Edition{Slot: slot, Kind: Scheduled}).choose("", func(v SlotVerdict) { out = append(out, v) })
	return out
}

// freeze makes a verdict about a delivery that was planned with these slots.
func (v *SlotVerdict) freeze(slots []PlacedSlot) {
	i := slices.IndexFunc(slots, func(s PlacedSlot) bool { return s.Slug == v.Slug })
	switch {
	case i >= 0:
		v.Chosen, v.Position, v.Rule, v.Detail = true, slots[i].Position, SlotFrozen, "it stands in the reader's delivery"
	case v.Chosen:
		v.Chosen, v.Rule, v.Detail = false, SlotNotFrozen, "the delivery was planned without it; by what is known now: "+v.Detail
	}
}

func (p *slotPlan) slot(slug string) *Slot {
	for _, s := range p.ranked {
		if s.Slug == slug {
			return s
		}
	}
	return nil
}

// tell gives the verdicts in the order of ranking.
func (b *slotBoard) tell(trace func(SlotVerdict)) {
	for _, s := range b.plan.ranked {
		v, ok := b.verdicts[s.Slug]
		if !ok {
			rule, detail := b.plan.judge(s, b.attributes)
			if rule == "" {
				rule, detail = SlotUnasked, "it only stands in for others, and was not needed"
			}
			v = SlotVerdict{Slug: s.Slug, Sponsor: s.Sponsor, Rule: rule, Detail: detail}
		}
		trace(v)
	}
}

// body is the stored form of a slot.
func (s *Slot) body() (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// parseSlot reads the stored form.
func parseSlot(body string) (*Slot, error) {
	s := &Slot{}
	if err := json.Unmarshal([]byte(body), s); err != nil {
		return nil, fmt.Errorf("slot %q: %w", body, err)
	}
	return s, nil
}

// drawn returns the slot as a theme draws it.
func (s *Slot) drawn(position templates.SlotPosition) (templates.Slot, error) {
	out := templates.Slot{
		Slug: s.Slug, Position: position, Sponsor: s.Sponsor, Label: s.Label, Text: s.Text, Link: s.Link, LinkText: s.LinkText,
	}
	if s.HTML == "" {
		return out, nil
	}
	creative, flaws := templates.ParseCreative(s.HTML)
	if len(flaws) > 0 {
		return out, fmt.Errorf("slot %s: its creative, line %d: %s", s.Slug, flaws[0].Line, flaws[0].Text)
	}
	out.Creative = creative
	return out, nil
}

// joinSlots is how a selection has its slots: "$" before each, the position, and
// its slug after a colon.
func joinSlots(slots []PlacedSlot) string {
	var b strings.Builder
	for _, s := range slots {
		b.WriteString(" $" + string(s.Position) + ":" + s.Slug)
	}
	return b.String()
}

// parseSlots reads what joinSlots wrote, field by field.
func parseSlots(fields []string) (slots []PlacedSlot, err error) {
	for _, field := range fields {
		position, slug, ok := strings.Cut(strings.TrimPrefix(field, "$"), ":")
		if !ok || !strings.HasPrefix(field, "$") || position == "" || slug == "" {
			return nil, fmt.Errorf("bad slot %q", field)
		}
		slots = append(slots, PlacedSlot{templates.SlotPosition(position), slug})
	}
	return slots, nil
}

// slugsIn returns the slugs of the slots in the stored form of a selection, with
// a comma between them.
func slugsIn(stored string) string {
	start := strings.Index(stored, " $")
	if start < 0 { // as nearly always
		return ""
	}
	var slugs []string
	for field := range strings.FieldsSeq(stored[start:]) {
		if _, slug, ok := strings.Cut(field, ":"); ok && strings.HasPrefix(field, "$") {
			slugs = append(slugs, slug)
		}
	}
	return strings.Join(slugs, ",")
}
