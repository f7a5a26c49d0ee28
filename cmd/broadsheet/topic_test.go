package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// phraseTopics are topics with rules of all kinds, and a source that gives one.
const phraseTopics = `
[[topic]]
slug = "world"
name = "World"
keywords = ["united nations"]
exclude = ["crossword"]
[[topic.phrase]]
text = "treaty"
weight = 0.5
[[topic]]
slug = "sport"
name = "Sport"
categories = ["sport*"]
keywords = ["cup", "final"]
[[source]]
slug = "wire"
url = "http://127.0.0.1:1/feed"
topics = ["sport"]
allow_private = ["127.0.0.0/8"]
`

// finding is a row of topic test.
type finding struct {
	Story, Topic, Verdict, Rule, Value, Where string
	Points, Needs                             float64
}

// tested runs topic test and returns its rows as texts.
func (n *newsroom) tested(args ...string) []string {
	n.t.Helper()
	r := n.must(append([]string{"topic", "test", "--output", "json"}, args...)...)
	var rows []finding
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil {
		n.t.Fatalf("%v in %s", err, r.stdout)
	}
	var out []string
	for _, f := range rows {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s: %s %s %g/%g %s %s %s", f.Story, f.Topic, f.Verdict, f.Points, f.Needs, f.Rule, f.Value, f.Where)))
	}
	return out
}

func TestTopicTest(t *testing.T) {
	t.Parallel()
	const article = `<html><head><title>x</title><meta property="og:title" content="A treaty in Geneva"><meta property="og:type" content="article">%s
		</head><body><article><h1>A treaty in Geneva</h1><p>The United Nations met in Geneva on Tuesday, and its members signed what had been asked of them for many years.</p>
		<p>The treaties that were signed before had been forgotten by most, said a diplomat who was there, and nobody was surprised by that at all.</p></article></body></html>`
	mux := http.NewServeMux()
	mux.HandleFunc("/feed", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<rss><channel><item><title>The finals</title><link>https://wire.example/a</link><description>Two of them.</description></item>
			<item><title>Rain</title><link>https://wire.example/b</link><category>Sports</category></item>
			<item><title>Fog</title><link>https://wire.example/c</link></item></channel></rss>`)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, article, "")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	n := newNewsroom(t, settings{topics: 1, more: phraseTopics}, sink.Options{})
	n.write("story.dat", `{"url": "https://courier.example/topic-0/x", "title": "Treaties", "summary": "The United Nations and a Crossword", "topics": ["sport"]}`)
	n.write("stories.jsonl", "{\"id\": \"1\", \"title\": \"Treaty\"}\n{\"id\": \"2\"}\n{\"id\": \"3\", \"title\": \"The cups\"}\n")
	n.write("page.html", fmt.Sprintf(article, ""))
	n.write("copy.txt", "A treaty in Geneva\n\nGENEVA, Nov 24 - The United Nations met in Geneva on Tuesday, and its members signed what had been asked of them for so many years "+
		"that most of those who had asked for it had gone from office, or from the city altogether, before it came to this.\n\n"+
		"The treaties that were signed before had been forgotten by most, said a diplomat who was there.\n")
	page := []string{
		"A treaty in Geneva: topic-0 no 0/2",
		"A treaty in Geneva: world given 5/2 phrase united nations lead 2, body 1",
		"A treaty in Geneva: world given 5/2 phrase treaty title 1.5, body 0.5",
		"A treaty in Geneva: sport no 0/2",
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string
	}{
		{"a story", []string{"story.dat"}, []string{
			"Treaties: topic-0 given 0/2 path /topic-0/",
			"Treaties: world excluded 3.5/2 phrase united nations lead 2",
			"Treaties: world excluded 3.5/2 phrase treaty title 1.5",
			"Treaties: world excluded 3.5/2 excluded crossword lead",
			"Treaties: sport given 0/2 given",
		}},
		{"a feed", []string{server.URL + "/feed", "--allow-private", "127.0.0.0/8"}, []string{
			"The finals: sport given 3/2 phrase final title 3", "Rain: sport given 0/2 category sports"}},
		{"a feed of a source", []string{server.URL + "/feed", "--source", "wire"}, []string{
			"The finals: sport given 3/2 source", "The finals: sport given 3/2 phrase final title 3",
			"Rain: sport given 0/2 source", "Rain: sport given 0/2 category sports", "Fog: sport given 0/2 source"}},
		{"a page", []string{server.URL + "/page", "--source", "wire"}, append(page[:3:3], "A treaty in Geneva: sport given 0/2 source")},
		{"a saved page", []string{"page.html"}, page},
		{"plain text", []string{"copy.txt"}, []string{
			"A treaty in Geneva: topic-0 no 0/2",
			"A treaty in Geneva: world given 5/2 phrase united nations lead 2, body 1",
			"A treaty in Geneva: world given 5/2 phrase treaty title 1.5, body 0.5",
			"A treaty in Geneva: sport no 0/2",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, want := strings.Join(n.tested(tc.args...), "\n"), strings.Join(tc.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	n.run("topic", "test", "stories.jsonl").want(t, 4, `(?s)STORY +TOPIC +VERDICT +RULE +VALUE +WHERE +POINTS +NEEDS\nTreaty +world +near +phrase +treaty +title 1.5 +1.5 +2\nThe cups +sport +given`)
	n.run("topic", "test", "stories.jsonl").says(t, `(?s)stories.jsonl:2: title.*2 stories in stories.jsonl; nothing was stored`)
	n.runIn(strings.NewReader("id,title\n1,The cup\n"), "topic", "test", "-").want(t, 0, `The cup +sport +given +phrase +cup +title 3 +3 +2`)
	n.run("topic", "test", server.URL+"/feed").says(t, `allow_private`)
	n.run("topic", "test", "story.dat", "--source", "wires").want(t, 2, ``)
	n.run("topic", "test", "nothing.json").want(t, 1, ``)
	if _, err := os.Stat(filepath.Join(n.dir, "broadsheet.db")); !os.IsNotExist(err) {
		t.Errorf("there is a database: %v", err)
	}
}

// TestArticleExplainTopics shows the rules on record, old rows included.
func TestArticleExplainTopics(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{topics: 1, more: phraseTopics}, sink.Options{})
	n.must("migrate")
	n.steps([]step{
		{args: "topic list", stdout: `(?s)SLUG +NAME +ARTICLES +PHRASES +DESCRIPTION\n.*world +World +0 +2`},
		{args: "article add --url https://courier.example/topic-0/x --title 'A treaty' --summary 'The United Nations met.' --topic topic-0", stdout: `1 new`},
		{args: "article explain 1", stdout: `(?s)topic +topic-0 +named by who sent the article; in windows by number 1 *\nrule of topic +topic-0 +its URL begins with "/topic-0/" *\n` +
			`topic +world +phrases with 3.5 points, it needs 2; in windows by number 1 *\nrule of topic +world +"united nations": lead 2 *\nrule of topic +world +"treaty": title 1.5 *\n`},
		{args: "article show 1", stdout: `world \(phrases:3.5 of 2 \| phrase:united nations \(lead 2\) \| phrase:treaty \(title 1.5\)\)`},
	})
	d := n.open()
	for reason, want := range map[string]string{
		"keyword:treaty":         `topic +world +"treaty" in title or summary; in windows`,
		"folded, category:sport": `topic +world +from a story that is folded into it: category "sport"`,
		"source":                 `topic +world +its source gives it to all its stories`,
		"path:/world/":           `topic +world +its URL begins with "/world/"`,
	} {
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE article_topics SET reason = $1 WHERE topic_id = (SELECT id FROM topics WHERE slug = 'world')`, reason)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		n.must("article", "explain", "1").want(t, 0, want)
	}
}
