package digest_test

import (
	"errors"
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
)

// model is what readers should get, kept reader by reader in the most naive
// way: who waits for which stories, and a mail whenever a slot has come.
type model struct {
	name     string // of the digest
	hour     int    // of its slot
	min, max int
	readers  map[int64]*modelReader
	stories  map[int]map[string]bool // by number: the topics it has
	zones    map[string]*modelZone
	kept     map[int]bool      // stories that are held back
	embargo  map[int]time.Time // until when, of those whose time is known
	gone     map[int]bool      // stories that were withdrawn
	paid     map[int]bool      // stories that are for those alone who pay: readers of an even number
	mails    []string
}

type modelReader struct {
	zone     string
	pays     bool
	wants    map[string]bool
	open     map[int]map[string]bool // topics that stories got since the reader's window began
	over     map[int]map[string]bool // the topics for which stories came to the reader's turn before
	got      map[int]bool            // stories that a mail brought
	had      map[int]bool            // those that a mail of any digest brought, nil if that is of no matter
	editions map[string]bool
	paused   time.Time
	moved    bool // to another zone since the last tick
	welcome  bool // is owed
}

type modelZone struct {
	loc  *time.Location
	last time.Time               // slots up to here are dealt with
	open map[int]map[string]bool // topics that stories got since the last cut-off
}

func newModel(name string, hour int, random *rand.Rand) *model {
	return &model{
		name: name, hour: hour, min: 1 + random.IntN(3), max: 3 + random.IntN(4),
		readers: map[int64]*modelReader{}, stories: map[int]map[string]bool{}, zones: map[string]*modelZone{},
		kept: map[int]bool{}, embargo: map[int]time.Time{}, gone: map[int]bool{}, paid: map[int]bool{},
	}
}

func (m *model) give(n int, topic string) {
	if m.stories[n] == nil {
		m.stories[n] = map[string]bool{}
	}
	m.stories[n][topic] = true
	if m.kept[n] {
		return
	}
	for _, z := range m.zones {
		add(z.open, n, topic)
	}
	for _, r := range m.readers {
		add(r.open, n, topic)
	}
}

func add(open map[int]map[string]bool, n int, topic string) {
	if open[n] == nil {
		open[n] = map[string]bool{}
	}
	open[n][topic] = true
}

func set(topics []string) map[string]bool {
	out := map[string]bool{}
	for _, topic := range topics {
		out[topic] = true
	}
	return out
}

// join adds a reader, who waits for what came since the zone's last cut-off.
func (m *model) join(id int64, zone string, topics []string) {
	r := &modelReader{zone: zone, pays: id%2 == 0, wants: set(topics), open: map[int]map[string]bool{}, over: map[int]map[string]bool{}, got: map[int]bool{}, editions: map[string]bool{}}
	m.readers[id] = r
	for n, topics := range m.stories {
		for topic, has := range topics {
			if m.zones[zone].open[n][topic] {
				add(r.open, n, topic)
			} else if has && r.wants[topic] {
				add(r.over, n, topic)
			}
		}
	}
}

// came returns the topics for which a story came to the reader in the open window.
func (r *modelReader) came(n int) (topics []string) {
	for topic := range r.open[n] {
		if r.wants[topic] {
			topics = append(topics, topic)
		}
	}
	return topics
}

// passed notes that a story came to the reader's turn.
func (r *modelReader) passed(n int) {
	for _, topic := range r.came(n) {
		add(r.over, n, topic)
	}
}

// fit is what a reader would get now, best first, of one topic or, if topic is
// "", of all.
func (m *model) fit(r *modelReader, topic string) []int {
	var out []int
	for n := range r.open {
		if m.gone[n] || m.paid[n] && !r.pays {
			continue
		}
		for t, has := range m.stories[n] {
			if has && r.wants[t] && (topic == "" || t == topic) && len(r.came(n)) > 0 && len(r.over[n]) == 0 && !r.got[n] && !r.had[n] {
				out = append(out, n)
				break
			}
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// deliver gives the reader a mail if there is enough for one, and reports
// whether there was.
func (m *model) deliver(id int64, key string, due time.Time, fit []int) bool {
	r := m.readers[id]
	if r.paused.After(due) || len(fit) < max(m.min, 1) || min(len(fit), m.max) < m.min || r.editions[key] {
		return false
	}
	r.editions[key] = true
	text := fmt.Sprintf("%s %d:", key, id)
	for _, n := range fit[:min(len(fit), m.max)] {
		text += fmt.Sprint(" ", n)
		r.got[n] = true
		if r.had != nil {
			r.had[n] = true
		}
	}
	m.mails = append(m.mails, text)
	return true
}

// run is an edition for a zone: who gets a mail, or has nothing, starts anew.
func (m *model) run(zone, key string, due time.Time) {
	for id, r := range m.readers {
		if r.zone != zone {
			continue
		}
		r.moved = false
		if r.madeUp(key) {
			continue
		}
		fit := m.fit(r, "")
		if !m.deliver(id, key, due, fit) && (len(fit) > 0 || r.paused.After(due)) {
			continue
		}
		for n := range r.open {
			r.passed(n)
		}
		clear(r.open)
	}
	clear(m.zones[zone].open)
}

// tick runs what is due, and makes up for moves.
func (m *model) tick(now time.Time) {
	m.endEmbargoes(now)
	for _, r := range m.due(now) {
		m.run(r.zone, r.key, r.due)
	}
	m.makeUp(now)
}

// modelRun is an edition for a zone.
type modelRun struct {
	zone, key string
	due       time.Time
}

// due returns the last slot of each zone that has come, unless it is over.
func (m *model) due(now time.Time) (runs []modelRun) {
	for name, z := range m.zones {
		var slot time.Time
		for day := z.last.In(z.loc).AddDate(0, 0, -1); ; day = day.AddDate(0, 0, 1) {
			at := time.Date(day.Year(), day.Month(), day.Day(), m.hour, 0, 0, 0, z.loc)
			if at.After(now) {
				break
			}
			if at.After(z.last) {
				slot = at
			}
		}
		z.last = now
		switch {
		case slot.IsZero():
		case !m.anyone(name): // so that the first reader is not sent the archive
			clear(z.open)
		case now.Before(slot.Add(12 * time.Hour)):
			runs = append(runs, modelRun{name, m.name + "/" + slot.Format(time.DateOnly), slot})
		}
	}
	return runs
}

func (m *model) anyone(zone string) bool {
	for _, r := range m.readers {
		if r.zone == zone {
			return true
		}
	}
	return false
}

// modelWorld is a world and its model, which see the same.
type modelWorld struct {
	*world
	*model
	random *rand.Rand
	next   int // story
	zones  []string
}

func newModelWorld(t *testing.T, d *db.DB, seed uint64) *modelWorld {
	random := rand.New(rand.NewPCG(seed, 7))
	m := newModel("daily", 7, random)
	w := newWorld(t, d, func(set *digest.Setup) {
		localTime(set)
		set.Digests[0].MinItems, set.Digests[0].MaxItems = m.min, m.max
		set.Attributes = []digest.Attribute{{Name: "tier", Values: []string{"free", "paid"}}}
	})
	mw := &modelWorld{world: w, model: m, random: random, zones: []string{newYork, "America/Los_Angeles", "Asia/Tokyo"}}
	for _, name := range mw.zones {
		m.zones[name] = &modelZone{loc: zone(t, name), last: w.clock.Now().Add(-time.Minute), open: map[int]map[string]bool{}}
		w.cohort(name)
	}
	for range 6 {
		mw.join()
	}
	w.begin()
	for range 24 { // every zone has its first run
		mw.tick()
		w.clock.advance(time.Hour)
	}
	return mw
}

func (w *modelWorld) topics() []string {
	topics := slices.Clone(topicSlugs[:4])
	w.random.Shuffle(len(topics), func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
	return topics[:1+w.random.IntN(3)]
}

func (w *modelWorld) join() {
	id, zone, topics := int64(len(w.readers)+1), w.zones[w.random.IntN(3)], w.topics()
	w.subscribe(id, zone, topics...)
	w.exec(`UPDATE subscribers SET confirmed_at = 1, attributes = CASE WHEN id % 2 = 0 THEN ',tier=paid,' ELSE '' END`)
	w.model.join(id, zone, topics)
}

func (w *modelWorld) tick() {
	w.world.tick()
	w.model.tick(w.clock.Now())
}

// arrive brings some new stories.
func (w *modelWorld) arrive() {
	for range 1 + w.random.IntN(4) {
		w.next++
		topics := w.topics()
		w.put(ranked(w.next, topics...))
		for _, topic := range topics {
			w.give(w.next, topic)
		}
	}
}

// ranked is a story that ranks above all before it: the model knows windows, not
// what readers prefer.
func ranked(n int, topics ...string) digest.Incoming {
	in := story(n, topics...)
	in.Priority = n
	return in
}

// prefer gives a reader another zone, other topics or both.
func (w *modelWorld) prefer() {
	id := 1 + w.random.Int64N(int64(len(w.readers)))
	r := w.readers[id]
	zone, topics := r.zone, slices.Sorted(maps.Keys(r.wants))
	if w.random.IntN(2) == 0 {
		zone = w.zones[w.random.IntN(3)]
	}
	if w.random.IntN(2) == 0 {
		topics = w.topics()
	}
	w.mustPrefer(id, zone, topics...)
	r.moved = zone != r.zone
	r.zone, r.wants = zone, set(topics)
}

// sendNow sends by hand: everything, one topic or to some.
func (w *modelWorld) sendNow() {
	w.t.Helper()
	s, topic := digest.Send{Digest: w.daily}, ""
	switch w.random.IntN(3) {
	case 1:
		topic = topicSlugs[w.random.IntN(4)]
		s.TopicID = w.topic(topic)
	case 2:
		for range 3 {
			s.Recipients = append(s.Recipients, 1+w.random.Int64N(int64(len(w.readers))))
		}
		slices.Sort(s.Recipients)
		s.Recipients = slices.Compact(s.Recipients)
	}
	e, err := w.planner.SendNow(w.t.Context(), s, w.clock.Now())
	if errors.Is(err, digest.ErrNothingDue) {
		for id, r := range w.readers {
			if fit := w.fit(r, topic); len(fit) >= w.min && !r.paused.After(w.clock.Now()) && (s.Recipients == nil || slices.Contains(s.Recipients, id)) {
				w.t.Errorf("nothing is due, but reader %d waits for %v", id, fit)
			}
		}
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if topic == "" && s.Recipients == nil {
		for _, zone := range w.zones {
			w.run(zone, e.Key, w.clock.Now())
		}
		return
	}
	for id, r := range w.readers {
		if s.Recipients == nil || slices.Contains(s.Recipients, id) {
			w.deliver(id, e.Key, w.clock.Now(), w.fit(r, topic))
		}
	}
}

// step does one thing at random and lets time pass.
func (w *modelWorld) step() {
	w.t.Helper()
	switch n := w.random.IntN(29); {
	case n >= 26:
		w.reserve()
	case n >= 20:
		w.desk(n)
	case n < 7:
		w.arrive()
	case n < 11:
		w.retag()
	case n < 13:
		w.sendNow()
	case n < 18:
		w.prefer()
	case n < 19:
		w.join()
	}
	w.clock.advance(time.Duration(1+w.random.IntN(9)) * time.Hour)
	if w.random.IntN(15) == 0 { // nobody plans for a while
		w.clock.advance(time.Duration(w.random.IntN(60)) * time.Hour)
	}
	w.tick()
}

func TestPlanningEqualsTheModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := seeds(40)
		if d.Dialect() == db.Postgres {
			n = seeds(8)
		}
		moved := 0
		for seed := range n {
			if seed > 0 {
				d = dbtest.Open(t, d.Dialect())
			}
			w := newModelWorld(t, d, seed)
			for range 120 {
				w.step()
			}
			w.checkModel(seed)
			moved += strings.Count(strings.Join(w.model.mails, " "), "moved/")
		}
		if moved < int(n)/2 {
			t.Errorf("%d mails made up for a move, want a test with many", moved)
		}
	})
}

func (w *modelWorld) checkModel(seed uint64) {
	w.t.Helper()
	got := w.world.mails()
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " +")
	}
	w.modelKeys(got)
	slices.Sort(got)
	slices.Sort(w.model.mails)
	same(w.t, fmt.Sprint("seed ", seed), got, w.model.mails)
	w.balanced()
	if len(got) < 40 {
		w.t.Errorf("seed %d: %d mails, want a test with many", seed, len(got))
	}
	times := map[string]int{}
	for _, mail := range got {
		head, stories, _ := strings.Cut(mail, ": ")
		_, reader, _ := strings.Cut(head, " ")
		for _, n := range strings.Fields(stories) {
			if times[reader+" "+n]++; times[reader+" "+n] > 1 {
				w.t.Errorf("seed %d: reader %s got story %s twice", seed, reader, n)
			}
		}
	}
}
