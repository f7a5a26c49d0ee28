package ingest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// rss is a feed of stories, each like "guid|path|title|minutes", the minutes
// after noon of the day before a desk begins.
func rss(stories ...string) string {
	var b strings.Builder
	b.WriteString("<rss><channel>")
	for _, story := range stories {
		part := strings.Split(story, "|")
		var minutes int
		fmt.Sscan(part[3], &minutes)
		at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
		fmt.Fprintf(&b, "<item><guid isPermaLink=\"false\">%s</guid><link>https://courier.example/%s</link><title>%s</title><pubDate>%s</pubDate></item>",
			part[0], part[1], part[2], at.Format(time.RFC1123Z))
	}
	return b.String() + "</channel></rss>"
}

// numbered are stories from..to, all of whose parts have their number.
func numbered(from, to int) (out []string) {
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprintf("id-%d|story-%d|Story %d|%d", i, i, i, 10*i))
	}
	return out
}

func (d *desk) fetch(p *ingest.Poller) *ingest.Fetched {
	d.t.Helper()
	got, err := p.Fetch(d.t.Context(), &d.setup.Sources[0])
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func TestFetchFollowsAMoveForGood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		var mu sync.Mutex
		asked, back := map[string]int{}, false
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			asked[r.URL.Path]++
			switch {
			case r.URL.Path == "/feed" && !back:
				http.Redirect(w, r, "/new-feed", http.StatusMovedPermanently)
			case r.URL.Path == "/new-feed" && back:
				http.NotFound(w, r)
			default:
				answerStory(w, r)
			}
		}, "feed")
		p := d.poller()
		for range 5 {
			d.fetch(p)
			d.advance(every)
		}
		if asked["/feed"] != 3 || asked["/new-feed"] != 5 {
			t.Errorf("asked %v, want the old address three times", asked)
		}
		if got := d.state("feed"); !strings.HasSuffix(got.AdoptedURL, "/new-feed") || got.Condition(d.now(), 0) != digest.SourceMoved {
			t.Errorf("got %+v", got)
		}
		back = true
		for range 3 {
			if _, err := p.Fetch(t.Context(), &d.setup.Sources[0]); err == nil {
				t.Error("no error where the new address is gone")
			}
		}
		d.fetch(p)
		if got := d.state("feed"); got.AdoptedURL != "" || got.Condition(d.now(), 0) != digest.SourceOK {
			t.Errorf("moved back: got %+v", got)
		}
	})
}

// TestFetchTriesTheOldAddressOfWhatIsGone: that a move ended is no end of the source.
func TestFetchTriesTheOldAddressOfWhatIsGone(t *testing.T) {
	back := false
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/feed" && !back:
			http.Redirect(w, r, "/new-feed", http.StatusMovedPermanently)
		case r.URL.Path == "/new-feed" && back:
			w.WriteHeader(http.StatusGone)
		default:
			answerStory(w, r)
		}
	}, "feed")
	p := d.poller()
	for range 3 {
		d.fetch(p)
		d.advance(every)
	}
	back = true
	for range 2 {
		p.FetchDue(t.Context())
		d.advance(time.Hour)
	}
	if got := d.state("feed"); got.Condition(d.now(), 0) != digest.SourceOK || got.AdoptedURL != "" {
		t.Errorf("got %+v, want it fetched from its own address", got)
	}
}

func TestFetchRetiresWhatIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		gone := true
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			if gone {
				w.WriteHeader(http.StatusGone)
				return
			}
			answerStory(w, r)
		}, "feed")
		p := d.poller()
		p.FetchDue(t.Context())
		d.advance(30 * 24 * time.Hour)
		p.FetchDue(t.Context())
		if got := d.state("feed"); d.requests("feed") != 1 || got.Condition(d.now(), 0) != digest.SourceGone {
			t.Errorf("asked %d times, got %+v", d.requests("feed"), got)
		}
		gone = false
		if ok, err := d.store.AcceptSource(t.Context(), d.setup.Sources[0].ID, "maria"); !ok || err != nil {
			t.Fatalf("accepted %v, error %v", ok, err)
		}
		p.FetchDue(t.Context())
		if got := d.state("feed"); got.Condition(d.now(), 0) != digest.SourceOK || got.Articles != 1 {
			t.Errorf("taken up again: got %+v", got)
		}
	})
}

// TestFetchHoldsNewIDs: a feed whose ids all change brings nothing until an
// operator says so, and then none of its stories twice.
func TestFetchHoldsNewIDs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		feed := rss(numbered(1, 8)...)
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, feed) }, "feed")
		p := d.poller()
		if got := d.fetch(p); got.Result.New != 8 {
			t.Fatalf("got %+v", got)
		}
		renamed := append(numbered(1, 8), "id-9|story-9|Story 9|95")
		for i := range renamed {
			renamed[i] = "new-" + renamed[i]
		}
		feed = rss(renamed...)
		d.advance(every)
		for range 2 {
			got := d.fetch(p)
			if got.Held == "" || got.Result != (digest.PutResult{}) {
				t.Errorf("got %+v, want it held", got)
			}
			d.advance(every)
		}
		got := d.state("feed")
		if got.Condition(d.now(), 0) != digest.SourceHeld || !got.HeldAt.Equal(d.now().Add(-2*every)) || !strings.Contains(got.HeldReason, "source accept feed") {
			t.Errorf("got %+v", got)
		}
		if ok, err := d.store.AcceptSource(t.Context(), d.setup.Sources[0].ID, "maria"); !ok || err != nil {
			t.Fatalf("accepted %v, error %v", ok, err)
		}
		for step, want := range []digest.PutResult{{New: 1, Unchanged: 8}, {Unchanged: 9}} {
			if got := d.fetch(p); got.Held != "" || got.Result != want {
				t.Errorf("step %d: got %+v, want %+v", step, got, want)
			}
		}
		if got := d.state("feed"); got.Condition(d.now(), 0) != digest.SourceOK || !got.AcceptedAt.IsZero() || got.Articles != 9 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestAcceptedStoriesThatCannotBeStored stay accepted until they are.
func TestAcceptedStoriesThatCannotBeStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		prefix := ""
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			stories := numbered(1, 8)
			for i := range stories {
				stories[i] = prefix + stories[i]
			}
			io.WriteString(w, rss(stories...))
		}, "feed")
		alter := func(order string) {
			t.Helper()
			if err := base.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), order); return err }); err != nil {
				t.Fatal(err)
			}
		}
		p := d.poller()
		d.fetch(p)
		prefix = "new-"
		d.advance(every)
		d.fetch(p)
		if ok, err := d.store.AcceptSource(t.Context(), d.setup.Sources[0].ID, "maria"); !ok || err != nil {
			t.Fatalf("accepted %v, error %v", ok, err)
		}
		alter(`ALTER TABLE article_topics RENAME TO elsewhere`)
		if _, err := p.Fetch(t.Context(), &d.setup.Sources[0]); err == nil {
			t.Error("stored without a table")
		}
		if got := d.state("feed"); got.Condition(d.now(), 0) != digest.SourceHeld {
			t.Errorf("got %+v, want it held", got)
		}
		alter(`ALTER TABLE elsewhere RENAME TO article_topics`)
		if got := d.fetch(p); got.Held != "" || got.Result.Unchanged != 8 {
			t.Errorf("got %+v, want them let in", got)
		}
	})
}

func TestFetchKnowsChurnFromNews(t *testing.T) {
	for name, c := range map[string]struct {
		after  []string
		ignore bool
		held   bool
	}{
		"all new":                  {after: numbered(11, 18)},
		"titles are known":         {after: []string{"a|a|Story 1|1", "b|b|Story 2|1", "c|c|STORY 3|1", "d|d|Story 4|1", "e|e|Story 5|1"}, held: true},
		"less than half":           {after: append(numbered(11, 15), "a|story-1|x|1", "b|story-2|x|1", "c|story-3|x|1", "d|story-4|x|1", "e|story-5|x|1")},
		"too few to tell":          {after: []string{"a|story-1|x|1", "b|story-2|x|1", "c|story-3|x|1"}},
		"ids that mean nothing":    {after: []string{"a|story-1|x|1", "b|story-2|x|1", "c|story-3|x|1", "d|story-4|x|1", "e|story-5|x|1"}, ignore: true},
		"by URL, titles are other": {after: []string{"a|story-1|x|1", "b|story-2|x|1", "c|story-3|x|1", "d|story-4|x|1", "e|story-5|x|1"}, held: true},
	} {
		t.Run(name, func(t *testing.T) {
			feed := rss(numbered(1, 8)...)
			d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, feed) }, "feed")
			d.setup.Sources[0].IgnoreIDs = c.ignore
			p := d.poller()
			d.fetch(p)
			feed = rss(c.after...)
			if got := d.fetch(p); (got.Held != "") != c.held {
				t.Errorf("got %+v, want held %v", got, c.held)
			}
		})
	}
}

// TestFetchTellsWhatWasMissed: stories come every ten minutes, and a feed shows
// the last eight.
func TestFetchTellsWhatWasMissed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		feed := rss(numbered(1, 8)...)
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/robots.txt" {
				io.WriteString(w, "User-agent: *\nSitemap: https://courier.example/all.xml\nsitemap: https://courier.example/news.xml\n")
				return
			}
			io.WriteString(w, feed)
		}, "feed")
		p := d.poller()
		var fetched []time.Time
		for _, step := range []struct {
			name     string
			from, to int
			want     int
			total    int64
			lately   int64
			wait     time.Duration // until the next
			since    int           // the step whose fetch was the last good one before what was missed
		}{
			{"the first fetch", 1, 8, 0, 0, 0, every, 0},
			{"as many as it shows", 9, 16, 0, 0, 0, every, 0},
			{"one still there", 16, 23, 0, 0, 0, every, 0},
			{"a night later", 84, 91, 60, 60, 60, 24*time.Hour - time.Second, 3},
			{"on the next day", 102, 109, 10, 70, 70, 24 * time.Hour, 3},
			{"a day of peace", 109, 116, 0, 70, 70, time.Hour, 3},
			{"and again", 122, 129, 5, 75, 5, every, 6},
		} {
			feed = rss(numbered(step.from, step.to)...)
			fetched = append(fetched, d.now())
			got := d.fetch(p)
			if st := d.state("feed"); st.MissedLately != step.lately || step.since > 0 && !st.MissedSince.Equal(fetched[step.since-1]) {
				t.Errorf("%s: missed %d lately since %v, want %d", step.name, st.MissedLately, st.MissedSince, step.lately)
			}
			if got.Missed != step.want || d.state("feed").Missed != step.total {
				t.Errorf("%s: missed %d, %d in all, want %d and %d", step.name, got.Missed, d.state("feed").Missed, step.want, step.total)
			}
			if notes := strings.Join(got.Notes, "\n"); (got.Missed > 0) != strings.Contains(notes, "such as https://courier.example/news.xml") {
				t.Errorf("%s: notes %q", step.name, notes)
			}
			d.advance(step.wait)
		}
	})
}

func TestFetchKeepsThePaceAskedFor(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday
	for name, c := range map[string]struct {
		channel, cache string
		want           time.Time
	}{
		"nothing asked":         {"", "", noon.Add(every)},
		"ttl":                   {"<ttl>60</ttl>", "", noon.Add(time.Hour)},
		"a ttl that is shorter": {"<ttl>1</ttl>", "", noon.Add(every)},
		"a ttl without sense":   {"<ttl>soon</ttl>", "", noon.Add(every)},
		"a ttl of years":        {"<ttl>9999999</ttl>", "", noon.Add(24 * time.Hour)},
		"max-age":               {"", "max-age=1800", noon.Add(30 * time.Minute)},
		"hours":                 {"<skipHours><hour>12</hour><hour>13</hour></skipHours>", "", noon.Add(2 * time.Hour)},
		"hour 24 is midnight":   {"<ttl>720</ttl><skipHours><hour>24</hour></skipHours>", "", noon.Add(13 * time.Hour)},
		"days":                  {"<skipDays><day>Monday</day><day>tuesday</day></skipDays>", "", noon.Add(36 * time.Hour)},
		"never":                 {"<skipDays><day>Monday</day><day>Tuesday</day><day>Wednesday</day><day>Thursday</day><day>Friday</day><day>Saturday</day><day>Sunday</day></skipDays>", "", noon.Add(every)},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", c.cache)
				fmt.Fprintf(w, "<rss><channel>%s<item><title>A</title><link>https://courier.example/a</link></item></channel></rss>", c.channel)
			}, "feed")
			d.fetch(d.poller())
			if got := d.state("feed"); !got.NextFetchAt.Equal(c.want) {
				t.Errorf("next fetch at %s, want %s", got.NextFetchAt, c.want)
			}
		})
	}
}

// TestFetchKeepsThePaceOfWhatIsUnchanged: a feed that did not change asks what it
// asked before.
func TestFetchKeepsThePaceOfWhatIsUnchanged(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"1"`)
		io.WriteString(w, "<rss><channel><ttl>60</ttl><item><title>A</title><link>https://courier.example/a</link></item></channel></rss>")
	}, "feed")
	p := d.poller()
	for range 3 {
		d.fetch(p)
		if wait := d.state("feed").NextFetchAt.Sub(d.now()); wait != time.Hour {
			t.Errorf("next fetch after %s, want an hour", wait)
		}
		d.advance(time.Hour)
	}
}

// TestFetchDueAsksAHostOnceAtATime: a site's sources come one after the other.
func TestFetchDueAsksAHostOnceAtATime(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		answerStory(w, r)
		mu.Lock()
		now--
		mu.Unlock()
	}, "a", "b", "c", "d")
	for i := range d.setup.Sources {
		d.setup.Sources[i].URL = strings.TrimSuffix(d.setup.Sources[0].URL, "/a") + "/" + d.setup.Sources[i].Slug
	}
	if err := d.store.Sync(t.Context(), d.setup); err != nil {
		t.Fatal(err)
	}
	d.poller().FetchDue(t.Context())
	if most != 1 {
		t.Errorf("%d requests at once, want one", most)
	}
	for _, src := range d.setup.Sources {
		if got := d.state(src.Slug); got.Articles != 1 {
			t.Errorf("%s: got %+v", src.Slug, got)
		}
	}
}

func TestConditionOfASilentSource(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, answerStory, "feed")
		p := d.poller()
		condition := func() digest.Condition { st := d.state("feed"); return st.Condition(d.now(), 72*time.Hour) }
		if got := condition(); got != digest.SourceNew {
			t.Errorf("never fetched: %s", got)
		}
		d.fetch(p)
		d.advance(72 * time.Hour)
		d.fetch(p)
		if got := condition(); got != digest.SourceOK {
			t.Errorf("after three days: %s", got)
		}
		d.advance(time.Second)
		if got := condition(); got != digest.SourceSilent {
			t.Errorf("after more: %s", got)
		}
	})
}

// TestSilenceOfASourceThatNeverSpoke: an alert opens for a source that fails from
// the first fetch on, or that has no stories.
func TestSilenceOfASourceThatNeverSpoke(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/broken" {
				http.NotFound(w, r)
				return
			}
			io.WriteString(w, "<rss><channel><title>Empty</title></channel></rss>")
		}, "broken", "empty")
		for i := range d.setup.Sources {
			d.setup.Sources[i].SilentAfter = 72 * time.Hour
		}
		alerts := func() (keys []string) {
			t.Helper()
			states, err := d.store.SourceHealths(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range d.setup.SourceAlerts(states, d.now()) {
				keys = append(keys, a.Key)
			}
			return keys
		}
		d.poller().FetchDue(t.Context())
		d.advance(72 * time.Hour)
		if got := alerts(); got != nil {
			t.Errorf("after three days: %v", got)
		}
		d.advance(time.Hour)
		d.poller().FetchDue(t.Context())
		if got := strings.Join(alerts(), ", "); got != "source broken silent, source empty silent" {
			t.Errorf("after more: %q", got)
		}
	})
}

func TestFetchTakesPicturesFromTheResizer(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `<rss xmlns:media="http://search.yahoo.com/mrss/"><channel><item><title>A</title><link>https://courier.example/a</link>
			<media:content url="https://courier.example/p/a.jpg?v=1" width="2400" height="1600" type="image/jpeg"/></item>
			<item><title>B</title><link>https://courier.example/b</link></item></channel></rss>`)
	}, "feed")
	d.setup.Sources[0].PictureURL = "https://img.courier.example/w/{width}/{path}"
	_, stories, err := d.poller().Preview(t.Context(), &d.setup.Sources[0])
	if err != nil || len(stories) != 2 {
		t.Fatalf("%d stories, error %v", len(stories), err)
	}
	if a := stories[0]; a.ImageURL != "https://img.courier.example/w/1200/p/a.jpg" || a.ImageWidth != 1200 || a.ImageHeight != 800 || stories[1].ImageURL != "" {
		t.Errorf("got %+v and %+v", a, stories[1])
	}
}
