package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// MaxSummary is how many characters of a summary readers get to see, as they
// see them: an emoji of a family is one.
const MaxSummary = 220

// Summary returns PlainText(html) on one line, at most max characters long. A
// longer text ends at its last whole sentence, unless that would leave less
// than a third; then it ends after a word with "…". Headings that stand between
// paragraphs are left out.
func Summary(html string, max int) string {
	return cutSummary(PlainText(html), max)
}

func cutSummary(text string, max int) string {
	text = foldSpace(joinParagraphs(text))
	kept, rest := firstCharacters(text, max)
	switch {
	case rest == "":
		return text
	case max <= 0:
		return ""
	}
	if end := sentenceEnd(kept, rest); end > 0 && end >= max/3 {
		return strings.Join(kept[:end], "")
	}
	kept, rest = firstCharacters(text, max-1)
	return cutAtWord(kept, rest) + "…"
}

// joinParagraphs drops the headings of a text that goes on for more than a
// summary; on one line with the paragraphs they would read like their beginning.
func joinParagraphs(text string) string {
	if len(text) <= MaxSummary || !strings.Contains(text, "\n\n") {
		return text
	}
	paragraphs := strings.SplitN(text, "\n\n", MaxSummary)
	kept := paragraphs[:0:0]
	for i, p := range paragraphs {
		heading := i+1 < len(paragraphs) && utf8.RuneCountInString(p) <= 60 && !endsSentence(p) && endsSentence(paragraphs[i+1])
		if !heading {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n\n")
}

// maxCharacter is how many bytes a character has at most; a longer one, which
// nobody writes in earnest, counts as several.
const maxCharacter = 64

// firstCharacters returns the first n characters of a text (UAX #29) and what
// comes after them.
func firstCharacters(text string, n int) (characters []string, rest string) {
	state, size := -1, 0
	for rest = text; rest != ""; {
		character, after, _, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if size += 1 + len(character)/maxCharacter; size > n {
			break
		}
		characters = append(characters, character)
		rest, state = after, next
	}
	return characters, rest
}

// sentenceEnd returns the index after the last sentence that ends within the
// characters, 0 if there is none. rest is what comes after them.
func sentenceEnd(characters []string, rest string) int {
	end := 0
	for i := range characters {
		stop := firstRune(characters[i])
		if !isStop(stop) {
			continue
		}
		after := i + 1
		for after < len(characters) && isCloser(firstRune(characters[after])) {
			after++
		}
		if after == len(characters) && isCloser(firstRune(rest)) {
			continue
		}
		if isWideStop(stop) || beginsAnew(characters[after:], rest) && !(stop == '.' && isAbbreviation(characters[:i])) {
			end = after
		}
	}
	return end
}

// beginsAnew says whether what follows a stop can be the next sentence: a space,
// and no small letter.
func beginsAnew(characters []string, rest string) bool {
	next := strings.Join(characters[:min(len(characters), 8)], "") + firstBytes(rest, 32)
	if !unicode.IsSpace(firstRune(next)) {
		return false
	}
	return !unicode.IsLower(firstRune(strings.TrimLeft(next, " \"'“”„«‘’‹([–—-")))
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func isStop(r rune) bool {
	return r == '.' || r == '!' || r == '?' || r == '…' || isWideStop(r) || r >= 0x0589 && strings.ContainsRune("։؟۔।॥။།።។", r)
}

func isWideStop(r rune) bool {
	return r == '。' || r == '！' || r == '？' || r == '｡'
}

func isCloser(r rune) bool {
	return strings.ContainsRune(`"'”’»›)]」』】）`, r)
}

// abbreviations are written with a full stop, and most often stand before what
// they belong to.
var abbreviations = wordSet(`Mr Mrs Ms Mx Messrs Dr Prof St Ste Sen Rep Gov Gen Col Lt Sgt Capt Maj Cmdr Adm Rev Hon Pres Supt Jr Sr No Nos vs Inc Ltd Co Corp Bros
	Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec approx est Ave Blvd Rd Mt Ft Fig Vol pp ed eds cf al
	Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa Penn Tenn Tex Va Vt Wash Wis Wyo
	Hr Fr Nr Nrn bzw ca etc usw evtl ggf inkl Mio Mrd Tsd Str Jh Jhd Abs Art Bd bspw sog vgl zzgl Tel geb gest Chr Ing Dipl Hbf Okt Dez Mai Mär
	M MM Mme Mmes Mlle Mlles env av apr ex art éd janv févr avr juill déc
	Sra Sras Srta Dra Dña Ud Uds EE UU FF AA ej pág págs núm núms aprox Lic Excmo Excma
	Exmo Exma Eng Sig Sigg Dott Avv On Onn ecc Ill mons`)

// isAbbreviation says whether the word before a full stop is one that is
// written with it: an initial, "U.S", a title, or an ordinal number as in "3.
// Mai".
func isAbbreviation(before []string) bool {
	start := len(before)
	for start > 0 && !unicode.IsSpace(firstRune(before[start-1])) && len(before)-start < 40 {
		start--
	}
	word := strings.TrimLeft(strings.Join(before[start:], ""), `"'“‘„«(`)
	if abbreviations[word] {
		return true
	}
	if at := strings.LastIndex(word, "."); at >= 0 && utf8.RuneCountInString(word[at+1:]) <= 1 {
		return true
	}
	digits := strings.Trim(word, "0123456789") == ""
	return utf8.RuneCountInString(word) == 1 && unicode.IsLetter(firstRune(word)) || digits && len(word) <= 2
}

// cutAtWord returns the characters up to the last whole word, where rest comes
// after them. A text without spaces is cut between characters.
func cutAtWord(characters []string, rest string) string {
	end := len(characters)
	if !unicode.IsSpace(firstRune(rest)) {
		for end > 0 && !unicode.IsSpace(firstRune(characters[end-1])) {
			end--
		}
	}
	if end < len(characters)/2 {
		end = len(characters)
	}
	return strings.TrimRightFunc(strings.Join(characters[:end], ""), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:-–—.…([“„«‹‘¿¡、，", r)
	})
}

// firstRunes returns the first n runes of s.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
