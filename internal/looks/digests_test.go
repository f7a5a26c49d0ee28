//go:build looks

package looks_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/demo/paper"
	"broadsheet/templates"
)

// morning is when the editions of the pictures are due.
var morning = time.Date(2026, 11, 23, 7, 0, 0, 0, time.FixedZone("CET", 3600))

// newsroom is the demo's newspaper while it is served.
type newsroom struct {
	base   string
	topics []paper.Topic
	site   templates.Site
	items  []digest.Incoming
}

// open serves the newspaper and reads its feed.
func open(t *testing.T) *newsroom {
	t.Helper()
	p := paper.New(morning)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.Handle("/", p.Handler(server.URL))
	response, err := http.Get(server.URL + "/feed.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	feed, err := ingest.ParseFeed(raw, "application/rss+xml", server.URL+"/feed.xml")
	if err != nil {
		t.Fatal(err)
	}
	return &newsroom{base: server.URL, topics: p.Topics(), items: feed.Items, site: templates.Site{
		Name: p.Name(), URL: server.URL, Language: "en", PostalAddress: "2 Ropewalk, Port Aldine", Tagline: p.Tagline(),
	}}
}

func (n *newsroom) story(in *digest.Incoming) templates.Story {
	s := templates.Story{
		Title: in.Title, URL: in.URL, Summary: in.Summary, Author: in.Author, Image: in.ImageURL, ImageAlt: in.ImageAlt,
		ImageWidth: in.ImageWidth, ImageHeight: in.ImageHeight, ImageCredit: in.ImageCredit, PublishedAt: in.PublishedAt,
	}
	for _, t := range n.topics {
		if slices.ContainsFunc(in.Categories, func(c string) bool { return slices.Contains(t.Categories, strings.ToLower(c)) }) {
			s.Topics = append(s.Topics, t.Name)
		}
	}
	return s
}

// edition is a mail of that kind with so many stories.
func (n *newsroom) edition(kind templates.Kind, stories int) *templates.Digest {
	d := &templates.Digest{
		Kind: kind, Site: n.site, Slug: "daily", Name: "The Morning Tide", Edition: "daily/2026-11-23", Date: morning,
		Language: "en", ReaderName: "Ada Lindqvist", SubscribeURL: n.base + "/subscribe", ViewURL: n.base + "/v/abc",
		Unsubscribe: n.base + "/u/abc", Preferences: n.base + "/p/abc",
	}
	sections := map[string]*templates.Section{}
	var latest templates.Section
	latest.Kind = templates.LatestSection
	for i := range n.items[:min(stories, len(n.items))] {
		s := n.story(&n.items[i])
		switch {
		case i == 0:
			s.Pinned, s.ImageCredit = true, "Port Aldine Picture Desk"
			s.ModifiedAt = s.PublishedAt.Add(50 * time.Minute)
			d.Lead = &s
		case len(s.Topics) == 0 || i >= stories-4 && stories > 10:
			latest.Stories = append(latest.Stories, s)
		default:
			section := sections[s.Topics[0]]
			if section == nil {
				section = &templates.Section{Name: s.Topics[0], Slug: strings.ToLower(s.Topics[0])}
				sections[s.Topics[0]] = section
			}
			section.Stories = append(section.Stories, s)
		}
	}
	for _, t := range n.topics {
		if s := sections[t.Name]; s != nil {
			d.Sections = append(d.Sections, *s)
		}
	}
	if len(latest.Stories) > 0 {
		d.Sections = append(d.Sections, latest)
	}
	if stories > 10 {
		d.More, d.MoreURL = 9, n.base
	}
	return d
}

// prose reads an editor's words.
func prose(t *testing.T, markdown string) *templates.Prose {
	t.Helper()
	p, err := templates.ParseProse(markdown)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// editions are a mail of each kind.
func (n *newsroom) editions(t *testing.T) map[templates.Kind]*templates.Digest {
	t.Helper()
	daily, weekly := n.edition(templates.KindDaily, 20), n.edition(templates.KindWeekly, 14)
	daily.Intro = prose(t, "Good morning. The night ferry is back, and with it a question that was never asked aloud: *who walks home first?* We put it to the skipper.\n\n— Leonie Brandt, on the early shift")
	weekly.Name, weekly.Since = "The Sunday Chart", morning.AddDate(0, 0, -7)
	breaking, welcome := n.edition(templates.KindBreaking, 1), n.edition(templates.KindWelcome, 6)
	letter, correction := n.edition(templates.KindLetter, 0), n.edition(templates.KindCorrection, 0)
	letter.Subject = "A letter from the newsroom"
	letter.Intro = prose(t, "# Why we moved the presses\n\nDear reader,\n\nfor ninety years the Gazette was printed **below your feet**, in the cellar at 2 Ropewalk. On Friday the machines stood still. What has changed, and what has not:\n\n- The paper is printed across the bay, and arrives at six.\n- The *Tide*, which you are reading, comes at seven as before.\n- The cellar stays ours. There will be [readings in it](https://courier.example/cellar).\n\n> It smelled of ink even on Sundays.\n\nWe look forward to seeing you there.\n\nInes Okafor-Lindqvist, editor")
	correction.Corrections = []templates.Correction{
		{Title: n.items[3].Title, URL: n.items[3].URL, Note: "We wrote that the owners paid all of the bill. They paid half of it; neighbours gave the other half.", At: morning.Add(-3 * time.Hour)},
		{Title: n.items[5].Title, URL: n.items[5].URL, Note: "The water main is of 1894, not of 1849.", At: morning.Add(-14 * time.Hour)},
	}
	return map[templates.Kind]*templates.Digest{
		templates.KindDaily: daily, templates.KindWeekly: weekly, templates.KindBreaking: breaking,
		templates.KindWelcome: welcome, templates.KindLetter: letter, templates.KindCorrection: correction,
	}
}
