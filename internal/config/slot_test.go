package config_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

const bank = `
[[slot]]
slug = "bank"
position = "after_lead"
sponsor = "Harbour Bank"
text = "Two months for the price of one."
link = "https://bank.example/offer"
`

// withSlots is the file of the design document with slots below it, which begin
// on line 72.
func withSlots(t *testing.T, slots string) string { return strings.TrimSpace(design(t)) + "\n" + slots }

func TestSlotIsRead(t *testing.T) {
	dir := folder(t)
	write(t, filepath.Join(dir, "bank.html"), "<p>Save.</p>\n")
	write(t, filepath.Join(dir, "bank.txt"), "\nSave with us.\n\nToday.\n")
	c := mustParse(t, dir, "[[attribute]]\nname = \"tier\"\nvalues = [\"free\", \"paid\"]\n"+withSlots(t, bank+`
[[slot]]
slug = "full"
position = "after_section_2"
sponsor = "Harbour Bank"
label = "Advertisement"
html_file = "bank.html"
text_file = "bank.txt"
link = "https://bank.example/offer?a=1"
link_text = "See the offer"
digests = ["da*"]
audience = ["tier=free"]
from = 2026-12-01
until = "2026-12-24"
priority = 7
fallback = "house"
[[slot]]
slug = "house"
house = true
html = "<p>Join us.</p>"
text = "Join us."
link = "https://courier.example/join"
`))
	want := []config.Slot{
		{Slug: "bank", Position: "after_lead", Sponsor: "Harbour Bank", Text: "Two months for the price of one.", Link: "https://bank.example/offer",
			Digests: []string{"daily"}},
		{Slug: "full", Position: "after_section_2", Sponsor: "Harbour Bank", Label: "Advertisement", HTML: "<p>Save.</p>\n",
			Text: "Save with us.\n\nToday.", Link: "https://bank.example/offer?a=1", LinkText: "See the offer", Digests: []string{"daily"},
			Audience: []string{"tier=free"}, From: "2026-12-01", Until: "2026-12-24", Priority: 7, Fallback: "house"},
		{Slug: "house", House: true, HTML: "<p>Join us.</p>", Text: "Join us.", Link: "https://courier.example/join", Digests: []string{"daily"}},
	}
	if !reflect.DeepEqual(c.Slots, want) {
		t.Errorf("got\n%+v\nwant\n%+v", c.Slots, want)
	}
}

func TestProblemsOfSlots(t *testing.T) {
	house := strings.NewReplacer("bank", "house", `sponsor = "Harbour Bank"`, "house = true").Replace(bank)
	change := func(old, new string) string { return strings.Replace(bank, old, new, 1) }
	for _, tc := range []struct{ name, slots, want string }{
		{"nothing", "[[slot]]", `broadsheet.toml:72: [[slot]] needs slug, such as slug = "world"
broadsheet.toml:72: [[slot]] needs text, such as text = "Two months for the price of one.", what readers of plain text see
broadsheet.toml:72: [[slot]] needs link, such as link = "https://sponsor.example/offer"
broadsheet.toml:72: [[slot]] needs sponsor, such as sponsor = "Harbour Bank", whom readers see beside it, or house = true for your own ad`},
		{"no position", change("position = \"after_lead\"\n", ""),
			`broadsheet.toml:73: [[slot]] needs position, such as position = "after_lead", unless it is the fallback of another slot`},
		{"a wrong position", change("after_lead", "after_leed"), `broadsheet.toml:75: position in [[slot]] must not be "after_leed", did you mean "after_lead"?`},
		{"no such section", change("after_lead", "after_section_10"),
			`broadsheet.toml:75: position in [[slot]] must name a section from after_section_1 to after_section_9, not "after_section_10"`},
		{"a position like none", change("after_lead", "somewhere else"),
			`broadsheet.toml:75: position in [[slot]] must be "top", "after_lead", "after_section_2" or "bottom", not "somewhere else"`},
		{"sponsor and house", bank + "house = true", `broadsheet.toml:79: house in [[slot]] is true, and "Harbour Bank" is its sponsor: remove one of the two`},
		{"a plain link", change("https://bank", "http://bank"), `broadsheet.toml:78: link in [[slot]] must begin with https://, not "http://bank.example/offer"`},
		{"a script", change("https://bank.example/offer", "javascript:alert(1)"),
			`broadsheet.toml:78: link in [[slot]] must be an absolute http or https address, not "javascript:alert(1)"`},
		{"an unknown digest", bank + `digests = ["dialy", "week*"]`, `broadsheet.toml:79: digests in [[slot]] names the unknown digest "dialy", did you mean "daily"?
broadsheet.toml:79: digests in [[slot]] names the unknown digest "week*"; there is no [[digest]] with a slug like that`},
		{"no digest", bank + `digests = []`, `broadsheet.toml:79: digests in [[slot]] is empty: name digests, or leave it out for all`},
		{"an unknown audience", bank + `audience = ["tier=free"]`,
			`broadsheet.toml:79: audience in [[slot]] must be like "tier=paid" of an attribute that a table [[attribute]] declares, not "tier=free"`},
		{"a wrong date", bank + `from = "24.12.2026"`, `broadsheet.toml:79: from in [[slot]] must be a date such as 2026-12-01, not "24.12.2026"`},
		{"dates the wrong way round", bank + "from = 2026-12-24\nuntil = 2026-12-01",
			`broadsheet.toml:80: until in [[slot]] is 2026-12-01, before the 2026-12-24 of from: it would never run`},
		{"a priority without bounds", bank + "priority = 101", `broadsheet.toml:79: priority in [[slot]] must be between 0 and 100, not 101`},
		{"an unknown fallback", bank + `fallback = "hose"` + house, `broadsheet.toml:79: fallback in [[slot]] names the unknown slot "hose", did you mean "house"?`},
		{"fallback to itself", bank + `fallback = "bank"`, `broadsheet.toml:79: fallback in [[slot]] leads back to the slot itself, bank to bank: end the chain`},
		{"fallbacks in a circle", bank + `fallback = "house"` + house + `fallback = "bank"`,
			`broadsheet.toml:79: fallback in [[slot]] leads back to the slot itself, bank to house to bank: end the chain
broadsheet.toml:86: fallback in [[slot]] leads back to the slot itself, house to bank to house: end the chain`},
		{"twice the same", bank + bank, `broadsheet.toml:81: slug in [[slot]] is "bank", as on line 74: each needs its own`},
		{"html twice", bank + "html = \"<p>x</p>\"\nhtml_file = \"bank.html\"", `broadsheet.toml:80: html_file in [[slot]] is given, and so is html: remove one of the two
broadsheet.toml:80: html_file in [[slot]] names "bank.html", which is not there; write the creative into it, or name another file`},
		{"a long text", change("Two months", strings.Repeat("x", 2000)), `broadsheet.toml:77: text in [[slot]] must have at most 2000 characters, not 2022`},
		{"an unknown key", bank + `digest = "daily"`, `broadsheet.toml:79: unknown key "digest" in [[slot]], did you mean "digests"?`},
		{"too many", strings.Repeat("[[slot]]\n", 201), `broadsheet.toml:272: slug in [[slot]] is one of 201, and at most 200 slots can be there: remove those that are over`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := folder(t)
			_, err := parse(dir, withSlots(t, tc.slots))
			wantProblems(t, err, dir, tc.want)
		})
	}
}

// TestFlawsOfCreativesHaveTheirPlace: the line of the file that the creative
// stands in, or of the key.
func TestFlawsOfCreativesHaveTheirPlace(t *testing.T) {
	checks := config.Checks{Creative: func(html string) []config.Flaw {
		line := strings.Count(html[:max(0, strings.Index(html, "<script"))], "\n") + 1
		if !strings.Contains(html, "<script") {
			return nil
		}
		return []config.Flaw{{Line: line, Text: "<script> cannot be in a creative: remove it"}}
	}}
	dir := folder(t)
	write(t, filepath.Join(dir, "bank.html"), "<p>\n</p><script></script>")
	text := withSlots(t, bank+"html_file = \"bank.html\"\n"+strings.Replace(bank, `"bank"`, `"other"`, 1)+"html = '''\n<p></p>\n<script></script>'''")
	_, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte(text), nil, checks)
	wantProblems(t, err, dir, `broadsheet.toml:87: html in [[slot]], its line 2: <script> cannot be in a creative: remove it
bank.html:2: <script> cannot be in a creative: remove it`)
}
