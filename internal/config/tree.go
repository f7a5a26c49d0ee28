package config

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// node is a value of the file and the line it stands on: for a key's value the
// line of the key, for a table the line of its header.
type node struct {
	kind     unstable.Kind // InlineTable for every kind of table
	line     int
	text     string  // of a scalar: a string's content, else as it is written
	items    []*node // of an array, tables in an array included
	keys     []string
	children map[string]*node
}

func newTable(line int) *node {
	return &node{kind: unstable.InlineTable, line: line, children: map[string]*node{}}
}

func (n *node) set(key string, child *node) {
	if n.children[key] == nil {
		n.keys = append(n.keys, key)
	}
	n.children[key] = child
}

// step goes down one key, to the last table of an array, making what is not there.
func (n *node) step(key string, line int) *node {
	child := n.children[key]
	if child == nil {
		child = newTable(line)
		n.set(key, child)
	}
	if len(child.items) > 0 {
		child = child.items[len(child.items)-1]
	}
	if child.children == nil {
		child.children = map[string]*node{} // unreachable in a valid document
	}
	return child
}

// parseTree reads a document. The first thing that is no TOML ends it.
func parseTree(text []byte) (*node, *Problem) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if p := checkSyntax(text); p != nil {
		return nil, p
	}
	b := builder{lines: lineStarts(text)}
	b.parser.Reset(text)
	root := newTable(0)
	current := root
	for b.parser.NextExpression() {
		e := b.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			parent, key, line := b.descend(root, e)
			current = parent.step(key, line)
			current.line = line
		case unstable.ArrayTable:
			parent, key, line := b.descend(root, e)
			current = newTable(line)
			b.add(parent, key, current)
		case unstable.KeyValue:
			b.assign(current, e)
		}
	}
	return root, nil
}

// checkSyntax says whether the text is TOML in which nothing is defined twice,
// which the syntax tree alone does not tell.
func checkSyntax(text []byte) *Problem {
	var all map[string]any
	err := toml.Unmarshal(text, &all)
	if err == nil {
		return nil
	}
	p := Problem{Text: strings.TrimPrefix(err.Error(), "toml: ")}
	var where *toml.DecodeError
	if errors.As(err, &where) {
		p.Line, _ = where.Position()
	}
	if strings.HasSuffix(p.Text, "at start of value") {
		p.Text += "; text goes in quotes"
	}
	return &p
}

// builder turns the parser's expressions into nodes.
type builder struct {
	parser unstable.Parser
	lines  []int
}

// descend follows the keys of e from n but for the last, which it returns with its line.
func (b *builder) descend(n *node, e *unstable.Node) (parent *node, key string, line int) {
	keys := e.Key()
	for keys.Next() {
		k := keys.Node()
		line = b.line(k)
		if keys.IsLast() {
			return n, string(k.Data), line
		}
		n = n.step(string(k.Data), line)
	}
	return n, "", line
}

func (b *builder) add(parent *node, key string, table *node) {
	list := parent.children[key]
	if list == nil {
		list = &node{kind: unstable.Array, line: table.line}
		parent.set(key, list)
	}
	list.items = append(list.items, table)
}

func (b *builder) assign(table *node, e *unstable.Node) {
	parent, key, line := b.descend(table, e)
	value := b.value(e.Value(), line)
	value.line = line
	parent.set(key, value)
}

// value converts e. The parser does not say where an array stands: it is given
// the line of what it stands in.
func (b *builder) value(e *unstable.Node, line int) *node {
	if e.Raw.Length > 0 {
		line = b.line(e)
	}
	n := &node{kind: e.Kind, line: line}
	switch e.Kind {
	case unstable.Array:
		children := e.Children()
		for children.Next() {
			n.items = append(n.items, b.value(children.Node(), line))
		}
	case unstable.InlineTable:
		n.children = map[string]*node{}
		children := e.Children()
		for children.Next() {
			b.assign(n, children.Node())
		}
	default:
		n.text = string(e.Data)
	}
	return n
}

func (b *builder) line(e *unstable.Node) int {
	i, found := slices.BinarySearch(b.lines, int(e.Raw.Offset))
	if found {
		i++
	}
	return i
}

// lineStarts returns the offset of each line's first byte.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
