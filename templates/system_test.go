package templates_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

func systemMails(t *testing.T) map[string]templates.Mail {
	t.Helper()
	return systemMailsOf(t, courier)
}

// systemMailsOf are all mails of the system but those of TestMailsMatchTheGoldenFiles.
func systemMailsOf(t *testing.T, site templates.Site) map[string]templates.Mail {
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
		"goodbye":     must(templates.GoodbyeMail(&templates.Goodbye{Site: site, Digest: "The Morning Courier", SubscribeURL: "https://courier.example/mail/subscribe"})),
		"left":        must(templates.GoodbyeMail(&templates.Goodbye{Site: site, SubscribeURL: "https://courier.example/mail/subscribe"})),
		"fresh-left":  must(templates.FreshLinkMail(&templates.FreshLink{Site: site, URL: "https://courier.example/mail/f/AbCdEf", RequestedAt: at, Left: true})),
		"fresh":       must(templates.FreshLinkMail(&templates.FreshLink{Site: site, URL: "https://courier.example/mail/f/AbCdEf", RequestedAt: at})),
		"old-address": must(templates.OldAddressMail(&templates.Move{Site: site, Other: "b•••@e•••.org", URL: "https://courier.example/mail/a/AbCdEf", RequestedAt: at})),
		"new-address": must(templates.NewAddressMail(&templates.Move{Site: site, Other: "a•••@e•••.com", URL: "https://courier.example/mail/n/AbCdEf", RequestedAt: at})),
		"alert": must(templates.AlertMail(site, []templates.Alert{
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
		"goodbye":     {"The Morning Courier", "https://courier.example/mail/subscribe"},
		"left":        {"City Courier", "https://courier.example/mail/subscribe"},
		"fresh":       {"https://courier.example/mail/f/AbCdEf", "November 22, 2026", "one hour", "ignore this mail"},
		"old-address": {"https://courier.example/mail/a/AbCdEf", "November 22, 2026", "b•••@e•••.org", "Nothing changes until you agree", "stop it there"},
		"new-address": {"https://courier.example/mail/n/AbCdEf", "November 22, 2026", "a•••@e•••.com", "Nothing changes until you confirm", "ignore this mail"},
		"alert":       {"source city-feed", "edition daily/2026-11-23 is paused"},
	} {
		m := systemMails(t)[name]
		for _, w := range want {
			if !strings.Contains(m.HTML, w) || !strings.Contains(strings.Join(strings.Fields(m.Text), " "), w) {
				t.Errorf("%s: %q is missing", name, w)
			}
		}
	}
}

// lookOf is a site whose mails wear a built-in theme, with a logo and a tagline.
func lookOf(t *testing.T, name string) templates.Site {
	t.Helper()
	folder, err := templates.BuiltIn(name)
	if err != nil {
		t.Fatal(err)
	}
	theme, err := templates.Open(folder, templates.Look{Tagline: "Springfield, since 1871", Logo: &templates.Logo{URL: "https://courier.example/logo.png", Width: 480, Height: 120}})
	if err != nil {
		t.Fatal(err)
	}
	site := courier
	site.Looks = looks{theme}
	return site
}

// TestSystemMailsMatchDigests: in each theme every mail of the system has the
// logo and the tagline that digests have.
func TestSystemMailsMatchDigests(t *testing.T) {
	for name, logo := range map[string]struct{ width, height string }{"broadsheet": {"320", "80"}, "briefing": {"240", "60"}} {
		site := lookOf(t, name)
		all := systemMailsOf(t, site)
		known, err := templates.AlreadySubscribedMail(site, "https://courier.example/mail/p/AbCdEf")
		if err != nil {
			t.Fatal(err)
		}
		confirm, err := templates.ConfirmMail(&templates.Confirm{Site: site, URL: "https://courier.example/mail/c/AbCdEf", RequestedAt: time.Date(2026, 11, 22, 19, 4, 0, 0, newYork), Digests: []string{"The Morning Courier"}, Topics: []string{"City"}})
		if err != nil {
			t.Fatal(err)
		}
		all["already"], all["confirm"] = known, confirm
		for mail, m := range all {
			pictures := parseHTML(t, m.HTML).all("img")
			if len(pictures) != 1 || attr(pictures[0], "src") != "https://courier.example/logo.png" || attr(pictures[0], "width") != logo.width || attr(pictures[0], "height") != logo.height || !hasAttr(pictures[0], "alt") {
				t.Errorf("%s %s: got the pictures %v", name, mail, pictures)
			}
			for part, text := range map[string]string{"html": m.HTML, "text": m.Text} {
				if n := strings.Count(text, "Springfield, since 1871"); n != 1 {
					t.Errorf("%s %s: the tagline stands %d times in %s, want once", name, mail, n, part)
				}
			}
			checkMail(t, m.HTML)
			checkText(t, m.Text)
		}
		golden(t, "notice-"+name+".html", all["confirm"].HTML)
		golden(t, "notice-"+name+".txt", all["confirm"].Subject+"\n\n"+all["confirm"].Text)
	}
}

// A theme that has no letterhead of its own gets the one that all share.
func TestAThemeWithoutALetterhead(t *testing.T) {
	theme, err := templates.Open(folder(map[string]string{}), templates.Look{Tagline: "Springfield, since 1871"})
	if err != nil {
		t.Fatal(err)
	}
	site := courier
	site.Looks = looks{theme}
	m, err := templates.GoodbyeMail(&templates.Goodbye{Site: site, SubscribeURL: "https://courier.example/mail/subscribe"})
	if err != nil || !strings.Contains(m.HTML, "Springfield, since 1871") || !strings.Contains(m.Text, "\nSpringfield, since 1871\n====") {
		t.Errorf("got %v\n%s\n%s", err, m.HTML, m.Text)
	}
}
