package templates

import (
	"slices"
	"strings"
)

// styleSheet is the rules that no style attribute can hold. They only better
// what the attributes do, so what they say is important. They stand in two
// elements because some mail programs drop a whole element over one rule that
// they do not know.
type styleSheet struct {
	in      *inliner
	light   conditions
	dark    conditions
	root    []string
	outlook []string // rules for the dark as Outlook's programs know it
}

// conditions are rules by the condition of the media rule around them.
type conditions struct {
	order []string
	rules map[string][]string
}

func (c *conditions) add(condition, selector string, declarations []string) {
	if len(declarations) == 0 || selector == "" {
		return
	}
	if !slices.Contains(c.order, condition) {
		c.order = append(c.order, condition)
	}
	if c.rules == nil {
		c.rules = map[string][]string{}
	}
	c.rules[condition] = append(c.rules[condition], selector+"{"+strings.Join(declarations, ";")+"}\n")
}

func (c *conditions) String() string {
	var b strings.Builder
	for _, condition := range c.order {
		rules := strings.Join(c.rules[condition], "")
		if condition != "" {
			rules = "@media " + condition + "{\n" + rules + "}\n"
		}
		b.WriteString(rules)
	}
	return b.String()
}

// sheet writes rules as style elements, less those whose classes no element
// has.
func (in *inliner) sheet(rules []cssRule) string {
	s := &styleSheet{in: in}
	for i := range rules {
		s.add(&rules[i])
	}
	for _, c := range in.dark.list {
		s.addDark(darkMedia, "."+c.name, declaration{name: c.property, value: c.value})
	}
	second := strings.Join(s.root, "") + s.dark.String() + strings.Join(s.outlook, "")
	return styleElement(s.light.String()) + styleElement(second)
}

func styleElement(rules string) string {
	if rules == "" {
		return ""
	}
	return "<style>\n" + rules + "</style>\n"
}

func (s *styleSheet) add(r *cssRule) {
	names := s.selectors(r)
	var light []string
	for _, d := range r.declarations {
		if strings.HasPrefix(d.name, "--") {
			continue
		}
		styled := styled{declaration: d}
		plain := s.in.light(&styled)
		d.value = s.in.vars.resolve(d.value, true, func(string) {})
		switch {
		case r.at != "" || r.isRoot() && r.media == "":
			light = append(light, d.name+":"+plain)
		case isDark(r.media):
			s.addDark(darkMedia, names, d)
		default:
			light = append(light, d.name+":"+plain+"!important")
			if d.value != plain {
				s.addDark(andDark(r.media), names, d)
			}
		}
	}
	switch {
	case r.at != "":
		s.light.add("", r.at, light)
	case r.isRoot() && len(light) > 0:
		s.root = append(s.root, rootSelector+"{"+strings.Join(light, ";")+"}\n")
	default:
		s.light.add(r.media, names, light)
	}
}

// andDark is a condition for the dark alone.
func andDark(media string) string {
	if media == "" {
		return darkMedia
	}
	parts := strings.Split(media, ",")
	for i := range parts {
		parts[i] += " and " + darkMedia
	}
	return strings.Join(parts, ",")
}

// addDark writes a declaration for the dark, for programs that know the
// condition and, where there is no other condition, for those of Outlook's
// that mark the document instead.
func (s *styleSheet) addDark(condition, names string, d declaration) {
	text := []string{d.name + ":" + d.value + "!important"}
	s.dark.add(condition, names, text)
	if condition != darkMedia || names == "" {
		return
	}
	mark := "[data-ogsc] "
	if strings.HasPrefix(d.name, "background") {
		mark = "[data-ogsb] "
	}
	marked := mark + strings.ReplaceAll(names, ",", ","+mark)
	s.outlook = append(s.outlook, marked+"{"+text[0]+"}\n")
}

// selectors are those of a rule that some element may match.
func (s *styleSheet) selectors(r *cssRule) string {
	var names []string
	for i := range r.selectors {
		absent := func(class string) bool { return !s.in.used[class] }
		if !slices.ContainsFunc(r.selectors[i].classes, absent) {
			names = append(names, r.selectors[i].text)
		}
	}
	return strings.Join(names, ",")
}
