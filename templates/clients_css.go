package templates

import (
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// sheet notes what the content of a style element uses.
func (u *uses) sheet(source string) {
	u.inSheet = true
	u.css(css.NewParser(parse.NewInputString(source), false))
	u.inSheet = false
}

// declarations notes what the content of a style attribute uses.
func (u *uses) declarations(source string) {
	u.css(css.NewParser(parse.NewInputString(source), true))
}

func (u *uses) css(p *css.Parser) {
	depth := 0 // of rules within rules
	for {
		kind, _, data := p.Next()
		switch kind {
		case css.ErrorGrammar:
			if !p.HasParseError() {
				return
			}
		case css.CommentGrammar:
			u.add("css-comments", string(data))
		case css.AtRuleGrammar, css.BeginAtRuleGrammar:
			u.atRule(string(data), join(p.Values()))
		case css.QualifiedRuleGrammar, css.BeginRulesetGrammar:
			if depth > 0 {
				u.add("css-nesting", join(p.Values()))
			}
			if kind == css.QualifiedRuleGrammar {
				u.add("css-selector-grouping", join(p.Values())+",")
			} else {
				depth++
			}
			u.selector(p.Values())
		case css.EndRulesetGrammar:
			depth--
		case css.DeclarationGrammar:
			u.declaration(string(data), p.Values())
		case css.CustomPropertyGrammar:
			u.add("css-variables", string(data))
		}
	}
}

func join(tokens []css.Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.Write(t.Data)
	}
	return strings.TrimSpace(b.String())
}

func (u *uses) atRule(name, prelude string) {
	example := name + " " + prelude
	u.add("css-at-"+strings.TrimPrefix(name, "@"), example)
	if name != "@media" {
		return
	}
	for _, feature := range []string{"prefers-color-scheme", "prefers-reduced-motion", "hover", "orientation", "device-pixel-ratio"} {
		if strings.Contains(prelude, feature) {
			u.add("css-at-media-"+feature, example)
		}
	}
}

// selector notes the kinds of one selector's parts.
func (u *uses) selector(tokens []css.Token) {
	example := join(tokens)
	parts, last := 0, ""
	for i, t := range tokens {
		text := string(t.Data)
		switch {
		case t.TokenType == css.HashToken:
			u.add("css-selector-id", example)
		case t.TokenType == css.DelimToken && text == ".":
			u.add("css-selector-class", example)
			if parts++; parts > 1 {
				u.add("css-selector-chaining", example)
			}
		case t.TokenType == css.DelimToken && text == "*":
			u.add("css-selector-universal", example)
		case t.TokenType == css.LeftBracketToken:
			u.add("css-selector-attribute", example)
		case t.TokenType == css.DelimToken && strings.ContainsAny(text, ">+~"):
			u.add(map[string]string{">": "css-selector-child", "+": "css-selector-adjacent-sibling", "~": "css-selector-general-sibling"}[text], example)
			parts = 0
		case t.TokenType == css.WhitespaceToken && i > 0 && i < len(tokens)-1 && !strings.ContainsAny(last+string(tokens[i+1].Data), ">+~"):
			u.add("css-selector-descendant", example)
			parts = 0
		case t.TokenType == css.IdentToken && last != "." && last != ":" && last != "[":
			u.add("css-selector-type", example)
		case t.TokenType == css.ColonToken && i+1 < len(tokens):
			u.pseudo(last == ":", strings.TrimSuffix(string(tokens[i+1].Data), "("), example)
		}
		last = text
	}
}

func (u *uses) pseudo(isElement bool, name, example string) {
	if isElement {
		u.add("css-pseudo-element-"+name, example)
		return
	}
	u.add("css-pseudo-class-"+name, example)
}

// families are the properties that the data has under another name.
var families = map[string]string{
	"margin-top": "css-margin", "margin-right": "css-margin", "margin-bottom": "css-margin", "margin-left": "css-margin",
	"padding-top": "css-padding", "padding-right": "css-padding", "padding-bottom": "css-padding", "padding-left": "css-padding",
	"border-top": "css-border", "border-right": "css-border", "border-bottom": "css-border", "border-left": "css-border",
	"border-color": "css-border", "border-style": "css-border", "border-width": "css-border",
	"top": "css-left-right-top-bottom", "right": "css-left-right-top-bottom", "bottom": "css-left-right-top-bottom", "left": "css-left-right-top-bottom",
	"margin-inline-start": "css-margin-inline-start-end", "margin-inline-end": "css-margin-inline-start-end",
	"margin-inline": "css-margin-inline-block", "margin-block": "css-margin-inline-block",
	"margin-block-start": "css-margin-block-start-end", "margin-block-end": "css-margin-block-start-end",
	"padding-inline-start": "css-padding-inline-start-end", "padding-inline-end": "css-padding-inline-start-end",
	"padding-inline": "css-padding-inline-block", "padding-block": "css-padding-inline-block",
	"padding-block-start": "css-padding-block-start-end", "padding-block-end": "css-padding-block-start-end",
	"border-inline": "css-border-inline-block", "border-block": "css-border-inline-block",
	"columns": "css-column-layout-properties", "column-width": "css-column-layout-properties", "column-rule": "css-column-layout-properties",
	"row-gap": "css-gap", "column-gap": "css-gap", "grid-template-columns": "css-grid-template", "grid-template-rows": "css-grid-template",
	"word-break": "css-word-break", "overflow-x": "css-overflow", "overflow-y": "css-overflow",
}

func (u *uses) declaration(property string, values []css.Token) {
	property = strings.ToLower(property)
	example := property + ":" + join(values)
	if feature, ok := families[property]; ok {
		u.add(feature, example)
	} else {
		u.add("css-"+property, example)
	}
	for _, v := range values {
		u.value(property, string(v.Data), v.TokenType, example)
	}
}

// value notes units, functions and keywords that the data knows.
func (u *uses) value(property, text string, kind css.TokenType, example string) {
	switch kind {
	case css.DimensionToken:
		u.add("css-unit-"+strings.ToLower(strings.TrimLeft(text, "+-.0123456789")), example)
	case css.PercentageToken:
		u.add("css-unit-percent", example)
	case css.FunctionToken:
		u.function(strings.ToLower(strings.TrimSuffix(text, "(")), example)
	case css.IdentToken:
		switch {
		case text == "initial":
			u.add("css-unit-initial", example)
		case text == "system-ui":
			u.add("css-sytem-ui", example)
		case property == "display" && (text == "flex" || text == "grid" || text == "none"):
			u.add("css-display-"+text, example)
		case text == "important":
			u.add("css-important", example)
		}
	}
}

func (u *uses) function(name, example string) {
	switch name {
	case "rgb", "rgba":
		u.add("css-"+name, example)
	case "hsl", "hwb", "lab", "lch", "oklab", "oklch", "color", "color-mix":
		u.add("css-modern-color", example)
	case "calc":
		u.add("css-unit-calc", example)
	case "var":
		u.add("css-variables", example)
	case "linear-gradient", "radial-gradient", "conic-gradient":
		u.add("css-"+name, example)
	default:
		u.add("css-function-"+name, example)
	}
}
