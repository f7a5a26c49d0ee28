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

const (
	ferrySummary = "The ferry between the two halves of the city sails again from Monday after eleven months in which its old engine was replaced by an electric one."
	ferryBody    = "The ferry sails again. For eleven months commuters took the long way round over the northern bridge, while engineers took the old engine out " +
		"of the hull and put an electric one in its place. The mayor called it a good day for the harbour. Fishermen, who had the pier for themselves, were " +
		"less happy. Tickets cost as much as before, and bicycles travel free of charge until the end of the year. A second boat follows in the spring, " +
		"provided that the council agrees to the budget which is on its table next week."
	columnBody = "Good morning. Here is what you need to know today. The council meets at noon to talk about schools, and the library opens its new wing with " +
		"a concert in the evening. On the roads there is little to report, but for the works at the station, where lanes are closed until Friday. Elsewhere " +
		"farmers hope for rain, swimmers for the opposite, and the forecast has something for each of them. Enjoy your coffee and have a good day."
)

func at(host string, n int) string { return fmt.Sprintf("https://%s.example/%d", host, n) }

// TestSameStory has pairs as they come over the wire; a false fold loses a story.
func TestSameStory(t *testing.T) {
	ferry := digest.Incoming{URL: at("courier", 1), Title: "Ferry sails again from Monday", Summary: ferrySummary, PublishedAt: time.Unix(1e9, 0)}
	other := func(change func(*digest.Incoming)) digest.Incoming {
		in := ferry
		in.URL = at("herald", 1)
		change(&in)
		return in
	}
	column := func(host string, n int, title, summary, body string) digest.Incoming {
		return digest.Incoming{URL: at(host, n), Title: title, Summary: summary, Body: body, PublishedAt: time.Unix(int64(1e9+n*86400), 0)}
	}
	daily := "All that you need to know before you leave the house today: news, weather, roads and what is on in town."
	tests := []struct {
		name string
		a, b digest.Incoming
		want bool
	}{
		{"wire copy", ferry, other(func(*digest.Incoming) {}), true},
		{"wire copy, another headline", ferry, other(func(in *digest.Incoming) { in.Title = "Electric ferry is back" }), true},
		{"wire copy, a word changed", ferry, other(func(in *digest.Incoming) { in.Summary = strings.Replace(in.Summary, "old", "worn", 1) }), true},
		{"wire copy, one side has the body", ferry, other(func(in *digest.Incoming) { in.Body = ferryBody }), true},
		{"update with a longer body", other(func(in *digest.Incoming) { in.Body = ferryBody }),
			other(func(in *digest.Incoming) {
				in.URL = at("courier", 7)
				in.Body = ferryBody + " The first boat leaves at six."
			}), true},
		{"wire copy that each paper heads itself", other(func(in *digest.Incoming) { in.Body = ferryBody }),
			other(func(in *digest.Incoming) {
				in.URL = at("post", 1)
				in.Title, in.Body = "Commuters get their boat back", "HARBOUR TOWN (Agency) - "+ferryBody
				in.Summary = "Eleven months of detours over the northern bridge are over: what has changed on board, and what a ticket costs from next week on."
			}), true},
		{"published once more at once", ferry, other(func(in *digest.Incoming) { in.URL = at("courier", 2) }), true},
		{"published once more on another day", ferry, other(func(in *digest.Incoming) { in.URL = at("courier", 2); in.PublishedAt = time.Unix(2e9, 0) }), false},
		{"another language", other(func(in *digest.Incoming) { in.Language = "en-GB" }), other(func(in *digest.Incoming) { in.Language = "fr" }), false},
		{"another region of the language", other(func(in *digest.Incoming) { in.Language = "en-GB" }), ferry, true},
		{"another number", other(func(in *digest.Incoming) { in.Title += " for 4 euros" }), other(func(in *digest.Incoming) { in.URL = at("post", 1); in.Title += " for 5 euros" }), false},
		{"another body", other(func(in *digest.Incoming) { in.Body = ferryBody }), other(func(in *digest.Incoming) { in.URL = at("post", 1); in.Body = columnBody }), false},
		{"the paper's description as summary", ferry, other(func(in *digest.Incoming) { in.Title = "Council agrees to school budget" }), false},
		{"too short to tell", digest.Incoming{URL: at("courier", 1), Title: "Ferry sails again", Summary: "From Monday."},
			digest.Incoming{URL: at("herald", 1), Title: "Ferry sails again", Summary: "From Monday."}, false},
		{"Weather for another day", column("courier", 1, "Weather for Tuesday", daily, ""), column("courier", 2, "Weather for Wednesday", daily, ""), false},
		{"Weather for another day in another paper", column("courier", 1, "Weather for Tuesday", daily, ""),
			column("herald", 2, "Weather for Wednesday", strings.Replace(daily, "today", "tomorrow", 1), ""), false},
		{"Morning briefing of another day", column("courier", 1, "Morning briefing", daily, ""), column("courier", 2, "Morning briefing", daily, ""), false},
		{"Morning briefing with another body", column("courier", 1, "Morning briefing", daily, columnBody), column("courier", 1, "Morning briefing", daily, ferryBody), false},
		{"Morning briefing with a third of another body", column("courier", 1, "Morning briefing", daily, columnBody),
			column("courier", 1, "Morning briefing", daily, columnBody[:300]+ferryBody[300:430]), false},
		{"prices in the body alone", column("courier", 1, "Market prices", daily, columnBody+" Apples cost 3 a kilo."),
			column("herald", 1, "Market prices", daily, columnBody+" Apples cost 4 a kilo."), false},
		{"Lottery with other numbers", column("courier", 1, "Lottery", daily+" 4 8 15", columnBody), column("courier", 1, "Lottery", daily+" 16 23 42", columnBody), false},
		{"no spaces between words", digest.Incoming{URL: at("courier", 1), Title: "渡轮周一恢复航行", Summary: "这座城市两岸之间的渡轮经过十一个月的维修之后将于周一恢复航行。"},
			digest.Incoming{URL: at("herald", 1), Title: "渡轮周一恢复航行", Summary: "这座城市两岸之间的渡轮经过十一个月的维修之后将于周一恢复航行。"}, true},
	}
	for _, test := range tests {
		got := digest.Compare(test.a, test.b, 0, 0)
		if got.Same != test.want {
			t.Errorf("%s: folds %v, want %v: %+v", test.name, got.Same, test.want, got)
		}
		if back := digest.Compare(test.b, test.a, 0, 0); back != got {
			t.Errorf("%s: the other way round %+v, want %+v", test.name, back, got)
		}
		if test.want && !got.Near {
			t.Errorf("%s: the fingerprints are too far apart for the texts to be compared", test.name)
		}
	}
}

func ferryAt(host string, topics ...string) digest.Incoming {
	return digest.Incoming{URL: "https://" + host + ".example/ferry", Title: "Ferry sails again from Monday", Summary: ferrySummary, Topics: topics}
}

func TestPutFolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		w.putFrom(0, ferryAt("courier", "world"))
		stamp := w.stamp()
		got := w.putFrom(1, ferryAt("herald", "world"))
		if want := (digest.PutResult{New: 1, Folded: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		lead, folded := w.article(ferryAt("courier").URL), w.article(ferryAt("herald").URL)
		if folded.LeadID != lead.ID || len(folded.Topics) != 0 || lead.LeadID != 0 || lead.Sources != 2 {
			t.Errorf("got lead %+v and folded %+v", lead, folded)
		}
		if len(lead.Topics) != 2 || w.stamp() == stamp { // the second feed gives sport to all of its stories
			t.Errorf("the lead has topics %v, want world and sport", lead.Topics)
		}
		before := w.dump()
		w.putFrom(1, ferryAt("herald", "world"))
		w.putFrom(0, ferryAt("courier", "world")) // takes sport not off
		w.put(ferryAt("courier", "world"))
		same(t, "put again", w.dump(), before)

		w.clock.advance(71 * time.Hour)
		if got := w.put(ferryAt("post", "world")); got.Folded != 0 {
			t.Errorf("what the newsroom sends gave way to a feed: %+v", got)
		}
		if got := w.putFrom(1, ferryAt("gazette")); got.Folded != 1 {
			t.Errorf("got %+v, want a fold within three days", got)
		}
		w.clock.advance(73 * time.Hour)
		if got := w.putFrom(1, ferryAt("times")); got.Folded != 0 {
			t.Errorf("got %+v, want no fold after three days", got)
		}
	})
}

// TestFoldInOneFetch: both come in one call, and the lead comes again after.
func TestFoldInOneFetch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		more := ferryAt("courier", "world", "sport")
		got := w.put(ferryAt("courier", "world"), ferryAt("herald", "sport"), more, ferryAt("post", "local"))
		if want := (digest.PutResult{New: 3, Folded: 2, Unchanged: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if lead := w.article(more.URL); len(lead.Topics) != 3 || lead.Sources != 3 {
			t.Errorf("got %+v, want three topics and sources", lead)
		}
	})
}

func TestPutFoldsNot(t *testing.T) {
	tests := map[string]struct {
		setup  func(*digest.Setup)
		before func(w *world, lead int64)
		in     func(*digest.Incoming)
	}{
		"duplicates are kept":     {setup: func(set *digest.Setup) { set.KeepDuplicates = true }},
		"the lead is held back":   {before: func(w *world, id int64) { w.must(w.store.Hold(w.ctx(), id, time.Time{}, "maria")) }},
		"the lead is withdrawn":   {before: func(w *world, id int64) { w.must(w.store.Withdraw(w.ctx(), id, "maria")) }},
		"for other readers":       {in: func(in *digest.Incoming) { in.Audience = []string{"tier=paid"} }},
		"of other access":         {in: func(in *digest.Incoming) { in.Access = digest.AccessPaid }},
		"an editor ranks it":      {in: func(in *digest.Incoming) { in.Priority = 5 }},
		"it is under an embargo":  {in: func(in *digest.Incoming) { in.EmbargoUntil = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }},
		"nobody gets the old one": {before: func(w *world, id int64) { w.exec(`UPDATE article_topics SET seq = 0 WHERE article_id = $1`, id) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, test.setup)
				w.put(ferryAt("courier", "world"))
				if test.before != nil {
					test.before(w, w.article(ferryAt("courier").URL).ID)
				}
				in := ferryAt("herald", "world")
				if test.in != nil {
					test.in(&in)
				}
				if got := w.put(in); got.Folded != 0 {
					t.Errorf("got %+v, want no fold", got)
				}
			})
		})
	}
}

func (w *world) must(got digest.DeskResult, err error) digest.DeskResult {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) alsoFrom(article int64, at time.Time) (out []string) {
	w.t.Helper()
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		articles, err := digest.ArticlesAsOf(w.t.Context(), tx, []int64{article}, at)
		out = articles[article].AlsoFrom
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// TestFoldedStoryIsSentOnce is what readers see of a fold, and of its end.
func TestFoldedStoryIsSentOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		w.subscribe(1, newYork, "world")
		w.subscribe(2, newYork, "sport")
		w.begin()
		w.putFrom(0, ferryAt("courier", "world"))
		w.putFrom(1, ferryAt("herald", "world"))
		w.tick()
		want := []string{"daily/2026-11-23 1: ferry", "daily/2026-11-23 2: ferry"}
		same(t, "folded", w.mails(), want)
		sent := w.clock.Now()
		w.clock.advance(time.Minute)
		lead, folded := w.article(ferryAt("courier").URL).ID, w.article(ferryAt("herald").URL).ID
		if got := w.must(w.store.Release(w.ctx(), folded, "maria")); !got.Changed || got.Detail != fmt.Sprintf("stands apart from article %d", lead) {
			t.Errorf("got %+v", got)
		}
		if a := w.article(ferryAt("herald").URL); a.LeadID != 0 || len(a.Topics) != 2 {
			t.Errorf("got %+v, want it to have its own topics", a)
		}
		if a := w.article(ferryAt("courier").URL); a.Sources != 1 {
			t.Errorf("the lead has %d sources, want 1", a.Sources)
		}
		if got := w.alsoFrom(lead, sent); !slices.Equal(got, []string{"herald.example"}) {
			t.Errorf("a mail of the time before names %v, want the herald", got)
		}
		w.clock.advance(time.Minute)
		if got := w.alsoFrom(lead, w.clock.Now()); len(got) != 0 {
			t.Errorf("a mail of now names %v, want nobody", got)
		}
		w.nextDay()
		same(t, "apart", w.mails(), append(want, "daily/2026-11-24 1: ferry", "daily/2026-11-24 2: ferry"))
		before := w.dump()
		w.putFrom(1, ferryAt("herald", "world"))
		same(t, "put again", w.dump(), before)
	})
}

// TestFoldGivesATopicBack: the lead gets the topics of what folds into it, also
// one that its own source took off.
func TestFoldGivesATopicBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		w.subscribe(1, newYork, "culture")
		w.subscribe(2, newYork, "local")
		w.begin()
		w.putFrom(0, ferryAt("courier", "world", "local"))
		w.tick()
		w.putFrom(0, ferryAt("courier", "world", "culture"))
		w.putFrom(0, ferryAt("courier", "world"))
		w.putFrom(1, ferryAt("herald", "culture", "local"))
		w.nextDay()
		w.nextDay()
		same(t, "mails", w.rows(`SELECT e.key || ' ' || CAST(d.subscriber_id AS TEXT) FROM deliveries d JOIN editions e ON e.id = d.edition_id ORDER BY 1`, nil),
			[]string{"daily/2026-11-23 2", "daily/2026-11-24 1"})
		for _, topic := range w.article(ferryAt("courier").URL).Topics {
			if topic.TopicID == w.topic("local") && topic.Reason == "folded, given" {
				return
			}
		}
		t.Errorf("the lead has %+v, want the topic local of what was folded into it", w.article(ferryAt("courier").URL).Topics)
	})
}
