package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"broadsheet/internal/pattern"
)

// maxRaw is how many bytes of a raw text are looked at; what the longest body
// becomes has a tenth of it.
const maxRaw = 1 << 20

// PlainText returns the words of a piece of HTML, or of plain text, as plain
// text: entities decoded, tags gone, scripts, styles and captions left out,
// "Read more" and "appeared first on" lines dropped, white space folded,
// control characters and invalid UTF-8 cleaned. Paragraphs are separated by
// one blank line, never glued; line breaks within one stay. Text without any
// tag keeps its own blank lines as paragraphs. What comes after the first
// megabyte is left out.
func PlainText(text string) string {
	t := textWriter{}
	tokens := html.NewTokenizer(strings.NewReader(closeRawElements(cleanRunes(firstBytes(text, maxRaw)))))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		t.take(kind, tokens)
	}
	return norm.NFC.String(strings.Join(dropFurniture(t.paragraphs()), "\n\n"))
}

// unescapeMarkup takes one escaping off HTML that a system escaped twice: it
// has tags, but none in angle brackets.
func unescapeMarkup(text string) string {
	if len(text) <= maxRaw && doubleEscaped.MatchString(text) && !realTag.MatchString(text) {
		return html.UnescapeString(text)
	}
	return text
}

var (
	doubleEscaped = pattern.New(`(?i)&lt;/(?:p|div|a|span|em|strong|ul|ol|li|h[1-6]|figure|blockquote|table)&gt;|^\s*&lt;(?:p|div|br|img|a|span|h[1-6])(?:\s|/|&gt;)`)
	realTag       = pattern.New(`</?[a-zA-Z][^<>]*>`)
)

// plainTitle is PlainText on one line for headlines, where "Vec<T>" and
// "<3" are words and not tags.
func plainTitle(text string) string {
	text = angleWord.ReplaceAllStringFunc(firstBytes(text, maxRaw), func(tag string) string {
		if atom.Lookup([]byte(strings.ToLower(strings.TrimLeft(tag, "</")))) == 0 {
			return "&lt;" + tag[1:]
		}
		return tag
	})
	return foldSpace(PlainText(text))
}

var angleWord = pattern.New(`</?[a-zA-Z][a-zA-Z0-9]*`)

// textWriter collects the text of a token stream, with "\n" for a line break
// and "\n\n" for the end of a paragraph.
type textWriter struct {
	out      []byte
	tags     bool
	hidden   atom.Atom // element whose content is left out, 0 if none
	depth    int       // of that element within itself
	last     rune      // of out, white space aside, 0 if there is none
	inLink   bool
	linkAt   int  // where the text of the last link begins
	linkLast rune // what last was there
	linkDone int  // where it ended, 0 if it is still open or was no "Read more"
}

func (t *textWriter) take(kind html.TokenType, tokens *html.Tokenizer) {
	switch kind {
	case html.TextToken:
		if t.hidden == 0 {
			t.text(string(tokens.Text()))
		}
	case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
		name, _ := tokens.TagName()
		t.tags = true
		t.tag(atom.Lookup(name), kind)
	}
}

func (t *textWriter) tag(name atom.Atom, kind html.TokenType) {
	if t.hidden != 0 {
		if name == t.hidden && kind == html.StartTagToken {
			t.depth++
		}
		if name == t.hidden && kind == html.EndTagToken {
			if t.depth--; t.depth == 0 {
				t.hidden = 0
			}
		}
		return
	}
	switch {
	case isHidden(name) && kind == html.StartTagToken:
		t.hidden, t.depth = name, 1
	case name == atom.Br:
		t.end("\n")
	case name == atom.Td || name == atom.Th:
		t.end(" ")
	case isBlock(name):
		t.end("\n\n")
	case name == atom.A && kind == html.StartTagToken:
		t.inLink, t.linkAt, t.linkLast, t.linkDone = true, len(t.out), t.last, 0
	case name == atom.A && kind == html.EndTagToken && t.inLink:
		t.inLink, t.linkDone = false, len(t.out)
	}
}

// end writes a break, and first takes back a link at the end of the line that
// only says "Read more".
func (t *textWriter) end(mark string) {
	if t.linkDone > 0 && isMoreTail(t.linkLast, t.out[t.linkAt:t.linkDone], t.out[t.linkDone:]) {
		t.out, t.last = t.out[:t.linkAt], t.linkLast
	}
	t.linkDone = 0
	t.out = append(t.out, mark...)
}

// text folds white space as HTML does; blank lines are kept apart by a mark
// until it is known whether there is any tag at all.
func (t *textWriter) text(s string) {
	for i, part := range blankLine.Split(s, -1) {
		if i > 0 {
			t.out = append(t.out, softBreak...)
		}
		t.out = append(t.out, strings.Map(spaceOf, part)...)
	}
	if trimmed := strings.TrimSpace(s); trimmed != "" {
		t.last, _ = utf8.DecodeLastRuneInString(trimmed)
	}
}

const softBreak = "\u2029" // cannot be in the text: cleanRunes turns it into a line feed

var blankLine = pattern.New(`\r?\n[ \t\r]*\n\s*`)

func (t *textWriter) paragraphs() []string {
	t.end("")
	text := string(t.out)
	if t.tags {
		text = strings.ReplaceAll(text, softBreak, " ")
	} else {
		text = strings.ReplaceAll(text, softBreak, "\n\n")
	}
	text = decodeTwice(text)
	var out []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var lines []string
		for line := range strings.SplitSeq(paragraph, "\n") {
			if line = foldSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			out = append(out, strings.Join(lines, "\n"))
		}
	}
	return out
}

var entity = pattern.New(`&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});`)

// decodeTwice undoes the double escaping of feeds that write &amp;rsquo;. What
// comes out is text: a tag among it stays as it reads.
func decodeTwice(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	return cleanRunes(entity.ReplaceAllStringFunc(text, html.UnescapeString))
}

// cleanRunes repairs invalid UTF-8 and drops what no reader should get:
// control characters, zero-width spaces, direction overrides. The C1 controls
// are what windows-1252 text becomes when taken for Latin-1, and are read so.
func cleanRunes(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case r < 0x20 || r == 0x7f:
			return -1
		case r >= 0x80 && r < 0xa0:
			return windowsRune(r)
		case r == '\u00ad' || r == '\u200b' || r == '\u2060' || r == '\ufeff':
			return -1
		case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		case r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe:
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"))
}

// closeRawElements closes <iframe ... /> and its like as XHTML means it; HTML
// would take the rest of the story for the element's content.
func closeRawElements(s string) string {
	if !strings.Contains(s, "/>") {
		return s
	}
	return rawElement.ReplaceAllString(s, "<$1$2></$1>")
}

var rawElement = pattern.New(`(?i)<(iframe|script|style|textarea|title|noembed|noframes|noscript|xmp)(\s[^<>]*)?/>`)

func windowsRune(r rune) rune {
	if mapped := charmap.Windows1252.DecodeByte(byte(r)); mapped != utf8.RuneError && mapped != r {
		return mapped
	}
	return -1
}

func spaceOf(r rune) rune {
	if unicode.IsSpace(r) {
		return ' '
	}
	return r
}

func foldSpace(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

func isHidden(name atom.Atom) bool {
	switch name {
	case atom.Script, atom.Style, atom.Template, atom.Iframe, atom.Object, atom.Svg, atom.Math, atom.Noscript,
		atom.Noembed, atom.Noframes, atom.Figcaption, atom.Select, atom.Textarea, atom.Button, atom.Audio, atom.Video, atom.Canvas:
		return true
	}
	return false
}

func isBlock(name atom.Atom) bool {
	switch name {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Center, atom.Dd, atom.Details, atom.Div,
		atom.Dl, atom.Dt, atom.Fieldset, atom.Figure, atom.Footer, atom.Form, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5,
		atom.H6, atom.Head, atom.Header, atom.Hr, atom.Html, atom.Li, atom.Main, atom.Nav, atom.Ol, atom.P, atom.Pre,
		atom.Section, atom.Summary, atom.Table, atom.Tbody, atom.Tfoot, atom.Thead, atom.Title, atom.Tr, atom.Ul:
		return true
	}
	return false
}
