package digest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/templates"
)

// slot is one of a sponsor for the daily digest.
func slot(slug string, position templates.SlotPosition, change ...func(*digest.Slot)) digest.Slot {
	s := digest.Slot{
		Slug: slug, Position: position, Sponsor: "The " + slug, Text: "Words of " + slug + ".", Link: "https://" + slug + ".example/", Digests: []string{"daily"},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func priority(n int) func(*digest.Slot)           { return func(s *digest.Slot) { s.Priority = n } }
func audience(pairs ...string) func(*digest.Slot) { return func(s *digest.Slot) { s.Audience = pairs } }
func fallback(slug string) func(*digest.Slot)     { return func(s *digest.Slot) { s.Fallback = slug } }
func dates(from, until string) func(*digest.Slot) {
	return func(s *digest.Slot) { s.From, s.Until = from, until }
}

// withSlots is the configuration of a world whose readers have a tier.
func withSlots(slots ...digest.Slot) func(*digest.Setup) {
	return func(set *digest.Setup) {
		set.Attributes = []digest.Attribute{{Name: "tier", Values: []string{"free", "paid"}}}
		set.Slots = slots
	}
}

// slotted returns the slots that each reader of the newest edition was planned
// with, such as "1: top:bank".
func (w *world) slotted() []string {
	w.t.Helper()
	return w.rows(`SELECT CAST(d.subscriber_id AS TEXT) || ': ' || s.stories || '|' || s.slots FROM deliveries d
		JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
		WHERE d.edition_id = (SELECT MAX(id) FROM editions) ORDER BY d.subscriber_id`, func(row string) string {
		reader, text, _ := strings.Cut(row, ": ")
		text, column, _ := strings.Cut(text, "|")
		s, err := digest.ParseSelection(text)
		if err != nil {
			w.t.Fatal(err)
		}
		var out, slugs []string
		for _, p := range s.Slots {
			out, slugs = append(out, string(p.Position)+":"+p.Slug), append(slugs, p.Slug)
		}
		if strings.Join(slugs, ",") != column {
			w.t.Errorf("the column says %q of %q", column, text)
		}
		return strings.TrimSpace(reader + ": " + strings.Join(out, " "))
	})
}

// planSlots plans an edition of 2026-11-23 for a free and a paying reader.
func planSlots(t *testing.T, d *db.DB, slots ...digest.Slot) *world {
	t.Helper()
	w := newWorld(t, d, withSlots(slots...))
	w.subscribe(1, newYork)
	w.subscribe(2, newYork)
	w.exec(`UPDATE subscribers SET attributes = ',tier=paid,' WHERE id = 2`)
	w.begin()
	w.put(story(1, "world"))
	w.tick()
	return w
}

func TestSlotsAreChosenByPlanning(t *testing.T) {
	for _, tc := range []struct {
		name  string
		slots []digest.Slot
		want  string // of reader 1; reader 2
	}{
		{"one", []digest.Slot{slot("bank", "top")}, "1: top:bank; 2: top:bank"},
		{"by position", []digest.Slot{slot("bank", "bottom"), slot("ferry", "after_section_2")}, "1: bottom:bank after_section_2:ferry; 2: bottom:bank after_section_2:ferry"},
		{"priority", []digest.Slot{slot("bank", "top"), slot("ferry", "top", priority(1))}, "1: top:ferry; 2: top:ferry"},
		{"the first of equals", []digest.Slot{slot("bank", "top"), slot("ferry", "top")}, "1: top:bank; 2: top:bank"},
		{"audience", []digest.Slot{slot("bank", "top", audience("tier=free"))}, "1: top:bank; 2:"},
		{"audience of those who are told", []digest.Slot{slot("bank", "top", audience("tier=paid"))}, "1:; 2: top:bank"},
		{"another digest", []digest.Slot{slot("bank", "top", func(s *digest.Slot) { s.Digests = []string{"weekly"} })}, "1:; 2:"},
		{"too early", []digest.Slot{slot("bank", "top", dates("2026-11-24", ""))}, "1:; 2:"},
		{"the first day", []digest.Slot{slot("bank", "top", dates("2026-11-23", ""))}, "1: top:bank; 2: top:bank"},
		{"the last day", []digest.Slot{slot("bank", "top", dates("", "2026-11-23"))}, "1: top:bank; 2: top:bank"},
		{"over", []digest.Slot{slot("bank", "top", dates("2026-11-01", "2026-11-22"))}, "1:; 2:"},
		{"fallback by date", []digest.Slot{slot("bank", "top", dates("", "2026-11-22"), fallback("house")), slot("house", "")}, "1: top:house; 2: top:house"},
		{"fallback by audience", []digest.Slot{slot("bank", "top", audience("tier=free"), fallback("house")), slot("house", "")}, "1: top:bank; 2: top:house"},
		{"a chain", []digest.Slot{slot("bank", "top", audience("tier=free"), fallback("ferry")), slot("ferry", "", dates("2026-12-01", ""), fallback("house")), slot("house", "")},
			"1: top:bank; 2: top:house"},
		{"another of the position goes before a fallback", []digest.Slot{slot("bank", "top", priority(9), audience("tier=free"), fallback("house")), slot("ferry", "top"), slot("house", "")},
			"1: top:bank; 2: top:ferry"},
		{"once a mail", []digest.Slot{slot("bank", "top", dates("", "2026-11-22"), fallback("house")), slot("house", "bottom")}, "1: bottom:house; 2: bottom:house"},
		{"a fallback that lost its own position", []digest.Slot{slot("bank", "top", dates("", "2026-11-22"), fallback("house")), slot("ferry", "bottom", priority(1)), slot("house", "bottom")},
			"1: bottom:ferry top:house; 2: bottom:ferry top:house"},
		{"only a fallback", []digest.Slot{slot("house", "")}, "1:; 2:"},
		{"four at most", []digest.Slot{slot("a", "bottom"), slot("b", "after_section_1"), slot("c", "after_section_2"), slot("d", "after_lead"), slot("e", "top", priority(1))},
			"1: top:e bottom:a after_section_1:b after_section_2:c; 2: top:e bottom:a after_section_1:b after_section_2:c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := planSlots(t, dbtest.Open(t, db.SQLite), tc.slots...)
			if got := strings.Join(w.slotted(), "; "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestReadersWithEqualSlotsShareASelection: attributes alone divide nobody.
func TestReadersWithEqualSlotsShareASelection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := planSlots(t, d, slot("bank", "top", audience("tier=free", "tier=paid")), slot("ferry", "bottom", dates("", "2026-11-23"), audience("tier=paid")))
		if n := w.count(`SELECT COUNT(*) FROM selections`); n != 2 {
			t.Errorf("got %d selections where slots differ, want 2", n)
		}
		w.put(story(2, "world"))
		w.nextDay()
		if n := w.count(`SELECT COUNT(*) FROM selections WHERE edition_id = (SELECT MAX(id) FROM editions)`); n != 1 {
			t.Errorf("got %d selections where they do not, want 1", n)
		}
		if got := w.slotted(); !slices.Equal(got, []string{"1: top:bank", "2: top:bank"}) {
			t.Errorf("got %q", got)
		}
	})
}

// TestEditionsWithoutSlots: letters, breaking news and welcomes.
func TestEditionsWithoutSlots(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) {
		withSlots(slot("bank", "top"))(set)
		set.Digests[0].Welcome = 3 * 24 * time.Hour
	})
	w.subscribe(1, newYork)
	w.begin()
	w.put(story(1, "world"))
	w.tick()
	if got := w.slotted(); !slices.Equal(got, []string{"1: top:bank"}) {
		t.Fatalf("got %q in the edition of the schedule", got)
	}
	w.put(story(2, "world"))
	letter, err := w.composer().LetterTo(w.daily, nil, digest.LetterText{Markdown: dearReaders}, "maria", w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, send := range map[string]digest.Send{"breaking news": {Digest: w.daily, ArticleID: w.count(`SELECT MAX(id) FROM articles`)}, "a letter": letter} {
		w.clock.advance(time.Minute)
		if _, err := w.planner.SendNow(t.Context(), send, w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.tick()
		if got := w.slotted(); !slices.Equal(got, []string{"1:"}) {
			t.Errorf("%s: got %q, want no slots", name, got)
		}
	}
	w.subscribe(2, newYork)
	w.exec(`UPDATE subscriptions SET owed = 'welcome' WHERE subscriber_id = 2`)
	w.clock.advance(time.Minute)
	w.tick()
	if got := w.slotted(); !slices.Equal(got, []string{"2:"}) {
		t.Errorf("got %q, want a welcome without slots", got)
	}
}

// TestSlotsAreReadWhenTheMailIsComposed: a change reaches what is not composed
// yet, and a retry has what went out before.
func TestSlotsAreReadWhenTheMailIsComposed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := planSlots(t, d, slot("bank", "top"))
		first := w.clock.Now()
		before := w.message(w.compose(first))
		if !strings.Contains(before, "Words of bank.") || !strings.Contains(before, "Sponsored") || !strings.Contains(before, "The bank") {
			t.Fatalf("the slot is not there: %s", before)
		}
		for _, step := range []struct {
			name  string
			slots []digest.Slot
			want  string // "" for no slot
		}{
			{"another text", []digest.Slot{slot("bank", "bottom", func(s *digest.Slot) { s.Text = "Other words." })}, "Other words."},
			{"ended early", []digest.Slot{slot("bank", "top", dates("", "2026-11-22"))}, ""},
			{"back again", []digest.Slot{slot("bank", "top")}, "Words of bank."},
			{"removed", nil, ""},
		} {
			w.clock.advance(time.Minute)
			w.configure(newSetup(t, withSlots(step.slots...)))
			w.clock.advance(time.Second)
			got := w.message(w.compose(w.clock.Now()))
			if step.want == "" && strings.Contains(got, "bank") || !strings.Contains(got, step.want) {
				t.Errorf("%s: got %s, want %q", step.name, got, step.want)
			}
			if again := w.message(w.compose(first)); again != before {
				t.Errorf("%s: a retry differs", step.name)
			}
		}
	})
}

// TestAVersionOfASlotCountsASecondLater: no first try has what its retry has not.
func TestAVersionOfASlotCountsASecondLater(t *testing.T) {
	w := planSlots(t, dbtest.Open(t, db.SQLite), slot("bank", "top"))
	left := func(want time.Duration) {
		t.Helper()
		if got, err := w.store.SlotsCountIn(t.Context()); err != nil || got != want {
			t.Errorf("got %s, %v until slots count, want %s", got, err, want)
		}
	}
	left(0)
	at := w.clock.Now()
	w.configure(newSetup(t, withSlots()))
	left(time.Second)
	for after, want := range map[time.Duration]bool{0: true, 999 * time.Millisecond: true, time.Second: false} {
		if got := strings.Contains(w.message(w.compose(at.Add(after))), "Words of bank."); got != want {
			t.Errorf("after %s: got %t, want %t", after, got, want)
		}
	}
}

func TestUnchangedSlotsAreNotStoredAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, withSlots(slot("bank", "top"), slot("ferry", "bottom")))
		stored := func() string {
			return strings.Join(w.rows(`SELECT slug || ' ' || CAST(version AS TEXT) || CASE WHEN body = '' THEN ' gone' ELSE '' END FROM slot_versions ORDER BY slug, version`, nil), ", ")
		}
		for _, step := range []struct {
			slots []digest.Slot
			want  string
		}{
			{[]digest.Slot{slot("ferry", "bottom"), slot("bank", "top")}, "bank 1, ferry 1"},
			{[]digest.Slot{slot("bank", "top", priority(3))}, "bank 1, bank 2, ferry 1, ferry 2 gone"},
			{[]digest.Slot{slot("bank", "top", priority(3))}, "bank 1, bank 2, ferry 1, ferry 2 gone"},
			{[]digest.Slot{slot("bank", "top", priority(3)), slot("ferry", "bottom")}, "bank 1, bank 2, ferry 1, ferry 2 gone, ferry 3"},
		} {
			w.configure(newSetup(t, withSlots(step.slots...)))
			if got := stored(); got != step.want {
				t.Errorf("got %s, want %s", got, step.want)
			}
		}
	})
}

// TestPreviewShowsConfiguredSlots though nothing has stored them yet, and writes
// nothing.
func TestPreviewShowsConfiguredSlots(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, withSlots())
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.setup = newSetup(t, withSlots(slot("bank", "after_lead"), slot("ferry", "top", dates("2026-12-24", ""))))
		if err := w.store.Load(t.Context(), w.setup); err != nil {
			t.Fatal(err)
		}
		w.daily, w.planner = &w.setup.Digests[0], w.newPlanner()
		before := w.dump()
		p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 1}, w.clock.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(p.HTML, "Words of bank.") || !strings.Contains(p.Text, "Words of bank.") || strings.Contains(p.HTML, "ferry") {
			t.Errorf("got %s", p.Text)
		}
		want := []string{"bank after_lead true runs: the first at its position, with priority 0", "ferry top false from: it runs from 2026-12-24 on, the edition is of 2026-11-24"}
		if got := verdicts(p.Slots); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		same(t, "a preview", w.dump(), before)
		if n := w.count(`SELECT COUNT(*) FROM slot_versions`); n != 0 {
			t.Errorf("it stored %d slots", n)
		}
	})
}

func verdicts(slots []digest.SlotVerdict) []string {
	var out []string
	for _, v := range slots {
		out = append(out, fmt.Sprintf("%s %s %t %s: %s", v.Slug, v.Position, v.Chosen, v.Rule, v.Detail))
	}
	return out
}

func TestExplainTellsOfSlots(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		slots := []digest.Slot{
			slot("bank", "top", priority(5), audience("tier=free"), fallback("house")), slot("ferry", "bottom", priority(4)), slot("late", "bottom"),
			slot("house", ""), slot("spare", ""), slot("other", "top", func(s *digest.Slot) { s.Digests = []string{"weekly"} }),
		}
		w := planSlots(t, d, slots...)
		for reader, want := range map[int64][]string{
			1: {"bank top true frozen: it stands in the reader's delivery", "ferry bottom true frozen: it stands in the reader's delivery",
				"late bottom false priority: ferry has the position", "house  false not-asked: it only stands in for others, and was not needed",
				"spare  false not-asked: it only stands in for others, and was not needed", "other top false digests: it is for weekly"},
			2: {"bank top false audience: it is for tier=free, the reader has tier=paid", "ferry bottom true frozen: it stands in the reader's delivery",
				"late bottom false priority: ferry has the position", "house top true frozen: it stands in the reader's delivery",
				"spare  false not-asked: it only stands in for others, and was not needed", "other top false digests: it is for weekly"},
		} {
			if got := verdicts(w.explain(reader, w.clock.Now().Add(-time.Minute), 0).Slots); !slices.Equal(got, want) {
				t.Errorf("reader %d: got\n%s\nwant\n%s", reader, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		if got := verdicts(w.explain(1, w.clock.Now().Add(time.Minute), 0).Slots)[0]; got != "bank top false nothing-sent: the reader gets no stories, so no slots either" {
			t.Errorf("got %q where nothing is sent", got)
		}
		w.configure(newSetup(t, withSlots(append(slots, slot("new", "after_lead"))...)))
		got := verdicts(w.explain(1, w.clock.Now().Add(-time.Minute), 0).Slots)
		if want := "new after_lead false not-frozen: the delivery was planned without it; by what is known now: the first at its position, with priority 0"; !slices.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestSponsorsGiveWayToWords: what editors wrote has no room beside slots.
func TestSponsorsGiveWayToWords(t *testing.T) {
	long := slot("bank", "top", func(s *digest.Slot) { s.HTML = "<p>" + strings.Repeat("Save now. ", 900) + "</p>" })
	w := planSlots(t, dbtest.Open(t, db.SQLite), long)
	c := w.compose(time.Time{})
	if got := w.message(c); !strings.Contains(got, "Save now.") || len(c.LeftOut) > 0 {
		t.Fatalf("the slot is not there; left out are %q", c.LeftOut)
	}
	w.clock.advance(time.Second)
	w.exec(`INSERT INTO edition_versions (edition_id, version, from_at, subject, preheader, intro, stories) VALUES ((SELECT MAX(id) FROM editions), 1, 1, '', '', $1, '')`,
		strings.Repeat("Words of the editors.\n\n", 850))
	c = w.compose(w.clock.Now())
	got := w.message(c)
	if strings.Contains(got, "Save now.") || !strings.Contains(got, "Words of the editors.") || !slices.Equal(c.LeftOut, []string{"bank"}) {
		t.Errorf("the slot stays where there is no room for it, or is not told of: %q", c.LeftOut)
	}
}

// TestCorrectionsAloneHaveNoSlots, and the mail says that it does without.
func TestCorrectionsAloneHaveNoSlots(t *testing.T) {
	w := planSlots(t, dbtest.Open(t, db.SQLite), slot("bank", "top"), slot("guide", "bottom"))
	w.exec(`INSERT INTO corrections (id, article_id, seq, at, note) VALUES (1, $1, 1, 1, 'It was not so.')`, w.storyID(1))
	w.selects("%d:%d +0 ~1 $top:bank $bottom:guide", w.storyID(1), w.topic("world"))
	w.exec(`UPDATE articles SET withdrawn_at = 1`)
	c := w.compose(time.Time{})
	if got := w.message(c); c.Empty || strings.Contains(got, "Words of bank.") || !slices.Equal(c.LeftOut, []string{"bank", "guide"}) {
		t.Errorf("left out are %q of\n%s", c.LeftOut, got)
	}
}

// TestStoriesGiveWayToSlots: a mail with slots is no larger than one without.
func TestStoriesGiveWayToSlots(t *testing.T) {
	var slots []digest.Slot
	for i, position := range []templates.SlotPosition{"top", "after_lead", "after_section_1", "bottom"} {
		slots = append(slots, slot(fmt.Sprintf("s%d", i), position, func(s *digest.Slot) { s.HTML = "<p>" + strings.Repeat("Save now. ", 950) + "</p>" }))
	}
	w := newWorld(t, dbtest.Open(t, db.SQLite), withSlots(slots...))
	w.daily.MaxItems = 80
	w.subscribe(1, newYork)
	w.begin()
	for n := range 80 {
		in := story(n+1, "world")
		in.Summary = strings.Repeat("What happened. ", 40)
		w.put(in)
	}
	w.clock.advance(time.Second)
	w.tick()
	got := w.message(w.compose(w.clock.Now()))
	if n := strings.Count(got, strings.Repeat("Save now. ", 900)); n != 4 {
		t.Errorf("got %d slots, want 4", n)
	}
	html := strings.ReplaceAll(got[strings.Index(got, "<!DOCTYPE"):strings.LastIndex(got, "</html>")], "=3D", "=")
	if len(html) > 95_000 || len(html) < 80_000 {
		t.Errorf("got %d octets of HTML, want what fits", len(html))
	}
}

func TestSelectionsKeepTheirSlots(t *testing.T) {
	for _, text := range []string{"7:2 +3 $top:bank", "7:2 +3 /3,2 ~12 $top:bank $after_section_2:ferry-2 @de", "+0 $bottom:a @en"} {
		s, err := digest.ParseSelection(text)
		if err != nil || s.String() != text || len(s.Slots) == 0 {
			t.Errorf("got %+v, %v, want %q", s, err, text)
		}
	}
	for _, text := range []string{"7:2 +3 $", "7:2 +3 $top", "7:2 +3 $:bank", "7:2 +3 $top:", "7:2 +3 $top:bank ~12", "7:2 +3 @de $top:bank", "7:2 $top:bank +3"} {
		if s, err := digest.ParseSelection(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, s)
		}
	}
}

// TestLinksOfSlotsAreCounted by their slot and place, and lead where they lead.
func TestLinksOfSlotsAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := planSlots(t, d, slot("bank", "top", func(s *digest.Slot) { s.HTML = `<p>Save <a href="https://bank.example/now">now</a>.</p>` }), slot("guide", "bottom"))
		public := publicLinks(t, oldLinkKey)
		message := w.linked(digest.Links{Public: public, CountClicks: true})
		if strings.Contains(message, "bank.example/now") || strings.Contains(message, "https://guide.example/") {
			t.Error("a link leads past our server")
		}
		var got []string
		publisher := digest.NewPublisher(digest.NewComposer(w.store, w.setup, digest.Links{Public: public}, w.clock.Now), digest.Archive{})
		for _, token := range below(hrefs(message), "https://courier.example/mail/r/") {
			if click, target, err := publisher.Follow(t.Context(), token); err != nil {
				t.Error(err)
			} else if click.Slot != "" {
				got = append(got, fmt.Sprintf("%s %d %s", click.Slot, click.Position, target))
			}
		}
		if want := []string{"bank 1 https://bank.example/now", "guide 2 https://guide.example/"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestTheArchiveShowsNoSlots, for what it shows is of nobody's mail and not counted
// as sent. A mail that is read as a page has what its readers got.
func TestTheArchiveShowsNoSlots(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, withSlots(slot("bank", "top"), slot("guide", "bottom")))
		s.send()
		s.update()
		s.clock.advance(2 * time.Hour)
		s.update()
		edition := s.count(`SELECT MAX(id) FROM editions`)
		link := s.publisher.Links().View(digest.Mailing{EditionID: edition, SelectionID: s.count(`SELECT id FROM selections WHERE edition_id = $1`, edition)})
		mail, err := s.publisher.View(t.Context(), strings.TrimPrefix(link, "https://courier.example/mail/v/"))
		if err != nil {
			t.Fatal(err)
		}
		for page, want := range map[string]int{s.page(monday): 0, mail.HTML: 2} {
			if got := strings.Count(page, "Words of bank.") + strings.Count(page, "Words of guide."); got != want {
				t.Errorf("%d slots are shown, want %d, in\n%s", got, want, page)
			}
		}
	})
}
