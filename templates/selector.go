package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// selector is one of the comma-separated selectors of a rule. A simple one
// names an element by type, id and classes alone; any other can only be
// matched by a mail client.
type selector struct {
	text    string
	simple  bool
	tag, id string // "" for any
	classes []string
	weight  int // its specificity
}

// rootSelector is the element that holds the variables of a theme.
const rootSelector = ":root"

// readSelectors reads what stands before the block of a rule.
func readSelectors(prelude []css.Token) ([]selector, error) {
	var all []selector
	depth, start := 0, 0
	for i := 0; i <= len(prelude); i++ {
		if i < len(prelude) {
			switch prelude[i].TokenType {
			case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken:
				depth++
			case css.RightParenthesisToken, css.RightBracketToken:
				depth--
			}
			if prelude[i].TokenType != css.CommaToken || depth > 0 {
				continue
			}
		}
		s := readSelector(trimTokens(prelude[start:i]))
		if s.text == "" {
			return nil, fmt.Errorf("a rule has an empty selector: %q", joinTokens(prelude))
		}
		all, start = append(all, s), i+1
	}
	return all, nil
}

func trimTokens(tokens []css.Token) []css.Token {
	for len(tokens) > 0 && tokens[0].TokenType == css.WhitespaceToken {
		tokens = tokens[1:]
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].TokenType == css.WhitespaceToken {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

func readSelector(tokens []css.Token) selector {
	s := selector{text: selectorText(tokens), simple: true}
	for i := 0; i < len(tokens); i++ {
		text := string(tokens[i].Data)
		switch t := tokens[i].TokenType; {
		case t == css.IdentToken && i == 0:
			s.tag, s.weight = strings.ToLower(text), s.weight+1
		case t == css.DelimToken && text == "*" && i == 0:
		case t == css.HashToken:
			s.id, s.weight = text[1:], s.weight+10_000
		case t == css.DelimToken && text == "." && i+1 < len(tokens) && tokens[i+1].TokenType == css.IdentToken:
			i++
			s.classes, s.weight = append(s.classes, string(tokens[i].Data)), s.weight+100
		default:
			s.simple = false
			s.classes = append(s.classes, classesIn(tokens[i:])...)
			return s
		}
	}
	return s
}

// selectorText keeps white space before a colon, where it means "within".
func selectorText(tokens []css.Token) string {
	var b strings.Builder
	for i, t := range tokens {
		if t.TokenType == css.WhitespaceToken && i > 0 && i < len(tokens)-1 {
			b.WriteByte(' ')
		} else if t.TokenType != css.WhitespaceToken {
			b.Write(t.Data)
		}
	}
	return b.String()
}

// classesIn finds the class names in part of a selector.
func classesIn(tokens []css.Token) []string {
	var classes []string
	for i := range len(tokens) - 1 {
		if string(tokens[i].Data) == "." && tokens[i+1].TokenType == css.IdentToken {
			classes = append(classes, string(tokens[i+1].Data))
		}
	}
	return classes
}

// matches reports whether a simple selector means an element.
func (s *selector) matches(tag, id string, classes []string) bool {
	if !s.simple || s.tag != "" && s.tag != tag || s.id != "" && s.id != id {
		return false
	}
	for _, c := range s.classes {
		if !slices.Contains(classes, c) {
			return false
		}
	}
	return true
}
