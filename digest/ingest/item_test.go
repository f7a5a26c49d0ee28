package ingest_test

import (
	"reflect"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

func TestParseFeedReadsItems(t *testing.T) {
	const (
		rss = `<rss xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
			xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:atom="http://www.w3.org/2005/Atom"
			xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>A</title>ITEM</item></channel></rss>`
		atom = `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/world/"><entry><title>A</title>ITEM</entry></feed>`
		rdf  = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel/>ITEM</rdf:RDF>`
		link = `<link>https://a.example/1</link>`
	)
	at := func(in digest.Incoming) digest.Incoming {
		if in.URL == "" {
			in.URL = "https://a.example/1"
		}
		in.Title = "A"
		return in
	}
	for _, c := range []struct {
		name, feed, item string
		want             digest.Incoming
	}{
		{"link with white space", rss, "<link>\n <![CDATA[ https://a.example/1?a=1&b=2 ]]>\n</link>", at(digest.Incoming{URL: "https://a.example/1?a=1&b=2"})},
		{"link as in Atom", rss, `<link href="https://a.example/1"/>`, at(digest.Incoming{})},
		{"link of Atom", rss, `<atom:link rel="self" href="https://a.example/self"/><atom:link rel="alternate" href="/1"/>`, at(digest.Incoming{})},
		{"link by its id", rss, `<guid>https://a.example/1</guid>`, at(digest.Incoming{GUID: "https://a.example/1"})},
		{"link that is none, but the id is", rss, `<link>about:blank</link><guid isPermaLink="false">https://a.example/1</guid>`, at(digest.Incoming{GUID: "https://a.example/1"})},
		{"link behind a service", rss, `<link>http://feedproxy.example/~r/1</link><feedburner:origLink>https://a.example/1?utm_source=x</feedburner:origLink>`, at(digest.Incoming{})},
		{"link of RDF", rdf, `<item rdf:about="https://a.example/1"><title>A</title></item>`, at(digest.Incoming{})},
		{"link of RDF beside another", rdf, `<item rdf:about='urn:x:1'><title>A</title><link>https://a.example/1</link></item>`, at(digest.Incoming{})},
		{"link under a base", atom, `<id>urn:1</id><link href="one"/>`, at(digest.Incoming{GUID: "urn:1", URL: "https://a.example/world/one"})},
		{"link to the text", atom, `<id>urn:1</id><content type="text/html" src="https://a.example/1"/>`, at(digest.Incoming{GUID: "urn:1"})},

		{"authors of Dublin Core", rss, link + `<dc:creator>Ada Quist</dc:creator><dc:creator>by Bo Li</dc:creator>`, at(digest.Incoming{Author: "Ada Quist, Bo Li"})},
		{"author with an address", rss, link + `<author>ada@a.example (Ada Quist)</author><dc:creator>Ada Quist</dc:creator>`, at(digest.Incoming{Author: "Ada Quist"})},
		{"author by address alone", rss, link + `<author>ada@a.example</author><dc:creator>Bo Li</dc:creator>`, at(digest.Incoming{Author: "Bo Li"})},
		{"author of a podcast", rss, link + `<itunes:author>Ada Quist</itunes:author>`, at(digest.Incoming{Author: "Ada Quist"})},

		{"text and summary", rss, link + `<description>Short.</description><content:encoded><![CDATA[<p>Long.</p><p>Longer.</p>]]></content:encoded>`, at(digest.Incoming{Summary: "Short.", Body: "Long.\n\nLonger."})},
		{"text alone", rss, link + `<content:encoded><![CDATA[<p>Long.</p>]]></content:encoded>`, at(digest.Incoming{Summary: "Long.", Body: "Long."})},
		{"summary of a podcast", rss, link + `<itunes:summary>Heard.</itunes:summary>`, at(digest.Incoming{Summary: "Heard."})},
		{"subtitle of a podcast", rss, link + `<itunes:subtitle>Heard.</itunes:subtitle>`, at(digest.Incoming{Summary: "Heard."})},
		{"summary of a film", rss, link + `<media:group><media:description>Seen.</media:description></media:group>`, at(digest.Incoming{Summary: "Seen."})},

		{"categories", rss, link + `<category>C</category><dc:subject>S</dc:subject><media:keywords>k, l ,</media:keywords>`, at(digest.Incoming{Categories: []string{"C", "S", "k", "l"}})},
		{"keywords of a podcast", rss, link + `<itunes:keywords>k, l</itunes:keywords>`, at(digest.Incoming{Categories: []string{"k", "l"}})},

		{"its source", rss, link + `<source url="https://b.example/feed">Berg &amp;amp; Tal</source>`, at(digest.Incoming{SiteName: "Berg & Tal"})},
		{"its source of Atom", atom, `<id>urn:1</id><link href="/1"/><source><title>Berg &amp; Tal</title></source>`, at(digest.Incoming{GUID: "urn:1", SiteName: "Berg & Tal"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			feed, err := ingest.ParseFeed([]byte(strings.Replace(c.feed, "ITEM", c.item, 1)), "", "https://a.example/feed")
			if err != nil || len(feed.Items) != 1 {
				t.Fatalf("got %+v, error %v", feed, err)
			}
			if got := feed.Items[0]; !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestParseFeedCountsMarksOnlyIfTheyFit(t *testing.T) {
	body := `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel/>` +
		`<x:item xmlns:x="http://x.example/" rdf:about="https://a.example/wrong" xml:lang="fr"/><item rdf:about="https://a.example/1" xml:lang="de"><title>A</title><link>https://a.example/1</link></item></rdf:RDF>`
	feed, err := ingest.ParseFeed([]byte(body), "", "")
	if err != nil || len(feed.Items) != 1 {
		t.Fatalf("got %+v, error %v", feed, err)
	}
	if in := feed.Items[0]; in.URL != "https://a.example/1" || in.Language == "fr" {
		t.Errorf("got %+v, want nothing of what is no item", in)
	}
}
