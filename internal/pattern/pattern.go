// Package pattern has regular expressions that cost nothing until they are
// needed: a program has hundreds of them, and most of its commands use none.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled with its first use. One that
// begins with ^ is tried only on texts that begin as it can, which most texts do
// not, and which is told in a fraction of the time.
type Pattern struct {
	compiled func() *regexp.Regexp
	heads    func() []head
}

// New returns the pattern of a regular expression, which must be one: the first
// use panics otherwise.
func New(expression string) *Pattern {
	return &Pattern{
		compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) }),
		heads:    sync.OnceValue(func() []head { return headsOf(expression) }),
	}
}

// mayMatch reports whether a text begins as the pattern can.
func (p *Pattern) mayMatch(text string) bool {
	heads := p.heads()
	if len(heads) == 0 {
		return true
	}
	start := folded(text)
	for i := range heads {
		if heads[i].begins(start) {
			return true
		}
	}
	return false
}

// MatchString is that of a regular expression, as are the following.
func (p *Pattern) MatchString(s string) bool { return p.mayMatch(s) && p.compiled().MatchString(s) }

// Match is MatchString of bytes.
func (p *Pattern) Match(b []byte) bool { return p.compiled().Match(b) }

// FindString returns the first match, "" for none.
func (p *Pattern) FindString(s string) string {
	if !p.mayMatch(s) {
		return ""
	}
	return p.compiled().FindString(s)
}

// FindStringIndex returns where the first match stands, nil for none.
func (p *Pattern) FindStringIndex(s string) []int {
	if !p.mayMatch(s) {
		return nil
	}
	return p.compiled().FindStringIndex(s)
}

// FindStringSubmatch returns the first match with its groups, nil for none.
func (p *Pattern) FindStringSubmatch(s string) []string {
	if !p.mayMatch(s) {
		return nil
	}
	return p.compiled().FindStringSubmatch(s)
}

// FindStringSubmatchIndex returns where those stand, nil for none.
func (p *Pattern) FindStringSubmatchIndex(s string) []int {
	if !p.mayMatch(s) {
		return nil
	}
	return p.compiled().FindStringSubmatchIndex(s)
}

// FindIndex returns where the first match stands, nil for none.
func (p *Pattern) FindIndex(b []byte) []int { return p.compiled().FindIndex(b) }

// FindSubmatch returns the first match with its groups, nil for none.
func (p *Pattern) FindSubmatch(b []byte) [][]byte { return p.compiled().FindSubmatch(b) }

// FindAllString returns the first n matches, all for -1.
func (p *Pattern) FindAllString(s string, n int) []string { return p.compiled().FindAllString(s, n) }

// FindAllStringIndex returns where the first n matches stand, all for -1.
func (p *Pattern) FindAllStringIndex(s string, n int) [][]int {
	return p.compiled().FindAllStringIndex(s, n)
}

// FindAllStringSubmatch returns the first n matches with their groups.
func (p *Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, n)
}

// FindAllStringSubmatchIndex returns where those stand.
func (p *Pattern) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return p.compiled().FindAllStringSubmatchIndex(s, n)
}

// ReplaceAll replaces all matches by a template with $1 and the like.
func (p *Pattern) ReplaceAll(src, template []byte) []byte {
	return p.compiled().ReplaceAll(src, template)
}

// ReplaceAllString replaces all matches by a template with $1 and the like.
func (p *Pattern) ReplaceAllString(src, template string) string {
	return p.compiled().ReplaceAllString(src, template)
}

// ReplaceAllStringFunc replaces each match by what replace makes of it.
func (p *Pattern) ReplaceAllStringFunc(src string, replace func(string) string) string {
	return p.compiled().ReplaceAllStringFunc(src, replace)
}

// Split cuts a text at all matches, for n = -1.
func (p *Pattern) Split(s string, n int) []string { return p.compiled().Split(s, n) }
