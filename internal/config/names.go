package config

import (
	"maps"
	"slices"
)

// translations reads what a topic or a digest is called in other languages: a table with
// BCP 47 tags as its keys. It is nil where there is none.
func (t *table) translations() map[string]string {
	n := t.sub("names")
	var out map[string]string
	if n.node != nil {
		out = map[string]string{}
		for _, tag := range slices.Sorted(maps.Keys(n.node.children)) {
			if err := t.l.checks.Language(tag); err != nil {
				n.complain(tag, "is of no use: %v", err)
			}
			out[tag] = n.text(tag, "", line(100))
			if out[tag] == "" {
				delete(out, tag)
			}
		}
	}
	n.done()
	return out
}
