package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a finding is.
type Severity string

// An error keeps a mail from being read, safe or lawful; a warning is for
// somebody to judge.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Rule is what a finding is about.
type Rule string

// The rules that mails of a theme are held to.
const (
	RuleBroken    Rule = "broken"    // the theme does not compile, or cannot draw a mail
	RuleSize      Rule = "size"      // of the HTML part
	RuleContrast  Rule = "contrast"  // of text with what is behind it
	RuleAlt       Rule = "alt"       // words in the place of pictures
	RuleLink      Rule = "link"      // where links and pictures lead
	RuleFooter    Rule = "footer"    // what a reader must find
	RuleRemote    Rule = "remote"    // what would be asked of other servers, or run
	RuleClient    Rule = "client"    // what mail programs do not know
	RuleColumns   Rule = "columns"   // how wide the text part is
	RuleHeading   Rule = "heading"   // the outline of the mail
	RulePreheader Rule = "preheader" // what an inbox shows beside the subject
	RuleLanguage  Rule = "language"  // lang and dir
)

// Finding is one thing to better in a theme.
type Finding struct {
	Severity Severity
	Rule     Rule
	File     string   // in the theme's folder; shared/... of what all themes share
	Line     int      // from 1; 0 for the whole file
	Text     string   // what is wrong
	Mails    []string // that have it, such as "daily"; nil for all
}

// Place is the file and the line, such as "digest.html:14".
func (f *Finding) Place() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// String tells the place first: "digest.html:14: error: ... (daily, weekly)".
func (f *Finding) String() string {
	text := fmt.Sprintf("%s: %s: %s", f.Place(), f.Severity, f.Text)
	if len(f.Mails) > 0 {
		text += " (" + strings.Join(f.Mails, ", ") + ")"
	}
	return text
}

// findings collects what is found in several mails, each thing once.
type findings struct {
	all  []Finding
	mail string // that is being looked at
}

// place is where in a theme's files something came from.
type place struct {
	file string
	line int
}

func (f *findings) add(severity Severity, rule Rule, at place, format string, args ...any) {
	found := Finding{Severity: severity, Rule: rule, File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...)}
	for i := range f.all {
		if have := &f.all[i]; have.File == found.File && have.Line == found.Line && have.Text == found.Text {
			if !slices.Contains(have.Mails, f.mail) {
				have.Mails = append(have.Mails, f.mail)
			}
			return
		}
	}
	found.Mails = []string{f.mail}
	f.all = append(f.all, found)
}

func (f *findings) error(rule Rule, at place, format string, args ...any) {
	f.add(SeverityError, rule, at, format, args...)
}

func (f *findings) warn(rule Rule, at place, format string, args ...any) {
	f.add(SeverityWarning, rule, at, format, args...)
}

// sorted are the findings in the order of the files, as editors go through
// them. Those that every mail has name none.
func (f *findings) sorted(mails int) []Finding {
	for i := range f.all {
		if len(f.all[i].Mails) == mails {
			f.all[i].Mails = nil
		}
	}
	slices.SortStableFunc(f.all, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return f.all
}
