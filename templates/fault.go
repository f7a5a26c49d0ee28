package templates

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a theme.
type Fault struct {
	File string // in the theme's folder
	Line int    // from 1; 0 for the whole file
	Text string // what is wrong, and what to do
}

// String tells the place first, such as "digest.html:14: no such field".
func (f Fault) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text)
}

// Faults are all that is wrong with a theme, as an error with a line for each.
// It is what Open gives for a theme that cannot be used.
type Faults []Fault

// Error lists the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// mostFaults are noted of one theme: whoever reads them begins at the top.
const mostFaults = 100

func (f *Faults) add(file string, line int, format string, args ...any) {
	if fault := (Fault{File: file, Line: line, Text: fmt.Sprintf(format, args...)}); len(*f) < mostFaults && !slices.Contains(*f, fault) {
		*f = append(*f, fault)
	}
}
