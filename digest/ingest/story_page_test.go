package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

const pageAddress = "https://courier.example/world/2026/11/23/harbour-bridge-reopens"

// storyText are paragraphs enough for a story.
var storyText = []string{
	"The harbour bridge reopened on Monday after fourteen months of repairs, and the first trams crossed it before dawn.",
	"Engineers replaced three of the seven bearings, which had rusted through in the winter storms of two years ago.",
	"The mayor said that the work had cost less than planned, and that the toll would not rise before the next election.",
}

// pageWith is a page of a story with a head and something more in its body.
func pageWith(head, more string) string {
	return "<!DOCTYPE html><html><head>" + head + "</head><body><article>" + more + "<p>" + strings.Join(storyText, "</p><p>") + "</p></article></body></html>"
}

// linked is a script with JSON-LD.
func linked(json string) string {
	return `<script type="application/ld+json">` + json + `</script>`
}

func readPage(t *testing.T, page string) (digest.Incoming, []ingest.Taken) {
	t.Helper()
	in, taken, err := ingest.ReadPage([]byte(page), "text/html; charset=utf-8", pageAddress, ingest.PageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return in, taken
}

// from says where a part of a page was found, "" if it was not.
func from(taken []ingest.Taken, as string) string {
	for _, part := range taken {
		if part.As == as {
			return part.From
		}
	}
	return ""
}

func TestReadPageOfNewsArticle(t *testing.T) {
	page := pageWith(`<title>Harbour bridge reopens | City Courier</title>
<link rel="canonical" href="/world/2026/11/23/harbour-bridge-reopens?utm_source=x">`+linked(`{
 "@context": "https://schema.org", "@type": "NewsArticle",
 "headline": "Harbour bridge reopens after &amp;#8216;fourteen long months&amp;#8217;",
 "description": "The first trams crossed before dawn.",
 "author": [{"@type": "Person", "name": "Jane Doe"}, {"@type": "Person", "name": "By John Roe"}],
 "datePublished": "2026-11-23T07:30:00+01:00", "dateModified": "2026-11-23T09:00:00Z",
 "articleSection": ["World", "Transport"], "keywords": "bridges, trams",
 "image": {"@type": "ImageObject", "url": "/img/bridge.jpg", "width": 1200, "height": "675", "caption": "The bridge at dawn", "creditText": "Ann Lee"},
 "inLanguage": "en-us", "isAccessibleForFree": "False",
 "publisher": {"@type": "Organization", "name": "City Courier"},
 "mainEntityOfPage": {"@type": "WebPage", "@id": "https://courier.example/world/2026/11/23/harbour-bridge-reopens"}}`), "")
	got, taken := readPage(t, page)
	want := digest.Incoming{
		URL:         pageAddress,
		Title:       "Harbour bridge reopens after ‘fourteen long months’",
		Summary:     "The first trams crossed before dawn.",
		Body:        strings.Join(storyText, "\n\n"),
		Author:      "Jane Doe, John Roe",
		ImageURL:    "https://courier.example/img/bridge.jpg",
		ImageAlt:    "The bridge at dawn",
		ImageWidth:  1200,
		ImageHeight: 675,
		ImageCredit: "Ann Lee",
		SiteName:    "City Courier",
		Language:    "en-US",
		Categories:  []string{"World", "Transport", "bridges", "trams"},
		PublishedAt: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC),
		ModifiedAt:  time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
		Access:      digest.AccessPaid,
	}
	compareStories(t, got, want)
	for as, want := range map[string]string{
		"headline": "json-ld headline", "summary": "json-ld description", "author": "json-ld author", "published": "json-ld datePublished",
		"modified": "json-ld dateModified", "section": "json-ld articleSection", "keyword": "json-ld keywords", "picture": "json-ld image",
		"picture alt": "json-ld image", "picture credit": "json-ld image", "language": "json-ld inLanguage", "access": "json-ld isAccessibleForFree",
		"site name": "json-ld publisher", "canonical": "link canonical", "body": "page",
	} {
		if got := from(taken, as); got != want {
			t.Errorf("%s was taken from %q, want %q", as, got, want)
		}
	}
}

// compareStories reports the fields in which two stories differ.
func compareStories(t *testing.T, got, want digest.Incoming) {
	t.Helper()
	for _, field := range []struct{ name, got, want string }{
		{"URL", got.URL, want.URL}, {"Title", got.Title, want.Title}, {"Summary", got.Summary, want.Summary}, {"Body", got.Body, want.Body},
		{"Author", got.Author, want.Author}, {"ImageURL", got.ImageURL, want.ImageURL}, {"ImageAlt", got.ImageAlt, want.ImageAlt},
		{"ImageCredit", got.ImageCredit, want.ImageCredit}, {"SiteName", got.SiteName, want.SiteName}, {"Language", got.Language, want.Language},
		{"Access", string(got.Access), string(want.Access)}, {"Categories", strings.Join(got.Categories, "|"), strings.Join(want.Categories, "|")},
		{"PublishedAt", got.PublishedAt.String(), want.PublishedAt.String()}, {"ModifiedAt", got.ModifiedAt.String(), want.ModifiedAt.String()},
	} {
		if field.got != field.want {
			t.Errorf("%s = %q, want %q", field.name, field.got, field.want)
		}
	}
	if got.ImageWidth != want.ImageWidth || got.ImageHeight != want.ImageHeight {
		t.Errorf("picture is %d x %d, want %d x %d", got.ImageWidth, got.ImageHeight, want.ImageWidth, want.ImageHeight)
	}
}

func TestReadPageOfOtherMetadata(t *testing.T) {
	for name, test := range map[string]struct {
		head, more string
		want       digest.Incoming
		from       string // of the headline
	}{
		"OpenGraph": {
			head: `<meta property="og:title" content="Harbour bridge reopens - City Courier"><meta property="og:site_name" content="City Courier">
<meta property="og:description" content="The first trams crossed."><meta property="og:url" content="https://www.courier.example/bridge?fbclid=1">
<meta property="og:image" content="https://img.example/b.jpg"><meta property="og:image:width" content="1200"><meta property="og:image:height" content="630">
<meta property="og:image:alt" content="The bridge"><meta property="og:locale" content="en_GB"><meta property="article:published_time" content="2026-11-23T06:30:00Z">
<meta property="article:modified_time" content="2026-11-23T07:30:00Z"><meta property="article:section" content="World"><meta property="article:tag" content="Bridges">
<meta property="article:tag" content="Trams"><meta property="article:author" content="https://facebook.example/jane"><meta name="author" content="By Jane Doe">
<meta property="article:content_tier" content="metered">`,
			want: digest.Incoming{URL: "https://www.courier.example/bridge", Title: "Harbour bridge reopens", Summary: "The first trams crossed.", Author: "Jane Doe",
				ImageURL: "https://img.example/b.jpg", ImageAlt: "The bridge", ImageWidth: 1200, ImageHeight: 630, SiteName: "City Courier", Language: "en-GB",
				Categories: []string{"World", "Bridges", "Trams"}, PublishedAt: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC),
				ModifiedAt: time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC), Access: digest.AccessPaid},
			from: "og:title",
		},
		"Twitter and Dublin Core": {
			head: `<meta name="twitter:title" content="Harbour bridge reopens"><meta name="twitter:image" content="//img.example/t.png"><meta name="twitter:image:alt" content="A tram">
<meta name="DC.creator" content="Jane Doe"><meta name="DC.date.issued" content="2026-11-23T06:30:00Z"><meta name="DC.description" content="Trams cross again.">
<meta name="DC.language" content="en"><meta name="DC.publisher" content="City Courier"><meta name="keywords" content="bridges; trams">`,
			want: digest.Incoming{URL: pageAddress, Title: "Harbour bridge reopens", Summary: "Trams cross again.", Author: "Jane Doe", ImageURL: "https://img.example/t.png",
				ImageAlt: "A tram", SiteName: "City Courier", Language: "en", Categories: []string{"bridges", "trams"}, PublishedAt: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC)},
			from: "twitter:title",
		},
		"microdata": {
			more: `<div itemscope itemtype="https://schema.org/NewsArticle"><h2 itemprop="headline">Harbour bridge reopens</h2><meta itemprop="description" content="Trams cross again.">
<span itemprop="author" itemscope itemtype="https://schema.org/Person"><span itemprop="name">Jane Doe</span></span><time itemprop="datePublished" datetime="2026-11-23T06:30:00Z">Monday</time>
<a itemprop="articleSection" href="/world">World</a><img itemprop="image" src="/img/m.jpg"><div itemprop="publisher" itemscope><meta itemprop="name" content="City Courier"><meta itemprop="articleSection" content="Not the story's"></div></div>`,
			want: digest.Incoming{URL: pageAddress, Title: "Harbour bridge reopens", Summary: "Trams cross again.", Author: "Jane Doe", ImageURL: "https://courier.example/img/m.jpg",
				SiteName: "City Courier", Categories: []string{"World"}, PublishedAt: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC)},
			from: "itemprop headline",
		},
		"nothing but HTML": {
			head: `<title>Harbour bridge reopens — Courier</title><meta name="description" content="Trams cross again.">`,
			more: `<p class="byline">By <a rel="author" href="/jane">Jane Doe</a></p><time datetime="2026-11-23T06:30:00Z">Monday</time>`,
			want: digest.Incoming{URL: pageAddress, Title: "Harbour bridge reopens", Summary: "Trams cross again.", Author: "Jane Doe", PublishedAt: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC)},
			from: "title",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, taken := readPage(t, pageWith(test.head, test.more))
			test.want.Body = strings.Join(storyText, "\n\n")
			compareStories(t, got, test.want)
			if got := from(taken, "headline"); got != test.from {
				t.Errorf("headline from %q, want %q", got, test.from)
			}
		})
	}
}

func TestReadPageHeadline(t *testing.T) {
	for name, test := range map[string]struct{ head, more, want string }{
		"site at the end":     {`<title>Bridge reopens | City Courier</title><meta property="og:site_name" content="City Courier">`, "", "Bridge reopens"},
		"site at the start":   {`<title>City Courier: » Bridge reopens</title><meta property="og:site_name" content="City Courier">`, "", "Bridge reopens"},
		"section and site":    {`<title>Bridge reopens - Courier World - Courier</title>`, "", "Bridge reopens"},
		"a dash of its own":   {`<title>Bridge reopens - and trams cross it</title>`, "", "Bridge reopens - and trams cross it"},
		"h1 before title":     {`<title>Bridge reopens | News</title>`, "<h1>Bridge <em>reopens</em></h1>", "Bridge reopens"},
		"site's name as h1":   {`<title>Bridge reopens</title><meta property="og:site_name" content="City Courier">`, "<h1>City Courier</h1>", "Bridge reopens"},
		"cut for search":      {`<meta property="og:title" content="Bridge reopens after fourteen…"><title>x</title>`, "<h1>Bridge reopens after fourteen months</h1>", "Bridge reopens after fourteen months"},
		"cut, but of another": {`<meta property="og:title" content="Bridge reopens after…">`, "<h1>Trams are late again this week, says the mayor</h1>", "Bridge reopens after…"},
		"entities in a text":  {`<meta property="og:title" content="Tom &amp;amp; Ann&amp;rsquo;s bridge">`, "", "Tom & Ann’s bridge"},
		"a tag that is meant": {`<title>x</title>`, "<h1>Why &lt;b&gt; is bold</h1>", "Why <b> is bold"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := readPage(t, pageWith(test.head, test.more)); got.Title != test.want {
				t.Errorf("headline %q, want %q", got.Title, test.want)
			}
		})
	}
}

func TestReadPageURL(t *testing.T) {
	for name, test := range map[string]struct{ head, address, want string }{
		"canonical":              {`<link rel="canonical" href="https://courier.example/a">`, pageAddress, "https://courier.example/a"},
		"og:url":                 {`<meta property="og:url" content="https://m.courier.example/a">`, pageAddress, "https://m.courier.example/a"},
		"of another site":        {`<link rel="canonical" href="https://wire.example/a">`, pageAddress, pageAddress},
		"of another public name": {`<link rel="canonical" href="https://b.github.io/a">`, "https://a.github.io/a", "https://a.github.io/a"},
		"the home page":          {`<link rel="canonical" href="https://courier.example/">`, pageAddress, pageAddress},
		"not a web address":      {`<link rel="canonical" href="javascript:x">`, pageAddress, pageAddress},
		"relative to a base":     {`<base href="/world/"><link rel="canonical" href="a">`, pageAddress, "https://courier.example/world/a"},
		"a file":                 {`<link rel="canonical" href="https://wire.example/a">`, "", "https://wire.example/a"},
	} {
		t.Run(name, func(t *testing.T) {
			in, _, err := ingest.ReadPage([]byte(pageWith("<title>Bridge reopens</title>"+test.head, "")), "", test.address, ingest.PageOptions{})
			if err != nil || in.URL != test.want {
				t.Errorf("URL %q (%v), want %q", in.URL, err, test.want)
			}
		})
	}
	_, _, err := ingest.ReadPage([]byte(pageWith("<title>Bridge reopens</title>", "")), "", "", ingest.PageOptions{})
	var problems ingest.FieldErrors
	if !errors.As(err, &problems) {
		t.Errorf("a page without any address: %v, want FieldErrors", err)
	}
}

func TestReadPageBody(t *testing.T) {
	page := pageWith(`<title>Bridge reopens</title>`, `<h1>Bridge reopens</h1><p>By Jane Doe</p><p>Published 23 November 2026, 07:30</p>`)
	more := `<h2>What it cost</h2><p>The toll will stay &lt;as it is&gt;, the mayor said, at least until the next council has met &amp; voted on it.</p>` +
		`<figure><img src="/a.jpg"><figcaption>The bridge (Photo: Ann Lee)</figcaption></figure><div class="newsletter-box"><p>Sign up for our newsletter and never miss a story again.</p></div>` +
		`<p><a href="/b">READ MORE: Trams are late again</a></p><p>Repairs to the second bridge will begin in the spring, when the river is low and trams are empty.</p>` +
		`<p>Advertisement</p><h3>Related stories</h3><ul><li><a href="/c">Another story about a bridge</a></li><li><a href="/d">A third one about trams</a></li></ul>`
	got, taken := readPage(t, strings.Replace(page, "</article>", more+"</article>", 1))
	want := slices.Concat(storyText, []string{"What it cost", "The toll will stay <as it is>, the mayor said, at least until the next council has met & voted on it.",
		"Repairs to the second bridge will begin in the spring, when the river is low and trams are empty."})
	if got.Body != strings.Join(want, "\n\n") {
		t.Errorf("body:\n%s\nwant:\n%s", got.Body, strings.Join(want, "\n\n"))
	}
	for _, text := range []string{"By Jane Doe", "READ MORE: Trams are late again", "Advertisement", "Related stories"} {
		if !slices.ContainsFunc(taken, func(part ingest.Taken) bool { return part.As == "furniture" && part.Text == text }) {
			t.Errorf("%q is not among what was left out", text)
		}
	}
}

func TestReadPageBodyOfBrokenHTML(t *testing.T) {
	for name, more := range map[string]string{
		"a drawing without an end": `<svg><path d="M0 0">`, "a script without its type": `<script>document.write("<p>no</p>")</script>`, "an attribute of 20 KB": `<div data-x="` + strings.Repeat("x", 20<<10) + `" class="text">`,
		"ends without beginnings": `</div></span></b></p>`, "a row without a table": `<tr><td>`, "a second body": `<html><head></head><body class="x">`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := readPage(t, pageWith("<title>Bridge reopens</title>", more)); got.Body != strings.Join(storyText, "\n\n") {
				t.Errorf("body %q", got.Body)
			}
		})
	}
}

func TestReadPageBodyOfLinkedData(t *testing.T) {
	whole := strings.Join(slices.Concat(storyText, storyText), `\n`)
	got, taken := readPage(t, pageWith(linked(`{"@type":"NewsArticle","headline":"Bridge reopens","articleBody":"`+whole+`"}`), ""))
	if want := strings.Join(slices.Concat(storyText, storyText), "\n\n"); got.Body != want || from(taken, "body") != "json-ld articleBody" {
		t.Errorf("body from %s:\n%s\nwant:\n%s", from(taken, "body"), got.Body, want)
	}
	escaped := "&lt;p&gt;" + strings.Join(slices.Concat(storyText, storyText), "&lt;/p&gt;&lt;p&gt;") + "&lt;/p&gt;"
	got, _ = readPage(t, pageWith(linked(`{"@type":"NewsArticle","headline":"Bridge reopens","articleBody":"`+escaped+`"}`), ""))
	if want := strings.Join(slices.Concat(storyText, storyText), "\n\n"); got.Body != want {
		t.Errorf("body of escaped HTML:\n%s\nwant:\n%s", got.Body, want)
	}
	got, taken = readPage(t, pageWith(linked(`{"@type":"LiveBlogPosting","headline":"Bridge reopens, live","liveBlogUpdate":[`+
		`{"@type":"BlogPosting","headline":"First tram","articleBody":"<p>`+strings.Join(storyText, "</p><p>")+`</p>"},{"headline":"Second tram","articleBody":"`+whole+`"}]}`), ""))
	if !strings.HasPrefix(got.Body, "First tram\n\n"+storyText[0]) || !strings.Contains(got.Body, "\n\nSecond tram\n\n") || from(taken, "body") != "json-ld articleBody" {
		t.Errorf("body of a live blog from %s:\n%s", from(taken, "body"), got.Body)
	}
}

func TestReadPageDates(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	head := `<title>Bridge reopens</title><meta name="date" content="soon"><meta property="article:modified_time" content="2026-11-22T07:30:00Z">` +
		`<meta name="pubdate" content="23. November 2026, 07:30 Uhr">`
	in, taken, err := ingest.ReadPage([]byte(pageWith(head, "")), "", pageAddress, ingest.PageOptions{Zone: berlin, Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC); !in.PublishedAt.Equal(want) || !in.ModifiedAt.IsZero() {
		t.Errorf("published %s, modified %s, want %s and none, for nothing is modified before it is published", in.PublishedAt, in.ModifiedAt, want)
	}
	if from(taken, "published") != "pubdate" || from(taken, "published not understood") != "date" {
		t.Errorf("taken: %v", taken)
	}
}

func TestReadPageCharset(t *testing.T) {
	page := strings.Replace(pageWith(`<meta charset="windows-1252"><title>The mayor's caf`+"\xe9"+`</title>`, ""), "harbour", "H\xe4fen", 1)
	in, _, err := ingest.ReadPage([]byte(page), "text/html", pageAddress, ingest.PageOptions{})
	if err != nil || in.Title != "The mayor's café" || !strings.HasPrefix(in.Body, "The Häfen bridge") {
		t.Errorf("title %q, body %q, %v", in.Title, in.Body, err)
	}
}
