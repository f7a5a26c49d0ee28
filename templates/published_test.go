package templates_test

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

func editionPage(t testing.TB) *templates.EditionPage {
	d := daily(3)
	d.Public, d.ReaderName, d.Unsubscribe, d.Preferences = true, "", "", ""
	return &templates.EditionPage{
		Site: courier, Digest: "The Morning Courier", HTML: drawHTML(t, d), Title: `Bridge "opens" & <more>`, Description: "What happened.",
		Image: "https://img.courier.example/1.jpg?a=1&b=2", ImageAlt: "A bridge", URL: "https://courier.example/mail/editions/daily/2026-11-23",
		PublishedAt: time.Date(2026, 11, 23, 8, 0, 0, 0, newYork), SubscribeURL: "https://courier.example/mail/subscribe",
		ArchiveURL: "https://courier.example/mail/editions/daily", FeedURL: "https://courier.example/mail/editions/daily/feed.xml",
		BeforeURL: "https://courier.example/mail/editions/daily/2026-11-22",
	}
}

func editionsPage() *templates.EditionsPage {
	at := func(day int) time.Time { return time.Date(2026, 11, day, 7, 0, 0, 0, newYork) }
	return &templates.EditionsPage{
		Site: courier, URL: "https://courier.example/mail/editions", SubscribeURL: "https://courier.example/mail/subscribe",
		FeedURL: "https://courier.example/mail/editions/feed.xml", Page: 1, OlderURL: "https://courier.example/mail/editions?page=2",
		Digests: []templates.EditionsChoice{{URL: "/mail/editions", Chosen: true}, {Name: "The Morning Courier", URL: "/mail/editions/daily"}, {Name: "The Sunday Courier", URL: "/mail/editions/weekly"}},
		Topics:  []templates.EditionsChoice{{URL: "/mail/editions", Chosen: true}, {Name: "City", URL: "/mail/editions?topic=city"}, {Name: "World", URL: "/mail/editions?topic=world"}, {Name: "Culture", URL: "/mail/editions?topic=culture"}},
		Editions: []templates.EditionEntry{
			{Digest: "The Morning Courier", Date: at(23), Headlines: []string{"The harbour bridge opens after nine years", "Council votes on rents tonight", "مهرجان المدينة يعود هذا الصيف"}, URL: "/mail/editions/daily/2026-11-23"},
			{Digest: "The Sunday Courier", Date: at(22), Title: "A letter from the editor", Headlines: []string{"The week in pictures"}, URL: "/mail/editions/weekly/2026-11-22"},
		},
	}
}

func pages(t testing.TB) *templates.Pages {
	t.Helper()
	p, err := templates.LoadPages()
	if err != nil {
		t.Fatal(err)
	}
	return p.WithAssets("/mail/assets/")
}

func TestEditionPage(t *testing.T) {
	var b bytes.Buffer
	page := editionPage(t)
	if err := pages(t).Edition(&b, page); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{
		`<link rel="canonical" href="https://courier.example/mail/editions/daily/2026-11-23">`,
		`<meta property="og:title" content="Bridge &#34;opens&#34; &amp; &lt;more&gt;">`,
		`<meta property="og:image" content="https://img.courier.example/1.jpg?a=1&amp;b=2">`,
		`<meta property="article:published_time" content="2026-11-23T13:00:00Z">`,
		`<link rel="stylesheet" href="/mail/assets/edition.css?v=`,
		`href="https://courier.example/mail/subscribe">Get The Morning Courier by mail</a>`, `rel="prev"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, never := range []string{`name="robots"`, `rel="next"`, "<script", "<form"} {
		if strings.Contains(got, never) {
			t.Errorf("the page has %s", never)
		}
	}
	// What the theme drew is there whole, and in its order.
	head, rest, _ := strings.Cut(page.HTML, "</head>")
	openBody, rest, _ := strings.Cut(rest, "<body")
	attributes, body, _ := strings.Cut(rest, ">")
	body, end, _ := strings.Cut(body, "</body>")
	at := 0
	for _, part := range []string{head, `rel="icon"`, "</head>" + openBody + "<body" + attributes + ">", "web-bar", body, "web-end", "</body>" + end} {
		i := strings.Index(got[at:], part)
		if i < 0 {
			t.Fatalf("%.60q is not there, or not after what is before it", part)
		}
		at += i + len(part)
	}
}

func TestEditionPageOfAMail(t *testing.T) {
	var b bytes.Buffer
	page := editionPage(t)
	page.URL, page.FeedURL, page.Image, page.PublishedAt, page.BeforeURL, page.ArchiveURL = "", "", "", time.Time{}, "", ""
	if err := pages(t).Edition(&b, page); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, `<meta name="robots" content="noindex">`) || strings.Contains(got, "canonical") || strings.Contains(got, "<nav") {
		t.Errorf("got %s", got)
	}
}

func TestEditionPageNeedsADocument(t *testing.T) {
	for _, document := range []string{"", "<p>No document", "<html><body></body></html>", "<html><head></head><p>", "<head></head></body><body>"} {
		page := editionPage(t)
		page.HTML = document
		var b bytes.Buffer
		if err := pages(t).Edition(&b, page); err == nil || b.Len() > 0 {
			t.Errorf("%q was drawn: %q", document, b.String())
		}
	}
}

func TestEditionsPage(t *testing.T) {
	page := editionsPage()
	for _, tt := range []struct{ digest, topic, title string }{
		{"", "", "Past editions"}, {"The Morning Courier", "", "Past editions of The Morning Courier"}, {"", "City", "Past editions about City"},
		{"The Morning Courier", "City", "Past editions of The Morning Courier · City"},
	} {
		page.Digest, page.Topic = tt.digest, tt.topic
		var b bytes.Buffer
		if err := pages(t).Editions(&b, page); err != nil {
			t.Fatal(err)
		}
		checkPage(t, b.String())
		for _, want := range []string{"<h1>" + tt.title + "</h1>", "Monday, November 23, 2026", "Council votes on rents tonight", "A letter from the editor", `rel="next"`} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%q: the page lacks %s", tt.title, want)
			}
		}
	}
}

func TestGonePage(t *testing.T) {
	var b bytes.Buffer
	if err := pages(t).Gone(&b, &templates.GonePage{Site: courier, ArchiveURL: "https://courier.example/mail/editions/daily/2026-11-23"}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "This mail is no longer kept") || !strings.Contains(got, `href="https://courier.example/mail/editions/daily/2026-11-23">Read this edition in the archive`) {
		t.Errorf("got %s", got)
	}
}

// version is what an asset's URL ends with, which changes with its text.
var version = regexp.MustCompile(`\?v=[0-9a-f]+`)

func TestArchivePagesMatchTheGoldenFiles(t *testing.T) {
	p := pages(t)
	document := editionPage(t)
	document.HTML = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>An edition</title>\n</head>\n<body class=\"page\">\n<p>What a theme drew.</p>\n</body>\n</html>\n"
	mail := *document
	mail.URL, mail.FeedURL, mail.Image, mail.PublishedAt, mail.BeforeURL = "", "", "", time.Time{}, ""
	chosen := editionsPage()
	chosen.Digests[0].Chosen, chosen.Topics[0].Chosen, chosen.Digests[1].Chosen, chosen.Topics[1].Chosen = false, false, true, true
	chosen.Digest, chosen.Topic, chosen.Page, chosen.NewerURL = "The Morning Courier", "City", 2, "https://courier.example/mail/editions"
	empty := editionsPage()
	empty.Editions, empty.OlderURL = nil, ""
	for name, draw := range map[string]func(w io.Writer) error{
		"edition":         func(w io.Writer) error { return p.Edition(w, document) },
		"edition-of-mail": func(w io.Writer) error { return p.Edition(w, &mail) },
		"editions":        func(w io.Writer) error { return p.Editions(w, editionsPage()) },
		"editions-chosen": func(w io.Writer) error { return p.Editions(w, chosen) },
		"editions-empty":  func(w io.Writer) error { return p.Editions(w, empty) },
		"gone": func(w io.Writer) error {
			return p.Gone(w, &templates.GonePage{Site: courier, ArchiveURL: editionPage(t).ArchiveURL})
		},
	} {
		var b strings.Builder
		if err := draw(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, "page-"+name+".html", version.ReplaceAllString(b.String(), ""))
	}
}
