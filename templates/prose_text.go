package templates

import (
	"strconv"
	"strings"
)

// proseText writes a text in lines of at most 72 columns.
func proseText(p *Prose) string {
	if p.Empty() {
		return ""
	}
	return strings.Join(textBlocks(p.blocks, columns), "\n")
}

// textBlocks is blocks as lines with an empty one between blocks.
func textBlocks(blocks []block, width int) []string {
	var out []string
	for i := range blocks {
		if i > 0 {
			out = append(out, "")
		}
		out = append(out, textBlock(&blocks[i], width)...)
	}
	return out
}

func textBlock(b *block, width int) []string {
	switch b.kind {
	case paragraphBlock:
		return textWords(b, width)
	case headingBlock:
		lines := textWords(b, width)
		if b.level < 3 {
			for i := range lines {
				lines[i] = upperWords(lines[i])
			}
		}
		return lines
	case listBlock:
		return textList(b, width)
	case quoteBlock:
		return prefixed("> ", "> ", textBlocks(b.blocks, width-2))
	case codeBlock:
		return textCode(b, width)
	case ruleBlock:
		return []string{"* * *"}
	}
	return textBlocks(b.blocks, width)
}

// upperWords is upper case, but for what would not lead where it leads.
func upperWords(line string) string {
	if strings.Contains(line, "://") || strings.Contains(line, "@") {
		return line
	}
	return strings.ToUpper(line)
}

// textList has an empty line between items only where one of them needs it.
func textList(b *block, width int) []string {
	loose := false
	items := make([][]string, len(b.blocks))
	for i := range b.blocks {
		mark := "- "
		if b.number >= 0 {
			mark = strconv.Itoa(b.number+i) + ". "
		}
		lines := textBlocks(b.blocks[i].blocks, width-len(mark))
		loose = loose || len(b.blocks[i].blocks) > 1
		items[i] = prefixed(mark, strings.Repeat(" ", len(mark)), lines)
	}
	var out []string
	for i, item := range items {
		if i > 0 && loose {
			out = append(out, "")
		}
		out = append(out, item...)
	}
	return out
}

// prefixed puts something before the first line and the others; an empty line
// stays without spaces at its end.
func prefixed(first, others string, lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		prefix := others
		if i == 0 {
			prefix = first
		}
		out[i] = strings.TrimRight(prefix+line, " ")
	}
	return out
}

func textCode(b *block, width int) []string {
	var out []string
	for _, line := range b.lines {
		indent := strings.Repeat(" ", min(len(line)-len(strings.TrimLeft(line, " ")), width/2))
		out = append(out, prefixed("  "+indent, "  "+indent, wrapTo(strings.TrimLeft(line, " "), width-2-len(indent)))...)
	}
	return out
}

// textWords wraps the words of a block, each link with its address behind it.
func textWords(b *block, width int) []string {
	var lines []string
	var words strings.Builder
	end := func() {
		lines = append(lines, wrapTo(oneLine(words.String()), width)...)
		words.Reset()
	}
	for i := range b.spans {
		s := &b.spans[i]
		if s.broken {
			end()
		}
		words.WriteString(s.words())
		if s.link != "" && (i+1 == len(b.spans) || b.spans[i+1].link != s.link || b.spans[i+1].broken) {
			words.WriteString(linkAfter(b, i))
		}
	}
	end()
	return lines
}

func (s *span) words() string {
	if s.image != "" && s.text != "" {
		return "[" + s.text + "]"
	}
	return s.text
}

// linkAfter is the address of a link whose last span is i, unless its words
// are the address.
func linkAfter(b *block, i int) string {
	link, label := b.spans[i].link, ""
	for j := i; j >= 0 && b.spans[j].link == link; j-- {
		label = b.spans[j].text + label
	}
	label = strings.TrimSpace(label)
	address := strings.TrimPrefix(link, "mailto:")
	for _, same := range []string{address, strings.TrimSuffix(address, "/"), strings.TrimPrefix(address, "https://"), strings.TrimPrefix(address, "http://")} {
		if label == same {
			return ""
		}
	}
	return " <" + address + ">"
}
