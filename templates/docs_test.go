package templates_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"broadsheet/templates"
)

var (
	docField = regexp.MustCompile("`\\.([A-Za-z]+(?:\\.[A-Za-z]+)*)`")
	docName  = regexp.MustCompile("`([a-z]+)`")
	wordUse  = regexp.MustCompile(`\.T\.[A-Z][A-Za-z]*`)
)

// documented reads docs/templates.md: the fields that the first column of each
// section's table names, and the functions.
func documented(t *testing.T) (fields map[string][]string, funcs []string) {
	t.Helper()
	page, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	fields = map[string][]string{}
	section := ""
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(line, "### "); ok {
			section = strings.TrimSpace(name)
		}
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) < 2 {
			continue
		}
		for _, m := range docField.FindAllStringSubmatch(cells[0], -1) {
			fields[section] = append(fields[section], m[1])
		}
		if m := docName.FindStringSubmatch(cells[0]); m != nil && (cells[1] == "HTML" || cells[1] == "text") {
			funcs = append(funcs, m[1])
		}
	}
	return fields, funcs
}

func TestThePageOfThemesHasAllFields(t *testing.T) {
	fields, funcs := documented(t)
	for section, want := range templates.ThemeFields() {
		got := slices.Sorted(slices.Values(fields[section]))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the page has\n%q, and the type\n%q", section, got, want)
		}
		delete(fields, section)
	}
	delete(fields, "Words")
	for section := range fields {
		t.Errorf("the page has the section %s, and there is no such type", section)
	}
	slices.Sort(funcs)
	if got, want := slices.Compact(funcs), templates.ThemeFuncs(); !reflect.DeepEqual(got, want) {
		t.Errorf("the page has the functions\n%q, and there are\n%q", got, want)
	}
}

// TestThePageOfThemesHasTheWordsOfMails: those that the built-in themes use.
func TestThePageOfThemesHasTheWordsOfMails(t *testing.T) {
	fields, _ := documented(t)
	used := map[string]bool{}
	names, err := templates.ThemeNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		files, err := templates.Eject(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range files {
			for _, word := range wordUse.FindAllString(text, -1) {
				used[strings.TrimPrefix(word, ".")] = true
			}
		}
	}
	for word := range used {
		if !slices.Contains(fields["Words"], word) {
			t.Errorf("the page lacks .%s", word)
		}
	}
	for _, word := range fields["Words"] {
		if !used[word] {
			t.Errorf("the page has .%s, which no theme uses", word)
		}
	}
}
