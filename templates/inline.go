package templates

import (
	"cmp"
	"html"
	"slices"
	"strings"
)

// inliner puts the rules of a theme into the style attributes of elements, as
// the many mail programs need that know no style element. Where a colour is
// another in the dark, the element gets a class that the rules for the dark
// reach it by.
type inliner struct {
	rules  []cssRule // of simple selectors under no condition, in order
	vars   variables
	kept   map[string]bool // classes that rules in the style element name
	used   map[string]bool // those of kept that an element has
	dark   darkClasses
	faults *Faults
}

// styled is a declaration that applies to an element.
type styled struct {
	declaration
	rule int // the place of its rule, to keep fallbacks of one rule
}

// matching is the declarations for an element, weakest first.
func (in *inliner) matching(tag, id string, classes []string) []styled {
	type match struct{ weight, rule int }
	var matches []match
	for i := range in.rules {
		best := -1
		for j := range in.rules[i].selectors {
			if s := &in.rules[i].selectors[j]; s.matches(tag, id, classes) {
				best = max(best, s.weight)
			}
		}
		if best >= 0 {
			matches = append(matches, match{best, i})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.weight, b.weight) })
	var all, important []styled
	for _, m := range matches {
		for _, d := range in.rules[m.rule].declarations {
			s := styled{declaration: d, rule: m.rule}
			if d.important {
				important = append(important, s)
			} else {
				all = append(all, s)
			}
		}
	}
	return append(all, important...)
}

// cascade drops the declarations that a later one takes the place of.
func cascade(all []styled) []styled {
	var out []styled
	for _, d := range all {
		out = slices.DeleteFunc(out, func(earlier styled) bool {
			return earlier.rule != d.rule && overrides(d.name, earlier.name)
		})
		out = append(out, d)
	}
	return out
}

// overrides reports whether a later property leaves nothing of an earlier one.
func overrides(later, earlier string) bool {
	if later == earlier {
		return true
	}
	switch later {
	case "margin", "padding", "background", "border", "border-top", "border-right", "border-bottom", "border-left",
		"border-radius", "border-width", "border-style", "border-color", "text-decoration", "list-style", "outline":
		return strings.HasPrefix(earlier, later+"-")
	case "font":
		return strings.HasPrefix(earlier, "font-") || earlier == "line-height"
	}
	return false
}

// attributes are the class and style of an element: own is what its style
// attribute says, as it would stand in a style sheet.
func (in *inliner) attributes(tag, id string, classes []string, own []styled) string {
	decls := cascade(append(in.matching(tag, id, classes), own...))
	var names []string
	for _, c := range classes {
		if in.kept[c] && !slices.Contains(names, c) {
			in.used[c] = true
			names = append(names, c)
		}
	}
	names = append(names, in.darkNames(decls)...)
	var b strings.Builder
	if len(names) > 0 {
		b.WriteString(` class="` + strings.Join(names, " ") + `"`)
	}
	for i, d := range decls {
		b.WriteString(openStyle(i) + d.name + ":" + attributeValue(in.light(&d)))
	}
	if len(decls) > 0 {
		b.WriteString(`"`)
	}
	return b.String()
}

func openStyle(i int) string {
	if i == 0 {
		return ` style="`
	}
	return ";"
}

// light is a value as it is where no rule for the dark is known.
func (in *inliner) light(d *styled) string {
	return in.vars.resolve(d.value, false, func(string) {}) // check tells what is missing
}

// attributeValue writes a CSS value so that it may stand in double quotes.
func attributeValue(value string) string {
	if strings.Contains(value, "{{") { // an action, which is run in its place
		return value
	}
	if !strings.Contains(value, "'") {
		value = strings.ReplaceAll(value, `"`, "'")
	}
	return attributeEscapes.Replace(value)
}

var attributeEscapes = strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;")

// mostVariants are made of one tag whose classes depend on {{if}}.
const mostVariants = 16

// tag gives a start tag its styles.
func (in *inliner) tag(raw, file string, line int) string {
	variants := 0
	return in.variant(raw, file, line, &variants)
}

// variant handles a tag whose classes depend on actions by writing the tag
// once for each branch, the action around all.
func (in *inliner) variant(raw, file string, line int, variants *int) string {
	t := splitTag(raw)
	offset, depends := t.dependsOn(raw)
	if !depends {
		return in.plain(&t, file, line)
	}
	block, found := blockAround(raw, offset)
	if *variants++; !found || block.word != "if" || *variants > mostVariants {
		in.faults.add(file, line, "the class or style of <%s> is computed: choose between written ones with {{if}}, at most %d of them", t.name, mostVariants)
		return raw
	}
	var b strings.Builder
	for i, condition := range block.conditions {
		b.WriteString("{{" + condition + "}}" + in.variant(block.with(raw, block.branches[i]), file, line, variants))
	}
	if !strings.HasPrefix(block.conditions[len(block.conditions)-1], "else") || strings.HasPrefix(block.conditions[len(block.conditions)-1], "else ") {
		b.WriteString("{{else}}" + in.variant(block.with(raw, ""), file, line, variants))
	}
	return b.String() + "{{end}}"
}

// dependsOn is where an action stands that decides about classes or styles.
func (t *startTag) dependsOn(raw string) (offset int, depends bool) {
	for i := range t.parts {
		p := &t.parts[i]
		if !p.styling() {
			continue
		}
		if p.within {
			return p.at, true
		}
		if i := strings.Index(p.value, "{{"); i >= 0 && (p.name == "class" || strings.Contains(p.value, "{{if") || strings.Contains(p.value, "{{- if")) {
			return p.at + i, true
		}
	}
	return 0, false
}

// plain gives its styles to a tag whose classes are known.
func (in *inliner) plain(t *startTag, file string, line int) string {
	var classes []string
	var id string
	var own []styled
	place := -1
	for i := range t.parts {
		p := &t.parts[i]
		switch {
		case p.name == "class":
			classes, place = strings.Fields(p.value), i
		case p.name == "style":
			own = in.ownStyle(p.value, file, line)
			if place < 0 {
				place = i
			}
		case p.name == "id" && !p.within:
			id = p.value
		}
	}
	attributes := in.attributes(t.name, id, classes, own)
	var b strings.Builder
	b.WriteString("<" + t.name)
	for i := range t.parts {
		if i == place {
			b.WriteString(attributes)
		}
		if !t.parts[i].styling() {
			b.WriteString(t.parts[i].text)
		}
	}
	if place < 0 {
		b.WriteString(attributes)
	}
	return b.String() + t.close
}

// ownStyle reads the text of a style attribute; actions in it stay.
func (in *inliner) ownStyle(value, file string, line int) []styled {
	var decls []declaration
	if strings.Contains(value, "{{") {
		decls = splitDeclarations(value, line)
	} else {
		decls = readDeclarations(html.UnescapeString(value), file, line, in.faults)
	}
	own := make([]styled, len(decls))
	for i, d := range decls {
		in.check(file, &d)
		own[i] = styled{declaration: d, rule: len(in.rules)}
	}
	return own
}

// splitDeclarations cuts a style attribute that has actions at its semicolons.
func splitDeclarations(value string, line int) []declaration {
	var decls []declaration
	start := 0
	for i := 0; i <= len(value); i++ {
		if i < len(value) && strings.HasPrefix(value[i:], "{{") {
			i += actionLength(value[i:]) - 1
			continue
		}
		if i < len(value) && value[i] != ';' {
			continue
		}
		if name, v, found := strings.Cut(value[start:i], ":"); found {
			decls = append(decls, declaration{name: strings.ToLower(strings.TrimSpace(name)), value: strings.TrimSpace(v), line: line})
		}
		start = i + 1
	}
	return decls
}
