package templates

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// seen is how a reader looks at a mail.
type seen struct{ dark, narrow bool }

// cascading is the style rules of a drawn mail, to tell what an element looks
// like where mail programs read style elements.
type cascading struct {
	rules []cascadingRule
}

// cascadingRule is one selector with its declarations.
type cascadingRule struct {
	chain        []chained
	weight       int
	media        string
	declarations []declaration
}

// chained is one element of a selector; the last one is the element itself.
type chained struct {
	selector
	child bool // of the element before, not only within it
}

// readSheets reads the style elements of a mail. Selectors that depend on
// anything but types, classes, ids and what is around an element are left out,
// such as those for links that are pointed at.
func readSheets(root *html.Node) *cascading {
	c := &cascading{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "style" || n.FirstChild == nil {
			continue
		}
		for _, r := range readCSS(n.FirstChild.Data, "", 1, &Faults{}) {
			for i := range r.selectors {
				if chain, weight, ok := readChain(r.selectors[i].text); ok {
					c.rules = append(c.rules, cascadingRule{chain: chain, weight: weight, media: r.media, declarations: r.declarations})
				}
			}
		}
	}
	return c
}

// readChain takes a selector such as ".lead > p" apart.
func readChain(text string) (chain []chained, weight int, ok bool) {
	child := false
	for part := range strings.FieldsSeq(strings.ReplaceAll(text, ">", " > ")) {
		if part == ">" {
			child = true
			continue
		}
		s, simple := simpleSelector(part)
		if !simple {
			return nil, 0, false
		}
		chain, weight = append(chain, chained{s, child}), weight+s.weight
		child = false
	}
	return chain, weight, len(chain) > 0
}

// simpleSelector reads a type with classes and ids.
func simpleSelector(text string) (selector, bool) {
	if strings.ContainsAny(text, ":[+~\\") {
		return selector{}, false
	}
	s := selector{text: text, simple: true}
	name := text
	if i := strings.IndexAny(text, ".#"); i >= 0 {
		name = text[:i]
	}
	for rest := text[len(name):]; rest != ""; {
		end := strings.IndexAny(rest[1:], ".#") + 1
		if end == 0 {
			end = len(rest)
		}
		if rest[0] == '#' {
			s.id, s.weight = rest[1:end], s.weight+10_000
		} else {
			s.classes, s.weight = append(s.classes, rest[1:end]), s.weight+100
		}
		rest = rest[end:]
	}
	if name != "" && name != "*" {
		s.tag, s.weight = strings.ToLower(name), s.weight+1
	}
	return s, true
}

// matches reports whether a rule is for an element.
func (r *cascadingRule) matches(n *html.Node) bool { return chainMatches(r.chain, n) }

func chainMatches(chain []chained, n *html.Node) bool {
	last := chain[len(chain)-1]
	if !last.matches(n.Data, attribute(n, "id"), strings.Fields(attribute(n, "class"))) {
		return false
	}
	if len(chain) == 1 {
		return true
	}
	for up := n.Parent; up != nil && up.Type == html.ElementNode; up = up.Parent {
		if chainMatches(chain[:len(chain)-1], up) {
			return true
		}
		if last.child {
			return false
		}
	}
	return false
}

// applied are the declarations for an element, those that win last.
func (c *cascading) applied(n *html.Node, how seen) []declaration {
	type candidate struct {
		declaration
		weight int
	}
	var all []candidate
	for i := range c.rules {
		r := &c.rules[i]
		if !how.meets(r.media) || !r.matches(n) {
			continue
		}
		for _, d := range r.declarations {
			all = append(all, candidate{d, r.weight})
		}
	}
	const inline = 1 << 30 // above all selectors
	for _, d := range readDeclarations(attribute(n, "style"), "", 1, &Faults{}) {
		all = append(all, candidate{d, inline})
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		if a.important != b.important {
			if b.important {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.weight, b.weight)
	})
	out := make([]declaration, len(all))
	for i := range all {
		out[i] = all[i].declaration
	}
	return out
}

// meets reports whether the condition of a media rule holds. One that cannot
// be told from light and width does not.
func (s seen) meets(media string) bool {
	if media == "" {
		return true
	}
	for alternative := range strings.SplitSeq(media, ",") {
		holds := true
		for part := range strings.SplitSeq(strings.TrimPrefix(strings.TrimSpace(alternative), "only "), " and ") {
			holds = holds && s.meetsPart(strings.TrimSpace(part))
		}
		if holds {
			return true
		}
	}
	return false
}

func (s seen) meetsPart(part string) bool {
	switch {
	case part == "screen" || part == "all":
		return true
	case part == darkMedia:
		return s.dark
	case part == "(prefers-color-scheme:light)":
		return !s.dark
	case strings.HasPrefix(part, "(max-width") || strings.HasPrefix(part, "(max-device-width"):
		return s.narrow
	case strings.HasPrefix(part, "(min-width") || strings.HasPrefix(part, "(min-device-width"):
		return !s.narrow
	}
	return false
}
