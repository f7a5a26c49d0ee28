package ingest

import (
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/pattern"
)

// textDate is a date that stands in a plain text.
type textDate struct {
	at       time.Time // zero if it is not understood
	modified bool      // it tells when the story was changed
	note     string
}

var (
	publishedMark = pattern.New(`(?i)^(?:(?:first )?(?:published|posted|issued|released|date|dated)(?: on| at)?|veröffentlicht(?: am)?|erstellt(?: am)?|publié(?: le)?|publicado(?: el)?|fecha|datum|le|el|am|on)\s*:?\s+`)
	modifiedMark  = pattern.New(`(?i)^(?:(?:last )?(?:updated|modified|changed|edited)(?: on| at)?|aktualisiert(?: am)?|zuletzt aktualisiert(?: am)?|stand|mis à jour(?: le)?|mise à jour(?: le)?|modifié le|actualizado(?: el)?)\s*:?\s+`)

	// dateLook is what makes a short line a date, understood or not.
	dateLook = pattern.New(`^(?i:[\p{L}.]{2,12},?\s+)?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.?(?:st|nd|rd|th)?\s+(?i:de\s+)?\p{L}{3,10}\.?,?\s+(?i:de\s+)?\d{4}|\p{L}{3,10}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4})\b`)

	anyYear    = pattern.New(`\d{4}`)
	dottedTime = pattern.New(`\b([01]?\d|2[0-4])\.([0-5]\d)\b(\s|$|,)`)
)

// readDate reads a text that is nothing but a date, with or without a word
// before it that says of what.
func (s *textStory) readDate(text string) (d textDate, ok bool) {
	if len(text) > maxDate {
		return d, false
	}
	if mark := modifiedMark.FindString(text); mark != "" {
		d.modified, text = true, text[len(mark):]
	} else {
		text = strings.TrimPrefix(text, publishedMark.FindString(text))
	}
	text = strings.Trim(text, " .,;")
	if text == "" || text[0] >= '0' && text[0] <= '9' && !strings.ContainsAny(text, " ./-") {
		return d, false // a mere number
	}
	at, note, ok := ParseDate(text, s.dates())
	if ok {
		d.at = at
		if s.options.Zone != nil { // else the note is about that
			d.note = note
		}
		return d, true
	}
	return d, dateLook.MatchString(text) && len(strings.Fields(text)) <= 10
}

func (s *textStory) dates() DateOptions {
	return DateOptions{Zone: s.options.Zone, Language: s.options.Language}
}

// dateWithoutYear reads "Nov. 23" as the one nearest to a time, zero if that is
// not known.
func (s *textStory) dateWithoutYear(text string, around time.Time) (best time.Time) {
	if around.IsZero() || anyYear.MatchString(text) {
		return best
	}
	for year := around.Year() - 1; year <= around.Year()+1; year++ {
		at, _, ok := ParseDate(fmt.Sprintf("%s %d", text, year), s.dates())
		if ok && (best.IsZero() || at.Sub(around).Abs() < best.Sub(around).Abs()) {
			best = at
		}
	}
	return best
}

var (
	embargoMark  = pattern.New(`(?i)^\W*(?:strictly\s+)?(?:under\s+)?(?:embargo(?:ed)?|not for (?:publication|release|broadcast)|hold for release|sperrfrist|gesperrt|sous embargo|embargad[oa]|prohibida su difusión)\b`)
	embargoUntil = pattern.New(`(?i)^[\s:–—-]*(?:(?:for (?:release|publication)|until|till|before|not before|ends?|lifts?|bis(?: zum)?|jusqu['’](?:au|à)|hasta(?: el| las)?|on|at)\b[\s:]*)*`)

	// embargoSure is in what follows where it is no headline about an embargo.
	embargoSure = pattern.New(`(?i)^\W*$|^\s*[:–—*-]|^\W*(?:for |until|till|before|bis|jusqu|hasta)`)
)

// readEmbargo reads a line such as "EMBARGOED UNTIL 00:01 GMT, 24 November
// 2026". at is zero where it is not understood until when.
func (s *textStory) readEmbargo(text string) (at time.Time, ok bool) {
	mark := embargoMark.FindString(text)
	if mark == "" || len(text) > 200 {
		return at, false
	}
	rest := text[len(mark):]
	word := strings.ToLower(mark)
	sure := embargoSure.MatchString(rest) || strings.HasSuffix(word, "embargoed") || strings.HasSuffix(word, "sperrfrist")
	rest = strings.Trim(rest[len(embargoUntil.FindString(rest)):], " .*-–—()[]")
	rest = dottedClock(strings.TrimPrefix(rest, publishedMark.FindString(rest)))
	found, note, ok := ParseDate(rest, s.dates())
	switch {
	case ok && (note == "" || s.options.Zone == nil):
		return found, true
	case !ok && rest != "":
		at = s.dateWithoutYear(rest, s.options.Now)
	}
	return at, sure || !at.IsZero()
}

// dottedClock writes 00.01 at the beginning of a text as 00:01.
func dottedClock(text string) string {
	at := dottedTime.FindStringSubmatchIndex(text)
	if at == nil || at[0] != 0 {
		return text
	}
	return text[at[2]:at[3]] + ":" + text[at[4]:at[5]] + text[at[5]:]
}

// dateline is the place, date and agency with which a story begins.
type dateline struct {
	text   string // all of it, with its dash
	place  string
	date   string
	agency string
}

const (
	datelinePlace = `(?:[\p{Lu}\d][\p{Lu}\p{M}’'./-]*(?:[ ,]+(?:d[aeiou]s?|am|an|der|la|of|on|sur|\p{Lu}[\p{L}\p{M}’'./-]*))*)`
	datelineAny   = `(?:\p{Lu}[\p{L}\p{M}’'./-]*(?:[ ,]+(?:d[aeiou]s?|am|an|der|la|of|on|sur|\p{Lu}[\p{L}\p{M}’'./-]*)){0,5})`
	datelineDate  = `(?:(?:\p{L}{2,10}\.?,? )?(?:\p{L}{3,10}\.? \d{1,2}(?:, \d{4})?|\d{1,2}\.? (?:de )?\p{L}{3,10}\.?(?: (?:de )?\d{4})?))`
	datelineDash  = `\s*(?:--|[-–—])\s+`
)

var datelines = [...]*pattern.Pattern{
	// place (date) (AGENCY) -
	pattern.New(`^(` + datelineAny + `),? (?:\(?(` + datelineDate + `)\)?,? )?[(\[]([\p{L}\p{N}][\p{L}\p{N} ./&-]{1,30})[)\]](?:` + datelineDash + `|\.\s*(?:--|[-–—])\s*|:\s+|\s+)`),
	// PLACE, date -
	pattern.New(`^(` + datelineAny + `), (` + datelineDate + `)()` + datelineDash),
	// PLACE -
	pattern.New(`^(` + datelinePlace + `)()()\s*(?:--|[–—]|\s-)\s+`),
	// (AGENCY) -
	pattern.New(`^()()\(([\p{L}\p{N}][\p{L}\p{N} ./&-]{1,30})\)` + datelineDash),
}

// readDateline finds the dateline at the beginning of a paragraph.
func readDateline(text string) (d dateline, ok bool) {
	head := firstBytes(text, 160)
	for i, shape := range datelines {
		m := shape.FindStringSubmatch(head)
		if m == nil || len(m[0]) == len(text) {
			continue
		}
		d = dateline{text: m[0], place: strings.TrimRight(m[1], ", "), date: m[2], agency: m[3]}
		if i == 0 && d.date == "" && !d.plain(m[0]) {
			continue
		}
		if i == 2 && !isShouted(d.place) {
			continue
		}
		return d, true
	}
	return dateline{}, false
}

// plain says whether what has brackets but no dash is a dateline all the same:
// "Berlin (dpa/lbn) Die Fähre", but not "Doe (left) said".
func (d dateline) plain(text string) bool {
	if strings.ContainsAny(strings.TrimSpace(text[len(d.place):]), "–—:") || strings.HasSuffix(strings.TrimSpace(text), "-") {
		return true
	}
	first, _, _ := strings.Cut(strings.ToLower(d.agency), "/")
	return isAgency(first)
}

// isShouted says whether a place is in capitals, what follows its comma aside,
// as it is in datelines without date or agency.
func isShouted(place string) bool {
	city, _, _ := strings.Cut(place, ",")
	return len([]rune(city)) >= 3 && city == strings.ToUpper(city) && city != strings.ToLower(city) && !notPlaces[strings.ToLower(city)]
}

// notPlaces are what else stands in capitals and with a dash before a story.
var notPlaces = wordSet(`update exclusive analysis breaking opinion watch live correction corrected factbox explainer developing urgent video
	review interview wrapup refile eilmeldung kommentar exclusif analyse última`)
