package templates

import (
	"fmt"
	"reflect"
)

// Wrap is wrap, for tests.
var Wrap = wrap

// MissingWords lists what a language lacks: texts that are empty, statuses and
// problems that English has.
func MissingWords() []string {
	var missing []string
	for language, c := range catalogues {
		v := reflect.ValueOf(c).Elem()
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String && f.String() == "" {
				missing = append(missing, fmt.Sprintf("%s: %s", language, v.Type().Field(i).Name))
			}
		}
		for status := range english.statusTitles {
			if c.statusTitles[status] == "" || c.statusTexts[status] == "" {
				missing = append(missing, fmt.Sprintf("%s: status %d", language, status))
			}
		}
		for problem := range english.problems {
			if c.problems[problem] == "" {
				missing = append(missing, fmt.Sprintf("%s: problem %s", language, problem))
			}
		}
	}
	return missing
}

// DrawProse is a text as it is drawn in a mail that is read from the left.
func DrawProse(p *Prose) string {
	return string(drawProse(p, "ltr", attributes(mailLooks, &lightPalette)))
}
