package subscribers

import (
	"fmt"
	"slices"
	"strings"
)

// Attribute is something that the site knows of its readers, such as the tier
// "free" or "paid". Of whom nothing is known, the first value counts.
type Attribute struct {
	Name   string
	Values []string
}

// Attributes are a reader's, as ",plan=gold,tier=paid," sorted by name; "" if
// none is known.
type Attributes string

// Pairs returns them as "tier=paid", sorted by name.
func (a Attributes) Pairs() []string {
	if a == "" {
		return nil
	}
	return strings.Split(strings.Trim(string(a), ","), ",")
}

// Value returns that of an attribute, "" if it is not known.
func (a Attributes) Value(name string) string {
	for _, pair := range a.Pairs() {
		if n, value, _ := strings.Cut(pair, "="); n == name {
			return value
		}
	}
	return ""
}

// with returns a with another value of one attribute.
func (a Attributes) with(name, value string) Attributes {
	pairs := slices.DeleteFunc(a.Pairs(), func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
	pairs = append(pairs, name+"="+value)
	slices.SortFunc(pairs, func(p, q string) int {
		m, _, _ := strings.Cut(p, "=")
		n, _, _ := strings.Cut(q, "=")
		return strings.Compare(m, n)
	})
	return Attributes("," + strings.Join(pairs, ",") + ",")
}

// and returns a with the values of more, which win.
func (a Attributes) and(more Attributes) Attributes {
	for _, pair := range more.Pairs() {
		name, value, _ := strings.Cut(pair, "=")
		a = a.with(name, value)
	}
	return a
}

// attributesOf reads pairs such as "tier=paid".
func (c *Catalog) attributesOf(pairs []string) (Attributes, error) {
	var found Attributes
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return "", fmt.Errorf("attribute %q is not like tier=paid", shorten(pair))
		}
		at := slices.IndexFunc(c.Attributes, func(a Attribute) bool { return a.Name == name })
		if at < 0 {
			return "", fmt.Errorf("unknown attribute %q%s", shorten(name), DidYouMean(name, c.attributeNames()))
		}
		if err := c.Attributes[at].check(value); err != nil {
			return "", err
		}
		found = found.with(name, value)
	}
	return found, nil
}

// check refuses a value that is not among those declared.
func (a *Attribute) check(value string) error {
	if slices.Contains(a.Values, value) {
		return nil
	}
	return fmt.Errorf("unknown %s %q, want one of %s", a.Name, shorten(value), strings.Join(a.Values, ", "))
}

func (c *Catalog) attributeNames() []string {
	names := make([]string, len(c.Attributes))
	for i := range c.Attributes {
		names[i] = c.Attributes[i].Name
	}
	return names
}

// known returns the value that a reader's attributes have, "" for none or one
// that is no longer declared.
func (a *Attribute) known(of Attributes) string {
	if value := of.Value(a.Name); slices.Contains(a.Values, value) {
		return value
	}
	return ""
}

// Map returns them by name, nil if none is known.
func (a Attributes) Map() map[string]string {
	var out map[string]string
	for _, pair := range a.Pairs() {
		if out == nil {
			out = map[string]string{}
		}
		name, value, _ := strings.Cut(pair, "=")
		out[name] = value
	}
	return out
}
