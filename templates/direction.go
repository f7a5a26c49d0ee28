package templates

import (
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// languageDirection is the writing direction of a language, "ltr" or "rtl".
func languageDirection(language string) string {
	base, rest, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(language, "_", "-")), "-")
	switch {
	case strings.HasPrefix(rest, "latn"), strings.HasPrefix(rest, "cyrl"):
		return "ltr"
	case strings.HasPrefix(rest, "arab"), strings.HasPrefix(rest, "hebr"):
		return "rtl"
	}
	switch base {
	case "ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}

// textDirection is the direction of the first letter in s that has one, and
// fallback where there is none.
func textDirection(s, fallback string) string {
	for _, r := range s {
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.L:
			return "ltr"
		case bidi.R, bidi.AL:
			return "rtl"
		}
	}
	return fallback
}
