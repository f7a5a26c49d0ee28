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

// scatter makes subscriptions by one statement: reader i has the id that id
// returns and lives in the zones by turns.
func (w *world) scatter(n int, zones []string, id func(i int) int64) {
	w.t.Helper()
	ids, cohorts, addresses, topics := make([]int64, n), make([]int64, n), make([]string, n), make([]string, n)
	for i := range ids {
		ids[i], cohorts[i] = id(i), w.cohort(zones[i%len(zones)])
		addresses[i], topics[i] = fmt.Sprintf("r%d@reader.example", ids[i]), w.topicIDs(topicSlugs[i%5], topicSlugs[i%3])
	}
	err := w.db.Write(w.ctx(), func(tx *db.Tx) error {
		if _, err := tx.ExecRows(w.ctx(), `INSERT INTO subscribers (id, address, state, created_at) SELECT v.id, v.address, 'active', 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids), db.Texts("address", addresses)}); err != nil {
			return err
		}
		_, err := tx.ExecRows(w.ctx(), `INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at)
			SELECT v.id, $1, v.cohort, 'active', v.topics, 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids), db.Ints("cohort", cohorts), db.Texts("topics", topics)}, w.daily.ID)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// tickCounting plans and returns how many statements began with each of the texts.
func (w *world) tickCounting(texts ...string) []int {
	w.t.Helper()
	counts := make([]int, len(texts))
	ctx := db.Watched(w.ctx(), func(query string) {
		for i, text := range texts {
			if strings.HasPrefix(query, text) {
				counts[i]++
			}
		}
	})
	if err := w.planner.Tick(ctx, w.clock.Now()); err != nil {
		w.t.Fatal(err)
	}
	return counts
}

// ownRuns checks that each reader has a delivery by the run of the reader's cohort,
// in a batch that expires when that does.
func (w *world) ownRuns(readers int64) {
	w.t.Helper()
	if n := w.count(`SELECT COUNT(*) FROM deliveries d JOIN subscriptions s ON s.subscriber_id = d.subscriber_id
		JOIN runs r ON r.id = d.run_id AND r.cohort_id = s.cohort_id JOIN batches b ON b.id = d.batch_id
		JOIN runs o ON o.id = b.run_id AND o.expires_at = r.expires_at`); n != readers {
		w.t.Errorf("%d deliveries are of the runs and batches that are the reader's, want %d", n, readers)
	}
	if n := w.count(`SELECT COUNT(*) FROM batches b WHERE b.size <> (SELECT COUNT(*) FROM deliveries d WHERE d.batch_id = b.id) OR b.size > $1`,
		int64(digest.BatchSize)); n != 0 {
		w.t.Errorf("%d batches have another size than they say or should have", n)
	}
	w.balanced()
}

// TestManyZonesCostNoMore: what falls due in many zones at once takes as many pages
// as if it did in one, and its stories are loaded once, wherever the ids of a zone's
// readers are.
func TestManyZonesCostNoMore(t *testing.T) {
	const many, few = 2*digest.PageSize + 100, 240
	for name, test := range map[string]struct {
		readers       int
		id            func(i int) int64
		least, most   int // pages
		reads, stocks int // at most
	}{
		"scattered":      {many, func(i int) int64 { return int64(i + 1) }, 3, 5, 8, 1},
		"by zone":        {many, func(i int) int64 { return int64(i%24+2)<<26 + int64(i/24) + 1 }, 3, 5, 24 + 5 + 1, 1}, // a page may begin where a zone ended
		"few, scattered": {few, func(i int) int64 { return int64(i + 1) }, 1, 1, 1, 1},
		"few, by zone":   {few, func(i int) int64 { return int64(i%24+2)<<26 + int64(i/24) + 1 }, 1, 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, localTime)
				var zones []string
				for i := range 24 {
					zones = append(zones, fmt.Sprintf("Etc/GMT%+d", i-11))
				}
				w.scatter(test.readers, zones, test.id)
				w.begin()
				w.put(story(1, topicSlugs...))
				w.exec(`UPDATE cohorts SET next_slot = $1, next_due_at = $2, last_seq = 0`, w.clock.Now().In(zone(t, newYork)).Format("2006-01-02T15:04"), w.clock.Now().UnixMilli())
				counts := w.tickCounting(`UPDATE runs SET plan_cursor`, `SELECT s.cohort_id`, `SELECT a.id, a.priority`)
				if runs := w.count(`SELECT COUNT(*) FROM runs`); runs != 24 {
					t.Fatalf("%d runs, want one a zone", runs)
				}
				if pages := counts[0]; pages < test.least || pages > test.most { // a page reaches as far as it takes to find nearly a page
					t.Errorf("planning took %d pages, want %d to %d", pages, test.least, test.most)
				}
				if reads, stocks := counts[1], counts[2]; reads > test.reads || stocks > test.stocks {
					t.Errorf("subscriptions were read %d times and candidates %d times, want %d and %d at most", reads, stocks, test.reads, test.stocks)
				}
				w.ownRuns(int64(test.readers))
			})
		})
	}
}

// TestZonesThatEndEarly: the pages of zones without readers where the others have
// theirs do not begin with those of before again, and every reader is planned. It
// holds as well where more of readers is read than their subscriptions.
func TestZonesThatEndEarly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].ReaderLanguage = true })
		const readers = 4*digest.PageSize + 100
		ids := func(i int) int64 { return int64(i + 1) }
		w.scatter(readers, []string{newYork, "America/Toronto"}, ids)
		w.exec(`UPDATE subscriptions SET cohort_id = $1 WHERE subscriber_id <= $2`, w.cohort("America/Detroit"), int64(digest.PageSize+1))
		w.begin()
		w.put(story(1, topicSlugs...))
		w.exec(`UPDATE cohorts SET next_slot = $1, next_due_at = $2, last_seq = 0`, w.clock.Now().In(zone(t, newYork)).Format("2006-01-02T15:04"), w.clock.Now().UnixMilli())
		counts := w.tickCounting(`UPDATE runs SET plan_cursor`, `SELECT s.cohort_id, s.subscriber_id`)
		if reads := counts[1]; reads > counts[0]+2 || counts[0] > 8 {
			t.Errorf("%d ranges were read for %d pages, want about one each", reads, counts[0])
		}
		w.ownRuns(readers)
	})
}

// TestZonesShareStoriesNotTime: of the stories that zones have in common, each has
// those that are young enough when it is due, and those pinned that are then.
func TestZonesShareStoriesNotTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].MaxAge = 5 * 24 * time.Hour })
		w.subscribe(1, "America/Lima", "sport")        // due at 12:00 UTC
		w.subscribe(2, "America/Anchorage", "sport")   // at 16:00
		w.subscribe(3, "America/Los_Angeles", "sport") // at 15:00
		w.begin()
		for i := range 3 {
			w.put(story(i+1, "sport"))
		}
		var noon int64
		for _, row := range w.rows(`SELECT CAST(MIN(next_due_at) AS TEXT) FROM cohorts WHERE next_due_at > 0`, nil) {
			fmt.Sscan(row, &noon)
		}
		at := func(hours float64) int64 { return noon + int64(hours*60*60*1000) }
		w.exec(`UPDATE articles SET fresh_at = $1`, at(-1))
		w.exec(`UPDATE articles SET fresh_at = $1 WHERE id = 2`, at(3.5-5*24)) // too old for Anchorage
		w.exec(`UPDATE articles SET pinned_until = $1 WHERE id = 1`, at(0.5))  // for nobody but Lima
		w.clock.set(time.UnixMilli(at(5)))
		if loads := w.tickCounting(`SELECT a.id, a.priority`)[0]; loads != 1 {
			t.Errorf("candidates were loaded %d times, want once", loads)
		}
		same(t, "mails", w.mails(), []string{"daily/2026-11-23 1: 1 3 2", "daily/2026-11-23 2: 3 1", "daily/2026-11-23 3: 3 1 2"})
	})
}

// TestLaterZonesChooseNothingAnew: where no story came since, the zone that is due
// an hour later has the choices of the one before; where one came, it has that, too.
// After a rest nothing is remembered.
func TestLaterZonesChooseNothingAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		zones := []string{newYork, "America/Chicago", "America/Denver"} // due at 12:00, 13:00 and 14:00 UTC
		for i := range 30 {
			w.subscribe(int64(i+1), zones[i%3], topicSlugs[i/3%5])
		}
		w.clock.advance(-30 * time.Minute)
		w.begin()
		w.put(story(1, "sport"), story(2, topicSlugs[0]), story(3, topicSlugs[1]))
		remembered := func(after time.Duration) int {
			w.clock.advance(after)
			w.tick()
			return w.planner.Remembered()
		}
		first := remembered(30 * time.Minute)
		if first == 0 || w.count(`SELECT COUNT(*) FROM deliveries`) == 0 {
			t.Fatal("the first zone chose nothing")
		}
		if n := remembered(30 * time.Minute); n != first {
			t.Errorf("%d choices are remembered while nothing is due, want %d", n, first)
		}
		if n := remembered(30 * time.Minute); n != first {
			t.Errorf("%d choices after the second zone, want the %d of the first", n, first)
		}
		w.put(story(4, topicSlugs...))
		if n := remembered(time.Hour); n <= first {
			t.Errorf("%d choices after the third zone, want more than %d: a story has come", n, first)
		}
		for _, mail := range w.mails() {
			var reader int
			fmt.Sscanf(mail, "daily/2026-11-23 %d:", &reader)
			if third := (reader-1)%3 == 2; third != strings.Contains(mail+" ", " 4 ") {
				t.Errorf("%q: only the third zone gets story 4", mail)
			}
		}
		if n := remembered(91 * time.Minute); n != 0 {
			t.Errorf("%d choices are remembered after a rest, want none", n)
		}
	})
}

// whole checks that the mails have all that they are made of.
func (w *world) whole() {
	w.t.Helper()
	if n := w.count(`SELECT COUNT(*) FROM deliveries d WHERE NOT EXISTS (
		SELECT 1 FROM selections s WHERE s.edition_id = d.edition_id AND s.id = d.selection_id)`); n > 0 {
		w.t.Errorf("%d deliveries refer to no selection", n)
	}
}

// unplan takes back what was planned of the last edition, as a failover to a standby
// that lags behind does, and lets statements say what became of its runs.
func (w *world) unplan(then ...string) {
	w.t.Helper()
	const last = ` WHERE edition_id = (SELECT MAX(id) FROM editions)`
	for _, table := range []string{"deliveries", "batches", "selections"} {
		w.exec(`DELETE FROM ` + table + last)
	}
	for _, statement := range then {
		w.exec(statement + last)
	}
}

// TestPlannedAgainAfterALoss: what a failover to a standby that lags behind lost is
// planned again with all that its mails are made of, also where another planner was
// there first.
func TestPlannedAgainAfterALoss(t *testing.T) {
	for name, then := range map[string]string{
		"lost":                      `UPDATE runs SET planned_at = 0, plan_cursor = 0, due = 0`,
		"less far":                  `UPDATE runs SET planned_at = 0, plan_cursor = 1, due = 0`,
		"finished again by another": `UPDATE runs SET planned_at = planned_at + 1`,
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, localTime)
				w.subscribe(1, newYork, "sport")
				w.subscribe(2, newYork, "sport")
				w.subscribe(3, "America/Chicago", "sport") // due an hour later
				w.begin()
				w.put(story(1, "sport"))
				w.tick()
				w.unplan(then)
				w.clock.advance(time.Hour)
				w.tick()
				w.whole()
				if mails := w.mails(); !slices.Contains(mails, "daily/2026-11-23 3: 1") {
					t.Errorf("the reader who is due got nothing, the mails are %q", mails)
				}
			})
		})
	}
}

// TestLossWhilePlanning: the same between two pages of a tick.
func TestLossWhilePlanning(t *testing.T) {
	again := `UPDATE runs SET planned_at = 0, plan_cursor = 0, due = 0`
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.scatter(2*digest.PageSize, []string{newYork}, func(i int) int64 { return int64(i + 1) })
		w.begin()
		w.put(story(1, topicSlugs...))
		pages := 0
		ctx := db.Watched(w.ctx(), func(query string) {
			if strings.Contains(query, "NO KEY UPDATE") || strings.Contains(query, "{for no key update}") {
				if pages++; pages == 2 && d.Dialect() == db.Postgres { // SQLite lets nobody else write
					w.unplan(again)
				}
			}
		})
		if err := w.planner.Tick(ctx, w.clock.Now()); err != nil || pages < 2 {
			t.Fatalf("%d pages were planned: %v", pages, err)
		}
		w.whole()
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != 2*digest.PageSize {
			t.Errorf("%d deliveries, want %d", n, 2*digest.PageSize)
		}
	})
}

// TestLossOfAnothersPages: a planner that looked what another had stored, and then
// failed, is not misled by a page of its own that is still there.
func TestLossOfAnothersPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		w.subscribe(1, newYork, "sport")
		w.subscribe(2, "America/Chicago", "sport") // due an hour later
		w.begin()
		w.put(story(1, "sport"))
		w.tick()
		w.clock.advance(time.Hour)
		w.tick()
		w.clock.advance(23 * time.Hour)
		w.put(story(2, "sport"))
		if err := w.newPlanner().Tick(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.exec(`UPDATE subscriptions SET former_topics = 'broken' WHERE subscriber_id = 2`)
		w.clock.advance(time.Hour)
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil {
			t.Fatal("got no error of the run that fails")
		}
		w.unplan(`UPDATE runs SET planned_at = 0, plan_cursor = 0, due = 0`)
		w.exec(`UPDATE subscriptions SET former_topics = '' WHERE subscriber_id = 2`)
		w.tick()
		w.whole()
		same(t, "mails", w.mails(), []string{"daily/2026-11-23 1: 1", "daily/2026-11-23 2: 1", "daily/2026-11-24 1: 2", "daily/2026-11-24 2: 2"})
	})
}

// TestZonesShareBatches: the readers of zones whose runs are due and expire at once
// are in the same batches, also before the hour. Those of others are not.
func TestZonesShareBatches(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { localTime(set); set.Digests[0].Cutoff = 4 * time.Hour })
		zones := []string{newYork, "America/Toronto", "America/Los_Angeles"}
		w.scatter(30, zones, func(i int) int64 { return int64(i + 1) })
		w.subscribe(31, "America/Detroit")
		w.exec(`UPDATE subscriptions SET paused_until = $1 WHERE subscriber_id = 31`, w.clock.Now().AddDate(0, 1, 0).UnixMilli())
		w.clock.advance(-5 * time.Hour)
		w.begin()
		w.put(story(1, topicSlugs...))
		w.clock.advance(4 * time.Hour) // all slots have closed, none has come
		w.tick()
		w.ownRuns(30)
		got := w.rows(`SELECT 'from ' || CAST((b.ready_at - (SELECT MIN(due_at) FROM runs)) / 3600000 AS TEXT) || ' hours on: ' || CAST(b.size AS TEXT) FROM batches b ORDER BY b.ready_at`, nil)
		same(t, "batches", got, []string{"from 0 hours on: 20", "from 3 hours on: 10"})
		editions, err := w.store.Editions(w.ctx(), w.daily.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		for hours, want := range map[int][2]int{0: {3, 30}, 1: {1, 10}, 4: {0, 0}} {
			after := w.clock.Now().Add(time.Duration(hours) * time.Hour)
			come, err := w.store.ToCome(w.ctx(), w.daily, editions[0], after)
			if err != nil || come.Runs != want[0] || come.Deliveries != int64(want[1]) {
				t.Errorf("%d hours on %d runs with %d deliveries are to come (%v), want %v", hours, come.Runs, come.Deliveries, err, want)
			}
		}
	})
}

// TestLargeRunsTogether plans runs of more than a page each together, whose readers
// have ids that lie close and far apart, and one run that began before the others.
func TestLargeRunsTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		zones := []string{newYork, "America/Toronto", "America/Lima"}
		const readers = 4 * digest.PageSize
		w.scatter(readers, zones, func(i int) int64 {
			if i < readers/2 {
				return int64(i + 1)
			}
			return int64(i) * 1000
		})
		w.begin()
		for i := range 12 {
			w.put(story(i, topicSlugs[i%5]))
		}
		first := w.cohort(newYork)
		w.exec(`UPDATE cohorts SET next_due_at = next_due_at + 600000 WHERE id <> $1`, first)
		w.tickUntil(3) // the edition, and a page of that run
		if n := w.count(`SELECT plan_cursor FROM runs WHERE cohort_id = $1`, first); n == 0 {
			t.Fatal("the run has not begun")
		}
		w.exec(`UPDATE cohorts SET next_due_at = next_due_at - 600000 WHERE id <> $1`, first)
		w.tick()
		w.ownRuns(readers)
		for _, run := range w.rows(`SELECT CAST(COUNT(*) AS TEXT) || ' of ' || CAST(r.due AS TEXT) FROM runs r JOIN deliveries d ON d.run_id = r.id GROUP BY r.id, r.due`, nil) {
			if got, due, _ := strings.Cut(run, " of "); got != due {
				t.Errorf("a run counts %s readers and has %s deliveries", due, got)
			}
		}
	})
}

// TestZonesFarApart: where the ids of a zone's readers are far from those of the next
// one, a page begins with the next reader, and is no smaller or larger for the gap.
func TestZonesFarApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		zones := []string{newYork, "America/Toronto", "America/Lima"}
		const each = 5 * digest.PageSize / 2 // the last page of a zone is half a page
		w.scatter(len(zones)*each, zones, func(i int) int64 { return int64(1+2*(i%len(zones)))<<40 + int64(i/len(zones)) })
		w.scatter(10, []string{"Europe/Paris"}, func(i int) int64 { return 2<<40 + int64(i) }) // between them, and not due
		w.begin()
		w.put(story(1, topicSlugs...))
		w.exec(`UPDATE cohorts SET next_due_at = $1 WHERE zone LIKE 'America/%'`, w.clock.Now().UnixMilli())
		const most = 13 // pages of all zones, one for each that asks for too much, and one that begins where a zone ended
		if reads := w.tickCounting("SELECT s.cohort_id"); reads[0] > most {
			t.Errorf("%d readings of subscriptions, want %d at most", reads[0], most)
		}
		w.ownRuns(int64(len(zones) * each))
	})
}

// TestRecipientsFarApart: an edition for a few of many readers goes straight to the
// next of them.
func TestRecipientsFarApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		const each = 5 * digest.PageSize / 2
		w.scatter(3*each, []string{newYork, "America/Toronto", "America/Lima"}, func(i int) int64 { return int64(1+i%3)<<40 + int64(i/3) })
		w.begin()
		w.put(story(1, topicSlugs...))
		var few []int64
		for zone := range int64(3) {
			few = append(few, (1+zone)<<40+1, (1+zone)<<40+each-1)
		}
		reads := 0
		ctx := db.Watched(t.Context(), func(query string) {
			if strings.HasPrefix(query, "SELECT s.cohort_id") {
				reads++
			}
		})
		e, err := w.planner.SendNow(ctx, digest.Send{Digest: w.daily, Recipients: few}, w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.planner.PlanRuns(ctx, e.ID); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM deliveries`); n != int64(len(few)) || reads > 2*len(few) {
			t.Errorf("%d deliveries and %d readings of subscriptions, want %d and twice as many at most", n, reads, len(few))
		}
	})
}

// TestOneOfManyRunsFails: the others are planned all the same.
func TestOneOfManyRunsFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, localTime)
		zones := []string{newYork, "America/Toronto", "America/Lima"}
		w.scatter(30, zones, func(i int) int64 { return int64(i + 1) })
		w.exec(`UPDATE subscriptions SET former_topics = 'broken' WHERE cohort_id = $1`, w.cohort("America/Toronto"))
		w.begin()
		w.put(story(1, topicSlugs...))
		w.exec(`UPDATE cohorts SET next_due_at = $1 WHERE next_due_at > $1`, w.clock.Now().UnixMilli())
		if err := w.planner.Tick(t.Context(), w.clock.Now()); err == nil {
			t.Error("got no error of the run that fails")
		}
		got := w.rows(`SELECT c.zone || ' ' || CAST(r.due AS TEXT) || CASE WHEN r.planned_at > 0 THEN '' ELSE ', open' END
			FROM runs r JOIN cohorts c ON c.id = r.cohort_id`, nil)
		slices.Sort(got)
		same(t, "runs", got, []string{"America/Lima 10", "America/New_York 10", "America/Toronto 0, open"})
	})
}
