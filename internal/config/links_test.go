package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/config"
)

const linkedDigests = `
[[digest]]
slug = "daily"
schedule = "0 7 * * *"

[[digest]]
slug = "weekly"
schedule = "0 7 * * 6"
[digest.links]
utm_campaign = "week of {{.Edition.Date}}"

[[digest]]
slug = "plain"
schedule = "0 7 * * *"
[digest.links]
untagged = true

[[digest]]
slug = "paid"
schedule = "0 7 * * *"
audience = ["tier=paid"]

[[attribute]]
name = "tier"
values = ["free", "paid"]
`

func TestLinks(t *testing.T) {
	c := mustParse(t, folder(t), minimal+linkedDigests+`
[links]
utm_source = "courier"
utm_medium = "email"
utm_campaign = "{{.Digest.Slug}}"
overwrite = true
count_clicks = true
`)
	tags := config.LinkTags{Source: "courier", Medium: "email", Campaign: "{{.Digest.Slug}}", Overwrite: true}
	if want := (config.Links{Tags: tags, Hosts: []string{"courier.example"}, CountClicks: true}); !reflect.DeepEqual(c.Links, want) {
		t.Errorf("got %+v, want %+v", c.Links, want)
	}
	weekly := tags
	weekly.Campaign = "week of {{.Edition.Date}}"
	for i, want := range []config.LinkTags{tags, weekly, {}, tags} {
		if got := c.Digests[i].Links; got != want {
			t.Errorf("%s: got %+v, want %+v", c.Digests[i].Slug, got, want)
		}
	}
	if c := mustParse(t, folder(t), minimal); c.Links.CountClicks || c.Links.Pixel || c.Archive.Enabled || c.Links.Tags != (config.LinkTags{}) {
		t.Errorf("what nobody asked for is on: %+v, %+v", c.Links, c.Archive)
	}
}

func TestLinkHosts(t *testing.T) {
	for hosts, want := range map[string][]string{
		`["*"]`: {"*"}, `["Courier.example", "bücher.example"]`: {"courier.example", "xn--bcher-kva.example"}, `[]`: {"courier.example"},
	} {
		if c := mustParse(t, folder(t), minimal+"\n[links]\nhosts = "+hosts+"\n"); !reflect.DeepEqual(c.Links.Hosts, want) {
			t.Errorf("%s: got %q, want %q", hosts, c.Links.Hosts, want)
		}
	}
	c := mustParse(t, folder(t), strings.Replace(minimal, "https://courier.example\"", "https://www.Courier.example/news\"", 1))
	if want := []string{"courier.example"}; !reflect.DeepEqual(c.Links.Hosts, want) {
		t.Errorf("got %q, want %q", c.Links.Hosts, want)
	}
}

func TestArchive(t *testing.T) {
	c := mustParse(t, folder(t), minimal+linkedDigests+"\n[archive]\nenabled = true\ndelay = \"90m\"\nletters = true\n")
	if want := (config.Archive{Enabled: true, Digests: []string{"daily", "weekly", "plain"}, Delay: 90 * time.Minute, Letters: true}); !reflect.DeepEqual(c.Archive, want) {
		t.Errorf("got %+v, want %+v", c.Archive, want)
	}
	c = mustParse(t, folder(t), minimal+linkedDigests+"\n[archive]\nenabled = true\ndigests = [\"weekly\"]\n")
	if want := (config.Archive{Enabled: true, Digests: []string{"weekly"}, Delay: time.Hour}); !reflect.DeepEqual(c.Archive, want) {
		t.Errorf("got %+v, want %+v", c.Archive, want)
	}
}

func TestLinksRefused(t *testing.T) {
	for text, want := range map[string]string{
		"[links]\nutm_campaign = \"{{.Digest\"\n":                                                           "utm_campaign in [links] is not right",
		"[links]\nutm_kampagne = \"x\"\n":                                                                   `unknown key "utm_kampagne" in [links], did you mean "utm_campaign"?`,
		"[links]\nhosts = [\"https://courier.example\"]\n":                                                  "hosts in [links] must be a domain name",
		"[archive]\ndigests = [\"paid\"]\n" + linkedDigests:                                                 `digests in [archive] names "paid", which has an audience`,
		"[archive]\ndigests = [\"dayly\"]\n" + linkedDigests:                                                `digests in [archive] names the unknown digest "dayly"`,
		"[archive]\ndelay = \"-1h\"\n":                                                                      "delay in [archive]",
		"[[digest]]\nslug = \"d\"\nschedule = \"0 7 * * *\"\n[digest.links]\nx = 1":                         `unknown key "x" in [digest.links]`,
		"[[digest]]\nslug = \"d\"\nschedule = \"0 7 * * *\"\n[digest.links]\nuntagged = true\nutm_term = 1": "utm_term in [digest.links] must be a string",
	} {
		_, err := parse(folder(t), minimal+"\n"+text)
		var problems config.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
