package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/ingest"
)

func TestParseFeedMends(t *testing.T) {
	const one, two = "<item><title>One</title><link>https://a.example/1</link></item>", "<item><title>Two</title><link>https://a.example/2</link>"
	rss := func(items string) string {
		return "<rss version='2.0'><channel><title>T</title>" + items + "</channel></rss>"
	}
	for _, c := range []struct {
		name, body string
		want       string // the titles
		note       string // a part of the only note, "" for none
	}{
		{"warnings of a script before", "<br />\n<b>Warning</b>: no such file in <b>/www/feed.php</b><br />\n<?xml version=\"1.0\"?>" + rss(one), "One", "what stands before the feed is left out: \"<br />"},
		{"text before", "\n\nDeprecated: x\n<?xml version=\"1.0\"?>" + rss(one), "One", "what stands before the feed is left out: \"Deprecated: x"},
		{"a stylesheet, a type and a comment before", `<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><!DOCTYPE rss [<!ENTITY % x SYSTEM "http://b.example/">%x;]><!-- c -->` + rss(one), "One", ""},
		{"a script after", rss(one) + "<script>a < b && c</script>", "One", ""},
		{"two feeds", rss(one) + rss(two+"</item>"), "One", ""},
		{"items after the channel", "<rss><channel><title>T</title></channel>" + one + "</rss>", "One", ""},
		{"elements in capitals", strings.ToUpper("<rss><channel><title>T</title><item><title>") + "One</TITLE><LINK>https://a.example/1</LINK></ITEM></CHANNEL></RSS>", "One", ""},
		{"an item without its end", rss("<item><title>One</title><link>https://a.example/1</link>" + two + "</item>"), "One, Two", ""},
		{"an entry without its end", `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>One</title><id>1</id><entry><title>Two</title><id>2</id></entry></feed>`, "One, Two", ""},
		{"signs of comparison", rss(`<item><title>5 < 6 & 7 <= 8</title><link>https://a.example/?a=1&b=2</link></item>`), "5 < 6 & 7 <= 8", ""},
		{"the end of a section that did not begin", rss(`<item><title>a]]> b</title><guid>1</guid></item>`), "a]]> b", ""},
		{"references to no character", rss("<item><title>O&#0;n&#x1f;e&#xD800;&#xFFFFFFFFFF;&#8217;s</title><guid>1</guid></item>"), "One’s", ""},
		{"entities of HTML and of nobody", rss("<item><title>A&nbsp;&mdash; &nobody; &amp; b</title><guid>1</guid></item>"), "A — &nobody; & b", ""},
		{"values without quotes", `<rss version=2.0 xmlns:x = http://x.example/x><channel><item><title>One</title><guid isPermaLink=false>1</guid><enclosure url=https://a.example/a.jpg type=image/jpeg/></item></channel></rss>`, "One", ""},
		{"an attribute twice", strings.Replace(rss(one), "<rss", "<rss version='2.0'", 1), "One", ""},
		{"prefixes that are not declared", rss("<item><title>One</title><guid>1</guid><media:content url='https://a.example/a.jpg'/><dc:creator>Ada</dc:creator></item>"), "One", ""},
		{"control characters", rss("<item><title>O\x00n\x0be</title><guid>1</guid></item>"), "One", ""},
		{"HTML within", rss("<item><title>One <b>bold</b></title><guid>1</guid><description><p>Hi<br>there</description></item>"), "One bold", ""},
		{"cut in a tag", "<rss><channel>" + one + two + `<enclosure url="https://a.`, "One, Two", "the XML is cut off"},
		{"cut in a section", "<rss><channel>" + one + two + "<description><![CDATA[<p>Hello wor", "One, Two", "the XML is cut off"},
		{"cut in a comment", "<rss><channel>" + one + "<!-- so", "One", "the XML is cut off"},
		{"cut in an entity", "<rss><channel>" + one + two + "<description>a &am", "One, Two", "the XML is cut off"},
		{"prefixed Atom", `<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>One</a:title><a:id>1</a:id></a:entry></a:feed>`, "One", ""},
		{"JSON after a guard", ")]}',\n" + `{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "One"}]}`, "One", ""},
		{"JSON with line breaks in text", "{\"items\": [{\"id\": \"1\", \"title\": \"One\n\ttwo\x01\"}]}", "One two", ""},
		{"JSON cut off", `{"items": [{"id": "1", "title": "One }]"}, {"id": "2", "tags": ["a"], "title": "Tw`, "One }]", "the JSON is cut off"},
		{"JSON with a date in numbers", `{"items": [{"id": "1", "title": "One", "date_published": 1795415400}]}`, "One", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			feed, err := ingest.ParseFeed([]byte(c.body), "", "https://a.example/feed")
			if err != nil {
				t.Fatal(err)
			}
			var titles []string
			for _, in := range feed.Items {
				titles = append(titles, in.Title)
			}
			if got := strings.Join(titles, ", "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if len(feed.Notes) > 1 || len(feed.Notes) == 1 != (c.note != "") || !strings.Contains(strings.Join(feed.Notes, ""), c.note) {
				t.Errorf("notes %q, want %q", feed.Notes, c.note)
			}
		})
	}
}

func TestParseFeedReadsDates(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, item          string
		published, modified string // of November 2026, day and time; "" for unknown
		note                string
	}{
		{"pubDate", `<pubDate>Mon, 23 Nov 2026 06:30:00 EST</pubDate>`, "23 11:30", "", ""},
		{"without a zone", `<pubDate>Mon, 23 Nov 2026 06:30:00</pubDate>`, "23 05:30", "", ""},
		{"dc", `<dc:date>2026-11-23T06:30:00+02:00</dc:date>`, "23 04:30", "", ""},
		{"dcterms issued", `<dcterms:issued>2026-11-23T06:30Z</dcterms:issued><dcterms:modified>2026-11-23T08:30Z</dcterms:modified>`, "23 06:30", "23 08:30", ""},
		{"dcterms created", `<dcterms:created>2026-11-23</dcterms:created>`, "22 23:00", "", ""},
		{"dcterms modified alone", `<dcterms:modified>2026-11-23T06:30Z</dcterms:modified>`, "23 06:30", "", ""},
		{"another prefix", `<d:modified xmlns:d="http://purl.org/dc/terms/">2026-11-23T06:30Z</d:modified>`, "23 06:30", "", ""},
		{"Atom's within", `<pubDate>Mon, 23 Nov 2026 06:30:00 GMT</pubDate><atom:updated>2026-11-23T08:30:00Z</atom:updated>`, "23 06:30", "23 08:30", ""},
		{"changed before it was published", `<pubDate>Mon, 23 Nov 2026 06:30:00 GMT</pubDate><atom:updated>2026-11-23T05:30:00Z</atom:updated>`, "23 06:30", "", ""},
		{"the same of Dublin Core", `<pubDate>Mon, 23 Nov 2026 06:30:00 GMT</pubDate><dc:date>2026-11-24T06:30:00Z</dc:date>`, "23 06:30", "", ""},
		{"the second is a date", `<pubDate>soon</pubDate><dc:date>2026-11-23T06:30:00Z</dc:date>`, "23 06:30", "", ""},
		{"neither is a date", `<pubDate>soon</pubDate><dc:date>12/11/2026</dc:date>`, "", "", `the date "soon" is not understood`},
		{"German", `<pubDate>Montag, 23. November 2026, 7:30 Uhr</pubDate>`, "23 06:30", "", ""},
		{"the wrong weekday", `<pubDate>Tue, 23 Nov 2026 06:30:00 GMT</pubDate>`, "23 06:30", "", "it was a Monday, not a Tuesday"},
		{"in the future", `<pubDate>Fri, 27 Nov 2026 06:30:00 GMT</pubDate>`, "27 06:30", "", "is in the future, the story counts as published when it arrives"},
		{"a fast clock", `<pubDate>Tue, 24 Nov 2026 12:05:00 GMT</pubDate>`, "24 12:05", "", ""},
		{"changed in the future", `<pubDate>Mon, 23 Nov 2026 06:30:00 GMT</pubDate><atom:updated>2026-11-25T08:30:00Z</atom:updated>`, "23 06:30", "", "is in the future"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := `<rss xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:atom="http://www.w3.org/2005/Atom"><channel><item><title>A</title><guid>1</guid>` + c.item + `</item></channel></rss>`
			feed, err := ingest.ParseFeedWith([]byte(body), ingest.FeedOptions{Zone: zone(t, "Europe/Berlin"), Now: now})
			if err != nil || len(feed.Items) != 1 {
				t.Fatalf("got %+v, error %v", feed, err)
			}
			in := feed.Items[0]
			if got := novemberTime(in.PublishedAt); got != c.published {
				t.Errorf("published %q, want %q", got, c.published)
			}
			if got := novemberTime(in.ModifiedAt); got != c.modified {
				t.Errorf("modified %q, want %q", got, c.modified)
			}
			if got := strings.Join(feed.Notes, "; "); !strings.Contains(got, c.note) || c.note == "" && got != "" {
				t.Errorf("notes %q, want %q", got, c.note)
			}
		})
	}
}

func novemberTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format("2 15:04")
}

func TestParseFeedAsksForAZoneOnce(t *testing.T) {
	item := "<item><title>A</title><guid>%d</guid><pubDate>2026-11-23 06:30</pubDate></item>"
	feed, err := ingest.ParseFeed([]byte("<rss><channel>"+fmt.Sprintf(item+item, 1, 2)+"</channel></rss>"), "", "")
	if err != nil || len(feed.Items) != 2 {
		t.Fatalf("got %+v, error %v", feed, err)
	}
	if len(feed.Notes) != 1 || !strings.Contains(feed.Notes[0], "give the source its zone") {
		t.Errorf("notes %q, want one that asks for the zone", feed.Notes)
	}
	if got := novemberTime(feed.Items[1].PublishedAt); got != "23 06:30" {
		t.Errorf("published %s, want UTC", got)
	}
}

func TestParseFeedReadsLanguages(t *testing.T) {
	const atom = `<feed xmlns="http://www.w3.org/2005/Atom" %s><entry %s><source><title xml:lang="ja">S</title></source><title %s>A</title><id>1</id></entry><entry><title>B</title><id>2</id></entry></feed>`
	for _, c := range []struct{ name, body, want string }{
		{"of the source", fmt.Sprintf(atom, "", "", ""), "sv sv"},
		{"of the feed", fmt.Sprintf(atom, `xml:lang="de"`, "", ""), "de de"},
		{"of an entry", fmt.Sprintf(atom, `xml:lang="de"`, `xml:lang='fr'`, ""), "fr de"},
		{"of a title", fmt.Sprintf(atom, `xml:lang="de"`, "", `type="text" xml:lang="pt_br"`), "pt-BR de"},
		{"not a language", fmt.Sprintf(atom, `xml:lang="de"`, `xml:lang="deutsch, bitte"`, ""), "de de"},
		{"of RSS", `<rss xml:lang="it"><channel><item xml:lang="es"><title>A</title><guid>1</guid></item><item><title>B</title><guid>2</guid></item></channel></rss>`, "es it"},
		{"declared and marked", `<rss xml:lang="it"><channel><language>nl</language><item><title>A</title><guid>1</guid></item></channel></rss>`, "nl"},
		{"not a language of the channel", `<rss><channel><language>english please</language><item><title>A</title><guid>1</guid></item></channel></rss>`, "sv"},
		{"of JSON", `{"language": "da", "items": [{"id": "1", "title": "A", "language": "nb"}, {"id": "2", "title": "B"}]}`, "nb da"},
	} {
		t.Run(c.name, func(t *testing.T) {
			feed, err := ingest.ParseFeedWith([]byte(c.body), ingest.FeedOptions{Language: "sv"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, in := range feed.Items {
				got = append(got, in.Language)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestParseFeedOnCutFiles cuts and scrambles all feeds there are: whatever
// comes of it, it comes at once and is well-formed.
func TestParseFeedOnCutFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.[xj]*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	more, err := filepath.Glob(filepath.Join(corpusDir, "*", "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range slices.Concat(files, more) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range 12 {
			cut := slices.Clone(body[:len(body)*part/12])
			checkSaneFeed(t, file, cut)
			scrambled := slices.Clone(body)
			for i := part * 7; i < len(scrambled); i += 97 {
				scrambled[i] ^= byte(i)
			}
			checkSaneFeed(t, file, scrambled)
		}
	}
}

func checkSaneFeed(t *testing.T, file string, body []byte) {
	t.Helper()
	begun := time.Now()
	feed, err := ingest.ParseFeed(body, "", "https://post.example/feed")
	if took := time.Since(begun); took > slower*5*time.Second {
		t.Errorf("%s: %d bytes took %s", file, len(body), took)
	}
	if err != nil {
		checkPrintable(t, err.Error())
		return
	}
	for _, in := range feed.Items {
		if in.Title == "" || in.URL == "" && in.GUID == "" {
			t.Errorf("%s: item without title or identity: %+v", file, in)
		}
	}
}
