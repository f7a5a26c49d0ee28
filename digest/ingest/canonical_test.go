package ingest_test

import (
	"strings"
	"testing"

	"broadsheet/digest/ingest"
)

func TestCanonicalURL(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"as it is", "https://courier.example/world/a-story", "https://courier.example/world/a-story"},
		{"white space around", " \n https://courier.example/a \t", "https://courier.example/a"},
		{"line break within", "https://courier.example/a\n/b", "https://courier.example/a/b"},
		{"scheme in capitals", "HTTPS://courier.example/a", "https://courier.example/a"},
		{"host in capitals", "https://Courier.Example/World", "https://courier.example/World"},
		{"host with umlaut", "https://bücher.example/a", "https://xn--bcher-kva.example/a"},
		{"host with sharp s", "https://straße.example/", "https://xn--strae-oqa.example/"},
		{"host as A-label in capitals", "https://XN--BCHER-KVA.example/a", "https://xn--bcher-kva.example/a"},
		{"host in full-width letters", "https://ｃｏｕｒｉｅｒ.example/", "https://courier.example/"},
		{"host with a final dot", "https://courier.example./a", "https://courier.example/a"},
		{"host with underscore", "https://my_blog.courier.example/a", "https://my_blog.courier.example/a"},
		{"host in Cyrillic", "https://пример.example/новости", "https://xn--e1afmkfd.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"},
		{"IPv4", "http://192.0.2.7/a", "http://192.0.2.7/a"},
		{"IPv6 spelled out", "http://[2001:DB8:0:0::1]/a", "http://[2001:db8::1]/a"},
		{"IPv6 with port", "http://[2001:db8::1]:8080/a", "http://[2001:db8::1]:8080/a"},
		{"IPv6 with zone", "http://[fe80::1%25eth0]/a", "http://[fe80::1]/a"},
		{"default port of http", "http://courier.example:80/a", "http://courier.example/a"},
		{"default port of https", "https://courier.example:443/a", "https://courier.example/a"},
		{"port of the other scheme", "http://courier.example:443/a", "http://courier.example:443/a"},
		{"empty port", "https://courier.example:/a", "https://courier.example/a"},
		{"port with zeros before", "https://courier.example:08443/a", "https://courier.example:8443/a"},
		{"user information", "https://reader:secret@courier.example/a", "https://courier.example/a"},
		{"fragment", "https://courier.example/a#comments", "https://courier.example/a"},
		{"empty fragment", "https://courier.example/a#", "https://courier.example/a"},
		{"no path", "https://courier.example", "https://courier.example/"},
		{"query without path", "https://courier.example?id=7", "https://courier.example/?id=7"},
		{"slash at the end stays", "https://courier.example/a/", "https://courier.example/a/"},
		{"double slash stays", "https://courier.example//a//b", "https://courier.example//a//b"},
		{"dot segments", "https://courier.example/a/./b/../c", "https://courier.example/a/c"},
		{"dot segments at the end", "https://courier.example/a/b/..", "https://courier.example/a/"},
		{"dot segments above the root", "https://courier.example/../../a", "https://courier.example/a"},
		{"encoded dot segments", "https://courier.example/a/%2e%2E/b", "https://courier.example/b"},
		{"dots in a name", "https://courier.example/a/...b/.well-known", "https://courier.example/a/...b/.well-known"},
		{"encoding of plain letters", "https://courier.example/%61%7Eb", "https://courier.example/a~b"},
		{"encoding in small letters", "https://courier.example/a%c3%a9", "https://courier.example/a%C3%A9"},
		{"encoded slash stays", "https://courier.example/a%2fb", "https://courier.example/a%2Fb"},
		{"bare umlaut in the path", "https://courier.example/über", "https://courier.example/%C3%BCber"},
		{"space in the path", "https://courier.example/a story", "https://courier.example/a%20story"},
		{"stray percent sign", "https://courier.example/100%-sure", "https://courier.example/100%25-sure"},
		{"percent sign at the end", "https://courier.example/a%", "https://courier.example/a%25"},
		{"utm parameters", "https://courier.example/a?utm_source=rss&utm_medium=feed", "https://courier.example/a"},
		{"utm between others", "https://courier.example/a?z=1&utm_source=rss&b=2", "https://courier.example/a?z=1&b=2"},
		{"utm in capitals", "https://courier.example/a?UTM_Source=x&id=3", "https://courier.example/a?id=3"},
		{"utm encoded", "https://courier.example/a?%75tm_source=x", "https://courier.example/a"},
		{"click ids", "https://courier.example/a?fbclid=1&gclid=2&msclkid=3&yclid=4&ttclid=5&id=6", "https://courier.example/a?id=6"},
		{"newsletter ids", "https://courier.example/a?mc_cid=1&mc_eid=2&_hsenc=3&mkt_tok=4", "https://courier.example/a"},
		{"share ids", "https://courier.example/a?igshid=1&igsh=2&ref_src=twsrc", "https://courier.example/a"},
		{"parameter named like one", "https://courier.example/a?utm=1&fbclidx=2&ref=3", "https://courier.example/a?utm=1&fbclidx=2&ref=3"},
		{"order stays", "https://courier.example/a?b=2&a=1&b=1", "https://courier.example/a?b=2&a=1&b=1"},
		{"empty query", "https://courier.example/a?", "https://courier.example/a"},
		{"empty parameters", "https://courier.example/a?&&b=1&", "https://courier.example/a?b=1"},
		{"parameter without value", "https://courier.example/a?print&id=1", "https://courier.example/a?print&id=1"},
		{"plus in the query", "https://courier.example/a?q=a+b", "https://courier.example/a?q=a+b"},
		{"space in the query", "https://courier.example/a?q=a b", "https://courier.example/a?q=a%20b"},
		{"address in the query", "https://courier.example/a?u=https://b.example/?c", "https://courier.example/a?u=https://b.example/?c"},
		{"session of PHP", "https://courier.example/a?PHPSESSID=0a1b&id=1", "https://courier.example/a?id=1"},
		{"session of Java", "https://courier.example/a;jsessionid=0A1B.n1?id=1", "https://courier.example/a?id=1"},
		{"session of Java within", "https://courier.example/a;JSESSIONID=0A1B/b", "https://courier.example/a/b"},
		{"other path parameter stays", "https://courier.example/a;v=2/b", "https://courier.example/a;v=2/b"},
		{"what may be a session stays", "https://courier.example/a?sid=1&session=2", "https://courier.example/a?sid=1&session=2"},
		{"file name of a folder stays", "https://courier.example/index.html", "https://courier.example/index.html"},
		{"fragment that names the page", "https://courier.example/#!/world/a?x=1", "https://courier.example/#!/world/a?x=1"},
		{"fragment of a page alone", "https://courier.example/a#!", "https://courier.example/a"},
		{"fragment with a space", "https://courier.example/#!a b", "https://courier.example/#!a%20b"},
		{"host of phones stays", "https://m.courier.example/a", "https://m.courier.example/a"},
		{"more click ids", "https://courier.example/a?gbraid=1&twclid=2&srsltid=3&_kx=4&at_link_id=5&elqTrackId=6", "https://courier.example/a"},

		{"AMP after the path", "https://courier.example/world/a-story/amp/", "https://courier.example/world/a-story/"},
		{"AMP after the path, no slash", "https://courier.example/world/a-story/amp?page=2", "https://courier.example/world/a-story?page=2"},
		{"AMP twice", "https://courier.example/a/amp/amp", "https://courier.example/a"},
		{"AMP before the path", "https://courier.example/amp/world/a-long-story", "https://courier.example/world/a-long-story"},
		{"AMP before a number", "https://courier.example/amp/world/1234567", "https://courier.example/world/1234567"},
		{"AMP before what may be a section", "https://courier.example/amp/world", "https://courier.example/amp/world"},
		{"AMP alone", "https://courier.example/amp/", "https://courier.example/amp/"},
		{"AMP in a word", "https://courier.example/camp/a-lamp", "https://courier.example/camp/a-lamp"},
		{"AMP in a file name", "https://courier.example/a.amp.html", "https://courier.example/a.html"},
		{"AMP as the type of a file", "https://courier.example/news/123.amp", "https://courier.example/news/123"},
		{"AMP in the query", "https://courier.example/a?amp", "https://courier.example/a"},
		{"AMP in the query, more", "https://courier.example/a?id=1&AMP=1&outputType=amp&b=2", "https://courier.example/a?id=1&b=2"},
		{"AMP in the query, encoded", "https://courier.example/a?%61mp=1", "https://courier.example/a"},
		{"AMP declined", "https://courier.example/a?noamp=mobile&id=1", "https://courier.example/a?id=1"},
		{"another output", "https://courier.example/a?output=pdf&amp=watts", "https://courier.example/a?output=pdf&amp=watts"},
		{"AMP as the host", "https://amp.courier.example/a", "https://courier.example/a"},
		{"AMP as the host under a public suffix", "https://amp.courier.co.uk/a", "https://courier.co.uk/a"},
		{"AMP as the site", "https://amp.co.uk/a", "https://amp.co.uk/a"},
		{"AMP of a site of its own", "https://amp.github.io/a", "https://amp.github.io/a"},
		{"AMP of a part of the site", "https://amp.sport.courier.example/a", "https://amp.sport.courier.example/a"},
		{"AMP host with a port", "https://amp.courier.example:8443/a", "https://courier.example:8443/a"},
		{"AMP by Google", "https://www.google.com/amp/s/www.courier.example/a/amp/", "https://www.courier.example/a/"},
		{"AMP by Google without TLS", "https://www.google.co.uk/amp/www.courier.example/a", "http://www.courier.example/a"},
		{"AMP by Google with a query", "https://google.de/amp/s/courier.example/a%3fid=1&outputType=amp?usqp=mq331&b=2", "https://courier.example/a?id=1&b=2"},
		{"AMP by its cache", "https://www-courier-example.cdn.ampproject.org/c/s/www.courier.example/a?amp=1&id=2", "https://www.courier.example/a?id=2"},
		{"AMP by its viewer", "https://courier-example.cdn.ampproject.org/v/courier.example/a.amp.html?usqp=1&amp_js_v=0.1#aoh=2", "http://courier.example/a.html"},
		{"AMP in AMP", "https://www.google.com/amp/s/www.google.com/amp/s/amp.courier.example/a", "https://courier.example/a"},
		{"AMP picture of its cache", "https://courier-example.cdn.ampproject.org/i/s/courier.example/a.jpg", "https://courier-example.cdn.ampproject.org/i/s/courier.example/a.jpg"},
		{"AMP page about AMP", "https://www.google.com/amp/", "https://www.google.com/amp/"},
		{"AMP with a bad host within", "https://www.google.com/amp/s/a..b/c", "https://www.google.com/amp/s/a..b/c"},
		{"ampersand encoded", "https://courier.example/a?q=a%26utm_source=b", "https://courier.example/a?q=a%26utm_source=b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ingest.CanonicalURL(c.raw)
			if err != nil || got != c.want {
				t.Errorf("CanonicalURL(%q) = %q, %v, want %q", c.raw, got, err, c.want)
			}
			again, err := ingest.CanonicalURL(got)
			if err != nil || again != got {
				t.Errorf("CanonicalURL(%q) = %q, %v, want the same", got, again, err)
			}
		})
	}
}

func TestCanonicalURLRefuses(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"nothing", "  ", "empty"},
		{"a path", "/world/a", "not absolute"},
		{"without scheme", "//courier.example/a", "not absolute"},
		{"a bare host", "courier.example/a", "not absolute"},
		{"mail", "mailto:desk@courier.example", "scheme mailto"},
		{"script", "javascript:alert(1)", "scheme javascript"},
		{"ftp", "ftp://courier.example/a", "scheme ftp"},
		{"no host", "https:///a", "no host"},
		{"opaque", "https:courier.example", "no host"},
		{"port too high", "https://courier.example:70000/", "port"},
		{"port zero", "https://courier.example:0/", "port"},
		{"port in letters", "https://courier.example:http/", "port"},
		{"space in the host", "https://city courier.example/", "host"},
		{"empty label", "https://courier..example/", "host"},
		{"only dots", "https://../", "host"},
		{"long", "https://courier.example/" + strings.Repeat("a", ingest.MaxURLBytes), "at most 2048"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ingest.CanonicalURL(c.raw)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("CanonicalURL(%q) = %q, %v, want an error with %q", shorten(c.raw), got, err, c.want)
			}
		})
	}
}

func shorten(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

func FuzzCanonicalURL(f *testing.F) {
	for _, seed := range []string{
		"https://courier.example/a?utm_source=x&b=%zz#c", "http://[::1%25a]:80/../%2e", "https://ü:p@xn--a/%", "HTTP://A/?&=&", "https://a\x00b\xff/",
		"https://google.com/amp/s/amp.a.example/b.amp.html;jsessionid=1?amp=1%3famp#!x#y", "https://a.cdn.ampproject.org/c/s/b..c/amp/amp/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := ingest.CanonicalURL(raw)
		if err != nil {
			checkPrintable(t, err.Error())
			return
		}
		if again, err := ingest.CanonicalURL(got); err != nil || again != got {
			t.Errorf("CanonicalURL(%q) = %q, but of that = %q, %v", raw, got, again, err)
		}
		if len(got) > ingest.MaxURLBytes || strings.ContainsAny(strings.Replace(got, "#!", "", 1), " \"<>#\n") {
			t.Errorf("CanonicalURL(%q) = %q", raw, got)
		}
	})
}

// TestCanonicalURLAtItsLimits: the longest URL and the longest host that are
// accepted, and one byte more.
func TestCanonicalURLAtItsLimits(t *testing.T) {
	path := func(n int) string {
		return "https://courier.example/" + strings.Repeat("a", n-len("https://courier.example/"))
	}
	host := func(n int) string {
		return "https://" + strings.Repeat("abcdefg.", n/8) + strings.Repeat("x", n-n/8*8) + "/"
	}
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{path(ingest.MaxURLBytes), true}, {path(ingest.MaxURLBytes + 1), false}, {host(253), true}, {host(254), false},
	} {
		got, err := ingest.CanonicalURL(c.url)
		if (err == nil) != c.ok || c.ok && got != c.url {
			t.Errorf("%d bytes: got %d, error %v, want it accepted: %v", len(c.url), len(got), err, c.ok)
		}
	}
}
