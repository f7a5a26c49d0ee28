package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

// object reads what a command says as JSON.
func object[T any](n *newsroom, args string) (out T) {
	n.t.Helper()
	r := n.must(append(split(args), "--output", "json")...)
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		n.t.Fatalf("broadsheet %s: %v: %s", args, err, r.stdout)
	}
	return out
}

// newStructuredRoom has a reader of two topics, one of a third, and two stories of
// which the first reader gets one.
func newStructuredRoom(t *testing.T) *newsroom {
	t.Helper()
	n := newNewsroom(t, settings{feeds: map[string]string{"site-feed": feedServer(t).URL}}, sink.Options{})
	n.write("readers.csv", readersCSV(2, func(i int) []int { return []int{i} }))
	n.write("stories.json", articlesJSON(t, 0, 1, func(int) []int { return []int{0} }))
	n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
	n.must("article", "import", "stories.json")
	return n
}

func TestPreviewAsJSON(t *testing.T) {
	t.Parallel()
	n := newStructuredRoom(t)
	type preview struct {
		Edition, Kind, DueAt, Skipped, Subject string
		Stories                                []struct{ Title, URL string }
		HTMLBytes                              int `json:"html_bytes"`
	}
	got := object[preview](n, "digest preview daily --for "+readerAddress(0))
	if !strings.HasPrefix(got.Edition, "daily/") || got.Skipped != "" || got.Subject == "" || got.HTMLBytes < 1000 ||
		len(got.Stories) != 1 || !strings.HasPrefix(got.Stories[0].URL, "https://") || got.Stories[0].Title == "" {
		t.Errorf("got %+v, want a mail with a story", got)
	}
	if got := object[preview](n, "digest preview daily --for "+readerAddress(1)); got.Skipped != "nothing-new" || len(got.Stories) != 0 {
		t.Errorf("got %+v, want nothing new", got)
	}
	n.must("digest", "preview", "daily", "--for", readerAddress(0), "--output", "csv").want(t, 0, `^edition,kind,due_at,skipped,subject,stories,.*\ndaily/.* <https://.*>`)
	n.must("digest", "preview", "daily", "--for", readerAddress(0), "--output", "json", "--html", "-").want(t, 0, `^<!`)
}

func TestDryRunsAsJSON(t *testing.T) {
	t.Parallel()
	n := newStructuredRoom(t)
	type dry struct {
		Digest     string
		Due        int
		WouldGet   int `json:"would_get"`
		Skipped    map[string]int
		Selections int
		Stories    map[string]int
		Cohorts    []struct{ Zone, Slot string }
	}
	for _, args := range []string{"digest plan daily --dry-run", "digest send daily --now --dry-run"} {
		got := object[dry](n, args)
		if got.Digest != "daily" || got.Due != 2 || got.WouldGet != 1 || got.Skipped["nothing-new"] != 1 || got.Selections != 1 ||
			got.Stories["1"] != 1 || len(got.Cohorts) != 1 || got.Cohorts[0].Slot == "" {
			t.Errorf("%s: got %+v", args, got)
		}
		n.must(append(split(args), "--output", "csv")...).want(t, 0, `^zone,hour,slot,due_at,due,would_get\n`)
		n.must(split(args)...).want(t, 0, `^daily: 2 readers would be due, 1 would get a digest\n  1 skipped: nothing-new\n1 distinct selection, the largest of 1 story with .*\n      1 story: 1 reader\n`)
	}
	found := object[[]struct {
		Source, Title, URL string
		Topics             []string
	}](n, "source fetch --dry-run")
	if len(found) == 0 || found[0].Source != "site-feed" || found[0].Title == "" || found[0].Topics == nil {
		t.Errorf("got %+v of the source", found)
	}
}

// TestUnknownEditionsAreNamed: whoever misspells one is told where to look.
func TestUnknownEditionsAreNamed(t *testing.T) {
	t.Parallel()
	n := newStructuredRoom(t)
	const want = `there is no edition daily/2020-01-01: see broadsheet edition list`
	var steps []step
	for _, args := range []string{
		"delivery list --edition daily/2020-01-01", "delivery show daily/2020-01-01 " + readerAddress(0),
		"delivery retry daily/2020-01-01", "delivery retry daily/2020-01-01 --dry-run",
		"delivery resolve daily/2020-01-01 --as sent", "delivery resolve daily/2020-01-01 --as sent --dry-run",
	} {
		steps = append(steps, step{args: args, code: 1, stderr: want})
	}
	n.steps(steps)
}
