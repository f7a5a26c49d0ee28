package digest

import "strings"

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
