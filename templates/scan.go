package templates

import (
	"regexp"
	"strings"
)

// pieceKind says what a piece of a template's source is.
type pieceKind int

const (
	textPiece        pieceKind = iota
	actionPiece                // {{...}}
	tagPiece                   // the start tag of an element
	conditionalPiece           // a comment that Outlook reads, or the text in it
	stylePiece                 // the text of a style element
)

// piece is a stretch of a template's source that is kept or changed as one.
type piece struct {
	kind   pieceKind
	text   string
	line   int
	define string // the name that {{define}} gives the part it stands in, "" for the file's own
}

// scanner cuts the source of a mail into pieces. It knows actions wherever
// they may stand, so that nothing in them is taken for HTML.
type scanner struct {
	src, file string
	at, line  int
	pieces    []piece
	checked   strings.Builder
	blocks    []string // of the actions that are open: "" or the name that a define has
	faults    *Faults
}

// scan cuts the source of a file. What is to be checked is the source less its
// comments, with the same lines.
func scan(src, file string, faults *Faults) (pieces []piece, checked string) {
	s := &scanner{src: src, file: file, line: 1, faults: faults}
	for s.at < len(s.src) {
		s.step()
	}
	return s.pieces, s.checked.String()
}

// take ends a piece at an offset from where the scanner is.
func (s *scanner) take(kind pieceKind, length int) {
	text := s.src[s.at : s.at+length]
	if n := len(s.pieces) - 1; kind == textPiece && n >= 0 && s.pieces[n].kind == textPiece && s.pieces[n].define == s.define() {
		s.pieces[n].text += text
	} else {
		s.pieces = append(s.pieces, piece{kind: kind, text: text, line: s.line, define: s.define()})
	}
	s.checked.WriteString(text)
	s.line += strings.Count(text, "\n")
	s.at += length
}

// skip leaves out what is in no piece.
func (s *scanner) skip(length int) {
	lines := strings.Count(s.src[s.at:s.at+length], "\n")
	s.checked.WriteString(strings.Repeat("\n", lines))
	s.line += lines
	s.at += length
}

func (s *scanner) define() string {
	for i := len(s.blocks) - 1; i >= 0; i-- {
		if s.blocks[i] != "" {
			return s.blocks[i]
		}
	}
	return ""
}

var (
	conditionalComment = regexp.MustCompile(`^(?s:<!--\[if [^\]]+\]>(?:<!-->|.*?<!\[endif\]-->)|<!--<!\[endif\]-->)`)
	styleMarkup        = regexp.MustCompile(`^(?is:<style(?:\s[^>]*)?>(.*?)</style\s*>)`)
	startOfTag         = regexp.MustCompile(`^<[a-zA-Z]`)
)

func (s *scanner) step() {
	rest := s.src[s.at:]
	switch {
	case strings.HasPrefix(rest, "{{"):
		s.action()
	case strings.HasPrefix(rest, "<!--"):
		s.comment(rest)
	case styleMarkup.MatchString(rest):
		s.style(styleMarkup.FindStringSubmatchIndex(rest))
	case startOfTag.MatchString(rest):
		s.tag()
	default:
		s.text(rest)
	}
}

// text goes on to where something else may begin.
func (s *scanner) text(rest string) {
	end := strings.IndexAny(rest[1:], "<{")
	if end < 0 {
		end = len(rest) - 1
	}
	s.take(textPiece, end+1)
}

func (s *scanner) action() {
	length := actionLength(s.src[s.at:])
	if length < 0 {
		s.faults.add(s.file, s.line, "an action is not closed: {{ has no }} after it")
		s.skip(len(s.src) - s.at)
		return
	}
	text := s.src[s.at : s.at+length]
	word, rest := actionWord(text)
	switch word {
	case "define", "block":
		s.blocks = append(s.blocks, templateName(rest))
		s.take(actionPiece, length)
		return
	case "if", "with", "range":
		s.blocks = append(s.blocks, "")
	case "end":
		s.take(actionPiece, length)
		if n := len(s.blocks); n > 0 {
			s.blocks = s.blocks[:n-1]
		}
		return
	}
	s.take(actionPiece, length)
}

func (s *scanner) comment(rest string) {
	if m := conditionalComment.FindString(rest); m != "" {
		s.conditional(m)
		return
	}
	end := strings.Index(rest, "-->")
	if end < 0 {
		s.faults.add(s.file, s.line, "a comment is not closed: <!-- has no --> after it")
		s.skip(len(rest))
		return
	}
	s.skip(end + len("-->"))
}

// conditional keeps a comment of Outlook's; the actions in it are run.
func (s *scanner) conditional(comment string) {
	end := s.at + len(comment)
	for s.at < end {
		rest := s.src[s.at:end]
		if strings.HasPrefix(rest, "{{") {
			if length := actionLength(rest); length > 0 {
				s.action()
				continue
			}
		}
		length := strings.Index(rest[1:], "{{") + 1
		if length == 0 {
			length = len(rest)
		}
		s.take(conditionalPiece, length)
	}
}

// style takes the text of a style element, and leaves its tags out.
func (s *scanner) style(m []int) {
	if tag := splitTag(s.src[s.at : s.at+m[2]]); tag.has("media") {
		s.faults.add(s.file, s.line, "a style element has a media attribute: write @media in it instead")
	}
	s.skip(m[2])
	if strings.Contains(s.src[s.at:s.at+m[3]-m[2]], "{{") {
		s.faults.add(s.file, s.line, "a style element has an action: {{ }} is not run in it; give elements classes by {{if}} instead")
	}
	s.pieces = append(s.pieces, piece{kind: stylePiece, text: s.src[s.at : s.at+m[3]-m[2]], line: s.line, define: s.define()})
	s.skip(m[3] - m[2])
	s.skip(m[1] - m[3])
}

func (s *scanner) tag() {
	length := tagLength(s.src[s.at:])
	if length < 0 {
		s.faults.add(s.file, s.line, "a tag is not closed: %q has no > after it", firstWord(s.src[s.at:]))
		s.skip(len(s.src) - s.at)
		return
	}
	s.take(tagPiece, length)
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\r\n"); i >= 0 {
		s = s[:i]
	}
	return cut(s, 40)
}

// actionLength is the length of the action that s begins with, -1 if it has
// no end.
func actionLength(s string) int {
	body := strings.TrimLeft(strings.TrimPrefix(s[2:], "- "), " \t\r\n")
	if strings.HasPrefix(body, "/*") {
		end := strings.Index(s, "*/")
		if end < 0 {
			return -1
		}
		if close := strings.Index(s[end:], "}}"); close >= 0 {
			return end + close + 2
		}
		return -1
	}
	for i := 2; i < len(s); i++ {
		switch s[i] {
		case '"', '\'', '`':
			end := quoteLength(s[i:])
			if end < 0 {
				return -1
			}
			i += end - 1
		case '}':
			if strings.HasPrefix(s[i:], "}}") {
				return i + 2
			}
		}
	}
	return -1
}

// quoteLength is the length of the string constant that s begins with.
func quoteLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return i + 1
		case s[i] == '\\' && s[0] != '`':
			i++
		case s[i] == '\n' && s[0] != '`':
			return -1
		}
	}
	return -1
}

// actionWord is the first word of an action and what follows it, without the
// marks that trim white space.
func actionWord(action string) (word, rest string) {
	body := strings.TrimSuffix(strings.TrimPrefix(action, "{{"), "}}")
	if strings.HasPrefix(body, "- ") || strings.HasPrefix(body, "-\n") || strings.HasPrefix(body, "-\t") {
		body = body[2:]
	}
	if strings.HasSuffix(body, " -") || strings.HasSuffix(body, "\n-") || strings.HasSuffix(body, "\t-") {
		body = body[:len(body)-2]
	}
	body = strings.TrimSpace(body)
	end := 0
	for end < len(body) && 'a' <= body[end] && body[end] <= 'z' {
		end++
	}
	return body[:end], strings.TrimSpace(body[end:])
}

// templateName is the quoted name at the start of what follows "define" or
// "block".
func templateName(rest string) string {
	if rest == "" || !strings.ContainsRune("\"`", rune(rest[0])) {
		return ""
	}
	if end := quoteLength(rest); end > 0 {
		return rest[1 : end-1]
	}
	return ""
}

// tagLength is the length of the start tag that s begins with, -1 if it has
// no end.
func tagLength(s string) int {
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case strings.HasPrefix(s[i:], "{{"):
			length := actionLength(s[i:])
			if length < 0 {
				return -1
			}
			i += length - 1
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}
