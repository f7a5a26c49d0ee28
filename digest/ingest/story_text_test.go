package ingest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/text")

func textOptions(t *testing.T) ingest.TextOptions {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return ingest.TextOptions{Zone: zone, Now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Language: "en"}
}

// drawText writes down a story and what was taken for what.
func drawText(in digest.Incoming, taken []ingest.Taken, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	} else {
		fmt.Fprintf(&b, "guid: %s\nurl: %s\ntitle: %s\nsummary: %s\nauthor: %s\nsite: %s\ncategories: %q\npublished: %s\nmodified: %s\nembargo: %s\nbody:\n%s\n",
			in.GUID, in.URL, in.Title, in.Summary, in.Author, in.SiteName, in.Categories, drawTime(in.PublishedAt), drawTime(in.ModifiedAt), drawTime(in.EmbargoUntil), in.Body)
	}
	b.WriteString("\ntaken:\n")
	for _, part := range taken {
		fmt.Fprintf(&b, "%s [%s] %s\n", part.As, part.From, part.Text)
	}
	return b.String()
}

func drawTime(at time.Time) string {
	if at.IsZero() {
		return "unknown"
	}
	return at.Format(time.RFC3339)
}

// firstDifference returns the first line that two texts do not share, "" if
// they are the same.
func firstDifference(got, want string) string {
	if got == want {
		return ""
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			return fmt.Sprintf("line %d is %q, want %q", i+1, gotLines[i], wantLines[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(gotLines), len(wantLines))
}

func TestReadTextGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/text/*.txt")
	if err != nil || len(files) < 6 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := drawText(ingest.ReadText(text, textOptions(t)))
			golden := strings.TrimSuffix(file, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if line := firstDifference(got, string(want)); line != "" {
				t.Errorf("%s differs: %s", golden, line)
			}
		})
	}
}
