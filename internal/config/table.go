package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// table reads one table of the file and the variables that override it. Every
// key that is asked for is thereby known; done complains about all others.
type table struct {
	l     *loader
	node  *node  // nil if the file has no such table
	title string // as it is written: "[mail]", "[[digest]]", "" for the file itself
	path  string // "mail", "mail.dkim", "" for the file itself
	env   string // what its variables begin with, "" if none can reach it
	known []known
}

// known is a key that may stand in a table.
type known struct {
	key   string
	label string // as a person would write it: "name", [mail.dkim], [[topic]]
}

// setting is what was given for one key. Without a node nothing was.
type setting struct {
	node *node
	env  string // the variable that gave it, "" if the file did
}

func (t *table) lookup(key string) setting {
	t.known = append(t.known, known{key: key, label: fmt.Sprintf("%q", key)})
	if t.env != "" {
		name := t.envName(key)
		if value, ok := t.l.env.lookup(name); ok {
			return setting{node: &node{kind: unstable.String, text: value}, env: name}
		}
	}
	if t.node == nil {
		return setting{}
	}
	return setting{node: t.node.children[key]}
}

func (t *table) envName(key string) string {
	return t.env + "_" + strings.ToUpper(key)
}

// names makes keys known that are not read: the environment could still give them.
func (t *table) names(keys ...string) {
	for _, key := range keys {
		t.lookup(key)
	}
}

// given says whether the file or the environment has anything in this table.
func (t *table) given() bool {
	return t.node != nil || (t.env != "" && t.l.env.has(t.env+"_"))
}

// sub returns the table key of this one.
func (t *table) sub(key string) *table {
	s := &table{l: t.l, path: t.below(key), env: t.envBelow(key)}
	s.title = "[" + s.path + "]"
	t.known = append(t.known, known{key: key, label: s.title})
	n := t.child(key)
	switch {
	case n == nil:
	case n.kind == unstable.InlineTable:
		s.node = n
	case isTables(n):
		t.l.complain(n.items[0].line, "there is only one %s: write %s, not [[%s]]", key, s.title, s.path)
	default:
		t.l.complain(n.line, "%s must be a table: write %s and its keys below", key, s.title)
	}
	return s
}

// list returns the tables of the array key, in the order of the file.
func (t *table) list(key string) []*table {
	path := t.below(key)
	title := "[[" + path + "]]"
	t.known = append(t.known, known{key: key, label: title})
	n := t.child(key)
	switch {
	case n == nil:
		return nil
	case n.kind == unstable.InlineTable:
		t.l.complain(n.line, "there may be several of %s: write %s, not [%s]", key, title, path)
		return nil
	case !isTables(n) && len(n.items) > 0, n.kind != unstable.Array:
		t.l.complain(n.line, "%s must be tables: write %s and its keys below", key, title)
		return nil
	}
	out := make([]*table, len(n.items))
	for i := range n.items {
		out[i] = &table{l: t.l, node: n.items[i], title: title, path: path}
	}
	return out
}

func (t *table) child(key string) *node {
	if t.node == nil {
		return nil
	}
	return t.node.children[key]
}

func (t *table) below(key string) string {
	if t.path == "" {
		return key
	}
	return t.path + "." + key
}

// envBelow names the variables of a table in this one. In the file itself that
// is BROADSHEET_SITE and so on.
func (t *table) envBelow(key string) string {
	if t.env == "" { // there are several of this one
		return ""
	}
	return t.env + "_" + strings.ToUpper(key)
}

func isTables(n *node) bool {
	for _, item := range n.items {
		if item.kind != unstable.InlineTable {
			return false
		}
	}
	return n.kind == unstable.Array && len(n.items) > 0
}

// done complains about each key that nobody asked for.
func (t *table) done() {
	if t.node == nil {
		return
	}
	for _, key := range t.node.keys {
		if !t.isKnown(key) {
			t.complainUnknown(key, t.node.children[key])
		}
	}
}

func (t *table) isKnown(key string) bool {
	for i := range t.known {
		if t.known[i].key == key {
			return true
		}
	}
	return false
}

func (t *table) complainUnknown(key string, n *node) {
	text := fmt.Sprintf("unknown key %s", quote(key))
	line := n.line
	switch {
	case n.kind == unstable.InlineTable:
		text = fmt.Sprintf("unknown table [%s]", brief(t.below(key)))
	case isTables(n):
		text = fmt.Sprintf("unknown table [[%s]]", brief(t.below(key)))
		line = n.items[0].line
	case t.title == "":
		text += " outside of any table"
	default:
		text += " in " + t.title
	}
	names := make([]string, len(t.known))
	for i := range t.known {
		names[i] = t.known[i].key
	}
	near := t.l.suggest(key, slices.Values(names))
	for i := range t.known {
		if t.known[i].key == near {
			text += ", did you mean " + t.known[i].label + "?"
			break
		}
	}
	t.l.complain(line, "%s", text)
}

// complain adds a problem with what was given for key, or with its absence.
func (t *table) complain(key, format string, args ...any) {
	t.complainAt(t.place(key), key, format, args...)
}

// place returns where key was set: the variable, the line of the key or, for
// want of it, of the table.
func (t *table) place(key string) Problem {
	if t.env != "" {
		if name := t.envName(key); t.l.env.values[name] != "" {
			return Problem{File: name}
		}
	}
	p := Problem{File: t.l.file}
	if t.node != nil {
		p.Line = t.node.line
		if n := t.node.children[key]; n != nil {
			p.Line = n.line
		}
	}
	return p
}

func (t *table) complainAt(p Problem, key, format string, args ...any) {
	p.Text = key + " in " + t.title + " " + fmt.Sprintf(format, args...)
	t.l.problems = append(t.l.problems, p)
}

// require complains about a key that must be given; example is how to write it.
func (t *table) require(key, example string) {
	p := t.place(key)
	p.Text = fmt.Sprintf("%s needs %s, such as %s = %s", t.title, key, key, example)
	t.l.problems = append(t.l.problems, p)
}

// quote shows a value from outside, harmless to a terminal and not too long.
func quote(s string) string {
	return fmt.Sprintf("%q", cut(s))
}

// brief is quote without the quotation marks.
func brief(s string) string {
	q := quote(s)
	return q[1 : len(q)-1]
}

func cut(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
