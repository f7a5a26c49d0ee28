package ingest_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

// pagesDir holds news pages of others and the text that is in them. Where it is
// not there, the tests have nothing to measure.
const pagesDir = "../../../shared/corpora/pages"

// corpusPage is a page of the corpus and what is expected of it.
type corpusPage struct {
	Name string
	HTML []byte
	URL  string `json:"url"`
	Body string `json:"articleBody"`
}

func corpusPages(t testing.TB) []corpusPage {
	t.Helper()
	truth, err := os.ReadFile(filepath.Join(pagesDir, "ground-truth.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var pages map[string]corpusPage
	if err == nil {
		err = json.Unmarshal(truth, &pages)
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []corpusPage
	for name, page := range pages {
		page.Name, page.HTML = name, gunzipped(t, filepath.Join(pagesDir, "html", name+".html.gz"))
		out = append(out, page)
	}
	return out
}

func gunzipped(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestReadPageOnCorpus measures the text as the makers of the corpus do: the
// words in rows of four, how many of ours are right (precision) and how many
// of theirs we have (recall), both averaged over the pages.
func TestReadPageOnCorpus(t *testing.T) {
	pages := corpusPages(t)
	if pages == nil {
		t.Log("the corpora are not there")
		return
	}
	var precision, recall float64
	fields := map[string]int{}
	for _, page := range pages {
		in, _, err := ingest.ReadPage(page.HTML, "text/html", page.URL, ingest.PageOptions{})
		if err != nil {
			t.Errorf("%s: %v", page.URL, err)
			continue
		}
		p, r := compareTexts(page.Body, in.Body)
		if p < 0.9 || r < 0.9 {
			t.Logf("precision %.3f, recall %.3f: %s", p, r, page.URL)
		}
		precision, recall = precision+p, recall+r
		countFields(fields, in)
	}
	precision, recall = precision/float64(len(pages)), recall/float64(len(pages))
	f1 := 2 * precision * recall / (precision + recall)
	t.Logf("%d pages: precision %.4f, recall %.4f, F1 %.4f", len(pages), precision, recall, f1)
	t.Logf("fields: %v", fields)
	if f1 < 0.98 {
		t.Errorf("F1 %.4f, want 0.98 at least", f1)
	}
	for field, floor := range map[string]int{
		"headline": 61, "canonical": 61, "picture": 57 /* three have http pictures only */, "summary": 61, "published": 56, "author": 50, "modified": 49, "language": 56, "site name": 57, "categories": 45, "paid": 4,
	} {
		if fields[field] < floor {
			t.Errorf("%d pages have a %s, want %d at least", fields[field], field, floor)
		}
	}
}

func countFields(fields map[string]int, in digest.Incoming) {
	for field, has := range map[string]bool{
		"headline": in.Title != "", "canonical": in.URL != "", "picture": in.ImageURL != "", "summary": in.Summary != "", "published": !in.PublishedAt.IsZero(),
		"modified": !in.ModifiedAt.IsZero(), "author": in.Author != "", "language": in.Language != "", "site name": in.SiteName != "",
		"categories": len(in.Categories) > 0, "paid": in.Access == digest.AccessPaid,
	} {
		if has {
			fields[field]++
		}
	}
}

var corpusWord = regexp.MustCompile(`[\p{L}\p{N}_]+`)

// shingles counts the rows of four words in a text.
func shingles(text string) map[string]int {
	words := corpusWord.FindAllString(text, -1)
	counts := map[string]int{}
	for i := range max(1, len(words)-3) {
		if row := strings.Join(words[i:min(i+4, len(words))], " "); row != "" {
			counts[row]++
		}
	}
	return counts
}

func compareTexts(want, got string) (precision, recall float64) {
	wanted, found := shingles(want), shingles(got)
	right, missed, wrong := 0, 0, 0
	for row, n := range wanted {
		right += min(n, found[row])
		missed += max(0, n-found[row])
	}
	for row, n := range found {
		wrong += max(0, n-wanted[row])
	}
	if right == 0 {
		return 0, 0
	}
	return float64(right) / float64(right+wrong), float64(right) / float64(right+missed)
}

func BenchmarkReadPage(b *testing.B) {
	pages := corpusPages(b)
	if pages == nil {
		pages = []corpusPage{{HTML: []byte(pageWith("<title>Bridge reopens</title>", strings.Repeat("<p>"+strings.Join(storyText, "</p><p>")+"</p>", 20))), URL: pageAddress}}
	}
	size := 0
	for _, page := range pages {
		size += len(page.HTML)
	}
	b.SetBytes(int64(size / len(pages)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		page := pages[i%len(pages)]
		if _, _, err := ingest.ReadPage(page.HTML, "text/html", page.URL, ingest.PageOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
