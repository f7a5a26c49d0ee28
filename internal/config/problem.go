package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with the configuration, told so that it
// can be put right.
type Problem struct {
	File string // as it was named to Load, or the name of an environment variable
	Line int    // from 1; 0 where there is none
	Text string // what is wrong and what would be right
}

// String returns the problem as file:line: text.
func (p Problem) String() string {
	switch {
	case p.File == "":
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	case p.Line == 0:
		return p.File + ": " + p.Text
	default:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
}

// Problems is everything that is wrong, at once: the lines of the file in
// their order, then other files and environment variables by name.
type Problems []Problem

// Error returns one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort(main string) {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.File != b.File {
			if a.File == main {
				return -1
			}
			if b.File == main {
				return 1
			}
			return strings.Compare(a.File, b.File)
		}
		return cmp.Compare(a.Line, b.Line)
	})
}
