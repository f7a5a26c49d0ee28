package ingest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest/ingest"
)

// within fails the test if work is not done in a time that is many times what
// it takes, and less than what it took when it was quadratic.
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
	body := "<rss><channel><!-- -- -->" + strings.Repeat(group, 600/smaller)
	within(t, 30*time.Second, func() {
		if _, err := ingest.ParseFeed([]byte(body), "", ""); err == nil {
			t.Error("no error, though the parser cannot read it")
		}
	})
}

func TestPlainTextIsLinear(t *testing.T) {
	const size = 1 << 20 / smaller
	harmless := time.Hour // what a text of the same size takes on this machine, at best
	for range 3 {
		begun := time.Now()
		ingest.PlainText(strings.Repeat("<a>Word</a><p>", size/14))
		harmless = min(harmless, time.Since(begun))
	}
	limit := time.Second + 20*harmless
	for _, c := range []struct{ name, part, want string }{
		{"links without words around", "<a>More</a><p>", "A."},
		{"furniture at the end", "Read more.", "A.Read more."},
		{"furniture and cut marks at the end", ". Read more [...]", "A.. Read more"},
		{"lines of WordPress", "The post x appeared on y. ", "A.The post"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := "A." + strings.Repeat(c.part, size/len(c.part))
			within(t, limit, func() {
				if got := ingest.PlainText(in); !strings.HasPrefix(got, c.want) {
					t.Errorf("got %.80q, want it to begin with %q", got, c.want)
				}
			})
		})
	}
}

func TestPlainTextLooksAtAMegabyte(t *testing.T) {
	long := strings.Repeat("ö", 1<<19)
	if got := ingest.PlainText("<p>a" + long + "</p>end"); got != "a"+long[:len(long)-4] {
		t.Errorf("got %d bytes that end in %q, want the whole characters of the first megabyte", len(got), got[len(got)-8:])
	}
	if got := ingest.PlainText(long + "end"); got != long {
		t.Errorf("got %d bytes, want %d", len(got), len(long))
	}
}

func TestPlainTextTakesOffWhatWasWrittenBefore(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a link after a sentence and line breaks", "One.<br><br><a>more</a>", "One."},
		{"a link after a link that was taken off", "One.<a>Read more</a><br><a>more</a>", "One."},
		{"a link after a word", "One<br><a>more</a> <i>two</i><br><a>more</a>", "One\nmore two\nmore"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ingest.PlainText(c.in); got != c.want {
				t.Errorf("PlainText(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}
