package ingest_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

func TestCheckCleans(t *testing.T) {
	in := digest.Incoming{
		GUID: " a\x00 1 ", URL: "HTTPS://Courier.Example/a?utm_source=x", Title: " <b>Rock</b> &amp;\nRoll ", Summary: "<p>One.</p><p>Two.</p>",
		Body: "<p>One.</p><p>Two.</p>", Author: "Ada <i>Quist</i>", ImageURL: " https://u:p@img.example/a b.jpg#x", ImageAlt: "A&nbsp;boat",
		Language: "ZH_hant_tw", Topics: []string{" World", "world", "", "sport"}, Categories: []string{"A", "A", " ", "B &amp; C"},
		Priority: -100, PublishedAt: time.Date(2026, 11, 23, 1, 0, 0, 0, time.FixedZone("", -5*3600)),
		Access: " Paid", Audience: []string{"tier=paid", " Plan=Pro ", "", "tier=paid"}, EmbargoUntil: time.Date(2026, 11, 23, 1, 0, 0, 0, time.FixedZone("", -5*3600)),
	}
	want := digest.Incoming{
		GUID: "a 1", URL: "https://courier.example/a", Title: "Rock & Roll", Summary: "One. Two.", Body: "One.\n\nTwo.", Author: "Ada Quist",
		ImageURL: "https://img.example/a%20b.jpg", ImageAlt: "A boat", Language: "zh-Hant-TW", Topics: []string{"world", "sport"},
		Categories: []string{"A", "B & C"}, Priority: -100, PublishedAt: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC),
		Access: digest.AccessPaid, Audience: []string{"plan=pro", "tier=paid"}, EmbargoUntil: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC),
	}
	if err := ingest.Check(&in); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("got  %+v\nwant %+v", in, want)
	}
}

func TestCheckMakesTheSummary(t *testing.T) {
	long := strings.Repeat("Seven words stand in every sentence here. ", 20)
	for _, c := range []struct{ name, title, summary, body, want string }{
		{"given", "T", "One.", "Two.", "One."},
		{"from the body", "T", "", "<p>One.</p>", "One."},
		{"repeats the title", "The title", "The Title", "One.", "One."},
		{"all repeat the title", "The title", "The Title", "the title", ""},
		{"cut", "T", long, "", strings.TrimSpace(strings.Repeat("Seven words stand in every sentence here. ", 5))},
		{"none", "T", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := digest.Incoming{GUID: "1", Title: c.title, Summary: c.summary, Body: c.body}
			if err := ingest.Check(&in); err != nil {
				t.Fatal(err)
			}
			if in.Summary != c.want {
				t.Errorf("got summary %q, want %q", in.Summary, c.want)
			}
		})
	}
}

func TestCheckCutsLongTexts(t *testing.T) {
	paragraph := strings.Repeat("word ", 199) + "end."
	in := digest.Incoming{
		GUID: "1", Title: strings.Repeat("title ", 200), Author: strings.Repeat("author ", 100), Body: strings.Repeat(paragraph+"\n\n", 200),
	}
	if err := ingest.Check(&in); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]struct {
		text, end string
		max       int
	}{
		"title": {in.Title, "title…", ingest.MaxTitle}, "author": {in.Author, "author…", ingest.MaxAuthor}, "body": {in.Body, "end.", ingest.MaxBody},
	} {
		if n := len([]rune(got.text)); n > got.max || n < got.max/2 || !strings.HasSuffix(got.text, got.end) {
			t.Errorf("%s has %d runes, want at most %d, and ends with %q", name, n, got.max, got.text[len(got.text)-20:])
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	good := digest.Incoming{URL: "https://courier.example/a", Title: "A"}
	for _, c := range []struct {
		name string
		with func(*digest.Incoming)
		want string
	}{
		{"no title", func(in *digest.Incoming) { in.Title = " <br> " }, "title: missing"},
		{"no identity", func(in *digest.Incoming) { in.URL = " " }, "url: missing; give url or id, so that the story is known when it comes again"},
		{"bad url", func(in *digest.Incoming) { in.URL = "/a" }, `url: URL "/a" is not absolute, it must begin with http:// or https://`},
		{"long id", func(in *digest.Incoming) { in.GUID = strings.Repeat("a", 1025) }, "id: 1025 bytes long, at most 1024 are accepted"},
		{"embedded image", func(in *digest.Incoming) { in.ImageURL = "data:image/png;base64,AAAA" }, "image: is embedded data, not an address"},
		{"relative image", func(in *digest.Incoming) { in.ImageURL = "/a.jpg" }, `image: "/a.jpg" is not an absolute http or https URL`},
		{"language", func(in *digest.Incoming) { in.Language = "English" }, `language: "English" is not a language tag; write such as en, pt-BR or zh-Hant`},
		{"topic", func(in *digest.Incoming) { in.Topics = []string{"World News"} }, `topics: "world news" is not a topic's slug (lower-case letters, digits and hyphens)`},
		{"priority", func(in *digest.Incoming) { in.Priority = 101 }, "priority: 101 is not between -100 and 100"},
		{"year", func(in *digest.Incoming) { in.PublishedAt = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC) }, "published_at: the year 2999 cannot be right"},
		{"two fields", func(in *digest.Incoming) { in.Title, in.Priority = "", -101 }, "title: missing; priority: -101 is not between -100 and 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := good
			c.with(&in)
			err := ingest.Check(&in)
			var fields ingest.FieldErrors
			if !errors.As(err, &fields) || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestCheckReadsLanguages(t *testing.T) {
	for given, want := range map[string]string{
		"en": "en", "EN": "en", "en-us": "en-US", "pt_BR": "pt-BR", "zh-hant": "zh-Hant", "sr-LATN-rs": "sr-Latn-RS", "es-419": "es-419",
		"de-1996": "de-1996", "gsw": "gsw", "en-x-DESK": "en-x-desk",
		"e": "", "english": "", "en-": "", "en us": "", "*": "", "de-abcdefghi": "",
	} {
		in := digest.Incoming{GUID: "1", Title: "A", Language: given}
		err := ingest.Check(&in)
		if in.Language != want || (err != nil) != (want == "") {
			t.Errorf("language %q is read as %q, error %v, want %q", given, in.Language, err, want)
		}
	}
}

func TestCheckSetup(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	set := &digest.Setup{Topics: []digest.Topic{{Slug: "world"}}, Attributes: []digest.Attribute{{Name: "tier", Values: []string{"free", "paid"}}}}
	for _, c := range []struct {
		name string
		in   digest.Incoming
		want string
	}{
		{"all is known", digest.Incoming{Topics: []string{"world"}, Audience: []string{"tier=free", "tier=paid"}, EmbargoUntil: now.AddDate(1, 0, 0)}, ""},
		{"nothing given", digest.Incoming{}, ""},
		{"unknown topic", digest.Incoming{Topics: []string{"world", "wrold"}}, `topics: unknown topic "wrold"`},
		{"unknown value", digest.Incoming{Audience: []string{"tier=gold"}}, `audience: no [[attribute]] of the configuration declares "tier=gold"`},
		{"unknown attribute", digest.Incoming{Audience: []string{"plan=paid"}}, `audience: no [[attribute]] of the configuration declares "plan=paid"`},
		{"an embargo of years", digest.Incoming{EmbargoUntil: now.AddDate(1, 0, 2)}, `embargo_until: 2027-11-25T12:00:00Z is more than a year ahead`},
		{"two problems", digest.Incoming{Topics: []string{"a"}, Audience: []string{"b=c"}}, `topics: unknown topic "a"; audience: no [[attribute]] of the configuration declares "b=c"`},
	} {
		got := ""
		if err := ingest.CheckSetup(&c.in, set, now); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckRefusesReaders(t *testing.T) {
	for _, c := range []struct {
		in   digest.Incoming
		want string
	}{
		{digest.Incoming{Access: "subscribers"}, `access: "subscribers" is not free or paid`},
		{digest.Incoming{Audience: []string{"paid"}}, `audience: "paid" is not an attribute with its value; write such as tier=paid`},
		{digest.Incoming{Audience: []string{"tier=,paid"}}, `audience: "tier=,paid" is not an attribute with its value; write such as tier=paid`},
		{digest.Incoming{Access: "Free"}, ""},
	} {
		c.in.GUID, c.in.Title = "1", "T"
		got := ""
		if err := ingest.Check(&c.in); err != nil {
			got = err.Error()
		}
		if got != c.want || got == "" && c.in.Access != digest.AccessFree {
			t.Errorf("got %q and access %q, want %q", got, c.in.Access, c.want)
		}
	}
}
