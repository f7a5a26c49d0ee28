package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

const maria = "maria@desk1"

func (w *world) id(n int) int64 { w.t.Helper(); return w.article(story(n).URL).ID }

func (w *world) seq(n int) int64 {
	w.t.Helper()
	return w.count(`SELECT COALESCE(MAX(seq), -1) FROM article_topics WHERE article_id = $1`, w.id(n))
}

// seqs are the numbers of all topics of a story.
func (w *world) seqs(n int) []string {
	return w.rows(`SELECT CAST(seq AS TEXT) FROM article_topics WHERE article_id = $1 ORDER BY topic_id`, nil, w.id(n))
}

func (w *world) changes(n int) []string {
	w.t.Helper()
	list, err := w.store.Changes(w.ctx(), "article", fmt.Sprint(w.id(n)))
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		out = append(out, c.Who+" "+c.Action+": "+c.Detail)
	}
	return out
}

func TestDeskOrders(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	later := noon.Add(time.Hour)
	const until = "until 2026-11-23T13:00:00Z"
	pin, hold := digest.DeskOrder{Action: digest.DeskPin, Until: later}, digest.DeskOrder{Action: digest.DeskHold}
	embargo := digest.DeskOrder{Action: digest.DeskHold, Until: later}
	release, withdraw := digest.DeskOrder{Action: digest.DeskRelease}, digest.DeskOrder{Action: digest.DeskWithdraw}
	correct := digest.DeskOrder{Action: digest.DeskCorrect, Note: " It was Tuesday. "}
	tests := []struct {
		name    string
		before  []digest.DeskOrder
		order   digest.DeskOrder
		changed bool
		detail  string
		err     error
		state   digest.ArticleState
	}{
		{"pin", nil, pin, true, until, nil, digest.ArticlePinned},
		{"pin again", []digest.DeskOrder{pin}, pin, false, until, nil, digest.ArticlePinned},
		{"pin in the past", nil, digest.DeskOrder{Action: digest.DeskPin, Until: noon}, false, "", digest.ErrPast, digest.ArticleOpen},
		{"unpin", []digest.DeskOrder{pin}, digest.DeskOrder{Action: digest.DeskUnpin}, true, "", nil, digest.ArticleOpen},
		{"unpin what is not pinned", nil, digest.DeskOrder{Action: digest.DeskUnpin}, false, "", nil, digest.ArticleOpen},
		{"hold", nil, hold, true, "until it is released", nil, digest.ArticleHeld},
		{"hold again", []digest.DeskOrder{hold}, hold, false, "until it is released", nil, digest.ArticleHeld},
		{"hold until", nil, embargo, true, until, nil, digest.ArticleEmbargo},
		{"hold until again", []digest.DeskOrder{embargo}, embargo, false, until, nil, digest.ArticleEmbargo},
		{"hold for good after an embargo", []digest.DeskOrder{embargo}, hold, true, "until it is released", nil, digest.ArticleHeld},
		{"hold until what is past", nil, digest.DeskOrder{Action: digest.DeskHold, Until: noon.Add(-time.Hour)}, false, "", digest.ErrPast, digest.ArticleOpen},
		{"release", []digest.DeskOrder{hold}, release, true, "in the next window of its readers", nil, digest.ArticleOpen},
		{"release an embargo", []digest.DeskOrder{embargo}, release, true, "in the next window of its readers", nil, digest.ArticleOpen},
		{"release what is not held", nil, release, false, "is not held back", nil, digest.ArticleOpen},
		{"withdraw", nil, withdraw, true, "", nil, digest.ArticleWithdrawn},
		{"withdraw again", []digest.DeskOrder{withdraw}, withdraw, false, "", nil, digest.ArticleWithdrawn},
		{"withdraw what is under embargo", []digest.DeskOrder{embargo}, withdraw, true, "", nil, digest.ArticleWithdrawn},
		{"release what is withdrawn", []digest.DeskOrder{hold, withdraw}, release, false, "", digest.ErrWithdrawn, digest.ArticleWithdrawn},
		{"pin what is withdrawn", []digest.DeskOrder{withdraw}, pin, false, "", digest.ErrWithdrawn, digest.ArticleWithdrawn},
		{"correct", nil, correct, true, "It was Tuesday.", nil, digest.ArticleOpen},
		{"correct again", []digest.DeskOrder{correct}, correct, false, "It was Tuesday.", nil, digest.ArticleOpen},
		{"correct what is withdrawn", []digest.DeskOrder{withdraw}, correct, true, "It was Tuesday.", nil, digest.ArticleWithdrawn},
		{"correct without a word", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: " \n"}, false, "", digest.ErrNote, digest.ArticleOpen},
		{"correct in no UTF-8", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: "caf\xe9"}, false, "", digest.ErrNote, digest.ArticleOpen},
		{"correct with an escape", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: "a\x1b[31mb"}, false, "", digest.ErrNote, digest.ArticleOpen},
		{"correct with letters turned around", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: "a\u202eb"}, false, "", digest.ErrNote, digest.ArticleOpen},
		{"correct at too great length", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: strings.Repeat("x", digest.MaxNote+1)}, false, "", digest.ErrNote, digest.ArticleOpen},
		{"correct in lines of Windows", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: "a\r\nb\r\n"}, true, "a\nb", nil, digest.ArticleOpen},
		{"correct with a NUL", nil, digest.DeskOrder{Action: digest.DeskCorrect, Note: "a\x00b"}, false, "", digest.ErrNote, digest.ArticleOpen},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for n, test := range tests {
			w.put(story(n, "world"))
			for _, o := range test.before {
				w.must(w.store.Edit(t.Context(), w.id(n), o))
			}
			w.deskOrder(n, test.name, test.order, digest.DeskResult{Changed: test.changed, Detail: test.detail}, test.err)
			if got := w.article(story(n).URL).State(w.clock.Now()); got != test.state {
				t.Errorf("%s: it is %s, want %s", test.name, got, test.state)
			}
			listed, err := w.store.Articles(t.Context(), digest.ArticleFilter{State: test.state, Limit: 100})
			if err != nil || !slices.ContainsFunc(listed, func(a *digest.Article) bool { return a.ID == w.id(n) }) {
				t.Errorf("%s: it is not listed as %s, %v", test.name, test.state, err)
			}
		}
		if _, err := w.store.Hold(t.Context(), 999, time.Time{}, maria); !errors.Is(err, digest.ErrNotFound) {
			t.Errorf("no such article: got %v, want ErrNotFound", err)
		}
	})
}

// deskOrder gives an order that was rehearsed before, and looks at the record.
func (w *world) deskOrder(n int, name string, o digest.DeskOrder, want digest.DeskResult, wantErr error) {
	w.t.Helper()
	o.Who = maria
	before := w.dump()
	rehearsed, err := w.store.Rehearse(w.ctx(), w.id(n), o)
	if rehearsed != want || !errors.Is(err, wantErr) {
		w.t.Errorf("%s: rehearsed %+v, %v, want %+v, %v", name, rehearsed, err, want, wantErr)
	}
	same(w.t, name+", rehearsed", w.dump(), before)
	recorded := len(w.changes(n))
	got, err := w.store.Edit(w.ctx(), w.id(n), o)
	if got != want || !errors.Is(err, wantErr) {
		w.t.Errorf("%s: got %+v, %v, want %+v, %v", name, got, err, want, wantErr)
	}
	if !want.Changed {
		same(w.t, name, w.dump(), before)
	} else if changes := w.changes(n); len(changes) != recorded+1 || changes[recorded] != maria+" "+string(o.Action)+": "+want.Detail {
		w.t.Errorf("%s: on record is %q", name, changes)
	}
}

// TestReleasedIsSent: what was held over an edition is in the next one, of all
// its topics, and as fresh as it was.
func TestReleasedIsSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "world", "sport")
		w.subscribe(2, newYork, "sport")
		w.begin()
		in := story(1, "world", "sport")
		in.PublishedAt = w.clock.Now().Add(-2 * time.Hour)
		w.put(in, story(2, "world"))
		w.put(story(1, "sport")) // world is gone again, and its number with it
		w.must(w.store.Hold(t.Context(), w.id(1), time.Time{}, maria))
		w.tick()
		want := []string{"daily/2026-11-23 1: 2"}
		same(t, "held", w.mails(), want)
		w.clock.advance(5 * time.Hour)
		w.must(w.store.Release(t.Context(), w.id(1), maria))
		if got := w.article(in.URL).FreshAt; !got.Equal(in.PublishedAt.Add(5 * time.Hour)) {
			t.Errorf("fresh at %v, want five hours after %v", got, in.PublishedAt)
		}
		if seqs := w.seqs(1); len(seqs) != 2 || seqs[0] != seqs[1] || seqs[0] == "1" {
			t.Errorf("got numbers %v, want one new number for both", seqs)
		}
		w.clock.advance(-5 * time.Hour)
		w.nextDay()
		same(t, "released", w.mails(), append(want, "daily/2026-11-24 1: 1", "daily/2026-11-24 2: 1"))
		w.nextDay()
		if got := len(w.mails()); got != 3 {
			t.Errorf("%d mails, want 3: nobody gets it twice", got)
		}
		w.balanced()
	})
}

// TestEmbargo: a story with an embargo goes out with the first edition after it,
// however long that takes, for nobody can have had it before.
func TestEmbargo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		in := story(1, "world")
		in.EmbargoUntil = w.clock.Now().Add(30 * time.Hour)
		w.put(in, story(2, "world"))
		w.tick()
		w.nextDay()
		same(t, "under embargo", w.mails(), []string{"daily/2026-11-23 1: 2"})
		w.exec(`UPDATE editions SET archived_at = 1`)
		release := func(want int) {
			t.Helper()
			if n, err := w.store.ReleaseEmbargoes(t.Context(), w.clock.Now()); n != want || err != nil {
				t.Errorf("got %d, %v, want %d released", n, err, want)
			}
		}
		before := w.dump()
		release(0)
		same(t, "before its time", w.dump(), before)
		w.clock.advance(7 * time.Hour)
		release(1)
		release(0)
		w.clock.advance(-7 * time.Hour)
		w.nextDay()
		same(t, "over", w.mails(), []string{"daily/2026-11-23 1: 2", "daily/2026-11-25 1: 1"})
		if got, want := w.changes(1), []string{"broadsheet embargo-over: in the next window of its readers"}; !slices.Equal(got, want) {
			t.Errorf("on record is %q, want %q", got, want)
		}
		again := in
		again.EmbargoUntil = time.Time{}
		if got := w.put(again); got.Unchanged != 1 {
			t.Errorf("got %+v, want nothing changed", got)
		}
	})
}

// TestEmbargoOfKnownStory: the newsroom moves an embargo, but what an editor
// decided by hand stays.
func TestEmbargoOfKnownStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		in, soon, late := story(1, "world"), w.clock.Now().Add(time.Hour), w.clock.Now().Add(9*time.Hour)
		step := func(name string, embargo time.Time, result digest.PutResult, want time.Time) {
			t.Helper()
			in.EmbargoUntil = embargo
			if got := w.put(in); got != result {
				t.Errorf("%s: got %+v, want %+v", name, got, result)
			}
			if a := w.article(in.URL); !a.EmbargoUntil.Equal(want) || a.HeldAt.IsZero() != want.IsZero() {
				t.Errorf("%s: embargo until %v, held at %v, want %v", name, a.EmbargoUntil, a.HeldAt, want)
			}
		}
		none := time.Time{}
		updated, unchanged := digest.PutResult{Updated: 1}, digest.PutResult{Unchanged: 1}
		step("one that is past", w.clock.Now().Add(-time.Hour), digest.PutResult{New: 1}, none)
		step("given late", soon, updated, soon)
		step("moved", late, updated, late)
		step("not given", none, unchanged, late)
		in.Clears.Embargo = true
		step("cleared", none, updated, w.clock.Now().Truncate(time.Millisecond))
		in.Clears.Embargo = false
		step("given again", late, updated, late)
		w.must(w.store.Release(t.Context(), w.id(1), maria))
		step("after a release by hand", late, unchanged, none)
		in.Clears.Embargo = true
		step("cleared after a release by hand", none, unchanged, none)
		in.Clears.Embargo = false
		w.must(w.store.Hold(t.Context(), w.id(1), none, maria))
		in.EmbargoUntil = soon
		w.put(in)
		if a := w.article(in.URL); a.HeldAt.IsZero() || !a.EmbargoUntil.IsZero() {
			t.Errorf("held by hand: got %+v, want no embargo", a)
		}
		w.must(w.store.Hold(t.Context(), w.id(1), late, maria))
		step("sent again with its old embargo after an editor held it until later", soon, unchanged, late)
	})
}

// TestReleaseAfterArchive: where the deliveries that tell who had a story are
// dropped, it is not offered again.
func TestReleaseAfterArchive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.clock.advance(time.Hour)
		w.must(w.store.Hold(t.Context(), w.id(1), time.Time{}, maria))
		w.clock.advance(-time.Hour)
		w.nextDay()
		before := w.seq(1)
		rehearse := func() string {
			t.Helper()
			return w.must(w.store.Rehearse(t.Context(), w.id(1), digest.DeskOrder{Action: digest.DeskRelease})).Detail
		}
		if got, want := rehearse(), "in the next window of its readers, but of those who got it before"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		w.exec(`UPDATE editions SET archived_at = 1`)
		if got := w.must(w.store.Release(t.Context(), w.id(1), maria)).Detail; !strings.HasPrefix(got, "not offered again: ") || w.seq(1) != before {
			t.Errorf("got %q and number %d, want it to keep %d", got, w.seq(1), before)
		}
	})
}

// TestWithdrawnBetweenPlanAndSend: the mail is composed without the story, or
// not at all.
func TestWithdrawnBetweenPlanAndSend(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"), story(2, "world"))
		w.tick()
		composer := digest.NewComposer(w.store, w.setup, digest.Links{SignUp: "https://courier.example/subscribe"}, w.clock.Now)
		edition, selection := w.count(`SELECT edition_id FROM deliveries`), w.count(`SELECT selection_id FROM deliveries`)
		compose := func() *digest.Composed {
			t.Helper()
			c, err := composer.Compose(t.Context(), edition, selection, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if c := compose(); c.Empty || !strings.Contains(c.Subject, "Story 2") {
			t.Fatalf("got subject %q, want the lead in it", c.Subject)
		}
		for i, want := range []struct{ empty bool }{{false}, {true}} {
			stamp := w.stamp()
			w.clock.advance(time.Second)
			w.must(w.store.Withdraw(t.Context(), w.id(2-i), maria))
			if w.stamp() == stamp {
				t.Error("the content stamp stands still")
			}
			if c := compose(); c.Empty != want.empty || strings.Contains(c.Subject, fmt.Sprint("Story ", 2-i)) {
				t.Errorf("got subject %q, empty %v, want %v and not the withdrawn story", c.Subject, c.Empty, want.empty)
			}
		}
	})
}

// TestCorrectionIsNumbered: a correction has a number of its own, in the next
// window of everybody.
func TestCorrectionIsNumbered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.put(story(1, "world"))
		w.must(w.store.Correct(t.Context(), w.id(1), "It was Tuesday.", maria))
		w.put(story(2, "world"))
		w.must(w.store.Correct(t.Context(), w.id(1), "It was Wednesday.", maria))
		record, err := w.store.ArticleRecord(t.Context(), w.id(1))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range record.Notes {
			got = append(got, fmt.Sprint(c.Seq, " ", c.Note))
		}
		if want := []string{"2 It was Tuesday.", "4 It was Wednesday."}; !slices.Equal(got, want) || w.seq(2) != 3 {
			t.Errorf("got %q and number %d, want %q and 3", got, w.seq(2), want)
		}
	})
}

// TestHoldAsARunStarts: a run that gets its number before a story is held back
// may offer it, so the hold waits to see it.
func TestHoldAsARunStarts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		w.put(story(2, "world"))
		id, other := w.id(2), w.cohort("Asia/Tokyo")
		hold := func() error { _, err := w.store.Hold(w.ctx(), id, time.Time{}, maria); return err }
		run := func() {
			w.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number)
				SELECT 99, e.id, CAST($1 AS BIGINT), 1, 1, 0, 2, 0 FROM editions e`, other)
		}
		w.whileWaiting(hold, run, `UPDATE counters SET value = value WHERE name = 'run'`)
		want := int64(0) // on SQLite the hold is there before the run begins
		if d.Dialect() == db.Postgres {
			want = 1
		}
		if got := w.count(`SELECT again FROM articles WHERE id = $1`, id); got != want {
			t.Errorf("again is %d, want %d", got, want)
		}
	})
}
