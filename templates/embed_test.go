package templates_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"broadsheet/templates"
)

func formToPaste() *templates.EmbedForm {
	return &templates.EmbedForm{
		Site: courier, PublicURL: "https://courier.example/mail", Topics: cityTopics, Digests: cityDigests, Zones: true,
		Hours: []templates.HourChoice{{Slug: "daily", Digest: "The Morning Courier", Hours: []string{"06:30", "18:00"}}},
	}
}

func paste(t *testing.T, e *templates.EmbedForm, kind templates.EmbedKind) string {
	t.Helper()
	text, err := e.Draw(kind)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFormsToPasteMatchTheGoldenFiles(t *testing.T) {
	narrow := formToPaste()
	narrow.Topics, narrow.Digests, narrow.Hours, narrow.Query = cityTopics[1:2], cityDigests[1:], nil, "digest=weekly&topic=world"
	for name, e := range map[string]*templates.EmbedForm{"": formToPaste(), "-narrow": narrow} {
		for _, kind := range []templates.EmbedKind{templates.EmbedHTML, templates.EmbedComponent, templates.EmbedFrame} {
			golden(t, "embed-"+string(kind)+name+".html", paste(t, e, kind))
		}
	}
}

// TestNothingIsTickedInFormsToPaste: who ticks a box chose it.
func TestNothingIsTickedInFormsToPaste(t *testing.T) {
	if text := paste(t, formToPaste(), templates.EmbedHTML); strings.Contains(text, "checked") {
		t.Errorf("something is ticked beforehand:\n%s", text)
	}
}

func TestFormsToPasteSayWhatIsAgreedTo(t *testing.T) {
	shown := text(parseHTML(t, paste(t, formToPaste(), templates.EmbedComponent)).one(t, "form", "", ""))
	for line := range strings.SplitSeq(templates.ConsentText(courier), "\n") {
		if !strings.Contains(shown, line) {
			t.Errorf("the form does not say %q:\n%s", line, shown)
		}
	}
}

// TestFormsToPasteAreEscaped: names end up as text and nothing else, whatever
// they are.
func TestFormsToPasteAreEscaped(t *testing.T) {
	hostile := `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	for _, kind := range []templates.EmbedKind{templates.EmbedHTML, templates.EmbedComponent, templates.EmbedFrame} {
		e := formToPaste()
		e.Site.Name, e.Site.Language = hostile, "en"
		e.Topics = []templates.Choice{{Slug: "a", Name: hostile, Description: hostile}, {Slug: "b", Name: "B"}}
		e.Digests = []templates.Choice{{Slug: "d", Name: hostile, Description: hostile}}
		e.Hours[0].Digest, e.Query = hostile, "topic="+hostile
		got := paste(t, e, kind)
		scripts := 0
		for z := html.NewTokenizer(strings.NewReader(got)); z.Next() != html.ErrorToken; {
			token := z.Token()
			if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
				continue
			}
			switch token.Data {
			case "img":
				t.Errorf("%s: a name became an element:\n%s", kind, got)
			case "script":
				scripts++
			}
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: a name became the attribute %s:\n%s", kind, a.Key, got)
				}
			}
		}
		if want := map[templates.EmbedKind]int{templates.EmbedComponent: 1}[kind]; scripts != want {
			t.Errorf("%s: %d scripts, want %d", kind, scripts, want)
		}
	}
}

// TestFormScriptIsSmall: it is on every page that has the form.
func TestFormScriptIsSmall(t *testing.T) {
	script, err := fs.ReadFile(templates.Assets(), templates.FormScript)
	if err != nil {
		t.Fatal(err)
	}
	if len(script) > 5000 {
		t.Errorf("%s has %d octets, want at most 5000", templates.FormScript, len(script))
	}
	if strings.Contains(string(script), "import ") || strings.Contains(string(script), "require(") {
		t.Errorf("%s depends on something", templates.FormScript)
	}
}

func TestDigestsSayHowOftenTheyCome(t *testing.T) {
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
	for _, tt := range []struct {
		name, language, want string
		often                templates.HowOften
	}{
		{"every day", "en", "Every day", templates.HowOften{Days: week}},
		{"twice a day", "en", "Several times a day", templates.HowOften{Days: week, Several: true}},
		{"weekdays", "en", "From Monday to Friday", templates.HowOften{Days: week[:5]}},
		{"not Monday", "en", "Every Tuesday, Wednesday, Thursday, Friday and Saturday", templates.HowOften{Days: week[1:6]}},
		{"one day", "de", "Jeden Sonntag", templates.HowOften{Days: week[6:]}},
		{"two days", "fr", "Chaque mardi et jeudi", templates.HowOften{Days: []time.Weekday{time.Tuesday, time.Thursday}}},
		{"in Japanese", "ja", "毎週日曜日", templates.HowOften{Days: week[6:]}},
		{"once a month", "es", "Una vez al mes", templates.HowOften{Monthly: true}},
		{"instant", "pt", "Assim que há notícias", templates.HowOften{Instant: true}},
		{"now and then", "en", "", templates.HowOften{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := templates.InWords(templates.Site{Language: tt.language}, tt.often); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestConfirmMailNamesTheSiteOfTheForm where it is known.
func TestConfirmMailNamesTheSiteOfTheForm(t *testing.T) {
	for host, want := range map[string]bool{"partner.example": true, "": false} {
		m, err := templates.ConfirmMail(&templates.Confirm{Site: courier, URL: "https://courier.example/c/x", RequestedAt: time.Unix(0, 0), RequestedOn: host})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{m.HTML, m.Text} {
			if got := strings.Contains(part, "It was asked for on partner.example."); got != want {
				t.Errorf("host %q: it is named: %v, want %v:\n%s", host, got, want, part)
			}
		}
	}
}
