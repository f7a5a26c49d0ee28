package ingest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/pattern"
)

// numericDate is day, month and year in numbers alone, in whatever order.
var numericDate = pattern.New(`(?:^|[^\d/.-])(\d{1,2})([/.-]) ?(\d{1,2})([/.-]) ?(\d{4}|\d{2})\b`)

// takeNumericDate takes such as 23/11/2026. It reports false where the text
// and the language leave open which number is which.
func (d *dateReader) takeNumericDate() bool {
	text := &d.rest
	m := numericDate.FindStringSubmatchIndex(*text)
	if m == nil {
		text = &d.after
		m = numericDate.FindStringSubmatchIndex(*text)
	}
	if m == nil {
		return true
	}
	part := func(group int) string { return (*text)[m[2*group]:m[2*group+1]] }
	if part(2) != part(4) {
		return false
	}
	first, _ := strconv.Atoi(part(1))
	second, _ := strconv.Atoi(part(3))
	third, _ := strconv.Atoi(part(5))
	date, ok := orderDate([3]int{first, second, third}, len(part(5)), dateOrder(d.options.Language))
	if !ok {
		return false
	}
	d.year, d.month, d.day, d.hasDate = date.Year(), int(date.Month()), date.Day(), true
	*text = (*text)[:m[2]] + " " + (*text)[m[11]:]
	return true
}

// orderDate finds out which of three numbers is the day: the order of the
// language if that gives a date, else the only one that does. The last number
// has so many digits.
func orderDate(n [3]int, digits int, order string) (time.Time, bool) {
	year := longYear(n[2], digits)
	readings := map[string][3]int{"dmy": {year, n[1], n[0]}, "mdy": {year, n[0], n[1]}}
	if digits == 2 {
		readings["ymd"] = [3]int{longYear(n[0], 2), n[1], n[2]}
	}
	var found []time.Time
	for name, r := range readings {
		at := time.Date(r[0], time.Month(r[1]), r[2], 0, 0, 0, 0, time.UTC)
		if at.Year() != r[0] || int(at.Month()) != r[1] || at.Day() != r[2] {
			continue
		}
		if name == order {
			return at, true
		}
		if !slices.Contains(found, at) {
			found = append(found, at)
		}
	}
	if len(found) != 1 {
		return time.Time{}, false
	}
	return found[0], true
}

// dayFirst are the languages all of whose countries write the day first.
var dayFirst = []string{
	"de", "fr", "pt", "it", "nl", "da", "nb", "nn", "no", "fi", "pl", "cs", "sk", "ru", "uk", "ro", "bg", "hr", "sr", "sl", "el", "tr", "id", "vi",
}

// dateOrder is "dmy", "mdy", or "" where a language has both.
func dateOrder(language string) string {
	base := baseLanguage(language)
	region := ""
	for _, part := range strings.Split(language, "-")[1:] {
		if len(part) == 2 {
			region = strings.ToUpper(part)
			break
		}
	}
	switch {
	case region == "CA":
		return "" // forms of all orders are in use
	case base == "en" && region == "US":
		return "mdy"
	case base == "en" && region != "" && region != "PH", slices.Contains(dayFirst, base):
		return "dmy"
	case base == "es" && !slices.Contains([]string{"US", "PR", "PA"}, region):
		return "dmy"
	}
	return ""
}

// longYear completes a year of two or three digits (RFC 5322 section 4.3).
func longYear(year, digits int) int {
	switch {
	case digits == 2 && year < 50:
		return year + 2000
	case digits == 2 || digits == 3:
		return year + 1900
	}
	return year
}

// dateToken matches words, numbers and other characters.
var dateToken = pattern.New(`[a-z]+|\d+|[^a-z\d ]`)

// takeWords reads what is left: the month by its name with day and year, the
// weekday, the zone. It reports false if something has no meaning in a date.
func (d *dateReader) takeWords() bool {
	w := wordReader{d: d}
	for i, text := range [...]string{d.rest, d.after} {
		w.late = i == 1
		for _, at := range dateToken.FindAllStringIndex(text, -1) {
			w.tight = at[0] > 0 && text[at[0]-1] >= '0' && text[at[0]-1] <= '9'
			if !w.take(text[at[0]:at[1]]) {
				return false
			}
			w.begun = true
		}
	}
	if w.month == 0 {
		return d.hasDate && len(w.numbers) == 0
	}
	return w.setDate()
}

// wordReader sorts the tokens of a date with words.
type wordReader struct {
	d       *dateReader
	late    bool // after the time of day
	tight   bool // right after a digit
	begun   bool // a token came before
	month   int
	name    string   // of the month
	numbers []string // day and year, in their order
}

func (w *wordReader) take(token string) bool {
	switch c := token[0]; {
	case c >= '0' && c <= '9':
		w.numbers = append(w.numbers, token)
		return len(w.numbers) <= 2
	case c < 'a' || c > 'z':
		return strings.Contains(".,;/|-'()[]", token)
	case w.tight && slices.Contains(ordinals, token):
		return true
	}
	if month, ok := months[token]; ok {
		return w.takeMonth(token, month)
	}
	if day, ok := weekdays[token]; ok && (len(token) > 2 || !w.begun) {
		w.d.weekday, w.d.hasWeekday = day, true
		return true
	}
	if isZone(token) {
		w.d.zones = append(w.d.zones, token)
		return true
	}
	if w.late && len(token) == 1 {
		return false // a military zone, which many wrote with the wrong sign
	}
	return slices.Contains(fillers, token)
}

// takeMonth takes the name of a month, once. Beside another date or month, "mar"
// is a Tuesday.
func (w *wordReader) takeMonth(name string, month int) bool {
	if w.name == "mar" || name == "mar" && (w.d.hasDate || w.month > 0) {
		w.d.weekday, w.d.hasWeekday = time.Tuesday, true
		if name == "mar" {
			return true
		}
	} else if w.month > 0 || w.d.hasDate {
		return false
	}
	w.month, w.name = month, name
	return true
}

func (w *wordReader) setDate() bool {
	if len(w.numbers) != 2 {
		return false
	}
	day, year := w.numbers[0], w.numbers[1]
	if len(day) > 2 {
		day, year = year, day
	}
	if len(day) > 2 || len(year) > 4 || len(year) < 2 || len(year) == 3 && year[0] != '1' {
		return false
	}
	w.d.month = w.month
	w.d.day, _ = strconv.Atoi(day)
	w.d.year, _ = strconv.Atoi(year)
	w.d.year = longYear(w.d.year, len(year))
	return true
}

// ordinals may stand right after the number of a day.
var ordinals = []string{"st", "nd", "rd", "th", "er", "o", "e", "eme"}

// fillers are words that add nothing to a date.
var fillers = []string{
	"at", "of", "on", "the", "am", "um", "den", "der", "dem", "le", "a", "as", "o", "e", "el", "la", "las", "los", "de", "del", "di", "do", "da", "dia",
	"il", "alle", "ore", "feira", "kl",
}

var months = namesOf(
	"january jan januar janner janvier janv enero ene janeiro gennaio gen",
	"february feb februar feber fevrier fevr fev febrero fevereiro febbraio",
	"march mar marz maerz mrz mars marzo marco",
	"april apr avril avr abril abr aprile",
	"may mai mayo maio maggio mag",
	"june jun juni juin junio junho giugno giu",
	"july jul juli juillet juil julio julho luglio lug",
	"august aug aout agosto ago",
	"september sept sep septembre septiembre setiembre setembro set settembre sett",
	"october oct oktober okt octobre octubre outubro out ottobre ott",
	"november nov novembre noviembre novembro",
	"december dec dezember dez decembre diciembre dic dezembro dicembre",
)

// weekdays are those of the six languages; "mar" is among the months.
var weekdays = weekdaysOf(
	"sunday sun sonntag so dimanche dim domingo dom domenica",
	"monday mon montag mo lundi lun lunes segunda seg lunedi",
	"tuesday tue tues dienstag di mardi martes terca ter martedi",
	"wednesday wed weds mittwoch mi mercredi mer miercoles mie quarta qua mercoledi",
	"thursday thu thur thurs donnerstag do jeudi jeu jueves jue quinta qui giovedi gio",
	"friday fri freitag fr vendredi ven viernes vie sexta sex venerdi",
	"saturday sat samstag sonnabend sa samedi sam sabado sab sabato",
)

func namesOf(lines ...string) map[string]int {
	names := map[string]int{}
	for i, line := range lines {
		for name := range strings.FieldsSeq(line) {
			names[name] = i + 1
		}
	}
	return names
}

func weekdaysOf(lines ...string) map[string]time.Weekday {
	days := map[string]time.Weekday{}
	for name, number := range namesOf(lines...) {
		days[name] = time.Weekday(number - 1)
	}
	return days
}
