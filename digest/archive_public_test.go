package digest_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// shelf is a world with a public archive of its daily.
type shelf struct {
	*world
	archive   digest.Archive
	archivist *digest.Archivist
	publisher *digest.Publisher
}

func newShelf(t *testing.T, d *db.DB, change func(*digest.Setup)) *shelf {
	s := &shelf{world: newWorld(t, d, change), archive: digest.Archive{Digests: []string{"daily"}, Delay: time.Hour}}
	s.open()
	return s
}

// open takes over what archive says, as a restart does.
func (s *shelf) open() {
	links := digest.Links{SignUp: "https://courier.example/mail/subscribe", Public: publicLinks(s.t, oldLinkKey), CountClicks: true, Pixel: true}
	s.archivist = digest.NewArchivist(s.store, s.setup, s.archive, slog.New(slog.DiscardHandler))
	s.publisher = digest.NewPublisher(digest.NewComposer(s.store, s.setup, links, s.clock.Now), s.archive)
}

// send lets all pending deliveries be sent.
func (s *shelf) send() {
	s.t.Helper()
	s.exec(`UPDATE deliveries SET state = 'sent' WHERE state = 'pending'`)
	s.exec(`UPDATE batches SET done_at = 1 WHERE done_at = 0`)
	s.exec(`UPDATE editions SET state = 'done' WHERE state = 'sending'`)
}

func (s *shelf) update() {
	s.t.Helper()
	if err := s.archivist.Update(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// shows checks which editions a query lists, as "key: headline, headline".
func (s *shelf) shows(q digest.ArchiveQuery, want ...string) {
	s.t.Helper()
	list, _, err := s.publisher.List(s.t.Context(), q)
	var got []string
	for _, l := range list {
		got = append(got, l.Edition.Key+": "+strings.Join(append(l.Headlines, l.Title), ", "))
	}
	for i := range got {
		got[i] = strings.TrimSuffix(got[i], ", ")
	}
	if err != nil || !slices.Equal(got, want) {
		s.t.Errorf("%+v lists %q, %v, want %q", q, got, err, want)
	}
}

func (s *shelf) page(key string) string {
	s.t.Helper()
	e, err := s.publisher.Edition(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	return e.HTML
}

func (s *shelf) gone(key string) {
	s.t.Helper()
	if _, err := s.publisher.Edition(s.t.Context(), key); !errors.Is(err, digest.ErrNotFound) {
		s.t.Errorf("%s: got %v, want ErrNotFound", key, err)
	}
}

const monday = "daily/2026-11-23"

// fillShelf plans Monday's edition for a reader of one topic only.
func fillShelf(t *testing.T, d *db.DB, change func(*digest.Setup)) *shelf {
	s := newShelf(t, d, change)
	s.subscribe(1, newYork, "sport")
	s.begin()
	for i, topic := range []string{"science", "world", "sport"} {
		in := story(i+1, topic)
		in.Priority = 3 - i
		s.put(in)
	}
	s.tick()
	return s
}

var all = digest.ArchiveQuery{Page: 1}

func TestArchiveShowsAllTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, nil)
		s.update()
		s.shows(all)
		s.gone(monday)
		s.send()
		s.update()
		s.clock.advance(59 * time.Minute)
		s.shows(all) // within the delay
		s.gone(monday)
		s.clock.advance(time.Minute)
		s.shows(all, monday+": Story 1, Story 2, Story 3")
		s.shows(digest.ArchiveQuery{Page: 1, Digest: "daily", Topic: "world"}, monday+": Story 1, Story 2, Story 3")
		s.shows(digest.ArchiveQuery{Page: 1, Topic: "culture"})
		page := s.page(monday)
		inOrder(t, page, "Story 1", "Story 2", "Story 3")
		for _, never := range []string{"/mail/r/", "/mail/o/", "/mail/v/", "Unsubscribe", "utm_", "xx"} {
			if strings.Contains(page, never) {
				t.Errorf("the page has %q", never)
			}
		}
		for _, q := range []digest.ArchiveQuery{{Page: 1, Digest: "weekly"}, {Page: 1, Topic: "nothing"}, {Page: 0}, {Page: -1}, {Page: 1 << 40}} {
			if _, _, err := s.publisher.List(t.Context(), q); !errors.Is(err, digest.ErrNotFound) {
				t.Errorf("%+v: got %v, want ErrNotFound", q, err)
			}
		}
	})
}

// What readers got is dropped one day; stories change topics and texts.
func TestArchiveOutlivesDeliveries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, nil)
		s.update()
		s.send()
		s.update()
		for _, table := range []string{"deliveries", "selections", "batches"} {
			s.exec(`DELETE FROM ` + table)
		}
		s.exec(`DELETE FROM article_topics`)
		s.clock.advance(time.Hour)
		in := story(2, "world")
		in.Title = "Story 2, put right"
		s.put(in)
		s.shows(all, monday+": Story 1, Story 2, put right, Story 3")
		if again := s.page(monday); !strings.Contains(again, "Story 2, put right") || strings.Contains(again, "Story 2<") {
			t.Error("the page has not the newest text")
		}
	})
}

// An archive that is opened later has what was there before, published when it
// was due.
func TestArchiveOpenedLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, nil)
		s.send()
		due := s.clock.Now()
		s.exec(`INSERT INTO edition_states (edition_id, state, reason, n) SELECT id, 'sent', '', 1 FROM editions`)
		s.exec(`DELETE FROM deliveries`)
		s.clock.advance(72 * time.Hour)
		s.update()
		s.update()
		s.shows(all, monday+": Story 1, Story 2, Story 3")
		e, err := s.publisher.Edition(t.Context(), monday)
		if err != nil || !e.At.Equal(due.Add(time.Hour)) {
			t.Errorf("shown since %v, %v, want %v", e.At, err, due.Add(time.Hour))
		}
	})
}

func TestArchiveLeavesOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, func(set *digest.Setup) {
			set.Attributes = []digest.Attribute{{Name: "tier", Values: []string{"paid", "free"}}}
			set.Paid, set.Digests[0].FullText = "tier=paid", true
		})
		s.subscribe(1, newYork)
		s.begin()
		reserved, paid, withdrawn, held := story(1, "world"), story(2, "world"), story(3, "world"), story(4, "world")
		reserved.Audience = []string{"tier=paid"}
		paid.Access, paid.Body = digest.AccessPaid, "The body that costs money."
		open := story(5, "world")
		open.Body = "The body that is free."
		s.put(reserved, paid, withdrawn, held, open)
		s.tick()
		s.update()
		s.send()
		s.update()
		s.clock.advance(2 * time.Hour)
		s.shows(all, monday+": Story 5, Story 4, Story 3")
		s.exec(`UPDATE articles SET withdrawn_at = 1 WHERE url LIKE '%/3'`)
		s.exec(`UPDATE articles SET held_at = 1 WHERE url LIKE '%/4'`)
		s.shows(all, monday+": Story 5, Story 2")
		page := s.page(monday)
		for text, want := range map[string]bool{
			"Story 1": false, "Story 2": true, "Story 3": false, "Story 4": false, "Story 5": true,
			"The body that costs money.": false, "The body that is free.": true,
		} {
			if strings.Contains(page, text) != want {
				t.Errorf("%q is there: %t, want %t", text, !want, want)
			}
		}
		// What is decided later counts, too.
		s.exec(`UPDATE articles SET access = 'paid', audience = '' WHERE url LIKE '%/5'`)
		if strings.Contains(s.page(monday), "The body that is free.") {
			t.Error("a body is there that costs money by now")
		}
		s.exec(`UPDATE articles SET audience = ',tier=free,' WHERE url LIKE '%/5'`)
		s.shows(all, monday+": Story 2")
		s.exec(`UPDATE articles SET withdrawn_at = 1`)
		s.shows(all)
		s.gone(monday)
	})
}

// Nobody but all readers of a digest is shown to everybody.
func TestArchiveShowsWhatItMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, nil)
		s.send()
		for i, e := range []struct {
			kind, recipients, state string
			partial                 int
		}{
			{"welcome", ",1,", "done", 1}, {"moved", ",1,", "done", 1}, {"manual", ",1,", "done", 1}, {"manual", "", "cancelled", 0},
			{"manual", "", "paused", 0}, {"manual", "", "done", 0}, {"manual", "", "done", 1}, {"letter", "", "done", 1},
		} {
			s.exec(`INSERT INTO editions (id, digest_id, slot, key, kind, partial, recipients, day, state, created_at)
				SELECT $1, digest_id, $2, $3, $4, $5, $6, day, $7, 1 FROM editions WHERE key = $8`,
				1000+i, fmt.Sprintf("2026-11-23T08:00:%02d", i+1), fmt.Sprintf("daily/%s-%d", e.kind, i), e.kind, e.partial, e.recipients, e.state, monday)
			s.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at)
				SELECT $1, $1, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at FROM runs WHERE id = 1`, 1000+i)
			s.exec(`INSERT INTO edition_states (edition_id, state, reason, n) VALUES ($1, 'sent', '', 1)`, 1000+i)
		}
		keys := func(want ...string) {
			t.Helper()
			s.open()
			s.update()
			list, _, err := s.publisher.List(t.Context(), all)
			var got []string
			for _, l := range list {
				got = append(got, l.Edition.Key)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v lists %q, %v, want %q", s.archive, got, err, want)
			}
		}
		s.archive.Delay = 0
		keys("daily/manual-5", monday)
		s.archive.Partial = true
		keys("daily/manual-6", "daily/manual-5", monday)
		s.archive.Letters = true
		keys("daily/letter-7", "daily/manual-6", "daily/manual-5", monday)
		s.archive = digest.Archive{Digests: []string{"daily"}}
		keys("daily/manual-5", monday)
		s.exec(`UPDATE editions SET state = 'cancelled' WHERE key = $1`, monday)
		keys("daily/manual-5")
		s.gone(monday)

		s.setup.Digests[0].Audience = []string{"tier=paid"}
		if _, _, err := s.publisher.List(t.Context(), all); !errors.Is(err, digest.ErrNotFound) || len(s.publisher.Archived()) > 0 {
			t.Errorf("a digest for an audience is in the archive: %v", err)
		}
	})
}

// Readers elsewhere are ahead: the archive waits for the digest's own zone.
func TestArchiveHasTheWindowOfTheDigest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, func(set *digest.Setup) { set.Digests[0].LocalTime = true })
		s.subscribe(1, "Europe/Berlin")
		s.subscribe(2, newYork)
		s.clock.set(time.Date(2026, 11, 23, 5, 59, 0, 0, time.UTC))
		s.tick()
		s.put(story(1, "world"))
		s.clock.advance(time.Minute)
		s.tick() // Berlin's
		s.send()
		s.exec(`UPDATE editions SET state = 'sending'`)
		s.update()
		s.put(story(2, "world"))
		s.clock.set(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
		s.tick()
		s.send()
		s.update()
		s.clock.advance(2 * time.Hour)
		s.shows(all, monday+": Story 2, Story 1")
	})
}

func TestArchivePages(t *testing.T) {
	s := newShelf(t, dbtest.Open(t, db.SQLite), nil)
	s.archive.Delay = 0
	s.open()
	s.subscribe(1, newYork)
	s.begin()
	for n := range digest.ArchivePage + 1 {
		s.put(story(n+1, "world"))
		s.tick()
		s.send()
		s.update()
		s.clock.set(s.clock.Now().In(zone(t, newYork)).AddDate(0, 0, 1))
	}
	for page, want := range map[int]int{1: digest.ArchivePage, 2: 1, 3: 0} {
		list, more, err := s.publisher.List(t.Context(), digest.ArchiveQuery{Page: page})
		if err != nil || len(list) != want || more != (page == 1) {
			t.Errorf("page %d has %d editions, more: %t, %v; want %d", page, len(list), more, err, want)
		}
	}
	e, err := s.publisher.Edition(t.Context(), "daily/2026-11-24")
	if err != nil || e.Before != monday || e.After != "daily/2026-11-25" {
		t.Errorf("got %q and %q, %v", e.Before, e.After, err)
	}
	first, err := s.publisher.Edition(t.Context(), monday)
	if err != nil || first.Before != "" || first.After != "daily/2026-11-24" {
		t.Errorf("got %q and %q, %v", first.Before, first.After, err)
	}
	if all, err := s.publisher.Map(t.Context()); err != nil || len(all) != digest.ArchivePage+1 || all[0].Edition.Key != "daily/2026-12-13" {
		t.Errorf("the map has %d, %v", len(all), err)
	}
}
