package subscribers

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"broadsheet/mail"
	"broadsheet/templates"
)

// FieldErrors says what is wrong with a form, in words for the person who
// filled it in, by field; the keys are the field names of package templates.
type FieldErrors map[string]string

// Error implements error.
func (e FieldErrors) Error() string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(e)) {
		parts = append(parts, field+": "+e[field])
	}
	return strings.Join(parts, "; ")
}

func (e FieldErrors) add(field string, err error) {
	if err != nil && e[field] == "" {
		e[field] = err.Error()
	}
}

// result returns e as an error, nil if nothing is wrong.
func (e FieldErrors) result() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Fields of what operators enter, for which package templates has no name.
const (
	fieldLanguage   = "language"
	fieldHour       = "hour"
	fieldAttributes = "attributes"
)

// FieldHour is the name of a form's field with the hour of a digest.
func FieldHour(slug string) string { return templates.FieldHour + slug }

// Longest values kept, in characters.
const (
	maxName   = 100
	maxShort  = 60
	maxOrigin = 64
)

func (e FieldErrors) address(s string) string {
	address, err := mail.Canonical(s)
	e.add(templates.FieldAddress, err)
	return address
}

func (e FieldErrors) name(s string) string {
	name, err := cleanName(s)
	e.add(templates.FieldName, err)
	return name
}

func (e FieldErrors) zone(s string) string {
	s = strings.TrimSpace(s)
	e.add(templates.FieldZone, checkZone(s))
	return s
}

func (e FieldErrors) language(s string) string {
	s = strings.TrimSpace(s)
	e.add(fieldLanguage, checkLanguage(s))
	return s
}

// hours reads what was chosen on a form, by slug. What is wrong with that of a
// digest is under FieldHour with its slug.
func (e FieldErrors) hours(c *Catalog, bySlug map[string]string) hours {
	asked := hours{}
	for slug, hour := range bySlug {
		one, err := c.hoursOf([]string{slug + "=" + strings.TrimSpace(hour)}, c.allDigests())
		e.add(FieldHour(slug), err)
		maps.Copy(asked, one)
	}
	return asked
}

// choices reads what was ticked on a form, where nothing is chosen beforehand.
func (e FieldErrors) choices(c *Catalog, topics, digests []string) choices {
	var w choices
	var err error
	w.topics, err = c.topicsOf(topics)
	e.add(templates.FieldTopics, err)
	if err == nil && w.topics == "" {
		w.topics = AllTopics
		if len(c.Topics) > 0 {
			e.add(templates.FieldTopics, errors.New("choose at least one topic"))
		}
	}
	w.digests, err = c.digestsOf(digests)
	e.add(templates.FieldDigests, err)
	switch {
	case err != nil || len(w.digests) > 0:
	case len(c.Digests) == 0:
		e.add(templates.FieldDigests, errNoDigest)
	case len(c.Digests) == 1:
		w.digests = c.allDigests()
	default:
		e.add(templates.FieldDigests, errors.New("choose at least one newsletter"))
	}
	if len(e) == 0 {
		e.add(templates.FieldTopics, c.check(w))
	}
	return w
}

// cleanName makes a display name one line that leaves the direction of the text
// around it alone.
func cleanName(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("the name contains broken characters")
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if utf8.RuneCountInString(s) > maxName {
		return "", errors.New("the name is longer than 100 characters")
	}
	return s, nil
}

// checkLanguage refuses what cannot be a language tag (BCP 47); empty is fine.
func checkLanguage(s string) error {
	if s == "" {
		return nil
	}
	for i, part := range strings.Split(s, "-") {
		if part == "" || len(part) > 8 || i == 0 && len(part) < 2 || len(s) > 35 {
			return errors.New("the language is not a tag such as en or pt-BR")
		}
		for _, r := range part {
			if r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return errors.New("the language is not a tag such as en or pt-BR")
			}
		}
	}
	return nil
}

// shorten makes a value fit to be shown in a message.
func shorten(s string) string { return cut(s, maxShort) }

// cut makes s valid, printable and at most n characters long.
func cut(s string, n int) string {
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
	if runes := []rune(s); len(runes) > n {
		s = string(runes[:n-1]) + "…"
	}
	return s
}
