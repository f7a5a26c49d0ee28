package subscribers

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"broadsheet/mail"
	"broadsheet/templates"
)

// FieldErrors says what is wrong with a form by field; the keys are the field
// names of package templates.
type FieldErrors map[string]FieldError

// FieldError is what is wrong with a field: for the page that the person fills
// in, which has words of its own for it, and in English for operators.
type FieldError struct {
	Problem templates.Problem
	Text    string
}

// flaw is an error about what somebody entered.
type flaw struct {
	problem templates.Problem
	error
}

func flawed(p templates.Problem, format string, args ...any) error {
	return flaw{p, fmt.Errorf(format, args...)}
}

// Error implements error.
func (e FieldErrors) Error() string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(e)) {
		parts = append(parts, field+": "+e[field].Text)
	}
	return strings.Join(parts, "; ")
}

// Problems is what pages show.
func (e FieldErrors) Problems() map[string]templates.Problem {
	out := make(map[string]templates.Problem, len(e))
	for field, wrong := range e {
		out[field] = wrong.Problem
	}
	return out
}

func (e FieldErrors) add(field string, err error) {
	if _, known := e[field]; known || err == nil {
		return
	}
	what := FieldError{templates.ProblemOther, err.Error()}
	var f flaw
	if errors.As(err, &f) {
		what.Problem = f.problem
	}
	e[field] = what
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
	switch {
	case err == nil:
	case strings.TrimSpace(s) == "":
		err = flaw{templates.ProblemAddressMissing, err}
	default:
		err = flaw{templates.ProblemAddressInvalid, err}
	}
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
			e.add(templates.FieldTopics, flawed(templates.ProblemTopicsMissing, "choose at least one topic"))
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
		e.add(templates.FieldDigests, flawed(templates.ProblemDigestsMissing, "choose at least one newsletter"))
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
		return "", flawed(templates.ProblemNameInvalid, "the name contains broken characters")
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if utf8.RuneCountInString(s) > maxName {
		return "", flawed(templates.ProblemNameTooLong, "the name is longer than %d characters", maxName)
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
			return errLanguage
		}
		for _, r := range part {
			if r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return errLanguage
			}
		}
	}
	return nil
}

var errLanguage = flawed(templates.ProblemLanguageUnknown, "the language is not a tag such as en or pt-BR")

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
