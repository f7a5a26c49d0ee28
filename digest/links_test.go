package digest_test

import (
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// linked composes the only selection of the newest edition with links.
func (w *world) linked(links digest.Links) string {
	w.t.Helper()
	c := digest.NewComposer(w.store, w.setup, links, w.clock.Now)
	edition := w.count(`SELECT MAX(id) FROM editions`)
	composed, err := c.Compose(w.t.Context(), edition, w.count(`SELECT id FROM selections WHERE edition_id = $1`, edition), time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.message(composed)
}

// hrefs are the links in the HTML part of a message, in their order.
func hrefs(message string) []string {
	_, html, _ := strings.Cut(message, "<html")
	var out []string
	for _, m := range regexp.MustCompile(`href=3D"([^"]*)"`).FindAllStringSubmatch(html, -1) {
		out = append(out, strings.NewReplacer("=3D", "=", "&amp;", "&").Replace(m[1]))
	}
	return out
}

func below(links []string, prefix string) (out []string) {
	for _, link := range links {
		if strings.HasPrefix(link, prefix) {
			out = append(out, strings.TrimPrefix(link, prefix))
		}
	}
	return out
}

// The lead stands in a section, too, and each story takes its own place.
func TestLinksOfStoriesTakeParameters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, func(s *digest.Setup) {
			s.Digests[0].Tags = &digest.LinkTags{
				Tags:  linkTags(t, "utm_campaign", "{{.Edition.Date}}", "utm_content", "{{.Section}}-{{.Position}}"),
				Hosts: []string{"courier.example"},
			}
		})
		links := hrefs(w.linked(digest.Links{SignUp: "https://courier.example/mail/subscribe", Public: publicLinks(t, oldLinkKey)}))
		want := []string{
			"1?utm_campaign=2026-11-23&utm_content=science-1", "2?utm_campaign=2026-11-23&utm_content=world-2", "3?utm_campaign=2026-11-23&utm_content=culture-3",
		}
		stories := slices.DeleteFunc(below(links, "https://courier.example/"), func(s string) bool { return s == "" || s[0] < '0' || s[0] > '9' })
		slices.Sort(stories)
		if !slices.Equal(slices.Compact(stories), want) {
			t.Errorf("got %q, want %q", stories, want)
		}
		for _, link := range links {
			if own := strings.Contains(link, "/mail/") || strings.Contains(link, "Unsubscribe") || strings.Contains(link, "Preferences"); own && strings.Contains(link, "utm_") {
				t.Errorf("%s has parameters", link)
			}
		}
	})
}

func TestLinksOfStoriesAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, nil)
		public := publicLinks(t, oldLinkKey)
		message := w.linked(digest.Links{Public: public, CountClicks: true})
		if again := w.linked(digest.Links{Public: public, CountClicks: true}); again != message {
			t.Error("composing anew gave another message")
		}
		if strings.Contains(message, "courier.example/1") {
			t.Error("a link leads past our server")
		}
		edition := w.count(`SELECT MAX(id) FROM editions`)
		seen := map[int]int64{}
		for _, token := range below(hrefs(message), "https://courier.example/mail/r/") {
			click, err := public.ReadGo(token)
			if err != nil || click.EditionID != edition {
				t.Fatalf("got %+v, %v, want a click in edition %d", click, err, edition)
			}
			seen[click.Position] = click.ArticleID
		}
		for n := 1; n <= 3; n++ {
			if want := w.count(`SELECT id FROM articles WHERE url LIKE $1`, "%/"+string(rune('0'+n))); seen[n] != want {
				t.Errorf("position %d has article %d, want %d; got %v", n, seen[n], want, seen)
			}
		}
		if without := w.linked(digest.Links{Public: public}); len(below(hrefs(without), "https://courier.example/mail/r/")) > 0 {
			t.Error("links are counted unasked")
		}
	})
}

// Links that are of no story are counted by where they stand. Each leads to what
// was signed with it, parameters included, and nothing else does.
func TestLinksBesideStoriesAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fillCompose(t, d, func(s *digest.Setup) {
			s.Digests[0].Tags = &digest.LinkTags{Tags: linkTags(t, "utm_content", "{{.Section}}-{{.Position}}"), Hosts: []string{"courier.example"}}
		})
		for n := 1; n <= 2; n++ {
			w.exec(`INSERT INTO corrections (id, article_id, seq, at, note) VALUES ($1, $2, 1, 1, 'It was not so.')`, n, w.storyID(n+1))
		}
		w.selects("%d:%d +4 ~1 ~2", w.storyID(1), w.topic("world"))
		w.revise(digest.EditionEdit{Intro: text("Read [this](https://courier.example/a?b=c), [that](https://other.example/) and [write](mailto:us@courier.example).")})
		public := publicLinks(t, oldLinkKey)
		message := w.linked(digest.Links{Public: public, CountClicks: true})
		if again := w.linked(digest.Links{Public: public, CountClicks: true}); again != message {
			t.Error("composing anew gave another message")
		}
		publisher := digest.NewPublisher(digest.NewComposer(w.store, w.setup, digest.Links{Public: public}, w.clock.Now), digest.Archive{})
		got, clicks := map[string]string{}, digest.NewClicks(w.store, slog.New(slog.DiscardHandler))
		for _, token := range below(hrefs(message), "https://courier.example/mail/r/") {
			click, target, err := publisher.Follow(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if click.Place != "" {
				got[fmt.Sprintf("%s %d", click.Place, click.Position)] = target
			}
			clicks.Add(click, digest.Visit{})
		}
		want := map[string]string{
			"introduction 1": "https://courier.example/a?b=c&utm_content=introduction-0", "introduction 2": "https://other.example/",
			"corrections 1": "https://courier.example/2?utm_content=corrections-0", "corrections 2": "https://courier.example/3?utm_content=corrections-0",
			"more 1": "https://courier.example?utm_content=more-0",
		}
		if !maps.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.Contains(message, "mailto:us@courier.example") {
			t.Error("an address of mail is gone")
		}
		clicks.Flush(t.Context())
		counts, err := w.store.ClickCounts(t.Context(), "", 9)
		var places []string
		for _, c := range counts {
			places = append(places, fmt.Sprintf("%s%s %d: %d", c.Place, c.Slot, c.Position, c.Clicks))
		}
		if want := []string{" 1: 1", "corrections 1: 1", "corrections 2: 1", "introduction 1: 1", "introduction 2: 1", "more 1: 1"}; err != nil || !slices.Equal(places, want) {
			t.Errorf("counted %q, %v, want %q", places, err, want)
		}
		for _, link := range hrefs(w.linked(digest.Links{Public: public})) {
			if strings.Contains(link, "/mail/r/") {
				t.Errorf("%s is counted unasked", link)
			}
		}
	})
}

// An address so long that a link with it would not be read is left as it is.
func TestLongLinksAreNotCounted(t *testing.T) {
	w := fillCompose(t, dbtest.Open(t, db.SQLite), nil)
	long := "https://courier.example/" + strings.Repeat("a", 1000) + "?" + strings.Repeat("b", 1000)
	w.revise(digest.EditionEdit{Intro: text("[Long](" + long + ")")})
	if message := w.linked(digest.Links{Public: publicLinks(t, oldLinkKey), CountClicks: true}); !slices.Contains(hrefs(message), long) {
		t.Error("a long link leads over our server")
	}
}

// The pixel is there only where it was asked for, and before the end of the mail.
func TestPixel(t *testing.T) {
	w := fillCompose(t, dbtest.Open(t, db.SQLite), nil)
	public := publicLinks(t, oldLinkKey)
	with := w.linked(digest.Links{Public: public, Pixel: true})
	pixel := strings.ReplaceAll(`<img src="`+public.Open(w.count(`SELECT MAX(id) FROM editions`))+`" width="1" height="1" alt="" `, "=", "=3D")
	if strings.Count(with, pixel) != 1 || !strings.Contains(with[strings.Index(with, pixel):], "</body>") {
		t.Errorf("the mail lacks %s at its end:\n%s", pixel, with)
	}
	if without := w.linked(digest.Links{Public: public}); strings.Contains(without, "/mail/o/") {
		t.Error("the pixel is there unasked")
	}
}

// Where the mail can be read in a browser is the same for all who have it, and
// names none of them.
func TestMailsLinkToThemselves(t *testing.T) {
	w := fillCompose(t, dbtest.Open(t, db.SQLite), nil)
	public := publicLinks(t, oldLinkKey)
	views := below(hrefs(w.linked(digest.Links{Public: public})), "https://courier.example/mail/v/")
	edition := w.count(`SELECT MAX(id) FROM editions`)
	want := digest.Mailing{EditionID: edition, SelectionID: w.count(`SELECT id FROM selections WHERE edition_id = $1`, edition)}
	if len(views) != 1 {
		t.Fatalf("got %d links to the mail, want one", len(views))
	}
	if got, err := public.ReadView(views[0]); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
