package paper_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/demo/paper"
)

const base = "http://paper.localhost/paper"

// get asks a newspaper for the path below its base.
func get(p *paper.Paper, path string, header http.Header) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, base+path, nil)
	for key, values := range header {
		req.Header[key] = values
	}
	rec := httptest.NewRecorder()
	http.StripPrefix("/paper", p.Handler(base)).ServeHTTP(rec, req)
	return rec
}

// stories reads the feed as the product does.
func stories(t *testing.T, p *paper.Paper) []digest.Incoming {
	t.Helper()
	rec := get(p, "/feed.xml", nil)
	if rec.Code != http.StatusOK {
		t.Fatalf("the feed was answered with %d", rec.Code)
	}
	feed, err := ingest.ParseFeed(rec.Body.Bytes(), rec.Header().Get("Content-Type"), base+"/feed.xml")
	if err != nil {
		t.Fatal(err)
	}
	if len(feed.Notes) > 0 {
		t.Errorf("notes %q, want none", feed.Notes)
	}
	if feed.Title != p.Name() || feed.Language != "en" {
		t.Errorf("got the feed %q in %q, want %q in en", feed.Title, feed.Language, p.Name())
	}
	return feed.Items
}

func TestEveryStoryIsComplete(t *testing.T) {
	now := time.Now()
	p := paper.New(now)
	if got := len(stories(t, p)); got < 40 {
		t.Errorf("got %d stories from the start, want at least 40", got)
	}
	p.PublishLater(100)
	ids, authors, pictures := map[string]bool{}, map[string]bool{}, 0
	all := stories(t, p)
	for _, s := range all {
		if ids[s.GUID] || s.GUID == "" || !strings.HasPrefix(s.URL, base+"/story/") {
			t.Errorf("%s: the id %q and the address are not its own", s.URL, s.GUID)
		}
		ids[s.GUID], authors[s.Author] = true, true
		if n := utf8.RuneCountInString(s.Title); n < 20 || n > 160 {
			t.Errorf("%s: the headline has %d characters", s.URL, n)
		}
		if n := utf8.RuneCountInString(s.Summary); n < 60 || n > ingest.MaxSummary {
			t.Errorf("%s: the summary has %d characters", s.URL, n)
		}
		if n := strings.Count(s.Body, "\n\n") + 1; n < 3 || len(s.Body) < 350 {
			t.Errorf("%s: the text has %d paragraphs and %d bytes", s.URL, n, len(s.Body))
		}
		if s.Author == "" || len(s.Categories) == 0 {
			t.Errorf("%s: author %q, categories %q", s.URL, s.Author, s.Categories)
		}
		if s.PublishedAt.After(now.Add(time.Minute)) || s.PublishedAt.Before(now.Add(-48*time.Hour)) {
			t.Errorf("%s: published at %s, now is %s", s.URL, s.PublishedAt, now)
		}
		if s.ImageURL != "" {
			pictures++
			if len(s.ImageAlt) < 20 {
				t.Errorf("%s: the picture is described as %q", s.URL, s.ImageAlt)
			}
		}
	}
	if len(authors) != 12 {
		t.Errorf("got %d reporters, want 12", len(authors))
	}
	if pictures*3 < len(all)*2 || pictures == len(all) {
		t.Errorf("%d of %d stories have pictures, want two thirds or more, not all", pictures, len(all))
	}
}

func TestTopicsFindTheirStories(t *testing.T) {
	p := paper.New(time.Now())
	set := &digest.Setup{}
	for i, topic := range p.Topics() {
		set.Topics = append(set.Topics, digest.Topic{
			ID: int64(i + 1), Slug: topic.Slug, Name: topic.Name, Categories: topic.Categories, Keywords: topic.Keywords,
		})
	}
	tagger := digest.NewTagger(set)
	count := map[int64]int{}
	most := 0
	for _, s := range stories(t, p) {
		matches := tagger.Match(&s, nil)
		if len(matches) == 0 {
			t.Errorf("%s has no topic", s.URL)
		}
		most = max(most, len(matches))
		for _, m := range matches {
			count[m.TopicID]++
		}
	}
	for i, topic := range p.Topics() {
		if count[int64(i+1)] < 6 {
			t.Errorf("%s has %d stories, want at least 6", topic.Slug, count[int64(i+1)])
		}
	}
	if most != 5 {
		t.Errorf("the story of most topics has %d, want 5", most)
	}
}

func TestPublishLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paper.New(time.Now())
		before := len(stories(t, p))
		time.Sleep(time.Hour)
		headlines := p.PublishLater(3)
		if len(headlines) != 3 {
			t.Fatalf("got %q, want three headlines", headlines)
		}
		now := stories(t, p)
		if len(now) != before+3 {
			t.Errorf("got %d stories, want %d", len(now), before+3)
		}
		if got := []string{now[2].Title, now[1].Title, now[0].Title}; !slices.Equal(got, headlines) {
			t.Errorf("the newest are %q, want %q", got, headlines)
		}
		if got, want := now[0].PublishedAt, time.Now(); !got.Equal(want) {
			t.Errorf("published at %s, want %s", got, want)
		}
		if got := p.PublishLater(-1); got != nil {
			t.Errorf("published %q, want nothing", got)
		}
		if got := len(p.PublishLater(100)); got != 7 {
			t.Errorf("published %d more, want the 7 that are left", got)
		}
		if got := p.PublishLater(1); got != nil {
			t.Errorf("published %q, want nothing", got)
		}
	})
}

func TestStoryFilesThatAreWrong(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"unknown key", "slug: a\nhedline: B\n\nText.", `story 1: head line "hedline: B": the key "hedline" is unknown`},
		{"no text", "slug: a\n\nText.\n====\nslug: b", `story 2: no text after the head "slug: b"`},
		{"no hours", "slug: a\nhours: soon\n\nText.", `story 1: head line "hours: soon": strconv.ParseFloat: parsing "soon": invalid syntax`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := paper.CheckStories(tc.text)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
