package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/schedule"
)

// editable returns the edition of a key, which may be one to come.
func (w *world) editable(key string) *digest.Edition {
	w.t.Helper()
	e, err := w.store.EditableEdition(w.ctx(), w.setup, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) edit(key string, edit digest.EditionEdit) *digest.EditionText {
	w.t.Helper()
	text, err := w.store.EditEdition(w.ctx(), w.daily, w.editable(key), edit, "maria")
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

func (w *world) approve(key string) *digest.Edition {
	w.t.Helper()
	e, err := w.store.ApproveEdition(w.ctx(), w.daily, w.editable(key), "maria")
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) hold(key string) *digest.Edition {
	w.t.Helper()
	e, err := w.store.HoldEdition(w.ctx(), w.daily, w.editable(key), "maria")
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// standing is an edition's state, reason and approval in one text.
func standing(e *digest.Edition) string {
	return fmt.Sprintf("%s/%s/%s", e.State, e.Reason, e.Approval)
}

func text(s string) *string { return &s }

func TestEditionsToComeAreNamedByTheSchedule(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	w := newWorld(t, d, func(set *digest.Setup) {
		weekly, twice, instant := set.Digests[0], set.Digests[0], set.Digests[0]
		weekly.Slug, weekly.Schedule = "weekly", cron(t, "0 7 * * 5")
		twice.Slug, twice.Schedule = "twice", cron(t, "0 7,17 * * *")
		instant.Slug, instant.Schedule, instant.Instant = "instant", schedule.Schedule{}, true
		set.Digests = append(set.Digests, weekly, twice, instant)
	})
	for _, tc := range []struct{ key, want, says string }{
		{"daily/2026-11-26", "daily/2026-11-26", ""},
		{"daily/2026-11-26T07:00", "daily/2026-11-26", ""},
		{"twice/2026-11-26T17:00", "twice/2026-11-26T17:00", ""},
		{"weekly/2026-11-27", "weekly/2026-11-27", ""},
		{"weekly/2026-11-26", "", "the next one is weekly/2026-11-27"},
		{"daily/2026-11-26T08:00", "", "daily has no slot then, the next one is daily/2026-11-27"},
		{"twice/2026-11-26", "", "twice has 2 slots that day, the first one is twice/2026-11-26T07:00"},
		{"daily/2026-11-22", "", "its slot has passed without it"},
		{"daily/soon", "", "write it as daily/2006-01-02"},
		{"daily", "", "write it as daily/2006-01-02"},
		{"instant/2026-11-26", "", "instant has no schedule"},
	} {
		e, err := w.store.EditableEdition(t.Context(), w.setup, tc.key)
		switch {
		case tc.says != "":
			if !errors.Is(err, digest.ErrNoSuchEdition) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: got %v, want %q", tc.key, err, tc.says)
			}
		case err != nil || e.Key != tc.want || e.ID != 0 || e.State != digest.EditionSending:
			t.Errorf("%s: got %+v, %v, want %s to come", tc.key, e, err, tc.want)
		}
	}
	if _, err := w.store.EditableEdition(t.Context(), w.setup, "dayly/2026-11-26"); !errors.Is(err, digest.ErrUnknownDigest) {
		t.Errorf("got %v, want an unknown digest", err)
	}
	if n := w.count(`SELECT COUNT(*) FROM editions`); n != 0 {
		t.Errorf("looking made %d editions", n)
	}
}

// TestAnEditionMadeAheadIsTheOneThatRuns: its text, and no second edition.
func TestAnEditionMadeAheadIsTheOneThatRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.edit("daily/2026-11-24", digest.EditionEdit{Subject: text("Tomorrow's subject")})
		w.put(story(1, "world"))
		w.nextDay()
		if got := w.count(`SELECT COUNT(*) FROM editions WHERE key = 'daily/2026-11-24'`); got != 1 {
			t.Fatalf("got %d editions of the day, want one", got)
		}
		if got := w.mails(); len(got) != 1 || got[0] != "daily/2026-11-24 1: 1" {
			t.Fatalf("got %q", got)
		}
		w.balanced()
		read, err := w.store.EditionText(t.Context(), w.editable("daily/2026-11-24").ID)
		if err != nil || read.Subject != "Tomorrow's subject" || read.Version != 1 {
			t.Errorf("got %+v, %v", read, err)
		}
	})
}

func TestEditionEdits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		const key = "daily/2026-11-24"
		for i, step := range []struct {
			edit digest.EditionEdit
			want string
		}{
			{digest.EditionEdit{Order: []int64{7, 5, 7}}, "1 [{7 true } {5 true }]"},
			{digest.EditionEdit{Headlines: map[int64]string{5: "Five", 9: "Nine"}}, "2 [{7 true } {5 true Five} {9 false Nine}]"},
			{digest.EditionEdit{Headlines: map[int64]string{5: "Five", 9: "Nine"}}, "2 [{7 true } {5 true Five} {9 false Nine}]"}, // nothing new
			{digest.EditionEdit{Order: []int64{9}}, "3 [{9 true Nine} {5 false Five}]"},
			{digest.EditionEdit{Headlines: map[int64]string{5: ""}}, "4 [{9 true Nine}]"},
			{digest.EditionEdit{Order: []int64{}}, "5 [{9 false Nine}]"},
			{digest.EditionEdit{Plain: true, Headlines: map[int64]string{3: "Three"}}, "6 [{3 false Three}]"},
			{digest.EditionEdit{Subject: text("S"), Preheader: text("P"), Intro: text("# I")}, "7 [{3 false Three}]"},
			{digest.EditionEdit{Subject: text(""), Plain: true}, "8 []"},
		} {
			text := w.edit(key, step.edit)
			if got := fmt.Sprint(text.Version, " ", text.Stories); got != step.want {
				t.Errorf("step %d: got %s, want %s", i, got, step.want)
			}
			read, err := w.store.EditionText(t.Context(), w.editable(key).ID)
			if err != nil || fmt.Sprint(*read) != fmt.Sprint(*text) {
				t.Errorf("step %d: read %+v, %v, want %+v", i, read, err, text)
			}
		}
		changes, err := w.store.Changes(t.Context(), "edition", key)
		if err != nil || len(changes) != 8 {
			t.Fatalf("got %d changes, %v, want 8", len(changes), err)
		}
		if c := changes[6]; c.Who != "maria" || c.Action != "edit" || c.Detail != `subject "S", preheader "P", introduction of 3 characters` || !c.At.Equal(w.clock.Now()) {
			t.Errorf("got %+v", c)
		}
		if got, want := changes[7].Detail, "no subject, order none, headlines none"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestEditsAreRefused(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), nil)
	for name, tc := range map[string]struct {
		edit digest.EditionEdit
		says string
	}{
		"long subject":    {digest.EditionEdit{Subject: text(strings.Repeat("é", 201))}, "the subject has 201 characters, and 200 is the most"},
		"two lines":       {digest.EditionEdit{Preheader: text("a\nBcc: b")}, "the preheader has a line end"},
		"no UTF-8":        {digest.EditionEdit{Headlines: map[int64]string{7: "\xff"}}, "the headline of article 7 is not UTF-8"},
		"tab in headline": {digest.EditionEdit{Headlines: map[int64]string{7: "a\tb"}}, "headline of article 7 has a line end or another control"},
		"long intro":      {digest.EditionEdit{Intro: text(strings.Repeat("a ", 30_000))}, "60000 octets"},
		"wide intro":      {digest.EditionEdit{Intro: text(strings.Repeat("- a\n", 3000))}, "octets of a mail, and 40000 is the most"},
		"many":            {digest.EditionEdit{Order: make([]int64, 501)}, "at most 500 stories"},
	} {
		_, err := w.store.EditEdition(t.Context(), w.daily, w.editable("daily/2026-11-24"), tc.edit, "maria")
		if !errors.Is(err, digest.ErrEdit) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM editions`) + w.count(`SELECT COUNT(*) FROM changes`); n != 0 {
		t.Errorf("refused edits left %d rows", n)
	}
}

// TestApproval goes through what editors can do and what the slot finds.
func TestApproval(t *testing.T) {
	const tomorrow, waits, held = "daily/2026-11-24", "paused/waits for approval/wanted", "paused/held by maria/wanted"
	for name, tc := range map[string]struct {
		approval digest.Approval
		before   string // done before the slot: a approve, h hold
		at, then string // at the slot, and after approving
	}{
		"hold, nobody came":        {digest.ApprovalHold, "", waits, "sending//approved"},
		"hold, approved in time":   {digest.ApprovalHold, "a", "sending//approved", "sending//approved"},
		"hold, held":               {digest.ApprovalHold, "h", held, "sending//approved"},
		"hold, approved, held":     {digest.ApprovalHold, "ah", held, "sending//approved"},
		"hold, held, approved":     {digest.ApprovalHold, "ha", "sending//approved", "sending//approved"},
		"send, nobody came":        {digest.ApprovalSend, "", "sending//wanted", "sending//approved"},
		"send, held":               {digest.ApprovalSend, "h", held, "sending//approved"},
		"send, approved":           {digest.ApprovalSend, "a", "sending//approved", "sending//approved"},
		"nobody is asked, held":    {digest.ApprovalNone, "h", "paused/held by maria/", "sending//approved"},
		"nobody is asked, sending": {digest.ApprovalNone, "", "sending//", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].Approval = tc.approval })
				w.subscribe(1, newYork)
				w.begin()
				for _, c := range tc.before {
					if c == 'a' {
						w.approve(tomorrow)
					} else {
						w.hold(tomorrow)
					}
				}
				w.put(story(1, "world"))
				w.nextDay()
				if got := standing(w.editable(tomorrow)); got != tc.at {
					t.Errorf("at the slot: got %s, want %s", got, tc.at)
				}
				if n := len(w.mails()); n != 1 {
					t.Errorf("%d mails are planned, want one whatever editors do", n)
				}
				if tc.then == "" {
					_, err := w.store.ApproveEdition(t.Context(), w.daily, w.editable(tomorrow), "maria")
					if !errors.Is(err, digest.ErrEdit) || !strings.Contains(err.Error(), "nobody is asked to approve daily") {
						t.Errorf("got %v, want that nobody is asked", err)
					}
				} else if got := standing(w.approve(tomorrow)); got != tc.then {
					t.Errorf("approved: got %s, want %s", got, tc.then)
				}
			})
		})
	}
}

// TestApprovalHoldsForLaterZones: one decision for all runs.
func TestApprovalHoldsForLaterZones(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			set.Digests[0].LocalTime, set.Digests[0].Approval = true, digest.ApprovalHold
		})
		w.subscribe(1, newYork)
		w.subscribe(2, "America/Los_Angeles")
		w.begin()
		w.put(story(1, "world"))
		w.nextDay()
		const key = "daily/2026-11-24"
		w.approve(key)
		w.exec(`UPDATE editions SET state = 'done'`) // as if New York had it
		if got := standing(w.editable(key)); got != "done//approved" {
			t.Fatalf("got %s", got)
		}
		w.edit(key, digest.EditionEdit{Subject: text("For the west")}) // the west is still to come
		w.clock.advance(3 * time.Hour)
		w.tick()
		if got := standing(w.editable(key)); got != "sending//approved" || len(w.mails()) != 2 {
			t.Errorf("got %s and %q, want the second run without being asked again", got, w.mails())
		}
	})
}

func TestEditionsThatAreOverRefuseEdits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.nextDay()
		const key = "daily/2026-11-24"
		for _, state := range []string{"state = 'done'", "state = 'cancelled'", "state = 'sending', archived_at = 5"} {
			w.exec(`UPDATE editions SET ` + state)
			_, edit := w.store.EditEdition(t.Context(), w.daily, w.editable(key), digest.EditionEdit{Subject: text("S")}, "maria")
			_, approve := w.store.ApproveEdition(t.Context(), w.daily, w.editable(key), "maria")
			_, hold := w.store.HoldEdition(t.Context(), w.daily, w.editable(key), "maria")
			for _, err := range []error{edit, approve, hold} {
				if !errors.Is(err, digest.ErrEditionOver) {
					t.Errorf("%s: got %v, want ErrEditionOver", state, err)
				}
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM edition_versions`) + w.count(`SELECT COUNT(*) FROM changes`); n != 0 {
			t.Errorf("%d rows were written", n)
		}
	})
}

// TestEditsCountWhenTheyAreThere: a mail that was composed while an edit was
// written is composed the same when the edit is there.
func TestEditsCountWhenTheyAreThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		during := w.clock.Now().Add(500 * time.Millisecond)
		before := w.compose(during)
		w.edit("daily/2026-11-23", digest.EditionEdit{Subject: text("New")})
		if after := w.compose(during); after.Subject != before.Subject {
			t.Errorf("a retry has the subject %q, its first try had %q", after.Subject, before.Subject)
		}
		if later := w.compose(w.clock.Now().Add(time.Second)); later.Subject != "New" {
			t.Errorf("got subject %q a second later", later.Subject)
		}
	})
}

// TestPreviewShowsEdits of an edition that is to come.
func TestPreviewShowsEdits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"), story(2, "sport"), story(3, "culture"))
		w.edit("daily/2026-11-24", digest.EditionEdit{Subject: text("As edited"), Intro: text("Good morning."), Order: []int64{w.storyID(2)}})
		p, err := w.planner.Preview(t.Context(), w.composer(), w.daily, digest.Reader{SubscriberID: 1, Name: "Ada"}, w.clock.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if p.Subject != "As edited" || p.Stories[0].ID != w.storyID(2) {
			t.Errorf("got subject %q and story %d first", p.Subject, p.Stories[0].ID)
		}
		inOrder(t, p.Text, "Ada", "Good morning.", "TOP STORY", "Story 2", "Story 1")
		inOrder(t, p.HTML, "Ada", "Good morning.", "Top story", "Story 2", "Story 1")
	})
}

// TestEditorsAtOnce: no edit is lost, and the edition is made once.
func TestEditorsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				e, err := w.store.EditableEdition(t.Context(), w.setup, "daily/2026-11-24")
				if err == nil {
					_, err = w.store.EditEdition(t.Context(), w.daily, e, digest.EditionEdit{Headlines: map[int64]string{int64(i + 1): "H"}}, fmt.Sprint(i))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		read, err := w.store.EditionText(t.Context(), w.editable("daily/2026-11-24").ID)
		if err != nil || read.Version != 8 || len(read.Stories) != 8 {
			t.Errorf("got %+v, %v, want eight headlines in eight versions", read, err)
		}
		changes, err := w.store.Changes(t.Context(), "edition", "daily/2026-11-24")
		if err != nil || len(changes) != 8 || !slices.ContainsFunc(changes, func(c digest.Change) bool { return c.Who == "7" }) {
			t.Errorf("got %v, %v", changes, err)
		}
	})
}
