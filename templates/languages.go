package templates

import (
	"slices"
	"strings"
)

// Languages are the tags (BCP 47) of the languages that mails and pages have
// words in, in the order of the alphabet.
func Languages() []string {
	var tags []string
	for _, c := range catalogues {
		tags = append(tags, c.language)
	}
	slices.Sort(tags)
	return tags
}

// HasLanguage reports whether mails and pages have words in a language, such as
// "pt-BR" by the words of "pt".
func HasLanguage(tag string) bool {
	_, ok := catalogueOf(tag)
	return ok
}

// Offered are the languages in which readers may have mails and pages, the
// site's own first.
func (s *Site) Offered() []string {
	out := []string{s.Language}
	for _, tag := range s.Languages {
		if !slices.ContainsFunc(out, func(have string) bool { return sameTag(have, tag) }) {
			out = append(out, tag)
		}
	}
	return out
}

// Speak is the offered language that serves who wants those languages, the most
// wanted first: the same tag, else one with the same base language. Where none
// of them is offered it is the site's.
func (s *Site) Speak(wanted ...string) string {
	if tag, ok := s.speaks(wanted); ok {
		return tag
	}
	return s.Language
}

func (s *Site) speaks(wanted []string) (string, bool) {
	offered := s.Offered()
	for _, want := range wanted {
		if want == "" {
			continue
		}
		for _, same := range []func(a, b string) bool{sameTag, sameBase} {
			if i := slices.IndexFunc(offered, func(tag string) bool { return same(tag, want) }); i >= 0 {
				return offered[i], true
			}
		}
	}
	return "", false
}

// In is the site in the offered language that serves who wants those languages.
func (s Site) In(wanted ...string) Site {
	s.Language, s.Languages = s.Speak(wanted...), s.Offered()
	return s
}

func sameTag(a, b string) bool { return plainTag(a) == plainTag(b) }

// NameIn is what something is called in a language: its name there, by names whose
// keys are BCP 47 tags, or else the one name that it always has. "de" serves
// "de-AT", too.
func NameIn(name string, names map[string]string, language string) string {
	if language == "" || len(names) == 0 {
		return name
	}
	base := ""
	for tag, there := range names {
		switch {
		case sameTag(tag, language):
			return there
		case plainTag(tag) == baseOf(language):
			base = there
		}
	}
	return firstOf(base, name)
}

func sameBase(a, b string) bool { return baseOf(a) == baseOf(b) }

// plainTag is the one spelling of a tag by which it is looked up.
func plainTag(tag string) string { return strings.ToLower(strings.ReplaceAll(tag, "_", "-")) }

func baseOf(tag string) string {
	base, _, _ := strings.Cut(plainTag(tag), "-")
	return base
}
