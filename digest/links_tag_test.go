package digest_test

import (
	"net/url"
	"strings"
	"testing"

	"broadsheet/digest"
)

func linkTags(t testing.TB, pairs ...string) []digest.LinkTag {
	t.Helper()
	var out []digest.LinkTag
	for i := 0; i < len(pairs); i += 2 {
		tag, err := digest.ParseLinkTag(pairs[i], pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tag)
	}
	return out
}

func TestLinkTags(t *testing.T) {
	tags := linkTags(t, "utm_source", "courier mail", "utm_campaign", "{{.Digest.Slug}}-{{.Edition.Date}}", "utm_content", "{{.Section}}{{with .Position}}-{{.}}{{end}}", "utm_term", "")
	const added = "utm_source=courier%20mail&utm_campaign=daily-2026-11-23&utm_content=world-3"
	for _, tt := range []struct {
		name, link, want string
		overwrite        bool
		hosts            []string
	}{
		{name: "no query", link: "https://courier.example/1", want: "https://courier.example/1?" + added},
		{name: "no path", link: "https://courier.example", want: "https://courier.example?" + added},
		{name: "a query", link: "https://courier.example/1?id=a%20b&x=1;2", want: "https://courier.example/1?id=a%20b&x=1;2&" + added},
		{name: "an empty query", link: "https://courier.example/1?", want: "https://courier.example/1?" + added},
		{name: "an open query", link: "https://courier.example/1?a&", want: "https://courier.example/1?a&" + added},
		{name: "a fragment", link: "https://courier.example/1#part?two", want: "https://courier.example/1?" + added + "#part?two"},
		{name: "both", link: "https://courier.example/1?a=b#c", want: "https://courier.example/1?a=b&" + added + "#c"},
		{name: "its own stay", link: "https://courier.example/1?utm_source=x&UTM_Campaign=", want: "https://courier.example/1?utm_source=x&UTM_Campaign=&utm_content=world-3"},
		{name: "an escaped name", link: "https://courier.example/1?utm%5Fsource=x", want: "https://courier.example/1?utm%5Fsource=x&utm_campaign=daily-2026-11-23&utm_content=world-3"},
		{name: "overwritten", link: "https://courier.example/1?utm_source=x&a=b&utm_source=y&utm_id=7", overwrite: true, want: "https://courier.example/1?a=b&utm_id=7&" + added},
		{name: "below the host", link: "https://www.Courier.example:8443/1", want: "https://www.Courier.example:8443/1?" + added},
		{name: "another host", link: "https://courier.example.org/1", want: "https://courier.example.org/1"},
		{name: "its end alone", link: "https://mycourier.example/1", want: "https://mycourier.example/1"},
		{name: "an allowed host", link: "https://other.example/1", hosts: []string{"courier.example", "other.example"}, want: "https://other.example/1?" + added},
		{name: "all hosts", link: "http://127.0.0.1:8080/1", hosts: []string{"*"}, want: "http://127.0.0.1:8080/1?" + added},
		{name: "no host", link: "/1", hosts: []string{"*"}, want: "/1"},
		{name: "another scheme", link: "mailto:a@courier.example", hosts: []string{"*"}, want: "mailto:a@courier.example"},
		{name: "none", link: "", hosts: []string{"*"}, want: ""},
		{name: "bytes stay", link: "https://courier.example/ü/%c3%bc?q=ü&s=%C3%BC+x", want: "https://courier.example/ü/%c3%bc?q=ü&s=%C3%BC+x&" + added},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.hosts == nil {
				tt.hosts = []string{"courier.example"}
			}
			l := digest.LinkTags{Tags: tags, Overwrite: tt.overwrite, Hosts: tt.hosts}
			f := digest.LinkFields{Position: 3, Section: "world"}
			f.Digest.Slug, f.Edition.Date = "daily", "2026-11-23"
			got, err := l.Apply(tt.link, &f)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
			if again, _ := l.Apply(got, &f); again != got {
				t.Errorf("a second time gave %s", again)
			}
		})
	}
}

func TestLinkTagsRefused(t *testing.T) {
	for value, want := range map[string]string{
		"{{.Digest.Slag}}": "Slag", "{{": "unclosed action", "{{.Reader}}": "Reader", "{{template \"x\"}}": "x",
	} {
		_, err := digest.ParseLinkTag("utm_campaign", value)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "{{.Digest.Slug}}") {
			t.Errorf("%s: got %v, want it to name %s and what there is", value, err, want)
		}
	}
}

// FuzzLinkTags: whatever a link is, it leads to the same place.
func FuzzLinkTags(f *testing.F) {
	for _, link := range []string{"https://courier.example/1?a=b#c", "http://x/?utm_source=1&&;", "https://[::1]:80?#", "//x", "https://u:p@h/%zz"} {
		f.Add(link, "v & w", false)
		f.Add(link, "{{.Position}}", true)
	}
	f.Fuzz(func(t *testing.T, link, value string, overwrite bool) {
		tag, err := digest.ParseLinkTag("utm_source", value)
		if err != nil || len(value) > 100 {
			return
		}
		l := digest.LinkTags{Tags: []digest.LinkTag{tag}, Overwrite: overwrite, Hosts: []string{"*"}}
		got, err := l.Apply(link, &digest.LinkFields{Position: 1})
		before, wrong := url.Parse(link)
		if err != nil || wrong != nil || got == link {
			return
		}
		after, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", link, got, err)
		}
		if after.Scheme != before.Scheme || after.Host != before.Host || after.Path != before.Path || after.Fragment != before.Fragment || after.User.String() != before.User.String() {
			t.Errorf("%q became %q", link, got)
		}
	})
}
