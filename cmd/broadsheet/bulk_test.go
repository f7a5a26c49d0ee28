package main_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// The bulk proof: bulkReaders, and so many topics and stories.
const (
	bulkTopics   = 12
	bulkArticles = 300
	bulkLate     = 20
	perTopic     = 6
	maxItems     = 20
	top          = 3
	latest       = 3
)

// topicsOf are the topics of reader i: one to four of them, spread so that
// readers share some.
func topicsOf(i int) []int {
	var out []int
	for k := range 1 + i%4 {
		out = append(out, (i/4+k*(1+i%5))%bulkTopics)
	}
	return unique(out)
}

// articleTopics are the topics of story n: one or two.
func articleTopics(n int) []int {
	if n%3 == 0 {
		return unique([]int{n % bulkTopics, (n/3 + 5) % bulkTopics})
	}
	return []int{n % bulkTopics}
}

// lateTopics are those of the stories that come after the first edition.
func lateTopics(n int) []int { return []int{1 + n%3} }

func unique(numbers []int) []int {
	seen := map[int]bool{}
	var out []int
	for _, n := range numbers {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

func readersCSV(n int, topics func(i int) []int) string {
	zones := []string{"Europe/Berlin", "Asia/Tokyo", "America/New_York", ""}
	var b strings.Builder
	b.WriteString("email,name,topics,timezone\n")
	for i := range n {
		var slugs []string
		for _, topic := range topics(i) {
			slugs = append(slugs, topicSlug(topic))
		}
		fmt.Fprintf(&b, "%s,Reader %d,%s,%s\n", readerAddress(i), i, strings.Join(slugs, ";"), zones[i%len(zones)])
	}
	return b.String()
}

func readerAddress(i int) string { return fmt.Sprintf("reader%d@inbox.example", i) }

func articlesJSON(t *testing.T, from, n int, topics func(n int) []int) string {
	t.Helper()
	var stories []map[string]any
	for i := from; i < from+n; i++ {
		var slugs []string
		for _, topic := range topics(i) {
			slugs = append(slugs, topicSlug(topic))
		}
		stories = append(stories, map[string]any{
			"url": fmt.Sprintf("https://courier.example/story/%d", i), "title": fmt.Sprintf("Story number %d", i), "topics": slugs,
			"summary": strings.Repeat(fmt.Sprintf("What happened in case %d. ", i), 5),
		})
	}
	text, err := json.Marshal(stories)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// edition checks every mail of one edition and remembers what it carried.
type edition struct {
	mu       sync.Mutex
	stories  map[string][]int // by address
	problems []string
}

var storyLink = regexp.MustCompile(`https://courier\.example/story/(\d+)`)

// check takes a mail apart: each of its stories once in either part, of the
// reader's own topics, none of them in an edition before.
func (e *edition) check(to string, data []byte, topics func(n int) []int) {
	problem := func(format string, args ...any) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.problems = append(e.problems, to+": "+fmt.Sprintf(format, args...))
	}
	i, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(to, "reader"), "@inbox.example"))
	if err != nil {
		problem("nobody has this address")
		return
	}
	mail, err := sink.Parse(data)
	if err != nil {
		problem("%v", err)
		return
	}
	mine := map[int]bool{}
	for _, topic := range topicsOf(i) {
		mine[topic] = true
	}
	text, html := storiesIn(mail.Text), storiesIn(mail.HTML)
	for n, times := range text {
		wanted := false
		for _, topic := range topics(n) {
			wanted = wanted || mine[topic]
		}
		if times != 1 || html[n] != 1 {
			problem("story %d stands %d times in the text and %d times in the HTML", n, times, html[n])
		}
		if !wanted {
			problem("story %d is not of the reader's topics", n)
		}
	}
	if len(text) != len(html) || !strings.Contains(mail.HTML, fmt.Sprintf("Reader %d", i)) && !strings.Contains(mail.Header.Get("To"), fmt.Sprintf("Reader %d", i)) {
		problem("%d stories in the text, %d in the HTML, To %q", len(text), len(html), mail.Header.Get("To"))
	}
	if i%97 == 0 {
		for _, finding := range mailtest.Lint(data) {
			problem("%s", finding)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := range text {
		e.stories[to] = append(e.stories[to], n)
	}
}

func storiesIn(part string) map[int]int {
	out := map[int]int{}
	for _, m := range storyLink.FindAllStringSubmatch(part, -1) {
		n, _ := strconv.Atoi(m[1])
		out[n]++
	}
	return out
}

// expected is how many stories a reader gets out of n.
func expected(reader, n int, topics func(n int) []int) int {
	mine := map[int]bool{}
	for _, topic := range topicsOf(reader) {
		mine[topic] = true
	}
	total := 0
	for i := range n {
		for _, topic := range topics(i) {
			if mine[topic] {
				total++
				break
			}
		}
	}
	return min(total, maxItems, top+perTopic*len(mine)+latest)
}

func (e *edition) report(t *testing.T) {
	t.Helper()
	for i, p := range e.problems {
		if i == 10 {
			t.Errorf("and %d more", len(e.problems)-i)
			break
		}
		t.Error(p)
	}
}

// TestBulk sends all readers their digests, and then a second one to
// those whom it concerns.
func TestBulk(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url, topics: bulkTopics, connections: 8}, sink.Options{})
		n.write("readers.csv", readersCSV(bulkReaders, topicsOf))
		n.write("stories.json", articlesJSON(t, 0, bulkArticles, articleTopics))
		n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked").
			want(t, 0, fmt.Sprintf(`%d rows: %[1]d added, 0 updated, 0 unchanged, 0 bad`, bulkReaders))
		n.must("article", "import", "stories.json").want(t, 0, `300 new`)

		first := &edition{stories: map[string][]int{}}
		n.inbox.examine(func(to string, data []byte) { first.check(to, data, articleTopics) })
		n.must("digest", "send", "daily", "--now").
			want(t, 0, fmt.Sprintf(`due %d = sent %[1]d \+ failed 0 \+ expired 0 \+ skipped 0 \+ uncertain 0 \+ pending 0`, bulkReaders))
		first.report(t)
		total, to := n.inbox.accepted()
		if total != bulkReaders || len(to) != bulkReaders {
			t.Fatalf("%d mails to %d readers, want one to each of %d", total, len(to), bulkReaders)
		}
		for i := range bulkReaders {
			if got, want := len(first.stories[readerAddress(i)]), expected(i, bulkArticles, articleTopics); got != want {
				t.Fatalf("reader %d of topics %v got %d stories, want %d", i, topicsOf(i), got, want)
			}
		}
		n.must("digest", "send", "daily", "--now").want(t, 0, `nothing is due`)

		n.write("late.json", articlesJSON(t, bulkArticles, bulkLate, lateTopics))
		n.must("article", "import", "late.json").want(t, 0, `20 new`)
		n.second()
	})
}

// second sends the edition of the late stories.
func (n *newsroom) second() {
	n.t.Helper()
	late := &edition{stories: map[string][]int{}}
	n.inbox.examine(func(to string, data []byte) { late.check(to, data, lateTopics) })
	r := n.must("digest", "send", "daily", "--now")
	late.report(n.t)
	want := map[string]int{}
	for i := range bulkReaders {
		for _, topic := range topicsOf(i) {
			if topic >= 1 && topic <= 3 {
				want[readerAddress(i)] = 1
			}
		}
	}
	r.want(n.t, 0, fmt.Sprintf(`due %d = sent %d \+ failed 0 \+ expired 0 \+ skipped %d \+`, bulkReaders, len(want), bulkReaders-len(want)))
	total, to := n.inbox.accepted()
	if total != len(want) || len(to) != len(want) {
		n.t.Fatalf("%d mails to %d readers, want %d", total, len(to), len(want))
	}
	for address, stories := range late.stories {
		if want[address] == 0 {
			n.t.Fatalf("%s got a mail about topics of others", address)
		}
		for _, story := range stories {
			if story < bulkArticles {
				n.t.Fatalf("%s got story %d in the second edition", address, story)
			}
		}
	}
}
