package templates

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxProse is the most octets that a text in Markdown may have.
const maxProse = 50_000

// ErrProse says that a text cannot stand in a mail.
var ErrProse = errors.New("this text cannot stand in a mail")

// Prose is words of an editor with the simple formatting of Markdown:
// paragraphs, headings, lists, quotes, code, emphasis, links and pictures.
type Prose struct {
	blocks []block
}

// blockKind is what a block is.
type blockKind int

const (
	paragraphBlock blockKind = iota
	headingBlock
	listBlock
	itemBlock // of a list
	quoteBlock
	codeBlock
	ruleBlock
)

// block is one part of a text, with words or with blocks inside.
type block struct {
	kind   blockKind
	level  int // of a heading, from 1
	number int // of the first item of a list that counts, -1 of one that does not
	spans  []span
	lines  []string // of code
	blocks []block
}

// span is words in one style.
type span struct {
	text         string
	strong, em   bool
	code, broken bool   // broken: a line ends before it
	link         string // absolute http or https, or mailto; "" for none
	image        string // absolute https; text is then what it shows
}

// ParseProse reads Markdown as CommonMark has it, less HTML, which stays text.
// Links that are not absolute http, https or mailto ones, and pictures that are
// not absolute https ones, leave their words behind. It returns ErrProse for a
// text that is too long or not UTF-8.
func ParseProse(markdown string) (*Prose, error) {
	switch {
	case len(markdown) > maxProse:
		return nil, fmt.Errorf("%w: it has %d octets, and %d is the most", ErrProse, len(markdown), maxProse)
	case !utf8.ValidString(markdown):
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrProse)
	case strings.ContainsRune(markdown, 0):
		return nil, fmt.Errorf("%w: it holds a NUL: is it a text file?", ErrProse)
	}
	return &Prose{blocks: readMarkdown(markdown)}, nil
}

// Empty reports whether there is nothing to read.
func (p *Prose) Empty() bool { return p == nil || len(p.blocks) == 0 }

// Size is how many octets the text takes in the HTML part of a mail, more or
// less: themes differ in what stands in their tags.
func (p *Prose) Size() int {
	size := sizeLooks()
	return len(drawProse(p, "ltr", size))
}

// sizeLooks are attributes as long as those of a usual theme.
func sizeLooks() proseLooks {
	looks := proseLooks{}
	for _, element := range proseElements {
		looks[element] = strings.Repeat(" ", 110)
	}
	return looks
}

// Heading is the words of the first heading of the first level, "" if there is
// none.
func (p *Prose) Heading() string {
	if p == nil {
		return ""
	}
	for i := range p.blocks {
		if b := &p.blocks[i]; b.kind == headingBlock && b.level == 1 {
			return b.plain()
		}
	}
	return ""
}

// Opening is the first words of the first paragraph, as an inbox shows them
// beside the subject.
func (p *Prose) Opening() string {
	if p == nil {
		return ""
	}
	for i := range p.blocks {
		if b := &p.blocks[i]; b.kind == paragraphBlock {
			if words := b.plain(); words != "" {
				return cut(words, maxSubject)
			}
		}
	}
	return ""
}

// plain is the words of a block on one line.
func (b *block) plain() string {
	var words strings.Builder
	for _, s := range b.spans {
		if s.broken {
			words.WriteByte(' ')
		}
		words.WriteString(s.text)
	}
	return oneLine(words.String())
}

// firstWords is the words of the first block in a block that has some.
func (b *block) firstWords() string {
	for len(b.spans) == 0 && len(b.blocks) > 0 {
		b = &b.blocks[0]
	}
	return b.plain()
}

// spanText is oneLine for words between which and their neighbours spaces count.
func spanText(s string) string {
	words := oneLine(s)
	if words == "" {
		if s != "" && strings.TrimSpace(s) == "" {
			return " "
		}
		return ""
	}
	if strings.TrimLeft(s, " \t\n") != s {
		words = " " + words
	}
	if strings.TrimRight(s, " \t\n") != s {
		words += " "
	}
	return words
}
