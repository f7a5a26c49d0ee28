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
)

func threeFeeds(set *digest.Setup) {
	twoFeeds(set)
	set.Sources = append(set.Sources, digest.Source{Slug: "three", Kind: "feed", URL: "https://courier.example/three"})
}

// ferryID is the id of the story that a paper has about the ferry.
func (w *world) ferryID(paper string) int64 { return w.article(ferryAt(paper).URL).ID }

// shown names the host of what a mail with a story shows in its place at a time.
func (w *world) shown(id int64, at time.Time) (host string) {
	w.t.Helper()
	err := w.db.View(w.ctx(), func(tx *db.Tx) error {
		articles, err := digest.ArticlesAsOf(w.ctx(), tx, []int64{id}, at)
		if a := articles[id]; a != nil {
			host = strings.TrimSuffix(strings.TrimPrefix(a.URL, "https://"), ".example/ferry")
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return host
}

// TestCopyTakesThePlaceOfItsLead: when a lead is withdrawn, what is folded into it
// goes to those who have not had the lead, and to nobody else.
func TestCopyTakesThePlaceOfItsLead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { threeFeeds(set); set.Digests[0].LocalTime = true })
		w.subscribe(1, newYork, "world")
		w.subscribe(2, losAngeles, "world")
		w.subscribe(3, losAngeles, "sport")
		w.subscribe(4, losAngeles, "culture")
		w.begin()
		w.putFrom(0, ferryAt("courier", "world", "culture"))
		w.putFrom(2, ferryAt("herald", "world"))
		w.putFrom(1, ferryAt("gazette"))
		w.tick()
		lead, heir, other := w.ferryID("courier"), w.ferryID("herald"), w.ferryID("gazette")
		before := w.clock.Now()
		w.clock.advance(time.Second)
		rehearsed, err := w.store.Rehearse(w.ctx(), lead, digest.DeskOrder{Action: digest.DeskWithdraw})
		if err != nil {
			t.Fatal(err)
		}
		got := w.must(w.store.Withdraw(w.ctx(), lead, "maria"))
		if want := fmt.Sprintf("article %d, which was folded into it, takes its place", heir); got.Detail != want || rehearsed != got {
			t.Errorf("got %+v and in a rehearsal %+v, want the detail %q", got, rehearsed, want)
		}
		if a, err := w.store.Article(w.ctx(), heir, ""); err != nil || a.LeadID != 0 || a.Sources != 2 || len(a.Topics) != 2 {
			t.Errorf("got %+v, error %v, want it to lead two sources, with the topics world and sport", a, err)
		}
		if a, err := w.store.Article(w.ctx(), other, ""); err != nil || a.LeadID != heir {
			t.Errorf("the other copy has the lead %d, error %v, want %d", a.LeadID, err, heir)
		}
		if got := w.shown(lead, before); got != "courier" {
			t.Errorf("a mail of before shows %q, want the lead", got)
		}
		if got := w.shown(lead, w.clock.Now()); got != "herald" {
			t.Errorf("a mail that is composed now shows %q, want what took its place", got)
		}
		w.clock.advance(3*time.Hour - time.Second)
		w.tick()
		w.nextDay()
		w.nextDay()
		same(t, "mails", w.rows(`SELECT CAST(d.subscriber_id AS TEXT) || ' ' || s.stories FROM deliveries d
			JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id ORDER BY 1`, func(row string) string { return row[:strings.IndexByte(row, ':')] }),
			[]string{"1 1", "2 2", "3 2"})
		w.balanced()
	})
}

// TestPlaceIsPassedOn goes from the first lead, which was released under a new
// number, to the second and the third, and back to the first: nobody gets two.
func TestPlaceIsPassedOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, threeFeeds)
		w.subscribe(1, newYork, "world")
		w.begin()
		w.putFrom(0, ferryAt("courier", "world"))
		w.putFrom(2, ferryAt("herald", "world"))
		w.putFrom(1, ferryAt("gazette", "world"))
		w.tick()
		want := []string{"daily/2026-11-23 1: ferry"}
		same(t, "the first", w.mails(), want)
		w.clock.advance(time.Minute)
		w.must(w.store.Hold(w.ctx(), 1, time.Time{}, "maria"))
		w.clock.advance(time.Minute)
		w.must(w.store.Release(w.ctx(), 1, "maria"))
		unpublish := func(paper string) {
			w.t.Helper()
			w.clock.advance(time.Minute)
			if got := w.must(w.store.Unpublish(w.ctx(), digest.Told{URL: ferryAt(paper).URL, Who: "webhook:site"})); !got.Changed {
				t.Errorf("%s: got %+v, want it withdrawn", paper, got)
			}
		}
		w.subscribe(2, newYork, "world")
		unpublish("courier")
		unpublish("herald")
		w.nextDay()
		want = append(want, "daily/2026-11-24 2: ferry")
		same(t, "the third", w.mails(), want)
		if got := []string{w.shown(1, w.clock.Now()), w.shown(2, w.clock.Now()), w.shown(3, w.clock.Now())}; !slices.Equal(got, []string{"gazette", "gazette", "gazette"}) {
			t.Errorf("mails show %v, want the third alone", got)
		}
		w.clock.advance(time.Minute)
		w.must(w.store.Republish(w.ctx(), digest.Told{URL: ferryAt("courier").URL, Who: "webhook:site"}))
		if a := w.article(ferryAt("courier").URL); a.LeadID != 3 || !a.WithdrawnAt.IsZero() || len(a.Topics) != 0 {
			t.Errorf("published again: got %+v, want it folded into article 3", a)
		}
		if a := w.article(ferryAt("gazette").URL); a.Sources != 2 {
			t.Errorf("it leads %d sources, want 2", a.Sources)
		}
		unpublish("gazette")
		if got := w.shown(3, w.clock.Now()); got != "courier" {
			t.Errorf("mails show %q, want the first again", got)
		}
		w.subscribe(3, newYork, "world")
		w.nextDay()
		w.nextDay()
		same(t, "the first again", w.mails(), want)
	})
}

// TestHeirOfAHeldStory: what an editor holds back does not go out in the place of
// what was withdrawn.
func TestHeirOfAHeldStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, threeFeeds)
		w.subscribe(1, newYork, "world")
		w.begin()
		w.putFrom(0, ferryAt("courier", "world"))
		w.putFrom(1, ferryAt("herald", "world"))
		w.putFrom(1, ferryAt("gazette", "world"))
		w.must(w.store.Hold(w.ctx(), w.ferryID("courier"), time.Time{}, "maria"))
		w.must(w.store.Withdraw(w.ctx(), w.ferryID("herald"), "maria")) // cannot take the place
		w.must(w.store.Withdraw(w.ctx(), w.ferryID("courier"), "maria"))
		w.tick()
		same(t, "held", w.mails(), nil)
		if a := w.article(ferryAt("gazette").URL); a.LeadID != 0 || a.HeldAt.IsZero() {
			t.Errorf("got %+v, want it to stand held back", a)
		}
		w.clock.advance(time.Minute)
		w.must(w.store.Release(w.ctx(), w.ferryID("gazette"), "maria"))
		w.nextDay()
		same(t, "released", w.mails(), []string{"daily/2026-11-24 1: ferry"})
	})
}

// TestTopicComesBackWithItsStory: a topic that left with the withdrawn lead is
// there again when that is published again, for those who had neither.
func TestTopicComesBackWithItsStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { threeFeeds(set); set.Digests[0].LocalTime = true })
		w.subscribe(1, losAngeles, "culture")
		w.subscribe(2, losAngeles, "world", "culture")
		w.subscribe(3, newYork, "culture")
		w.begin()
		w.putFrom(0, ferryAt("courier", "world", "culture"))
		w.putFrom(2, ferryAt("herald", "world"))
		w.tick()
		told := digest.Told{URL: ferryAt("courier").URL, Who: "webhook:site"}
		w.must(w.store.Unpublish(w.ctx(), told))
		w.clock.advance(3 * time.Hour)
		w.tick()
		want := []string{"daily/2026-11-23 2: ferry", "daily/2026-11-23 3: ferry"}
		same(t, "without the topic", w.mails(), want)
		w.clock.advance(time.Minute)
		w.must(w.store.Republish(w.ctx(), told))
		w.nextDay()
		w.nextDay()
		same(t, "with it again", w.mails(), append(want, "daily/2026-11-24 1: ferry"))
	})
}
