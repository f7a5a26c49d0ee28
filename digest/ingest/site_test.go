package ingest_test

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// newsSite is a site whose feed does what sites do.
type newsSite struct {
	mu      sync.Mutex
	stories []string         // as rss takes them
	answer  http.HandlerFunc // instead of the feed, nil for the feed
	etag    string
	asked   int
	matched int // requests that knew the etag
}

func (s *newsSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path != "/feed" {
		answerStory(w, r)
		return
	}
	s.asked++
	switch {
	case s.answer != nil:
		s.answer(w, r)
	case s.etag != "" && r.Header.Get("If-None-Match") == s.etag:
		s.matched++
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", s.etag)
		fmt.Fprint(w, rss(s.stories...))
	}
}

// tables is what the database has of a source's stories: address, id, title and
// version, and "new" for those that readers get.
func (d *desk) tables(base *db.DB) (out []string) {
	d.t.Helper()
	err := base.View(d.t.Context(), func(tx *db.Tx) error {
		out = nil
		return tx.Each(d.t.Context(), func(scan func(dest ...any) error) error {
			var url, guid, title string
			var version, places, seq int
			err := scan(&url, &guid, &title, &version, &places, &seq)
			line := fmt.Sprintf("%s %s %q v%d", strings.TrimPrefix(url, "https://courier.example/"), guid, title, version)
			if places != 1 {
				line += fmt.Sprintf(" in %d topics", places)
			} else if seq > 0 {
				line += " new"
			}
			out = append(out, line)
			return err
		}, `SELECT a.url, a.guid, v.title, a.version, (SELECT COUNT(*) FROM article_topics t WHERE t.article_id = a.id),
			COALESCE((SELECT MAX(t.seq) FROM article_topics t WHERE t.article_id = a.id), 0)
			FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version WHERE a.source_id = $1 ORDER BY a.id`, d.setup.Sources[0].ID)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// TestANewsSiteOfADay polls a site that does all that sites do to a feed. Each
// step says which stories the database has afterwards; the other source of the
// newsroom goes on all the time.
func TestANewsSiteOfADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, base *db.DB) {
		site := &newsSite{}
		d := newDesk(t, base, site.ServeHTTP, "feed", "other")
		p := d.poller()
		status := func(code int, headers ...string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				for i := 0; i+1 < len(headers); i += 2 {
					w.Header().Set(headers[i], headers[i+1])
				}
				w.WriteHeader(code)
			}
		}
		var have []string
		steps := []struct {
			name      string
			wait      time.Duration
			change    func()
			asked     int // requests so far
			condition digest.Condition
			add       []string       // to the tables
			replace   map[int]string // in them
		}{
			{"the first fetch brings old and new", 0, func() {
				site.etag, site.stories = `W/"a b"`, []string{"id-1|one|One|-9999", "id-2|two|Two|-60", "id-3|three|Three|-30"}
			}, 1, digest.SourceOK, []string{`one id-1 "One" v1`, `two id-2 "Two" v1 new`, `three id-3 "Three" v1 new`}, nil},
			{"nothing changed", every, func() {}, 2, digest.SourceOK, nil, nil},
			{"a story is rewritten", every, func() { site.etag, site.stories[1] = "2", "id-2|two|Two, corrected|-60" }, 3, digest.SourceOK, nil,
				map[int]string{1: `two id-2 "Two, corrected" v2 new`}},
			{"stories are dated anew", every, func() {
				site.etag, site.stories = "3", []string{"id-1|one|One|700", "id-2|two|Two, corrected|700", "id-3|three|Three|700"}
			}, 4, digest.SourceOK, nil, nil},
			{"an id changes", every, func() { site.etag, site.stories[2] = "4", "id-3b|three|Three|-30" }, 5, digest.SourceOK, nil,
				map[int]string{2: `three id-3b "Three" v1 new`}},
			{"an address changes", every, func() { site.etag, site.stories[2] = "5", "id-3b|three-and-more|Three|-30" }, 6, digest.SourceOK, nil,
				map[int]string{2: `three-and-more id-3b "Three" v2 new`}},
			{"one more, and one has fallen out", every, func() { site.etag, site.stories = "6", append(site.stories[1:], "id-4|four|Four|0") }, 7, digest.SourceOK,
				[]string{`four id-4 "Four" v1 new`}, nil},
			{"too many requests", every, func() { site.answer = status(http.StatusTooManyRequests, "Retry-After", "3600") }, 8, digest.SourceFailing, nil, nil},
			{"it is left alone as long", 59 * time.Minute, func() { site.answer = nil }, 8, digest.SourceFailing, nil, nil},
			{"and asked again", time.Minute, func() {}, 9, digest.SourceOK, nil, nil},
			{"an error of the server", every, func() { site.answer = status(http.StatusInternalServerError) }, 10, digest.SourceFailing, nil, nil},
			{"redirects for ever", every, func() {
				site.answer = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/feed", http.StatusFound) }
			}, 16, digest.SourceFailing, nil, nil},
			{"a bomb", 2 * every, func() {
				site.answer = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", "gzip")
					out := gzip.NewWriter(w)
					for range 200 {
						_, _ = out.Write(make([]byte, 1<<20)) // the client hangs up before the end
					}
					out.Close()
				}
			}, 17, digest.SourceFailing, nil, nil},
			{"a web page", 4 * every, func() {
				site.answer = func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<!doctype html><title>Sorry</title>") }
			}, 18, digest.SourceFailing, nil, nil},
			{"well again", 8 * every, func() { site.answer = nil }, 19, digest.SourceOK, nil, nil},
			{"it has rolled past all that is known", every, func() { site.etag, site.stories = "7", numbered(40, 45) }, 20, digest.SourceOK,
				[]string{`story-40 id-40 "Story 40" v1 new`, `story-41 id-41 "Story 41" v1 new`, `story-42 id-42 "Story 42" v1 new`,
					`story-43 id-43 "Story 43" v1 new`, `story-44 id-44 "Story 44" v1 new`, `story-45 id-45 "Story 45" v1 new`}, nil},
			{"all ids change", every, func() {
				site.etag = "8"
				for i, story := range site.stories {
					site.stories[i] = "new-" + story
				}
			}, 21, digest.SourceHeld, nil, nil},
			{"all ids change back", every, func() { site.etag, site.stories = "9", numbered(40, 45) }, 22, digest.SourceOK, nil, nil},
			{"gone", every, func() { site.answer = status(http.StatusGone) }, 23, digest.SourceGone, nil, nil},
			{"gone for good", 24 * time.Hour, func() { site.answer = nil }, 23, digest.SourceGone, nil, nil},
		}
		for _, step := range steps {
			site.mu.Lock()
			step.change()
			site.mu.Unlock()
			d.advance(step.wait)
			p.FetchDue(t.Context())
			have = append(have, step.add...)
			for i, line := range step.replace {
				have[i] = line
			}
			if got := d.tables(base); !slices.Equal(got, have) {
				t.Errorf("%s: got\n%s\nwant\n%s", step.name, strings.Join(got, "\n"), strings.Join(have, "\n"))
			}
			st := d.state("feed")
			if condition := st.Condition(d.now(), 0); condition != step.condition || site.asked != step.asked {
				t.Errorf("%s: it is %s and was asked %d times, want %s and %d; %s", step.name, condition, site.asked, step.condition, step.asked, st.LastError)
			}
			if other := d.state("other"); other.Articles != 1 || other.Failures != 0 {
				t.Errorf("%s: the other source %+v", step.name, other)
			}
		}
		if st := d.state("feed"); st.Missed == 0 || site.matched != 3 {
			t.Errorf("missed %d stories, %d requests knew the etag", st.Missed, site.matched)
		}
	})
}
