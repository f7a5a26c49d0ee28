package ingest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest/ingest"
)

// within fails the test if work is not done after a time that is a hundred
// times what it takes, and a hundredth of what it took when it was quadratic.
func within(t *testing.T, limit time.Duration, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not done after %s", limit)
	}
}

func TestParseFeedOfUnmatchedTagsIsLinear(t *testing.T) {
	group := "<a>" + strings.Repeat("<b></c>", 1000) + "</d>"
	body := "<rss><channel><!-- -- -->" + strings.Repeat(group, 600)
	within(t, 30*time.Second, func() {
		if _, err := ingest.ParseFeed([]byte(body), "", ""); err == nil {
			t.Error("no error, though the parser cannot read it")
		}
	})
}
