package templates

import (
	"slices"
	"strconv"
	"strings"
)

// darkClasses are the classes that the rules for the dark reach elements by:
// one for each property and value, however many elements have it.
type darkClasses struct {
	names map[string]string // by declaration, such as "color:#f1ede4"
	list  []darkClass       // in order of their first use
}

type darkClass struct{ name, property, value string }

// darkNames are the classes of an element for what is another in the dark.
func (in *inliner) darkNames(decls []styled) []string {
	var names []string
	for _, d := range in.darkValues(decls) {
		if name := in.dark.name(d.name, d.value, in.kept); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// darkValues are the declarations that are another in the dark, with their
// values there, less what says the same twice.
func (in *inliner) darkValues(decls []styled) []declaration {
	var out []declaration
	borders := map[string]bool{}
	for i := range decls {
		d := &decls[i]
		value := in.vars.resolve(d.value, true, func(string) {})
		if isBorder(d.name) {
			borders[in.borderColour(d, true)] = true
		}
		if value != in.light(d) {
			out = append(out, declaration{name: d.name, value: value})
		}
	}
	var kept []declaration
	for _, d := range out {
		d.name, d.value = darkProperty(d, len(borders) == 1)
		if !slices.Contains(kept, d) {
			kept = append(kept, d)
		}
	}
	return kept
}

func isBorder(name string) bool {
	return name == "border" || strings.HasPrefix(name, "border-") && colourAt(name)
}

// colourAt reports whether a border property may hold a colour.
func colourAt(name string) bool {
	switch strings.TrimPrefix(name, "border-") {
	case "top", "right", "bottom", "left", "color", "top-color", "right-color", "bottom-color", "left-color":
		return true
	}
	return false
}

// borderColour is the last word of a border's value, which is where colours
// are written.
func (in *inliner) borderColour(d *styled, dark bool) string {
	return lastWord(in.vars.resolve(d.value, dark, func(string) {}))
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

// darkProperty is the property that changes nothing but a colour: a border
// whose sides have all one colour needs one rule.
func darkProperty(d declaration, oneBorder bool) (name, value string) {
	switch {
	case d.name == "background" && !strings.ContainsAny(d.value, " ,("):
		return "background-color", d.value
	case isBorder(d.name) && oneBorder && !strings.Contains(lastWord(d.value), ")"):
		return "border-color", lastWord(d.value)
	case isBorder(d.name) && !strings.HasSuffix(d.name, "color") && !strings.Contains(lastWord(d.value), ")"):
		return d.name + "-color", lastWord(d.value)
	}
	return d.name, d.value
}

// name is the class for a declaration. taken are names that have a meaning.
func (c *darkClasses) name(property, value string, taken map[string]bool) string {
	key := property + ":" + value
	if name, ok := c.names[key]; ok {
		return name
	}
	name := "d" + letters(len(c.list))
	for taken[name] {
		name += "x"
	}
	if c.names == nil {
		c.names = map[string]string{}
	}
	c.names[key] = name
	c.list = append(c.list, darkClass{name, property, value})
	return name
}

// letters counts in letters: a, b, ..., z, ba, bb.
func letters(n int) string {
	return strings.Map(func(r rune) rune {
		if r <= '9' {
			return r - '0' + 'a'
		}
		return r - 'a' + 'a' + 10
	}, strconv.FormatInt(int64(n), 26))
}
