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

// audience reports whether a reader with attributes as they are stored belongs
// to an audience: has one of its values of each attribute that it names.
func (s *Setup) audience(pairs []string, stored string) bool {
	known := s.attributesOf(stored)
	return !slices.ContainsFunc(pairs, func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return !slices.ContainsFunc(pairs, func(other string) bool {
			return strings.HasPrefix(other, name+"=") && strings.Contains(known, ","+other+",")
		})
	})
}
