package templates

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/go-playground/locales"
)

// Texts are all texts of a language by the names of their fields, such as
// "problems[other]" and "more.few".
func Texts(language string) map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(words(language)).Elem()
	for i := range v.NumField() {
		addTexts(out, v.Type().Field(i).Name, v.Field(i))
	}
	return out
}

func addTexts(out map[string]string, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		out[name] = v.String()
	case reflect.Map:
		for _, key := range v.MapKeys() {
			out[fmt.Sprintf("%s[%v]", name, key)] = v.MapIndex(key).String()
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if form := v.Field(i).String(); form != "" {
				out[name+"."+v.Type().Field(i).Name] = form
			}
		}
	}
}

// PluralForms are the names of the forms that CLDR has for a language.
func PluralForms(language string) []string {
	var out []string
	for _, rule := range words(language).locale.PluralsCardinal() {
		out = append(out, map[locales.PluralRule]string{
			locales.PluralRuleZero: "zero", locales.PluralRuleOne: "one", locales.PluralRuleTwo: "two",
			locales.PluralRuleFew: "few", locales.PluralRuleMany: "many", locales.PluralRuleOther: "other",
		}[rule])
	}
	return out
}

var verb = regexp.MustCompile(`%(\[\d\])?.`)

// Verbs are the values that a text takes, in order, each once.
func Verbs(text string) []string {
	out := verb.FindAllString(text, -1)
	slices.Sort(out)
	return slices.Compact(out)
}

// Dated is how a language tells times.
func Dated(language string) (date, day func(time.Time) string, instant, near func(t, now time.Time) string, days func(first, last time.Time) string) {
	c := words(language)
	return c.longDate, c.day, c.instant, c.near, c.days
}

// Clock, Moment, Number, List, More and Reading are the words of a language for
// a time of day, a moment, a number, a list, what is left out, and what there
// is to read.
func Clock(language string, t time.Time) string    { return words(language).clock(t) }
func Moment(language string, t time.Time) string   { return words(language).Moment(t) }
func List(language string, names ...string) string { return words(language).List(names) }
func More(language string, n int) string           { return words(language).More(n, "X") }
func Reading(language string, stories, minutes int) string {
	return words(language).reading(stories, minutes)
}
