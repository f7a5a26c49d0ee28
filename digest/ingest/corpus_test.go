package ingest_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"broadsheet/digest/ingest"
)

// corpusDir holds feeds of others, each with what is expected of it in its
// first comment. Where it is not there, the test has nothing to measure.
const corpusDir = "../../../shared/corpora/feeds"

var (
	corpusHeader = regexp.MustCompile(`(?m)^Header:\s+Content-type:\s*(.*)$`)
	corpusTitle  = regexp.MustCompile(`(?m)^Expect:.*feed\['title'\] == '((?:[^'\\]|\\.)*)'`)
)

func TestParseFeedOnCorpus(t *testing.T) {
	if _, err := os.Stat(corpusDir); errors.Is(err, os.ErrNotExist) {
		t.Log("the corpora are not there")
		return
	}
	for folder, floor := range map[string]int{"encoding": 42, "illformed": 4, "entities": 125} {
		var files []string
		err := filepath.WalkDir(filepath.Join(corpusDir, folder), func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		good := 0
		for _, file := range files {
			if problem := corpusProblem(t, file); problem != "" {
				t.Logf("%s: %s", file, problem)
			} else {
				good++
			}
		}
		t.Logf("%s: %d of %d", folder, good, len(files))
		if good < floor {
			t.Errorf("%s: %d of %d feeds read, want %d", folder, good, len(files), floor)
		}
	}
}

// corpusProblem says why a feed of the corpus is not read, or not with the
// title that is expected.
func corpusProblem(t *testing.T, file string) string {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plain := string(bytes.ReplaceAll(body, []byte{0}, nil))
	contentType := ""
	if m := corpusHeader.FindStringSubmatch(plain); m != nil {
		contentType = m[1]
	}
	feed, err := ingest.ParseFeed(body, contentType, "http://127.0.0.1:8097/feed.xml")
	if err != nil {
		return err.Error()
	}
	if m := corpusTitle.FindStringSubmatch(plain); m != nil {
		want, err := strconv.Unquote(`"` + pythonEscapes(m[1]) + `"`)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if want = ingest.PlainText(want); feed.Title != want {
			return "title " + strconv.Quote(feed.Title) + ", want " + strconv.Quote(want)
		}
	}
	return ""
}

// pythonEscapes writes \xe2, which is a character to Python, as Go does.
func pythonEscapes(s string) string {
	return strings.ReplaceAll(s, `\x`, `\u00`)
}
