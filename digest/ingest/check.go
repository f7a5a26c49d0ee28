package ingest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"broadsheet/digest"
	"broadsheet/internal/pattern"
)

// Limits of an article's fields. What is longer is cut in the middle of text
// and refused in keys.
const (
	MaxTitle    = 500     // runes, cut
	MaxAuthor   = 200     // runes, cut
	MaxBody     = 100_000 // runes, cut after a paragraph
	MaxGUID     = 1024    // bytes, refused
	MaxTopics   = 50      // given topics, refused; categories are cut
	MaxPriority = 100     // and as much below zero
)

// maxCategories is how many categories of a story are looked at, which may be
// the same ones again and again.
const maxCategories = 2 * MaxTopics

// FieldError says what is wrong with one field of an article. Field has the
// name that files and the API use, or is empty when no field is to blame.
type FieldError struct {
	Field   string
	Problem string
}

// Error returns the field and its problem on one line.
func (e FieldError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

// FieldErrors are all the problems of one article.
type FieldErrors []FieldError

// Error returns the problems on one line, separated by semicolons.
func (e FieldErrors) Error() string {
	texts := make([]string, len(e))
	for i, problem := range e {
		texts[i] = problem.Error()
	}
	return strings.Join(texts, "; ")
}

func (e *FieldErrors) add(field, format string, args ...any) {
	*e = append(*e, FieldError{field, printable(fmt.Sprintf(format, args...))})
}

func (e FieldErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Check cleans a story in place, as it came from outside, and says what keeps
// it from becoming an article: a FieldErrors, one entry a field. Texts may
// hold HTML and become plain; the URL becomes canonical; a summary is made
// from the body where it is missing or only repeats the title; a picture is
// left out where its site is not known to have it under https; times become
// UTC. A title and one of URL and GUID are required. Check is meant to run
// once: cleaning text twice would take "&lt;b&gt;" for a tag.
func Check(in *digest.Incoming) error {
	var problems FieldErrors
	checkIdentity(in, &problems)
	checkTexts(in, &problems)
	checkTopics(in, &problems)
	checkPicture(in, &problems)
	if in.Language != "" {
		language, ok := languageTag(in.Language)
		if !ok {
			problems.add("language", "%q is not a language tag; write such as en, pt-BR or zh-Hant", shorten(in.Language, 40))
		}
		in.Language = language
	}
	if in.Priority < -MaxPriority || in.Priority > MaxPriority {
		problems.add("priority", "%d is not between -%d and %d", in.Priority, MaxPriority, MaxPriority)
	}
	if !in.PublishedAt.IsZero() {
		in.PublishedAt = in.PublishedAt.UTC()
		if !plausible(in.PublishedAt) {
			problems.add("published_at", "the year %d cannot be right", in.PublishedAt.Year())
		}
	}
	in.EmbargoUntil, in.ModifiedAt = inUTC(in.EmbargoUntil), inUTC(in.ModifiedAt)
	checkReaders(in, &problems)
	return problems.orNil()
}

// inUTC returns a time in UTC, the zero time as it is.
func inUTC(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC()
}

// attributePair is the shape of an attribute and one of its values.
var attributePair = pattern.New(`^[a-z][a-z0-9-]{0,39}=[a-z][a-z0-9-]{0,39}$`)

// checkReaders checks for whom a story is.
func checkReaders(in *digest.Incoming, problems *FieldErrors) {
	switch in.Access = digest.Access(strings.ToLower(strings.TrimSpace(string(in.Access)))); in.Access {
	case digest.AccessFree, digest.AccessPaid:
	case "free":
		in.Access, in.Clears.Access = digest.AccessFree, true
	default:
		problems.add("access", "%q is not free or paid", shorten(string(in.Access), 40))
	}
	var audience []string
	for _, pair := range in.Audience {
		pair = strings.ToLower(strings.TrimSpace(pair))
		if pair == "" || slices.Contains(audience, pair) {
			continue
		}
		if !attributePair.MatchString(pair) {
			problems.add("audience", "%q is not an attribute with its value; write such as tier=paid", shorten(pair, 80))
			continue
		}
		audience = append(audience, pair)
	}
	slices.Sort(audience)
	in.Clears.Audience = in.Clears.Audience || len(in.Audience) > 0 && len(audience) == 0
	in.Audience = audience
}

// MaxEmbargo is how far ahead an embargo may end; what is later is a slip.
const MaxEmbargo = 366 * 24 * time.Hour

// CheckSetup says what keeps a story that Check has passed from being one of
// this newsroom: topics and attributes that its configuration does not have, an
// embargo that ends more than a year from now. The error is a FieldErrors.
func CheckSetup(in *digest.Incoming, set *digest.Setup, now time.Time) error {
	var problems FieldErrors
	for _, slug := range in.Topics {
		if set.TopicBySlug(slug) == nil {
			problems.add("topics", "unknown topic %q", slug)
		}
	}
	for _, pair := range in.Audience {
		name, value, _ := strings.Cut(pair, "=")
		known := func(a digest.Attribute) bool { return a.Name == name && slices.Contains(a.Values, value) }
		if !slices.ContainsFunc(set.Attributes, known) {
			problems.add("audience", "no [[attribute]] of the configuration declares %q", pair)
		}
	}
	if in.EmbargoUntil.After(now.Add(MaxEmbargo)) {
		problems.add("embargo_until", "%s is more than a year ahead", in.EmbargoUntil.Format(time.RFC3339))
	}
	return problems.orNil()
}

func checkIdentity(in *digest.Incoming, problems *FieldErrors) {
	in.GUID = foldSpace(cleanRunes(in.GUID))
	if len(in.GUID) > MaxGUID {
		problems.add("id", "%d bytes long, at most %d are accepted", len(in.GUID), MaxGUID)
	}
	if in.URL = strings.TrimSpace(in.URL); in.URL != "" {
		canonical, err := CanonicalURL(in.URL)
		if err != nil {
			problems.add("url", "%v", err)
		}
		in.URL = canonical
	} else if in.GUID == "" {
		problems.add("url", "missing; give url or id, so that the story is known when it comes again")
	}
}

func checkTexts(in *digest.Incoming, problems *FieldErrors) {
	in.Title = cutText(plainTitle(in.Title), MaxTitle)
	if in.Title == "" {
		problems.add("title", "missing")
	}
	in.Author = cutText(plainTitle(in.Author), MaxAuthor)
	in.SiteName = cutText(plainTitle(in.SiteName), MaxAuthor)
	in.Body = cutBody(PlainText(in.Body))
	in.Summary = Summary(in.Summary, MaxSummary)
	if in.Summary == "" || strings.EqualFold(in.Summary, in.Title) {
		in.Summary = cutSummary(in.Body, MaxSummary)
	}
	if strings.EqualFold(in.Summary, in.Title) {
		in.Summary = ""
	}
}

var topicSlug = pattern.New(`^[a-z][a-z0-9-]{0,39}$`)

func checkTopics(in *digest.Incoming, problems *FieldErrors) {
	var topics []string
	for _, topic := range in.Topics {
		topic = strings.ToLower(strings.TrimSpace(topic))
		if topic == "" || slices.Contains(topics, topic) {
			continue
		}
		if !topicSlug.MatchString(topic) {
			problems.add("topics", "%q is not a topic's slug (lower-case letters, digits and hyphens)", shorten(topic, 40))
			continue
		}
		topics = append(topics, topic)
		if len(topics) > MaxTopics {
			problems.add("topics", "more than %d", MaxTopics)
			break
		}
	}
	in.Topics = topics

	var categories []string
	for _, category := range in.Categories[:min(len(in.Categories), maxCategories)] {
		category = cutText(plainTitle(category), 100)
		if category != "" && !slices.Contains(categories, category) && len(categories) < MaxTopics {
			categories = append(categories, category)
		}
	}
	in.Categories = categories
}

var languageShape = pattern.New(`^[a-z]{2,3}(-[a-z0-9]{1,8})*$`)

// languageTag checks the shape of a BCP 47 tag and writes it in the usual
// case: pt-BR, zh-Hant-TW. An underscore is read as a hyphen.
func languageTag(s string) (string, bool) {
	s = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), "_", "-"))
	if len(s) > 35 || !languageShape.MatchString(s) {
		return "", false
	}
	parts := strings.Split(s, "-")
	for i, part := range parts[1:] {
		switch {
		case len(parts[i]) == 1: // after a singleton everything is private or an extension
			return strings.Join(parts, "-"), true
		case len(part) == 2:
			parts[i+1] = strings.ToUpper(part)
		case len(part) == 4 && part[0] > '9':
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-"), true
}

// plausible says whether a time can be that of a news story; systems write
// year 1 or 1970 to say that they do not know.
func plausible(at time.Time) bool {
	return at.Year() > 1900 && at.Year() < 2200 && at.Unix() != 0
}

// cutText returns s, or its first words with "…" so that it has max runes at most.
func cutText(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	characters, rest := firstCharacters(s, max)
	runes := utf8.RuneCountInString(strings.Join(characters, ""))
	for runes > max-1 && len(characters) > 0 {
		last := characters[len(characters)-1]
		characters, rest = characters[:len(characters)-1], last
		runes -= utf8.RuneCountInString(last)
	}
	return cutAtWord(characters, rest) + "…"
}

func cutBody(s string) string {
	if utf8.RuneCountInString(s) <= MaxBody {
		return s
	}
	s = firstRunes(s, MaxBody)
	if end := strings.LastIndex(s, "\n\n"); end > len(s)/2 {
		return s[:end]
	}
	return strings.TrimSpace(s)
}

// firstBytes returns the first n bytes of s, or fewer where that would cut a
// character.
func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// shorten quotes foreign text in messages.
func shorten(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	return firstRunes(s, max) + "…"
}
