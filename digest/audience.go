package digest

import (
	"slices"
	"strings"
)

// attributesOf completes what is stored of a reader's attributes: of those of
// which nothing is known the first value counts.
func (s *Setup) attributesOf(stored string) string {
	b := []string{strings.Trim(stored, ",")}
	if b[0] == "" {
		b = nil
	}
	for i := range s.Attributes {
		a := &s.Attributes[i]
		if !strings.Contains(stored, ","+a.Name+"=") && len(a.Values) > 0 {
			b = append(b, a.Name+"="+a.Values[0])
		}
	}
	if len(b) == 0 {
		return ""
	}
	return "," + strings.Join(b, ",") + ","
}

// widens reports whether a story that was for one audience and is for another now
// has readers whom it did not have, both as they are stored.
func widens(before, after string) bool {
	old, fresh := splitPairs(before), splitPairs(after)
	names := func(pairs []string, pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.ContainsFunc(pairs, func(p string) bool { return strings.HasPrefix(p, name+"=") })
	}
	for _, pair := range old {
		if !names(fresh, pair) {
			return true
		}
	}
	for _, pair := range fresh {
		if names(old, pair) && !slices.Contains(old, pair) {
			return true
		}
	}
	return false
}
