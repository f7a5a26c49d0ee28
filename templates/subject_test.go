package templates_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"broadsheet/templates"
)

func TestSubjects(t *testing.T) {
	long := daily(3)
	long.Lead.Title = strings.Repeat("bridge ", 60)
	broken := daily(3)
	broken.Lead.Title = "  One\r\nBcc: all@example.com\t\u202Etwo  "
	for _, tc := range []struct {
		name, src string
		digest    *templates.Digest
		want      string
	}{
		{"the usual one", "{{.Digest.Name}}: {{.Lead.Title}}", daily(3), "The Morning Courier: Council agrees on plan 0 for the harbour bridge after a long night of talks"},
		{"every field", "{{.Site.Name}} {{.Date}} {{.Count}} {{.Digest.Slug}} {{.Digest.Edition}} {{.Lead.Source}}", daily(3), "City Courier Monday, November 23, 2026 3 daily daily/2026-11-23 City Courier"},
		{"plain text", "Your news", daily(3), "Your news"},
		{"one line", "{{.Lead.Title}}", broken, "One Bcc: all@example.com two"},
		{"no lead", "{{.Digest.Name}}: {{.Lead.Title}}", daily(0), "The Morning Courier"},
		{"nothing at all", "{{.Lead.Title}}", daily(0), "The Morning Courier"},
		{"inside with", "{{with .Lead}}{{.Author}}{{end}}, {{$.Count}}", daily(1), "Ana Ruiz, 1"},
		{"not markup", "{{.Digest.Name}} & <more>", daily(1), "The Morning Courier & <more>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := templates.ParseSubject(tc.src)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Execute(tc.digest)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
	s, err := templates.ParseSubject("{{.Lead.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Execute(long)
	if n := utf8.RuneCountInString(got); err != nil || n > 200 || n < 150 || !strings.HasSuffix(got, "bridge…") {
		t.Errorf("long headline: got %d runes, %q, %v", n, got, err)
	}
}

func TestWrongSubjectsNameTheFieldAndTheNearest(t *testing.T) {
	for src, want := range map[string]string{
		"{{.Lead.Titel}}":                               `unknown field ".Lead.Titel", did you mean ".Lead.Title"?`,
		"{{.digest.Name}}":                              `unknown field ".digest", did you mean ".Digest"?`,
		"{{if .Lead.Title}}{{.Cuont}}{{end}}":           `unknown field ".Cuont", did you mean ".Count"?`,
		"{{if false}}x{{else}}{{.Sites}}{{end}}":        `unknown field ".Sites", did you mean ".Site"?`,
		"{{with .Lead}}{{.Autor}}{{end}}":               `unknown field ".Autor", did you mean ".Author"?`,
		"{{with .Lead}}{{$.Lead.Autor}}{{end}}":         `unknown field "$.Lead.Autor", did you mean "$.Lead.Author"?`,
		"{{printf \"%s\" .Date.Year}}":                  `unknown field ".Date.Year": ".Date" has no fields`,
		"{{.Lead.Title":                                 "unclosed action",
		"{{nosuch .Date}}":                              `function "nosuch" not defined`,
		"{{index .Count 1}}":                            "can't index",
		"  ":                                            "the subject is empty",
		"{{with .Lead}}{{with .Title}}{{.}}{{end}}{{en": "subject",
	} {
		if _, err := templates.ParseSubject(src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSubject(%q): got %v, want %q", src, err, want)
		}
	}
}
