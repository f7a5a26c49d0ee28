package templates

import (
	"fmt"
	"maps"
	"strings"
)

// variables are the custom properties of a theme, in the light and in the
// dark. What the dark does not name is as in the light.
type variables struct {
	light, dark map[string]string
}

// darkMedia is the condition of the rules for the dark.
const darkMedia = "(prefers-color-scheme:dark)"

// isDark reports whether rules under a condition are for the dark alone.
func isDark(media string) bool {
	media = strings.TrimPrefix(strings.TrimPrefix(media, "only "), "screen and ")
	return media == darkMedia
}

// readVariables collects what the rules for :root declare. The rules of files
// that were read later win, and the values of look above all.
func readVariables(rules []cssRule, look Look) variables {
	v := variables{light: map[string]string{}, dark: map[string]string{}}
	for i := range rules {
		r := &rules[i]
		if !r.isRoot() || r.media != "" && !isDark(r.media) {
			continue
		}
		into := v.light
		if r.media != "" {
			into = v.dark
		}
		for _, d := range r.declarations {
			if name, ok := strings.CutPrefix(d.name, "--"); ok {
				into[name] = d.value
			}
		}
	}
	maps.Copy(v.light, look.Light)
	maps.Copy(v.dark, look.Dark)
	return v
}

// isRoot reports whether a rule is for :root and nothing else.
func (r *cssRule) isRoot() bool {
	return len(r.selectors) == 1 && r.selectors[0].text == rootSelector
}

// missing says why a variable has no value, with the nearest one that has.
func (v *variables) missing(name string) string {
	if _, ok := v.light[name]; ok {
		return fmt.Sprintf("--%s stands for variables that name each other in a circle, or grow without end", name)
	}
	return fmt.Sprintf("no such variable: --%s%s", name, didYouMean("--", sortedKeys(v.light), name))
}

func (v *variables) get(name string, dark bool) (string, bool) {
	if dark {
		if value, ok := v.dark[name]; ok {
			return value, true
		}
	}
	value, ok := v.light[name]
	return value, ok
}

// A value that takes more replacements than this, or grows longer, is a circle
// of variables or a trap.
const (
	mostReplacements = 200
	mostValue        = 4096
)

// resolve puts the values in the places of var(--name). It calls missing for
// a name that has none and no fallback, and leaves the place empty.
func (v *variables) resolve(value string, dark bool, missing func(name string)) string {
	f := filling{from: v, dark: dark, missing: missing}
	f.add(value)
	return f.String()
}

// filling is a value whose variables are being replaced.
type filling struct {
	strings.Builder
	from    *variables
	dark    bool
	missing func(name string)
	done    int // replacements so far
}

func (f *filling) add(value string) {
	for {
		before, name, fallback, after, found := cutVar(value)
		f.WriteString(before)
		if !found {
			return
		}
		value = after
		if f.done++; f.done > mostReplacements || f.Len() > mostValue {
			f.missing(name)
			return
		}
		switch got, ok := f.from.get(name, f.dark); {
		case ok:
			f.add(got)
		case fallback != "":
			f.add(fallback)
		default:
			f.missing(name)
		}
	}
}

// cutVar finds the first var() in a value.
func cutVar(value string) (before, name, fallback, after string, found bool) {
	start := strings.Index(value, "var(")
	if start < 0 || start > 0 && isNameByte(value[start-1]) {
		return value, "", "", "", false
	}
	depth := 0
	for i := start; i < len(value); i++ {
		switch value[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				name, fallback, _ = strings.Cut(value[start+len("var("):i], ",")
				name = strings.TrimPrefix(strings.TrimSpace(name), "--")
				return value[:start], name, strings.TrimSpace(fallback), value[i+1:], true
			}
		}
	}
	return value, "", "", "", false
}

func isNameByte(c byte) bool {
	return c == '-' || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
