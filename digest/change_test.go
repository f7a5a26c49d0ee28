package digest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

const losAngeles = "America/Los_Angeles"

// catalog is what package subscribers needs to know of the world.
func (w *world) catalog() *subscribers.Catalog {
	c := &subscribers.Catalog{}
	d := subscribers.Digest{ID: w.daily.ID, Slug: w.daily.Slug, Name: w.daily.Name, Zone: w.daily.Location.String(), LocalTime: w.daily.LocalTime, Hours: w.daily.Hours}
	for _, t := range w.setup.Topics {
		c.Topics = append(c.Topics, subscribers.Topic{ID: t.ID, Slug: t.Slug, Name: t.Name})
		d.Topics = append(d.Topics, t.ID)
	}
	c.Digests = append(c.Digests, d)
	return c
}

// prefer saves a reader's choices as the preferences page does, of all topics
// if it is given none.
func (w *world) prefer(id int64, zone string, topics ...string) error {
	if len(topics) == 0 {
		topics = []string{"*"}
	}
	return w.save(w.catalog(), id, subscribers.Preferences{Zone: zone, Topics: topics, Digests: []string{"daily"}})
}

func (w *world) save(c *subscribers.Catalog, id int64, in subscribers.Preferences) error {
	var address string
	if err := w.db.View(w.ctx(), func(tx *db.Tx) error {
		return tx.Get(w.ctx(), &address, `SELECT address FROM subscribers WHERE id = $1`, id)
	}); err != nil {
		return err
	}
	token := subscribers.FreshToken(id, address, w.clock.Now())
	_, err := subscribers.NewStore(w.db, w.clock.Now).SetPreferences(w.ctx(), c, token, in, "test", "")
	return err
}

func (w *world) mustPrefer(id int64, zone string, topics ...string) {
	w.t.Helper()
	if err := w.prefer(id, zone, topics...); err != nil {
		w.t.Fatal(err)
	}
}

// at sets the clock to an hour UTC of a day of November.
func (w *world) at(day, hour int) { w.clock.set(time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC)) }

// TestMoveAsARunStarts: the new cohort's run starts and is planned while the
// mover waits for the old cohort.
func TestMoveAsARunStarts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, losAngeles)
		w.subscribe(2, newYork)
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.tick()
		w.at(23, 15)
		w.tick()
		w.put(story(1, "world"))
		w.at(24, 12)
		w.whileWaiting(func() error { return w.prefer(1, newYork) }, w.tick, `UPDATE cohorts SET rule = rule WHERE zone = $1`, losAngeles)
		w.put(story(2, "world"))
		w.nextDay()
		var got []string
		for _, mail := range w.mails() {
			if head, stories, _ := strings.Cut(mail, ": "); strings.HasSuffix(head, " 1") {
				got = append(got, strings.Fields(stories)...)
			}
		}
		slices.Sort(got)
		same(t, "the mover's stories", got, []string{"1", "2"})
		w.balanced()
	})
}

// TestMoveWaitsForBothCohorts: a run that starts in either is seen.
func TestMoveWaitsForBothCohorts(t *testing.T) {
	for _, busy := range []string{newYork, losAngeles} {
		t.Run(busy, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, localTime)
				w.subscribe(1, losAngeles)
				w.cohort(newYork)
				w.exec(`UPDATE subscribers SET confirmed_at = 1`)
				w.exec(`UPDATE cohorts SET last_seq = 10 * id, runs = id`)
				w.meanwhile(func() error { return w.prefer(1, newYork) }, `UPDATE cohorts SET last_seq = last_seq + 5, runs = runs + 5 WHERE zone = $1`, busy)
				if w.count(`SELECT COUNT(*) FROM subscriptions s JOIN cohorts n ON n.id = s.cohort_id JOIN cohorts o ON o.id <> n.id
					WHERE s.joined_seq = o.last_seq AND s.joined_runs = n.runs AND n.zone = $1`, newYork) != 1 {
					t.Errorf("the mover did not see the run: %q", w.dump())
				}
			})
		})
	}
}

// TestReturnInAnotherZone: who leaves and comes back elsewhere gets nothing
// again, whether the new cohort is ahead or behind.
func TestReturnInAnotherZone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		subs := subscribers.NewStore(d, w.clock.Now)
		w.subscribe(1, newYork)
		w.subscribe(2, losAngeles)
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.tick()
		w.at(23, 15)
		w.tick()
		w.put(story(1, "world"))
		w.at(24, 12)
		w.tick() // New York's
		w.clock.advance(time.Hour)
		if err := subs.Unsubscribe(w.ctx(), 1, 0, "test", ""); err != nil {
			t.Fatal(err)
		}
		w.clock.advance(time.Minute)
		in := subscribers.SignUp{Address: "r1@reader.example", Topics: []string{"*"}, Digests: []string{"daily"}, Zone: losAngeles, Origin: "form"}
		if err := subs.SignUp(w.ctx(), w.catalog(), in); err != nil {
			t.Fatal(err)
		}
		w.put(story(2, "world"))
		w.clock.advance(time.Minute)
		token := subscribers.ConfirmToken(1, in.Address, w.clock.Now())
		seen, err := subs.Asked(w.ctx(), w.catalog(), token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := subs.Confirm(w.ctx(), w.catalog(), token, subscribers.Confirmation{Seen: seen.Mark, Origin: "test"}); err != nil {
			t.Fatal(err)
		}
		w.at(24, 15)
		w.tick() // Los Angeles'
		w.put(story(3, "world"))
		w.at(25, 15)
		w.tick()
		w.wantMails("daily/2026-11-24 1: 1", "daily/2026-11-24 2: 2 1", "daily/2026-11-25 1: 3 2", "daily/2026-11-25 2: 3")
	})
}

// TestLateTopicAfterAChangeOfTopics: a story that had been offered before
// comes with no other topic, one that had not comes.
func TestLateTopicAfterAChangeOfTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "world")
		w.subscribe(2, newYork, "sport")
		w.subscribe(3, newYork, "culture")
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.tick()
		w.put(story(1, "world"))
		w.nextDay()
		w.put(story(2, "science"), story(3, "local"))
		w.mustPrefer(1, newYork, "sport", "local") // what came since counts, too
		w.mustPrefer(2, newYork, "sport", "world")
		w.mustPrefer(3, newYork, "local")
		w.mustPrefer(3, newYork, "sport") // local was never used
		w.put(story(1, "world", "sport"))
		w.nextDay()
		w.put(story(3, "local", "sport"))
		w.nextDay()
		w.wantMails("daily/2026-11-24 1: 1", "daily/2026-11-25 1: 3", "daily/2026-11-25 2: 1", "daily/2026-11-25 3: 1",
			"daily/2026-11-26 2: 3", "daily/2026-11-26 3: 3")
	})
}

// TestPartialEditionAndAChangeOfTopics: what a partial edition brought for a
// topic of before does not come for a topic of now, even in a later window.
func TestPartialEditionAndAChangeOfTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork, "world")
		w.exec(`UPDATE subscribers SET confirmed_at = 1`)
		w.begin()
		w.tick()
		w.put(story(1, "world"))
		w.clock.advance(time.Minute)
		w.send(digest.Send{TopicID: w.topic("world")})
		w.mustPrefer(1, newYork, "sport")
		w.nextDay()
		w.put(story(1, "world", "sport"), story(2, "sport"))
		w.nextDay()
		w.wantMails("daily/2026-11-23T07:01:01 1: 1", "daily/2026-11-25 1: 2")
	})
}

// TestCarriedStoriesGrowTooOld: what was too few to send is not looked for for
// ever.
func TestCarriedStoriesGrowTooOld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, minItems(3))
		w.subscribe(1, newYork)
		w.begin()
		w.put(story(1, "world"))
		for range 10 {
			w.nextDay()
		}
		w.put(story(2, "world"))
		for range 22 {
			w.nextDay()
		}
		w.put(story(3, "world"))
		w.nextDay()
		w.wantMails()
		w.put(story(4, "world"))
		w.nextDay()
		w.wantMails("daily/2026-12-27 1: 4 3 2")
	})
}

// TestManyStartsOfWindows: readers who each wait since another day share what a
// run keeps in memory.
func TestManyStartsOfWindows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const readers = 50
		w := newWorld(t, d, func(set *digest.Setup) { set.Digests[0].MaxItems = 100 })
		for id := range int64(readers) {
			w.subscribe(id+1, newYork)
		}
		w.begin()
		w.tick()
		for n := range readers {
			w.put(story(n+1, "world"))
		}
		w.exec(`UPDATE subscriptions SET joined_seq = subscriber_id - 1, joined_runs = 1`)
		w.exec(`UPDATE cohorts SET last_seq = 45`)
		w.nextDay()
		for id := range int64(readers) {
			if got := w.count(`SELECT length(s.stories) - length(replace(s.stories, ':', '')) FROM deliveries d
				JOIN selections s ON s.id = d.selection_id WHERE d.subscriber_id = $1`, id+1); got != readers-id {
				t.Errorf("reader %d got %d stories, want %d", id+1, got, readers-id)
			}
		}
	})
}
