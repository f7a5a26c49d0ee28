package ingest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/ingest"
)

func TestReadPageRefusesNestedTags(t *testing.T) {
	page := []byte(strings.Repeat("<div>", 20_000))
	least := time.Hour // of many, for the machine may be busy
	for try := 0; try < 5 || least > slower*50*time.Millisecond && try < 50; try++ {
		begun := time.Now()
		_, _, err := ingest.ReadPage(page, "text/html", pageAddress, ingest.PageOptions{})
		least = min(least, time.Since(begun))
		if err == nil || !strings.Contains(err.Error(), "nested deeper than 512") {
			t.Fatalf("error %v, want one that says what is wrong with the page", err)
		}
	}
	t.Logf("%d KB refused in %s", len(page)>>10, least)
	if least > slower*50*time.Millisecond {
		t.Errorf("took %s, want 50 ms at most", least)
	}
}

// counted repeats a text with a number in it.
func counted(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// hostilePages are made to take a parser's time or memory. All are megabytes long,
// but under race.
func hostilePages() map[string]string {
	repeat := strings.Repeat
	often := func(s string, n int) string { return repeat(s, n/smaller) }
	return map[string]string{
		"nested and closed":        often(repeat("<div>", 480)+"x"+repeat("</div>", 480), 40),
		"letters made bold anew":   "<p>" + counted(400, "<b id=%d>") + "</p>" + often("<p>x", 15_000),
		"links within links":       counted(20_000/smaller, "<a href=%d>x"),
		"text in pieces":           often("a</x>", 1<<20),
		"text in a table":          "<table>" + often("some words outside of any cell<tr>", 300_000),
		"10 MB of text":            often("word, ", 10<<20/6),
		"10 MB of paragraphs":      often("<p>The quick brown fox jumps over the lazy dog, and on.</p>", 180_000),
		"an attribute of 10 MB":    `<p class="` + often("a ", 5<<20) + `">x`,
		"many attributes":          "<p " + counted(200_000/smaller, "a%d=b ") + ">x",
		"scripts without an end":   often("<script>x", 1<<20),
		"drawings without an end":  often("<svg><p>", 1<<20),
		"comments":                 often("a<!-- -->", 1<<20),
		"many scripts of JSON-LD":  often(linked(`{"@type":"NewsArticle","headline":"x"}`), 100_000),
		"nested JSON-LD":           linked(often(`{"@graph":[`, 150_000)),
		"JSON-LD of quotes":        linked(`{"a":"` + often(`" "`, 600_000)),
		"JSON-LD of open ends":     linked(`{"a":` + often(`",`+repeat(" ", 1000), 2000)),
		"nested items":             repeat("<div itemscope itemprop=author class=byline>", 500) + often("<p>x", 15_000),
		"figures with many sizes":  often("<figure><img src=a.jpg srcset='"+repeat("a.jpg 100w, ", 600)+"'><figcaption>(Photo: x</figcaption></figure>", 600),
		"meta elements":            often("<meta property=og:image content=https://e.example/a.jpg>", 100_000),
		"angle brackets":           often("<", 4<<20),
		"paragraphs in deep boxes": often(repeat("<div>", 400)+repeat("<p>a, b, c, d, some text that is long enough", 40)+repeat("</div>", 400), 40),
	}
}

// TestReadPageHostile holds what reading a page takes to bounds far above what
// it takes on a quiet machine, which is 2 s at most, and far below what a page
// without limits takes.
func TestReadPageHostile(t *testing.T) {
	const longest, most = slower * 30 * time.Second, 1 << 30
	for name, page := range hostilePages() {
		page := []byte("<html><head><title>A headline of a story</title></head><body>" + page)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun := time.Now()
		in, _, err := ingest.ReadPage(page, "text/html", pageAddress, ingest.PageOptions{})
		ingest.PageLinks(page, "text/html", pageAddress)
		took := time.Since(begun)
		runtime.ReadMemStats(&after)
		allocated := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d KB in %s, %d MB allocated, %v", name, len(page)>>10, took.Round(time.Millisecond), allocated>>20, err)
		if took > longest || allocated > most {
			t.Errorf("%s: took %s and %d MB", name, took, allocated>>20)
		}
		if err == nil && len(in.Body) > 4*ingest.MaxBody {
			t.Errorf("%s: body of %d bytes", name, len(in.Body))
		}
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(pageWith("<title>Bridge reopens</title>"+linked(`{"@type":"NewsArticle","headline":"Bridge "reopens","author":[{"name":"Jane"},]`), "")), "text/html")
	f.Add([]byte(`<html lang=de><meta property=og:title content=x><table><tr><td><a href=/a/b-c-d-e>x</a><svg><p>`), "text/html; charset=utf-16")
	f.Add([]byte("<title>x</title><p itemscope itemtype=Article itemprop=headline>\xff\x00<figure><img srcset='a 1w, b'>"), "")
	f.Fuzz(func(t *testing.T, page []byte, contentType string) {
		in, _, err := ingest.ReadPage(page, contentType, pageAddress, ingest.PageOptions{})
		if err == nil && (in.Title == "" || in.URL == "") {
			t.Errorf("a story without headline or URL: %+v", in)
		}
		feeds, articles := ingest.PageLinks(page, contentType, pageAddress)
		for _, article := range articles {
			if canonical, err := ingest.CanonicalURL(article); err != nil || canonical != article {
				t.Errorf("%q is not canonical: %q, %v", article, canonical, err)
			}
		}
		if len(feeds) > 20 || len(articles) > 200 {
			t.Errorf("%d feeds and %d articles", len(feeds), len(articles))
		}
	})
}

func FuzzReadLinkedData(f *testing.F) {
	f.Add(`{"@type":"NewsArticle","headline":"Bridge "reopens", "x":[1,],}`)
	f.Add(`<!--{"@graph":[{"@id":"a"},{"@type":["Article"],"author":{"@id":"a"}}`)
	f.Fuzz(func(t *testing.T, script string) {
		in, _, err := ingest.ReadPage([]byte(pageWith("<title>Bridge reopens</title>"+linked(script), "")), "text/html; charset=utf-8", pageAddress, ingest.PageOptions{})
		if err == nil && in.Title == "" {
			t.Error("a story without a headline")
		}
	})
}
