package templates_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

func systemMails(t *testing.T) map[string]templates.Mail {
	t.Helper()
	must := func(m templates.Mail, err error) templates.Mail {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	at := time.Date(2026, 11, 22, 19, 4, 0, 0, newYork)
	return map[string]templates.Mail{
		"goodbye": must(templates.GoodbyeMail(&templates.Goodbye{Site: courier, Digest: "The Morning Courier", SubscribeURL: "https://courier.example/mail/subscribe"})),
		"left":    must(templates.GoodbyeMail(&templates.Goodbye{Site: courier, SubscribeURL: "https://courier.example/mail/subscribe"})),
		"fresh":   must(templates.FreshLinkMail(&templates.FreshLink{Site: courier, URL: "https://courier.example/mail/p/AbCdEf", RequestedAt: at})),
		"alert": must(templates.AlertMail(courier, []templates.Alert{
			{Text: "source city-feed has told nothing new for 3 days", Since: at}, {Text: "edition daily/2026-11-23 is paused", Since: at.Add(time.Hour)},
		})),
	}
}

func TestSystemMailsMatchTheGoldenFiles(t *testing.T) {
	for name, m := range systemMails(t) {
		golden(t, name+".html", m.HTML)
		golden(t, name+".txt", m.Subject+"\n\n"+m.Text)
		checkMail(t, m.HTML)
		checkText(t, m.Text)
	}
}

func TestSystemMailsSayWhatHappened(t *testing.T) {
	for name, want := range map[string][]string{
		"goodbye": {"The Morning Courier", "https://courier.example/mail/subscribe"},
		"left":    {"City Courier", "https://courier.example/mail/subscribe"},
		"fresh":   {"https://courier.example/mail/p/AbCdEf", "November 22, 2026", "ignore this mail"},
		"alert":   {"source city-feed", "edition daily/2026-11-23 is paused"},
	} {
		m := systemMails(t)[name]
		for _, w := range want {
			if !strings.Contains(m.HTML, w) || !strings.Contains(strings.Join(strings.Fields(m.Text), " "), w) {
				t.Errorf("%s: %q is missing", name, w)
			}
		}
	}
}

func TestSystemMailsBearTheLogo(t *testing.T) {
	site := courier
	for _, logo := range []*templates.Logo{nil, {URL: "https://courier.example/logo.png", Width: 480, Height: 120}} {
		site.Logo = logo
		m, err := templates.FreshLinkMail(&templates.FreshLink{Site: site, URL: "https://courier.example/mail/p/AbCdEf"})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if logo != nil {
			want = 1
		}
		pictures := parseHTML(t, m.HTML).all("img")
		if len(pictures) != want {
			t.Fatalf("got %d pictures, want %d", len(pictures), want)
		}
		for _, p := range pictures {
			if attr(p, "src") != logo.URL || attr(p, "width") != "240" || attr(p, "height") != "60" || !hasAttr(p, "alt") {
				t.Errorf("got %v", p.Attr)
			}
		}
		checkMail(t, m.HTML)
	}
}
