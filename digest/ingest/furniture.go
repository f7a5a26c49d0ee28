package ingest

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// moreWords are what links to the whole story say, in the languages of the
// feeds seen most.
const moreWords = `(?:read|learn|see|find out)\s+(?:more|on|the\s+(?:rest|full|whole)\b[^.!?\n]{0,40})` +
	`|read\s+full\s+(?:story|article|post)|continue\s+reading|keep\s+reading|full\s+(?:story|article)|more\s+details` +
	`|lire\s+(?:la\s+suite|plus|l['’]article)|weiterlesen|mehr\s+lesen|jetzt\s+lesen|leer\s+m[áa]s|seguir\s+leyendo` +
	`|leggi\s+(?:tutto|di\s+più|l['’]articolo)|continua\s+a\s+leggere|lees\s+(?:meer|verder)|leia\s+mais|läs\s+mer|czytaj\s+(?:dalej|więcej)`

var (
	// moreLine is a whole line or link that is nothing but such words; what
	// follows "Continue reading" is the headline again.
	moreLine = regexp.MustCompile(`(?i)^[\s\[(»>→…]*(?:(?:` + moreWords + `)(?:\s*[:.…»›>→\])]|\s|\.\.\.)*|(?:continue|keep)\s+reading\b.{0,300}|more)[\s…»›>→.\])]*$`)

	// moreTail is the same at the end of a sentence, with a capital letter
	// as a link has it.
	moreTail = regexp.MustCompile(`([.!?…"”’\])])\s*[\[(]?\s*(?:Read|Continue|Weiter|Lire|Leer|Leggi|Lees|Leia|Keep|Full)[^.!?\n]{0,40}\.{0,3}$`)

	// cutMark is how systems mark that they cut a text.
	cutMark = regexp.MustCompile(`\s*(?:\[\s*(?:…|\.\.\.|&hellip;)\s*\]|\(\s*(?:…|\.\.\.|more…?|more\.\.\.)\s*\)|\[\s*(?:Read|read)\s+more[^\]]{0,20}\])\s*$`)

	// firstOn is the line that WordPress puts under every excerpt.
	firstOn = regexp.MustCompile(`(?is)(?:^|\s+)The\s+(?:post|article|story)\s+.{0,400}?\s+(?:(?:first\s+)?appeared(?:\s+first)?|was\s+(?:first\s+)?published(?:\s+first)?)\s+on\s+.{1,120}$`)

	// otherLines are what aggregators hang on.
	otherLines = regexp.MustCompile(`(?i)^(?:(?:submitted\s+by\s+\S+\s*)?\[link\]\s*\[comments\]|comments?|\d+\s+comments?|share\s+this(?:\s+(?:story|article|post))?:?|tweet|advertisement|anzeige|publicité)$`)
)

// isMoreTail says whether a link at the end of a line is only an invitation
// to read on: the last character before it ends a sentence, or it begins with
// a capital letter, and nothing but arrows follows.
func isMoreTail(before rune, link, after []byte) bool {
	text := foldSpace(string(link))
	if text == "" || len(text) > 400 || strings.Trim(string(after), " »›>→…") != "" || !moreLine.MatchString(text) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, "[(»>→… "))
	return unicode.IsUpper(first) || isStop(before) || isCloser(before)
}

// dropFurniture takes away the paragraphs and the last words that belong to
// the publishing system, not to the story.
func dropFurniture(paragraphs []string) []string {
	out := paragraphs[:0]
	for _, p := range paragraphs {
		if line := foldSpace(p); moreLine.MatchString(line) || otherLines.MatchString(line) {
			continue
		}
		out = append(out, p)
	}
	for range maxFurniture {
		if len(out) == 0 {
			break
		}
		last := len(out) - 1
		cut := cutTail(out[last])
		if cut == out[last] {
			break
		}
		if cut == "" {
			out = out[:last]
			continue
		}
		out[last] = cut
	}
	return out
}

func cutTail(p string) string {
	if len(p) > maxTail {
		at := len(p) - maxTail
		for !utf8.RuneStart(p[at]) {
			at++
		}
		return p[:at] + cutTail(p[at:])
	}
	if at := firstOn.FindStringIndex(p); at != nil {
		return strings.TrimRightFunc(p[:at[0]], unicode.IsSpace)
	}
	if at := cutMark.FindStringIndex(p); at != nil {
		return strings.TrimRight(p[:at[0]], " .…") + "…"
	}
	if at := moreTail.FindStringSubmatchIndex(p); at != nil && moreLine.MatchString(p[at[3]:]) {
		return p[:at[3]]
	}
	return p
}

// maxFurniture is how many pieces of furniture are taken off the end of a text.
const maxFurniture = 10

// maxTail is how many bytes at the end of a text can be furniture.
const maxTail = 1000
