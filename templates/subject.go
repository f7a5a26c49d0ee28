package templates

import (
	"errors"
	"fmt"
	"strings"
	texttemplate "text/template"
)

// maxSubject is the most runes that a subject may have.
const maxSubject = 200

// SubjectFields are what the template of a digest's subject may use.
type SubjectFields struct {
	Digest struct{ Name, Slug, Edition string }
	Site   struct{ Name string }
	Lead   struct{ Title, Summary, Author, Source string } // empty where there is no lead
	Date   string                                          // in words, such as "Monday, November 23, 2026"
	Count  int                                             // stories in the digest
}

// Subject is the compiled template of a digest's subject. It is safe for
// concurrent use.
type Subject struct {
	tmpl *texttemplate.Template
}

// ParseSubject compiles a text/template over SubjectFields, such as
// "{{.Digest.Name}}: {{.Lead.Title}}". Its error names an unknown field and
// the nearest known one.
func ParseSubject(src string) (*Subject, error) {
	if strings.TrimSpace(src) == "" {
		return nil, errors.New("the subject is empty: give text or fields such as {{.Lead.Title}}")
	}
	tmpl, err := texttemplate.New("subject").Option("missingkey=error").Parse(src)
	if err != nil {
		return nil, fmt.Errorf("parse subject %q: %w", src, err)
	}
	if err := checkFields(tmpl.Root, SubjectFields{}); err != nil {
		return nil, fmt.Errorf("parse subject %q: %w", src, err)
	}
	s := &Subject{tmpl: tmpl}
	if _, err := s.execute(&SubjectFields{}); err != nil {
		return nil, fmt.Errorf("try subject %q: %w", src, err)
	}
	return s, nil
}

// Execute gives the subject of d: one line, trimmed, at most 200 runes. Where
// the template gives nothing it is the digest's name.
func (s *Subject) Execute(d *Digest) (string, error) {
	f := subjectFields(d)
	line, err := s.execute(f)
	if err != nil {
		return "", fmt.Errorf("subject of %s: %w", d.Edition, err)
	}
	if d.Lead == nil {
		line = strings.TrimRight(line, " :–—-|,")
	}
	if line == "" {
		line = f.Digest.Name
	}
	return cut(line, maxSubject), nil
}

// SubjectLine makes a subject of what an editor wrote, as Execute makes one.
func SubjectLine(s string) string { return cut(oneLine(s), maxSubject) }

func (s *Subject) execute(f *SubjectFields) (string, error) {
	var b strings.Builder
	if err := s.tmpl.Execute(&b, f); err != nil {
		return "", err
	}
	return oneLine(b.String()), nil
}

func subjectFields(d *Digest) *SubjectFields {
	f := &SubjectFields{Count: d.Count(), Date: words(d.language()).longDate(d.Date)}
	f.Digest.Name, f.Digest.Slug, f.Digest.Edition = oneLine(d.Name), d.Slug, d.Edition
	f.Site.Name = oneLine(d.Site.Name)
	if d.Lead != nil {
		f.Lead.Title, f.Lead.Summary = oneLine(d.Lead.Title), oneLine(d.Lead.Summary)
		f.Lead.Author, f.Lead.Source = oneLine(d.Lead.Author), oneLine(d.Lead.Source)
	}
	return f
}
