package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"broadsheet/internal/pattern"
)

// moreWords are what links to the whole story say, in the languages of the
// feeds seen most.
const moreWords = `(?:(?:click|tap)\s+here\s+to\s+)?(?:read|learn|see|find\s+out|view)\s+(?:more|on|the\s+(?:rest|full|whole|original)\b[^.!?\n]{0,40})` +
	`|read\s+(?:the\s+)?(?:full|whole|entire|complete|original)\s+(?:story|article|post|report)|view\s+(?:article|post|original)|(?:continue|keep)\s+reading|(?:full|whole)\s+(?:story|article)|more\s+details` +
	`|(?:hier\s+|jetzt\s+)?(?:weiter\s*lesen|mehr\s+(?:lesen|dazu|erfahren)|jetzt\s+lesen)|(?:den\s+)?(?:ganzen|vollständigen)\s+(?:artikel|beitrag)\s+lesen|zum\s+(?:(?:ganzen|vollständigen)\s+)?(?:artikel|beitrag)|(?:artikel|beitrag)\s+lesen` +
	`|(?:lire|voir)\s+(?:la\s+suite|plus|(?:tout\s+)?l['’]article|l['’]intégralité)|en\s+savoir\s+plus|(?:continuer|poursuivre)\s+(?:la|votre)\s+lecture` +
	`|(?:leer|ver|saber)\s+m[áa]s|(?:seguir|continuar|sigue|contin[úu]a)\s+leyendo|leer\s+(?:el\s+)?(?:art[íi]culo|nota|noticia)(?:\s+complet[oa])?` +
	`|(?:leggi|scopri)\s+(?:tutto|di\s+più|l['’]articolo(?:\s+completo)?)|continua\s+(?:a\s+leggere|la\s+lettura)|per\s+saperne\s+di\s+più` +
	`|(?:leia|saiba|veja|ler|ver)\s+mais|continu(?:e|ar)\s+(?:lendo|a\s+ler)|leia\s+(?:o\s+artigo|a\s+(?:matéria|íntegra))[^.!?\n]{0,20}` +
	`|lees\s+(?:meer|verder)|läs\s+mer|czytaj\s+(?:dalej|więcej)`

var (
	// moreLine is a whole line or link that is nothing but such words; what
	// follows "Continue reading" is the headline again.
	moreLine = pattern.New(`(?i)^[\s\[(»>→…]*(?:(?:` + moreWords + `)(?:\s*[:.…»›>→\])]|\s|\.\.\.)*|(?:(?:continue|keep)\s+reading|continuer\s+la\s+lecture\s+de|sigue\s+leyendo|continua\s+a\s+leggere|continue\s+lendo)\b.{0,300}|more)[\s…»›>→.\])]*$`)

	// moreTail is the same at the end of a sentence, with a capital letter
	// as a link has it.
	moreTail = pattern.New(`([.!?…"”’\])])\s*[\[(]?\s*(?:Read|Continue|Keep|Full|Learn|View|Click|Tap|See|Find|Weiter|Mehr|Zum|Hier|Jetzt|Lire|Voir|En|Continuer|Poursuivre|Leer|Ver|Saber|Seguir|Sigue|Continuar|Contin[úu]a|Leggi|Scopri|Per|Leia|Saiba|Veja|Ler|Lees)[^.!?\n]{0,60}\.{0,3}$`)

	// cutMark is how systems mark that they cut a text.
	cutMark = pattern.New(`\s*(?:\[\s*(?:…|\.\.\.|&hellip;)\s*\]|\(\s*(?:…|\.\.\.|more…?|more\.\.\.)\s*\)|\[\s*(?:Read|read)\s+more[^\]]{0,20}\]|(?:…|\.\.\.)\s*\[\+\d+ chars\])\s*$`)

	// firstOn is the line that WordPress puts under every excerpt, in the words
	// of its translations.
	firstOn = pattern.New(`(?is)(?:^|\s+)(?:The\s+(?:post|article|story)\s+.{0,400}?\s+(?:(?:first\s+)?appeared(?:\s+first)?|was\s+(?:first\s+)?published(?:\s+first)?)\s+(?:on|in)` +
		`|Der\s+(?:Beitrag|Artikel|Post)\s+.{0,400}?\s+(?:erschien|ist)\s+(?:zuerst|als\s+erstes)\s+(?:erschienen\s+)?(?:auf|bei)` +
		`|(?:Cet\s+article|L['’]article)\s+.{0,400}?\s+est\s+apparu\s+en\s+premier\s+sur` +
		`|La\s+(?:entrada|noticia)\s+.{0,400}?\s+(?:se\s+public[óo]|apareci[óo]|aparece|fue\s+publicada)\s+primero\s+en` +
		`|L['’]articolo\s+.{0,400}?\s+(?:sembra\s+essere\s+il\s+primo\s+su|è\s+apparso\s+per\s+primo\s+su|proviene\s+da)` +
		`|O\s+(?:post|artigo)\s+.{0,400}?\s+(?:apareceu|foi\s+publicado)\s+primeiro\s+(?:em|no)` +
		`|Het\s+bericht\s+.{0,400}?\s+verscheen\s+eerst\s+op)\s+.{1,120}$`)

	// otherLines are what aggregators hang on.
	otherLines = pattern.New(`(?i)^(?:(?:submitted\s+by\s+\S+\s*)?\[link\]\s*\[comments\]|comments?|\d+\s+comments?|share\s+this(?:\s+(?:story|article|post))?:?|tweet|advertisement|anzeige|publicité|publicidad|pubblicità|publicidade)$`)
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
