package digest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// welcomeOf is how far a welcome reaches back.
const welcomeOf = 72 * time.Hour

// sharedWorld has two digests that share no story and welcome new readers, and a
// model of each. A modelWorld is at one of them at a time.
type sharedWorld struct {
	*modelWorld
	models []*model
	fresh  map[int]time.Time // from when the age of a story counts
	kept   map[int]time.Time // since when a story is held back
}

func newSharedWorld(t *testing.T, d *db.DB, seed uint64) *sharedWorld {
	random := rand.New(rand.NewPCG(seed, 17))
	models := []*model{newModel("daily", 7, random), newModel("brief", 12, random)}
	w := newWorld(t, d, func(set *digest.Setup) {
		localTime(set)
		sharing(set)
		set.Digests[1].Schedule = cron(t, "0 12 * * *")
		for i, m := range models {
			set.Digests[i].Welcome, set.Digests[i].MinItems, set.Digests[i].MaxItems = welcomeOf, m.min, m.max
		}
	})
	sw := &sharedWorld{
		modelWorld: &modelWorld{world: w, model: models[0], random: random, zones: []string{newYork, "America/Los_Angeles", "Asia/Tokyo"}},
		models:     models, fresh: map[int]time.Time{}, kept: map[int]time.Time{},
	}
	for _, name := range sw.zones {
		w.cohort(name)
		w.exec(`INSERT INTO cohorts (id, digest_id, zone) VALUES ($1, $2, $3)`, w.cohort(name)+100, w.setup.Digests[1].ID, name)
		for _, m := range models {
			m.zones[name] = &modelZone{loc: zone(t, name), last: w.clock.Now().Add(-time.Minute), open: map[int]map[string]bool{}}
		}
	}
	for range 6 {
		sw.join("")
	}
	w.begin()
	for range 24 { // every zone has its first runs
		sw.tick()
		w.clock.advance(time.Hour)
	}
	return sw
}

// join adds a reader of one digest or of both, to whom something may be owed.
func (w *sharedWorld) join(owed digest.EditionKind) {
	id, zone, had := int64(len(w.models[0].readers)+1), w.zones[w.random.IntN(3)], map[int]bool{}
	topics := w.topics()
	w.subscribe(id, zone, topics...)
	w.exec(`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at)
		SELECT subscriber_id, $1, cohort_id + 100, 'active', topics, 1 FROM subscriptions WHERE subscriber_id = $2`, w.setup.Digests[1].ID, id)
	w.exec(`UPDATE subscribers SET confirmed_at = 1`)
	for _, m := range w.models {
		m.join(id, zone, topics)
		m.readers[id].had = had
	}
	if owed != "" {
		w.owe(owed, id)
		w.welcome(id)
	}
}

// welcome notes in both models that a welcome is owed.
func (w *sharedWorld) welcome(id int64) {
	for _, m := range w.models {
		m.readers[id].welcome = true
	}
}

// each does to both models what a method of modelWorld does to one.
func (w *sharedWorld) each(do func(m *model)) {
	for _, m := range w.models {
		do(m)
	}
}

// modelStep is a run, or what is owed to readers of a cohort, as planners take it.
type modelStep struct {
	m    *model
	zone string
	due  time.Time
	do   func()
}

// tick begins all that is due, and plans of each cohort what was begun first, the
// earliest due first, until nothing is left.
func (w *sharedWorld) tick() {
	w.t.Helper()
	now := w.clock.Now()
	w.world.tick()
	var steps []modelStep
	for _, m := range w.models {
		for _, r := range m.due(now) {
			for _, reader := range m.readers {
				reader.moved = reader.moved && reader.zone != r.zone
			}
			steps = append(steps, modelStep{m, r.zone, r.due, func() { m.run(r.zone, r.key, r.due) }})
		}
	}
	for _, m := range w.models {
		steps = append(append(steps, w.welcomes(m, now)...), w.moves(m, now)...)
	}
	for len(steps) > 0 {
		var round, later []modelStep
		seen := map[string]bool{}
		for _, s := range steps {
			if cohort := s.m.name + s.zone; seen[cohort] {
				later = append(later, s)
			} else {
				seen[cohort] = true
				round = append(round, s)
			}
		}
		slices.SortStableFunc(round, func(a, b modelStep) int { return a.due.Compare(b.due) })
		for _, s := range round {
			s.do()
		}
		steps = later
	}
}

// owing returns a step for each zone with readers who are owed something.
func (w *sharedWorld) owing(m *model, now time.Time, key func(r *modelReader) string, fit func(r *modelReader) []int) (steps []modelStep) {
	owed := map[string]map[int64]string{}
	for id, r := range m.readers {
		if k := key(r); k != "" {
			if owed[r.zone] == nil {
				owed[r.zone] = map[int64]string{}
			}
			owed[r.zone][id] = k
		}
	}
	for zone, readers := range owed {
		steps = append(steps, modelStep{m, zone, now, func() {
			for id, k := range readers {
				m.deliver(id, k, now, fit(m.readers[id]))
			}
		}})
	}
	return steps
}

func (w *sharedWorld) moves(m *model, now time.Time) []modelStep {
	steps := w.owing(m, now, func(r *modelReader) string { return m.missed(r, now) }, func(r *modelReader) []int { return m.fit(r, "") })
	for _, r := range m.readers {
		r.moved = false
	}
	return steps
}

// welcomes are the best of the last days for new readers, be it a single story.
func (w *sharedWorld) welcomes(m *model, now time.Time) []modelStep {
	one := *m
	one.min, one.mails = 1, nil
	steps := w.owing(&one, now, func(r *modelReader) string {
		if !r.welcome {
			return ""
		}
		return m.name + "-welcome/" + now.UTC().Format(time.RFC3339)
	}, func(r *modelReader) []int { return w.best(m, r, now) })
	for i := range steps {
		do := steps[i].do
		steps[i].m, steps[i].do = m, func() {
			do()
			m.mails, one.mails = append(m.mails, one.mails...), nil
		}
	}
	for _, r := range m.readers {
		r.welcome = false
	}
	return steps
}

// best is what a welcome could bring, best first.
func (w *sharedWorld) best(m *model, r *modelReader, now time.Time) (out []int) {
	for n, topics := range m.stories {
		wanted := false
		for topic, has := range topics {
			wanted = wanted || has && r.wants[topic]
		}
		if wanted && !m.kept[n] && !m.gone[n] && !r.had[n] && w.fresh[n].After(now.Add(-welcomeOf)) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// step does one thing at random and lets time pass.
func (w *sharedWorld) step() {
	w.t.Helper()
	switch n := w.random.IntN(24); {
	case n < 8:
		w.arrive()
	case n < 11:
		w.retag()
	case n < 13:
		w.sendOne()
	case n < 17:
		w.prefer()
	case n < 19:
		w.join(digest.Welcome)
	case n < 23:
		w.desk()
	}
	w.clock.advance(time.Duration(1+w.random.IntN(7)) * time.Hour)
	if w.random.IntN(15) == 0 {
		w.clock.advance(time.Duration(w.random.IntN(60)) * time.Hour)
	}
	w.tick()
}

func (w *sharedWorld) arrive() {
	for range 1 + w.random.IntN(4) {
		w.next++
		topics := w.topics()
		w.put(ranked(w.next, topics...))
		w.fresh[w.next] = w.clock.Now()
		w.each(func(m *model) {
			for _, topic := range topics {
				m.give(w.next, topic)
			}
		})
	}
}

func (w *sharedWorld) retag() {
	if w.next == 0 {
		return
	}
	n, topics := w.next-w.random.IntN(min(w.next, 15)), w.topics()
	w.put(ranked(n, topics...))
	w.each(func(m *model) { m.retag(n, topics) })
}

// sendOne sends one of the digests by hand.
func (w *sharedWorld) sendOne() {
	w.t.Helper()
	k := w.random.IntN(2)
	w.model, w.daily = w.models[k], &w.setup.Digests[k]
	w.sendNow()
	w.model, w.daily = w.models[0], &w.setup.Digests[0]
}

// prefer gives a reader another zone, other topics or both.
func (w *sharedWorld) prefer() {
	w.t.Helper()
	id := 1 + w.random.Int64N(int64(len(w.models[0].readers)))
	r := w.models[0].readers[id]
	zone, topics := r.zone, slices.Sorted(maps.Keys(r.wants))
	if w.random.IntN(2) == 0 {
		zone = w.zones[w.random.IntN(3)]
	}
	if w.random.IntN(2) == 0 {
		topics = w.topics()
	}
	c := w.catalog()
	brief := c.Digests[0]
	brief.ID, brief.Slug, brief.Name = w.setup.Digests[1].ID, "brief", "The Brief"
	c.Digests = append(c.Digests, brief)
	in := subscribers.Preferences{Zone: zone, Topics: topics, Digests: []string{"daily", "brief"}}
	if err := w.save(c, id, in); err != nil {
		w.t.Fatal(err)
	}
	w.each(func(m *model) {
		r := m.readers[id]
		r.moved = zone != r.zone
		r.zone, r.wants = zone, set(topics)
	})
}

// desk holds a story of late back, releases or withdraws it.
func (w *sharedWorld) desk() {
	w.t.Helper()
	if w.next == 0 {
		return
	}
	n := w.next - w.random.IntN(min(w.next, 12))
	_, kept := w.kept[n]
	switch {
	case w.gone[n]:
	case w.random.IntN(4) == 0:
		w.order(n, digest.DeskOrder{Action: digest.DeskWithdraw})
		w.each(func(m *model) { m.gone[n] = true })
	case kept:
		w.release(n)
		w.fresh[n] = w.fresh[n].Add(w.clock.Now().Sub(w.kept[n]))
		delete(w.kept, n)
		w.each(func(m *model) { m.letGo(n) })
	default:
		w.holdBack(n)
		w.kept[n] = w.clock.Now()
		w.each(func(m *model) { m.keepBack(n) })
	}
}

// TestSharedPlanningEqualsTheModel: of two digests that share no story each
// brings what its reader waits for and the other has not brought, and a welcome
// takes nothing away from either but what it brought itself.
func TestSharedPlanningEqualsTheModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := seeds(12)
		if d.Dialect() == db.Postgres {
			n = seeds(4)
		}
		welcomes, moved := 0, 0
		for seed := range n {
			if seed > 0 {
				d = dbtest.Open(t, d.Dialect())
			}
			w := newSharedWorld(t, d, seed)
			for range 80 {
				w.step()
			}
			mails := w.check(seed)
			welcomes += strings.Count(mails, "-welcome/")
			moved += strings.Count(mails, "-moved/")
		}
		if welcomes < 4*int(n) || moved < int(n)/2 {
			t.Errorf("%d welcomes and %d mails that made up for a move, want a test with many", welcomes, moved)
		}
	})
}

// check compares the mails with those of the models and counts stories.
func (w *sharedWorld) check(seed uint64) string {
	w.t.Helper()
	got := w.world.mails()
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " +")
	}
	w.modelKeys(got)
	for _, row := range w.rows(`SELECT DISTINCT e.key || ' ' || CAST(r.due_at AS TEXT) FROM editions e JOIN runs r ON r.edition_id = e.id WHERE e.kind = 'welcome'`, nil) {
		key, due, _ := strings.Cut(row, " ")
		name, _, _ := strings.Cut(key, "/")
		for i := range got {
			if reader, ok := strings.CutPrefix(got[i], key+" "); ok {
				got[i] = name + "-welcome/" + db.Time(atoi(w.t, due)).Format(time.RFC3339) + " " + reader
			}
		}
	}
	var want []string
	w.each(func(m *model) { want = append(want, m.mails...) })
	slices.Sort(got)
	slices.Sort(want)
	same(w.t, fmt.Sprint("seed ", seed), got, want)
	w.balanced()
	for what, n := range w.received() {
		if n > 1 {
			w.t.Errorf("seed %d: reader %d got article %d %d times", seed, what[0], what[1], n)
		}
	}
	return strings.Join(got, "\n")
}
