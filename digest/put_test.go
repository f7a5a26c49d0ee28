package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func twoFeeds(set *digest.Setup) {
	set.Sources = []digest.Source{
		{Slug: "one", Kind: "feed", URL: "https://courier.example/one"},
		{Slug: "two", Kind: "feed", URL: "https://courier.example/two", Topics: []string{"sport"}},
	}
}

func (w *world) putFrom(source int, stories ...digest.Incoming) digest.PutResult {
	w.t.Helper()
	r, err := w.store.Put(w.t.Context(), w.tagger, &w.setup.Sources[source], stories)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) article(url string) *digest.Article {
	w.t.Helper()
	a, err := w.store.Article(w.t.Context(), 0, url)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) stamp() int64 {
	w.t.Helper()
	n, err := w.store.ContentStamp(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestPutKnowsStories(t *testing.T) {
	with := func(in digest.Incoming, change func(*digest.Incoming)) digest.Incoming { change(&in); return in }
	byGUID := digest.Incoming{GUID: "g1", Title: "No address"}
	fresh, updated, unchanged := digest.PutResult{New: 1}, digest.PutResult{Updated: 1}, digest.PutResult{Unchanged: 1}
	untagged := digest.PutResult{New: 1, Untagged: 1}
	type put struct {
		source int // -1: the API
		in     digest.Incoming
		want   digest.PutResult
	}
	tests := []struct {
		name string
		puts []put
	}{
		{"same again", []put{{-1, story(1, "world"), fresh}, {-1, story(1, "world"), unchanged}}},
		{"untagged", []put{{-1, story(1), untagged}, {-1, story(1), unchanged}}},
		{"by address from another source", []put{{0, story(1, "world"), fresh}, {1, story(1, "world", "sport"), updated}, {1, story(1, "world", "sport"), unchanged}}},
		{"by id with another address", []put{
			{0, with(story(1, "world"), func(in *digest.Incoming) { in.GUID = "a" }), fresh},
			{0, with(story(1, "world"), func(in *digest.Incoming) { in.GUID = "a"; in.URL += "-moved" }), updated},
			{0, with(story(1, "world"), func(in *digest.Incoming) { in.GUID = "a"; in.URL += "-moved" }), unchanged}}},
		{"by id with an address at last", []put{
			{0, digest.Incoming{GUID: "a", Title: "Story 1", Summary: "What happened.", Topics: []string{"world"}}, fresh},
			{0, with(story(1, "world"), func(in *digest.Incoming) { in.GUID = "a" }), updated},
			{0, digest.Incoming{GUID: "a", Title: "Story 1", Summary: "What happened.", Topics: []string{"world"}}, unchanged}}},
		{"by address from the API with another id", []put{
			{0, with(story(1, "world"), func(in *digest.Incoming) { in.GUID = "a" }), fresh},
			{-1, with(story(1, "world"), func(in *digest.Incoming) { in.GUID = "b" }), unchanged}}},
		{"by id alone", []put{{0, byGUID, untagged}, {0, byGUID, unchanged}}},
		{"an id belongs to its source", []put{{0, byGUID, untagged}, {1, byGUID, fresh}}},
		{"changed text", []put{{0, story(1, "world"), fresh}, {0, with(story(1, "world"), func(in *digest.Incoming) { in.Summary = "More." }), updated}}},
		{"changed priority", []put{{0, story(1, "world"), fresh}, {0, with(story(1, "world"), func(in *digest.Incoming) { in.Priority = 5 }), updated}}},
		{"another date is no change", []put{{0, story(1, "world"), fresh}, {0, with(story(1, "world"), func(in *digest.Incoming) { in.PublishedAt = time.Unix(1e9, 0) }), unchanged}}},
		{"another topic", []put{{0, story(1, "world"), fresh}, {0, story(1, "world", "local"), updated}, {0, story(1, "world", "local"), unchanged}}},
		{"a topic less", []put{{0, story(1, "world", "local"), fresh}, {0, story(1, "world"), updated}, {0, story(1, "world"), unchanged}}},
		{"text of another source", []put{{0, story(1, "world"), fresh},
			{1, with(story(1), func(in *digest.Incoming) { in.Title = "Other" }), updated},
			{1, with(story(1), func(in *digest.Incoming) { in.Title = "Other" }), unchanged},
			{0, story(1, "world"), updated}, // its own source takes the topic off again
		}},
		{"text of an editor", []put{{0, story(1, "world"), fresh}, {-1, with(story(1), func(in *digest.Incoming) { in.Title = "Other" }), updated}}},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		for n, test := range tests {
			for i, p := range test.puts {
				before, stamp := w.dump(), w.stamp()
				var source *digest.Source
				if p.source >= 0 {
					source = &w.setup.Sources[p.source]
				}
				if p.in.URL != "" { // each case has its own stories
					p.in.URL += fmt.Sprint("?case=", n)
				}
				if p.in.GUID != "" {
					p.in.GUID += fmt.Sprint("-", n)
				}
				got, err := w.store.Put(t.Context(), w.tagger, source, []digest.Incoming{p.in})
				if err != nil {
					t.Fatal(err)
				}
				if got != p.want {
					t.Errorf("%s: put %d: got %+v, want %+v", test.name, i+1, got, p.want)
				}
				if p.want == unchanged {
					same(t, test.name, w.dump(), before)
				}
				if moved := w.stamp() != stamp; moved != (p.want == updated) {
					t.Errorf("%s: put %d: the content stamp moved: %v", test.name, i+1, moved)
				}
			}
		}
	})
}

// TestPutKeepsWhatTheNewsroomChanged: the feed of a story does not undo it.
func TestPutKeepsWhatTheNewsroomChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		in := story(1, "world")
		w.putFrom(0, in)
		corrected := story(1, "world", "science")
		corrected.Title = "Corrected"
		w.put(corrected)
		in.Summary = "The feed has more now."
		if got := w.putFrom(0, in); got.Updated != 0 {
			t.Errorf("got %+v, want it left alone", got)
		}
		got := w.article(in.URL)
		if got.Title != "Corrected" || len(got.Topics) != 2 || got.Version != 2 {
			t.Errorf("got %+v, want what the newsroom made of it", got)
		}
		before := w.dump()
		w.put(corrected)
		same(t, "sent again", w.dump(), before)
	})
}

// TestPutTakesANewIDOver: a story that is known by its URL is known by the new
// id of its source from then on, unless the source still sends the old one.
func TestPutTakesANewIDOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		in := func(id, path string) digest.Incoming {
			return digest.Incoming{GUID: id, URL: "https://courier.example/" + path, Title: path, Topics: []string{"world"}}
		}
		for i, step := range []struct {
			put  []digest.Incoming
			want digest.PutResult
		}{
			{[]digest.Incoming{in("a", "one")}, digest.PutResult{New: 1}},
			{[]digest.Incoming{in("b", "one")}, digest.PutResult{Unchanged: 1}},
			{[]digest.Incoming{in("b", "one-moved")}, digest.PutResult{Updated: 1}}, // its title, too
			{[]digest.Incoming{in("b", "two"), in("c", "one-moved")}, digest.PutResult{New: 1, Updated: 1}},
		} {
			if got := w.putFrom(0, step.put...); got != step.want {
				t.Errorf("step %d: got %+v, want %+v", i+1, got, step.want)
			}
		}
		if got := w.count(`SELECT COUNT(*) FROM articles`); got != 2 {
			t.Errorf("%d articles, want 2", got)
		}
	})
}

func TestPutKeepsVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		in := story(1, "world")
		w.put(in)
		first := w.article(in.URL)
		w.clock.advance(time.Hour)
		in.Title, in.Summary = "Corrected", "It was otherwise."
		w.put(in)
		got := w.article(in.URL)
		if got.ID != first.ID || got.Version != 2 || got.Title != "Corrected" || got.Summary != "It was otherwise." {
			t.Errorf("got %+v, want version 2 of article %d", got, first.ID)
		}
		if !got.ArrivedAt.Equal(first.ArrivedAt) || !got.UpdatedAt.Equal(w.clock.Now()) {
			t.Errorf("arrived %v, updated %v, want %v and %v", got.ArrivedAt, got.UpdatedAt, first.ArrivedAt, w.clock.Now())
		}
		if n := w.count(`SELECT COUNT(*) FROM article_versions`); n != 2 {
			t.Errorf("%d versions, want 2", n)
		}
	})
}

func TestPutMovesTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		names := func() []string {
			var out []string
			for _, m := range w.article(story(1).URL).Topics {
				for _, topic := range w.setup.Topics {
					if topic.ID == m.TopicID {
						out = append(out, topic.Slug+" "+m.Reason)
					}
				}
			}
			return out
		}
		seq := func(slug string) int64 {
			return w.count(`SELECT seq FROM article_topics WHERE topic_id = $1`, w.topic(slug))
		}
		w.put(story(1, "world"), story(2))
		w.put(story(1, "world", "sport"))
		if got, want := names(), []string{"world given", "sport given"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if seq("sport") <= seq("world") {
			t.Errorf("sport came as number %d, world as %d, want it later", seq("sport"), seq("world"))
		}
		before := seq("world")
		w.put(story(1, "sport"))
		if got, want := names(), []string{"sport given"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		counts, err := w.store.TopicCounts(t.Context())
		if err != nil || counts[w.topic("world")] != 0 || counts[w.topic("sport")] != 1 {
			t.Errorf("got %v, %v, want one article of sport", counts, err)
		}
		list, err := w.store.Articles(t.Context(), digest.ArticleFilter{TopicID: w.topic("world"), Limit: 9})
		if err != nil || len(list) != 0 {
			t.Errorf("got %v, %v, want no article of world", list, err)
		}
		w.put(story(1, "sport", "world"))
		if got, want := names(), []string{"world given", "sport given"}; !slices.Equal(got, want) || seq("world") != before {
			t.Errorf("got %q with number %d, want %q with %d, as before", got, seq("world"), want, before)
		}
	})
}

func TestPutTwiceInOneCall(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		a, b := story(1, "world"), story(1, "world")
		a.GUID, b.GUID = "a", "b"
		c := digest.Incoming{GUID: "a", Title: "By its id", URL: "https://courier.example/elsewhere"}
		got := w.putFrom(0, a, b, c)
		if want := (digest.PutResult{New: 1, Updated: 1, Unchanged: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		many := make([]digest.Incoming, 450) // several transactions
		for i := range many {
			many[i] = story(i%225+10, "world")
		}
		got = w.putFrom(0, many...)
		if want := (digest.PutResult{New: 225, Unchanged: 225}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestPutClampsDates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		now := w.clock.Now()
		for name, test := range map[string]struct{ published, want time.Time }{
			"past":    {now.Add(-time.Hour), now.Add(-time.Hour)},
			"future":  {now.AddDate(1, 0, 0), now},
			"unknown": {time.Time{}, now},
		} {
			in := digest.Incoming{URL: "https://courier.example/" + name, Title: name, PublishedAt: test.published}
			w.put(in)
			if got := w.article(in.URL).PublishedAt; !got.Equal(test.want) {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
			}
		}
	})
}

func TestPutFromManyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		var stories []digest.Incoming
		for i := range 120 {
			stories = append(stories, story(i, "world"))
		}
		results, errs := make([]digest.PutResult, 4), make([]error, 4)
		stop, watched := make(chan struct{}), make(chan error, 1)
		go func() { watched <- w.watchSequence(stop) }()
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				for chunk := range slices.Chunk(stories, 10) {
					r, err := w.store.Put(t.Context(), w.tagger, nil, chunk)
					results[i].Add(r)
					errs[i] = errors.Join(errs[i], err)
				}
			})
		}
		wg.Wait()
		close(stop)
		if err := errors.Join(append(errs, <-watched)...); err != nil {
			t.Fatal(err)
		}
		var total digest.PutResult
		for _, r := range results {
			total.Add(r)
		}
		if want := (digest.PutResult{New: 120, Unchanged: 360}); total != want {
			t.Errorf("got %+v in all, want %+v", total, want)
		}
		if got := w.count(`SELECT value FROM counters WHERE name = 'article_seq'`); got != 120 {
			t.Errorf("the counter is at %d, want 120", got)
		}
	})
}

// watchSequence cuts windows as planners do, until stop is closed: whatever has
// a number up to a cut-off must have been there when it was read.
func (w *world) watchSequence(stop chan struct{}) error {
	read := func() (cut, there int64, err error) {
		err = w.db.View(w.ctx(), func(tx *db.Tx) error {
			if err := tx.Get(w.ctx(), &cut, `SELECT value FROM counters WHERE name = 'article_seq'`); err != nil {
				return err
			}
			return tx.Get(w.ctx(), &there, `SELECT COUNT(*) FROM article_topics WHERE seq <= $1`, cut)
		})
		return cut, there, err
	}
	seen := map[int64]int64{}
	for {
		cut, there, err := read()
		if err != nil {
			return err
		}
		if cut != there {
			return fmt.Errorf("at the cut-off %d there were %d articles", cut, there)
		}
		seen[cut] = there
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

func TestArticleNotFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		if _, err := w.store.Article(t.Context(), 7, ""); !errors.Is(err, digest.ErrNotFound) {
			t.Errorf("by id: got %v, want ErrNotFound", err)
		}
		w.exec(`INSERT INTO articles (id, published_at, arrived_at) VALUES (1, 1, 1)`)
		if _, err := w.store.Article(t.Context(), 0, ""); !errors.Is(err, digest.ErrNotFound) {
			t.Errorf("by no address: got %v, want ErrNotFound", err)
		}
	})
}

func TestArticlesByTitle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		for i, title := range []string{"Rates at 5% now", "Rates at 50", `A\B`, "under_score"} {
			in := story(i, "world")
			in.Title = title
			w.put(in)
		}
		for query, want := range map[string]int{"rates": 2, "5%": 1, "%": 1, "_": 1, `\`: 1, "!": 0, "": 4} {
			got, err := w.store.Articles(t.Context(), digest.ArticleFilter{Query: query, Limit: 10})
			if err != nil || len(got) != want {
				t.Errorf("%q: got %d articles, %v, want %d", query, len(got), err, want)
			}
		}
	})
}
