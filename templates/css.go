package templates

import (
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// declaration is a property and its value; variables stand in it unresolved.
type declaration struct {
	name      string // in lower case but for custom properties
	value     string // without white space that says nothing
	important bool
	line      int
}

// cssRule is a style rule, or an at-rule of declarations such as @font-face.
type cssRule struct {
	selectors    []selector
	declarations []declaration
	media        string // the condition around it, "" for none
	at           string // the at-rule that it is, "" for a style rule
	file         string
	line         int
}

// cssReader reads the rules of one style element.
type cssReader struct {
	lex    *css.Lexer
	kind   css.TokenType
	text   string // of the token
	file   string
	line   int // of the token
	faults *Faults
	rules  []cssRule
}

// readCSS reads a style sheet that begins at a line of a file. What is not
// understood is a fault.
func readCSS(src, file string, line int, faults *Faults) []cssRule {
	r := &cssReader{lex: css.NewLexer(parse.NewInputString(src)), file: file, line: line, faults: faults}
	r.next()
	r.sheet("", css.ErrorToken)
	return r.rules
}

// readDeclarations reads the text of a style attribute.
func readDeclarations(src, file string, line int, faults *Faults) []declaration {
	r := &cssReader{lex: css.NewLexer(parse.NewInputString(src)), file: file, line: line, faults: faults}
	r.next()
	return r.declarations(css.ErrorToken)
}

func (r *cssReader) next() {
	for {
		r.line += strings.Count(r.text, "\n")
		kind, data := r.lex.Next()
		r.kind, r.text = kind, string(data)
		if kind != css.CommentToken {
			return
		}
	}
}

func (r *cssReader) space() {
	for r.kind == css.WhitespaceToken {
		r.next()
	}
}

func (r *cssReader) fault(format string, args ...any) {
	r.faults.add(r.file, r.line, format, args...)
}

// sheet reads rules up to the token that ends them.
func (r *cssReader) sheet(media string, end css.TokenType) {
	for {
		r.space()
		switch r.kind {
		case end:
			return
		case css.ErrorToken:
			r.fault("a { is not closed")
			return
		case css.CDOToken, css.CDCToken, css.SemicolonToken:
			r.next()
		case css.AtKeywordToken:
			r.atRule(media)
		default:
			r.styleRule(media)
		}
	}
}

func (r *cssReader) atRule(media string) {
	name, line := strings.ToLower(r.text), r.line
	r.next()
	condition := r.prelude(true)
	switch {
	case r.kind != css.LeftBraceToken:
		r.faults.add(r.file, line, "%s is not for mails: only @media and @font-face are", name)
		r.next()
	case name == "@media" && media == "":
		r.next()
		r.sheet(strings.ToLower(joinTokens(condition)), css.RightBraceToken)
		r.next()
	case name == "@font-face" && media == "":
		r.next()
		r.rules = append(r.rules, cssRule{at: name, file: r.file, line: line, declarations: r.declarations(css.RightBraceToken)})
		r.next()
	default:
		r.faults.add(r.file, line, "%s is not for this place: only @media and @font-face are for mails, and neither within another", name)
		r.skipBlock()
	}
}

func (r *cssReader) styleRule(media string) {
	line := r.line
	prelude := r.prelude(false)
	if r.kind != css.LeftBraceToken {
		r.faults.add(r.file, line, "%q has no { after it", joinTokens(prelude))
		r.next()
		return
	}
	selectors, err := readSelectors(prelude)
	if err != nil {
		r.faults.add(r.file, line, "%v", err)
	}
	r.next()
	rule := cssRule{selectors: selectors, media: media, file: r.file, line: line, declarations: r.declarations(css.RightBraceToken)}
	r.next()
	if len(selectors) > 0 {
		r.rules = append(r.rules, rule)
	}
}

// prelude reads what stands before a block.
func (r *cssReader) prelude(at bool) []css.Token {
	var tokens []css.Token
	for {
		switch r.kind {
		case css.LeftBraceToken, css.RightBraceToken, css.ErrorToken:
			return tokens
		case css.SemicolonToken:
			if at {
				return tokens
			}
		}
		tokens = append(tokens, css.Token{TokenType: r.kind, Data: []byte(r.text)})
		r.next()
	}
}

// declarations reads up to the token that ends them.
func (r *cssReader) declarations(end css.TokenType) []declaration {
	var all []declaration
	for {
		r.space()
		switch r.kind {
		case end:
			return all
		case css.ErrorToken:
			r.fault("a { is not closed")
			return all
		case css.SemicolonToken:
			r.next()
		case css.IdentToken, css.CustomPropertyNameToken:
			if d, ok := r.declaration(); ok {
				all = append(all, d)
			}
		default:
			r.fault("%q is where a property should be", r.text)
			if r.skipDeclaration(); r.kind == css.RightBraceToken && end != r.kind {
				r.next() // a style attribute has no end but its own
			}
		}
	}
}

func (r *cssReader) declaration() (declaration, bool) {
	d := declaration{name: r.text, line: r.line}
	if r.kind == css.IdentToken {
		d.name = strings.ToLower(d.name)
	}
	r.next()
	r.space()
	if r.kind != css.ColonToken {
		r.fault("%q has no colon and value after it", d.name)
		r.skipDeclaration()
		return d, false
	}
	r.next()
	tokens, ok := r.value(d.name)
	if d.value, d.important = cutImportant(joinTokens(tokens)); d.value == "" && ok {
		r.fault("%q has no value", d.name)
		ok = false
	}
	return d, ok
}

// value reads the tokens of a value, and reports whether they are sound.
func (r *cssReader) value(name string) ([]css.Token, bool) {
	var tokens []css.Token
	depth := 0
	for {
		switch r.kind {
		case css.ErrorToken:
			return tokens, true
		case css.SemicolonToken, css.RightBraceToken:
			if depth == 0 {
				return tokens, true
			}
			r.fault("the value of %q has a ( that is not closed", name)
			return tokens, false
		case css.LeftBraceToken, css.ColonToken, css.BadStringToken, css.BadURLToken:
			if depth == 0 || r.kind != css.ColonToken {
				r.fault("%q is within the value of %q: is a semicolon or a quote missing?", strings.TrimSpace(r.text), name)
				r.skipDeclaration()
				return nil, false
			}
		case css.FunctionToken, css.LeftParenthesisToken:
			depth++
		case css.RightParenthesisToken:
			depth--
		}
		tokens = append(tokens, css.Token{TokenType: r.kind, Data: []byte(r.text)})
		r.next()
	}
}

func (r *cssReader) skipDeclaration() {
	for r.kind != css.SemicolonToken && r.kind != css.RightBraceToken && r.kind != css.ErrorToken {
		if r.kind == css.LeftBraceToken {
			r.skipBlock()
			continue
		}
		r.next()
	}
}

// skipBlock passes a block in braces.
func (r *cssReader) skipBlock() {
	depth := 0
	for r.kind != css.ErrorToken {
		switch r.kind {
		case css.LeftBraceToken:
			depth++
		case css.RightBraceToken:
			if depth--; depth == 0 {
				r.next()
				return
			}
		}
		r.next()
	}
}

func cutImportant(value string) (string, bool) {
	before, after, found := strings.Cut(value, "!")
	if found && strings.EqualFold(strings.TrimSpace(after), "important") {
		return strings.TrimSpace(before), true
	}
	return value, false
}

// joinTokens writes tokens with no more white space than they need.
func joinTokens(tokens []css.Token) string {
	var b strings.Builder
	for i, t := range tokens {
		if t.TokenType != css.WhitespaceToken {
			b.Write(t.Data)
			continue
		}
		if i == 0 || i == len(tokens)-1 || tight(tokens[i-1], true) || tight(tokens[i+1], false) {
			continue
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// tight reports whether a token needs no white space at one of its sides.
func tight(t css.Token, after bool) bool {
	switch t.TokenType {
	case css.CommaToken, css.WhitespaceToken, css.SemicolonToken, css.ColonToken:
		return true
	case css.FunctionToken, css.LeftParenthesisToken:
		return after
	case css.RightParenthesisToken:
		return !after
	case css.DelimToken:
		return t.Data[0] == '!' || t.Data[0] == '/' || t.Data[0] == '>'
	}
	return false
}
