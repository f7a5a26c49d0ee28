package templates

import (
	"slices"
	"strings"
)

// startTag is a start tag taken apart. Actions in it stay as they were
// written.
type startTag struct {
	name  string
	parts []tagPart
	close string // ">" or "/>"
}

// tagPart is an attribute of a tag, or an action beside the attributes.
type tagPart struct {
	text   string // with the white space before it
	name   string // of the attribute in lower case, "" for an action
	value  string // as written, without quotes
	within bool   // an action beside the attributes decides whether it is there
	at     int    // where the value begins in the tag
}

// styling reports whether the part says what rules apply to the element.
func (p *tagPart) styling() bool { return p.name == "class" || p.name == "style" }

// splitTag takes a start tag apart.
func splitTag(raw string) startTag {
	t := startTag{close: ">"}
	i := 1
	for i < len(raw) && (isNameByte(raw[i]) || raw[i] == ':') {
		i++
	}
	t.name = strings.ToLower(raw[1:i])
	depth := 0
	for i < len(raw) {
		start := i
		for i < len(raw) && strings.ContainsRune(" \t\r\n", rune(raw[i])) {
			i++
		}
		switch {
		case strings.HasPrefix(raw[i:], "/>"):
			t.close = "/>"
			return t
		case raw[i] == '>':
			return t
		case strings.HasPrefix(raw[i:], "{{"):
			length := actionLength(raw[i:])
			switch word, _ := actionWord(raw[i : i+length]); word {
			case "if", "with", "range":
				depth++
			case "end":
				depth--
			}
			i += length
			t.parts = append(t.parts, tagPart{text: raw[start:i]})
		default:
			p := readAttribute(raw, start, i)
			p.within = depth > 0
			i = start + len(p.text)
			t.parts = append(t.parts, p)
		}
	}
	return t
}

func (t *startTag) has(attribute string) bool {
	return slices.ContainsFunc(t.parts, func(p tagPart) bool { return p.name == attribute })
}

// readAttribute reads the attribute at i of a tag; the white space before it
// begins at start.
func readAttribute(raw string, start, i int) tagPart {
	from := i
	for i < len(raw) && !strings.ContainsRune("= \t\r\n>", rune(raw[i])) && !strings.HasPrefix(raw[i:], "{{") {
		i++
	}
	if i == from { // a lone = or the like
		i++
	}
	p := tagPart{name: strings.ToLower(raw[from:i]), at: i}
	if i >= len(raw) || raw[i] != '=' {
		p.text = raw[start:i]
		return p
	}
	i++
	quote := byte(0)
	if i < len(raw) && (raw[i] == '"' || raw[i] == '\'') {
		quote = raw[i]
		i++
	}
	p.at = i
	for i < len(raw) && !endsValue(raw[i], quote) {
		if length := 0; strings.HasPrefix(raw[i:], "{{") {
			length = actionLength(raw[i:])
			i += length
			continue
		}
		i++
	}
	p.value = raw[p.at:i]
	if quote != 0 && i < len(raw) {
		i++
	}
	p.text = raw[start:i]
	return p
}

func endsValue(c, quote byte) bool {
	if quote != 0 {
		return c == quote
	}
	return strings.ContainsRune(" \t\r\n>", rune(c))
}

// tagBlock is an {{if}} in a tag, with the texts between its actions.
type tagBlock struct {
	word       string
	start, end int      // of the whole block in the tag
	conditions []string // "if .A", "else if .B", "else"
	branches   []string
}

// blockAround finds the outermost {{if}}, {{with}} or {{range}} that has an
// offset of the tag within or begins at it.
func blockAround(raw string, offset int) (tagBlock, bool) {
	var b tagBlock
	depth, branch := 0, 0
	for i := 0; i < len(raw); i++ {
		if !strings.HasPrefix(raw[i:], "{{") {
			continue
		}
		length := actionLength(raw[i:])
		action := raw[i : i+length]
		word, rest := actionWord(action)
		switch {
		case word == "if" || word == "with" || word == "range":
			if depth++; depth == 1 {
				b = tagBlock{word: word, start: i, conditions: []string{word + " " + rest}}
				branch = i + length
			}
		case word == "else" && depth == 1:
			b.branches = append(b.branches, trimAround(raw, branch, i))
			b.conditions = append(b.conditions, strings.TrimSpace("else "+rest))
			branch = i + length
		case word == "end":
			if depth--; depth == 0 {
				b.branches, b.end = append(b.branches, trimAround(raw, branch, i)), i+length
				if b.end > offset {
					return b, b.start <= offset
				}
			}
		}
		i += length - 1
	}
	return b, false
}

// trimAround is the text between two actions, less the white space that their
// marks take away.
func trimAround(raw string, from, to int) string {
	text := raw[from:to]
	if strings.HasSuffix(raw[:from], "-}}") {
		text = strings.TrimLeft(text, " \t\r\n")
	}
	if strings.HasPrefix(raw[to:], "{{- ") {
		text = strings.TrimRight(text, " \t\r\n")
	}
	return text
}

// with is the tag in which a branch stands in the place of the block.
func (b *tagBlock) with(raw, branch string) string {
	before, after := raw[:b.start], raw[b.end:]
	if strings.HasPrefix(raw[b.start:], "{{- ") {
		before = strings.TrimRight(before, " \t\r\n")
	}
	if strings.HasSuffix(raw[:b.end], "-}}") {
		after = strings.TrimLeft(after, " \t\r\n")
	}
	return before + branch + after
}
