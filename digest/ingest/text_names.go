package ingest

import (
	"slices"
	"strings"
	"unicode"

	"broadsheet/internal/pattern"
)

// particles are the words of a name that begin with a small letter.
var particles = map[string]bool{
	"de": true, "del": true, "der": true, "den": true, "di": true, "da": true, "dos": true, "du": true, "la": true, "le": true,
	"van": true, "von": true, "zu": true, "ten": true, "ter": true, "bin": true, "al": true, "el": true, "y": true, "of": true, "am": true,
}

const (
	nameWord  = `\p{Lu}[\p{L}\p{M}'’.\-]*`
	nameShape = nameWord + `(?:\s+(?:(?:de|del|der|den|di|da|dos|du|la|le|van|von|zu|ten|ter|bin|al|el)\s+){0,2}` + nameWord + `){1,4}`
	nameAnd   = `(?:\s*,\s*|\s*,?\s+(?:(?i:and|und|et|y|e|with|mit|avec|con)|&)\s+)`
)

var (
	// byWord is how a byline begins.
	byWord = pattern.New(`^(?i:(?:story |text |words |written |posted |reported )?by|von|par|por|text|texte|texto|autor(?:in)?|author)\s*:?\s+`)

	nameList = pattern.New(`^` + nameShape + `(?:` + nameAnd + nameShape + `)*`)
	nameOnly = pattern.New(`^` + nameShape + `$`)
	nameSep  = pattern.New(nameAnd)

	// reporting is the line with which an agency ends its stories.
	reporting = pattern.New(`^\(?(?i:(?:additional )?(?:reporting|writing|written|report)(?: and \w+)? by|reportage d[eu']|rédigé par|reporte de|bericht(?:et)? von)\s*:?\s+`)
	editing   = pattern.New(`(?i)\s*[;.,(]\s*(?:additional |writing|editing|edited|compiled|version |édité|redaktion|bearbeitet|editado).*$`)
	inPlaces  = pattern.New(`\s+(?:in|en|à|im|at|from)\s+\p{Lu}[^,;]*?(` + nameAnd + nameShape + `|$)`)

	// authorNote tells what its author does.
	noteVerb = pattern.New(`(?i)^(?:,[^,]{1,80},)?\s+(?:covers|writes|reports|edits|is (?:an? |the )|was (?:an? |the )|joined|has (?:covered|written|reported|worked)|can be reached|` +
		`contributed|ist (?:redakteur|reporter|journalist|korrespondent|autor|freie)|berichtet|schreibt|arbeitet|est (?:journaliste|correspondante?|reporter|rédact)|` +
		`couvre|écrit|es (?:periodista|redactora?|corresponsal|reportera?)|cubre|escribe)`)
	notePerson = pattern.New(`(?i)^(?:the (?:writer|author|columnist|reporter)s?\b.{0,40}? (?:is|are|was|has|covers?|writes?|can be)|contact the (?:writer|author|reporter)|about the authors?:|` +
		`(?:der|die) (?:autor(?:in)?|verfasser(?:in)?) (?:ist|schreibt|arbeitet|berichtet)|l['’]aute(?:ur|ure|rice) (?:est|écrit)|(?:el|la) autora? es\b|follow (?:her|him|them|the (?:writer|author|reporter)) on)`)
)

// roleWords are the words of what people at a newspaper are.
var roleWords = wordSet(`staff writer writers reporter reporters correspondent correspondents editor editors columnist contributor contributors
	senior chief political special foreign bureau desk redakteur redakteurin reporterin korrespondent korrespondentin redaktion journaliste rédacteur
	rédactrice correspondant correspondante envoyé redactor redactora corresponsal periodista redacción freelance photographer photojournalist multimedia
	associated press news agency and the of in for city hall business sports crime courts education health science`)

// agencies are the press agencies whose name may stand alone, folded.
var agencies = wordSet(`reuters ap afp dpa efe ansa upi pa pti ani ians xinhua kyodo tass interfax apa sda keystone-sda kna epd sid bloomberg lusa belga anp
	tt ntb ritzau stt europapress cp aap`)

// longPlaces have the look of a name, and stand after one in bylines.
var longPlaces = map[string]bool{
	"new york": true, "los angeles": true, "san francisco": true, "san diego": true, "las vegas": true, "st. louis": true, "new orleans": true,
	"hong kong": true, "new delhi": true, "buenos aires": true, "mexico city": true, "tel aviv": true, "cape town": true, "são paulo": true,
	"rio de janeiro": true, "addis ababa": true, "kuala lumpur": true, "ho chi minh city": true, "united nations": true, "washington d.c.": true,
	"frankfurt am main": true,
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

// readByline returns the people that a byline such as "By Jane Doe and John
// Roe, Staff Writers" names, and false for anything else. An agency may stand
// for them.
func readByline(text string) (names []string, ok bool) {
	mark := byWord.FindString(text)
	if mark == "" || len(text) > 250 {
		return nil, false
	}
	rest := strings.TrimSpace(text[len(mark):])
	if isAgency(rest) || isRole(rest) {
		return nil, true
	}
	return readNames(rest)
}

// readNames returns the people at the beginning of a text, if nothing follows
// them but what they are and where they sat.
func readNames(text string) (names []string, ok bool) {
	list := nameList.FindString(text)
	rest := text[len(list):]
	if list == "" || endsSentence(text) && len(strings.Fields(rest)) > 2 || len(strings.Fields(rest)) > 10 {
		return nil, false
	}
	if rest != "" && !strings.ContainsAny(rest[:1], " ,|/(;-.") && !strings.HasPrefix(rest, "–") && !strings.HasPrefix(rest, "—") {
		return nil, false
	}
	for _, name := range nameSep.Split(list, -1) {
		if name = personOf(name); name != "" {
			names = append(names, name)
		}
	}
	return names, len(names) > 0
}

// personOf takes roles off a name and writes one in capitals as usual, "" if
// nothing is left.
func personOf(name string) string {
	words := strings.Fields(name)
	if at := slices.IndexFunc(words, func(w string) bool { return roleWords[strings.ToLower(w)] }); at >= 0 {
		words = words[:at]
	}
	if len(words) < 2 || longPlaces[strings.ToLower(strings.Join(words, " "))] {
		return ""
	}
	if joined := strings.Join(words, " "); joined == strings.ToUpper(joined) {
		for i, word := range words {
			words[i] = titleCase(word)
		}
	}
	return strings.Join(words, " ")
}

// titleCase writes DOE-ROE as Doe-Roe and O'NEIL as O'Neil; what has full stops
// is an abbreviation.
func titleCase(word string) string {
	if strings.Contains(word, ".") {
		return word
	}
	out, fresh := []rune(nil), true
	for _, r := range word {
		if !fresh {
			r = unicode.ToLower(r)
		}
		out = append(out, r)
		fresh = !unicode.IsLetter(r)
	}
	return string(out)
}

func isAgency(text string) bool {
	text = strings.ToLower(strings.Trim(text, " ()."))
	return agencies[text] || text == "the associated press" || text == "associated press" || text == "europa press"
}

// isRole says whether a text is nothing but what somebody is, such as "STAFF
// WRITER".
func isRole(text string) bool {
	words := strings.Fields(strings.ToLower(strings.Trim(text, "()")))
	return len(words) > 0 && len(words) <= 6 && !slices.ContainsFunc(words, func(w string) bool { return !roleWords[strings.Trim(w, ",")] })
}

// readReporting returns the people of a line such as "(Reporting by Jane Doe in
// Paris and John Roe; editing by Ann Poe)": who edited is not among them.
func readReporting(text string) (names []string, ok bool) {
	mark := reporting.FindString(text)
	if mark == "" || len(text) > 500 {
		return nil, false
	}
	rest := strings.TrimRight(editing.ReplaceAllString(text[len(mark):], ""), ").; ")
	rest = inPlaces.ReplaceAllString(rest, "$1")
	for _, name := range nameSep.Split(rest, -1) {
		if nameOnly.MatchString(name) {
			if name = personOf(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names, true
}

// readNote says whether a part tells who the author is, and names the author if
// it begins with that.
func (s *textStory) readNote(text string) (name string, ok bool) {
	if len(text) > 700 {
		return "", false
	}
	if notePerson.MatchString(text) {
		return "", true
	}
	for _, author := range s.authors {
		if rest, found := strings.CutPrefix(text, author); found && noteVerb.MatchString(rest) {
			return author, true
		}
	}
	list := nameList.FindString(text)
	if list == "" || !noteVerb.MatchString(text[len(list):]) || !ofNewsroom.MatchString(text) {
		return "", false
	}
	return personOf(list), true
}

// ofNewsroom is in what is said of an author whom no byline names; without it
// a sentence about anybody would do.
var ofNewsroom = pattern.New(`(?i)\b(?:covers|writes (?:about|on|for)|reporter|correspondent|columnist|editor|journalist\w*|freelance|staff writer|for the \p{Lu}|@|redakteur\w*|korrespondent\w*|` +
	`berichtet (?:über|für)|schreibt (?:über|für)|couvre|cubre|periodista|corresponsal|contributed|can be reached)`)
