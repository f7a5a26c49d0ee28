package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

const (
	unsubscribeMarker = "q7slot0unsubscribe7q"
	preferencesMarker = "q7slot1preferences7q"
	nameMarker        = "q7slot2name7q"
)

var newYork = time.FixedZone("EST", -5*3600)

var courier = templates.Site{
	Name:          "City Courier",
	URL:           "https://courier.example/",
	Language:      "en",
	PostalAddress: "1 Main Street, Springfield",
}

// story is one of a city paper's; n varies what it has.
func story(n int, topics ...string) templates.Story {
	s := templates.Story{
		Title:       fmt.Sprintf("Council agrees on plan %d for the harbour bridge after a long night of talks", n),
		URL:         fmt.Sprintf("https://courier.example/2026/11/23/council-agrees-on-plan-%d-for-the-harbour-bridge", n),
		Summary:     "The vote ends eleven months of argument over tolls, ferries and a cycle lane. Work begins in April and is to take two years; the ferry keeps running until the first lane is open to the public.",
		Source:      "City Courier",
		PublishedAt: time.Date(2026, 11, 23, 6, n%60, 0, 0, newYork),
		Topics:      topics,
	}
	if n%2 == 0 {
		s.Image = fmt.Sprintf("https://courier.example/pictures/bridge-%d.jpg", n)
		s.ImageAlt = "The harbour bridge at dusk, seen from the north quay"
	}
	if n%3 == 0 {
		s.Author = "Ana Ruiz"
	}
	return s
}

// daily is a digest of a morning with n stories in five sections.
func daily(n int) *templates.Digest {
	names := []string{"City", "World", "Business", "Culture", "Sport"}
	d := &templates.Digest{
		Site: courier, Slug: "daily", Name: "The Morning Courier", Edition: "daily/2026-11-23",
		Date: time.Date(2026, 11, 23, 7, 0, 0, 0, newYork), Language: "en",
		Subject: "The Morning Courier: Harbour bridge", Preheader: "Eleven months of argument end, and four more stories you follow.",
		More: 12, MoreURL: "https://courier.example/today",
		ReaderName: nameMarker, Unsubscribe: unsubscribeMarker, Preferences: preferencesMarker,
		SubscribeURL: "https://courier.example/mail/subscribe",
	}
	if n > 0 {
		lead := story(0, "City", "Business")
		lead.Pinned = true
		d.Lead = &lead
	}
	for i, name := range names {
		section := templates.Section{Slug: strings.ToLower(name), Name: name}
		for k := i + 1; k < n; k += len(names) {
			topics := []string{name}
			if k%4 == 0 {
				topics = append(topics, names[(i+1)%len(names)])
			}
			section.Stories = append(section.Stories, story(k, topics...))
		}
		d.Sections = append(d.Sections, section)
	}
	return d
}

func broadsheet(t testing.TB) *templates.Theme {
	t.Helper()
	theme, err := templates.LoadTheme("broadsheet")
	if err != nil {
		t.Fatal(err)
	}
	return theme
}

func drawHTML(t testing.TB, d *templates.Digest) string {
	t.Helper()
	html, err := broadsheet(t).HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	return html
}

func drawText(t testing.TB, d *templates.Digest) string {
	t.Helper()
	text, err := broadsheet(t).Text(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func confirmMail(t testing.TB) templates.Mail {
	t.Helper()
	m, err := templates.ConfirmMail(&templates.Confirm{
		Site:        courier,
		URL:         "https://courier.example/mail/c/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdEf",
		RequestedAt: time.Date(2026, 11, 22, 19, 4, 0, 0, newYork),
		Digests:     []string{"The Morning Courier"},
		Topics:      []string{"City", "World"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
