package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func readArticles(t *table) Articles {
	a := Articles{KeepDuplicates: t.flag("keep_duplicates")}
	t.done()
	return a
}

func readAttributes(tables []*table) []Attribute {
	seen := slugs{}
	var out []Attribute
	for _, t := range tables {
		a := Attribute{Name: t.unique("name", `"tier"`, seen), Values: t.texts("values", slug)}
		if err := t.l.checks.Attribute(a.Name); err != nil {
			t.complain("name", "is %s, %v", quote(a.Name), err)
		}
		if len(a.Values) < 2 {
			t.complain("values", `has fewer than two: name all of them, the usual one first, such as ["free", "paid"]`)
		}
		t.done()
		out = append(out, a)
	}
	return out
}

// attribute is the rule of what names an attribute and one of its values.
func (c *Config) attribute(pair string) error {
	name, value, _ := strings.Cut(pair, "=")
	var known []string
	for _, a := range c.Attributes {
		if a.Name == name && slices.Contains(a.Values, value) {
			return nil
		}
		for _, v := range a.Values {
			known = append(known, a.Name+"="+v)
		}
	}
	if len(known) == 0 {
		return fmt.Errorf("must be like %q of an attribute that a table [[attribute]] declares, not %q", "tier=paid", pair)
	}
	return fmt.Errorf("must be one of %s, not %q", strings.Join(known, ", "), pair)
}

// timeOfDay is the rule of a time such as "06:30".
func timeOfDay(text string) error {
	if at, err := time.Parse("15:04", text); err != nil || at.Format("15:04") != text {
		return fmt.Errorf(`must be a time of day such as "06:30", not %q`, text)
	}
	return nil
}

// hourRange is the rule of a part of the day such as "22:00-07:00".
func hourRange(text string) error {
	from, to, _ := strings.Cut(text, "-")
	if timeOfDay(from) != nil || timeOfDay(to) != nil || from == to {
		return fmt.Errorf(`must be two times of day such as "22:00-07:00", not %q`, text)
	}
	return nil
}
