package templates

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
)

//go:embed themes shared system
var mailFiles embed.FS

// Theme is the compiled looks of a digest. It is safe for concurrent use.
type Theme struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

// LoadTheme compiles a built-in theme. For an unknown name the error lists
// those there are.
func LoadTheme(name string) (*Theme, error) {
	known, err := themeNames()
	if err != nil {
		return nil, fmt.Errorf("list themes: %w", err)
	}
	if !slices.Contains(known, name) {
		return nil, fmt.Errorf("unknown theme %q: the built-in themes are %s", name, strings.Join(known, ", "))
	}
	return parseTheme("themes/" + name + "/digest")
}

// parseTheme compiles the two templates that begin with a path.
func parseTheme(path string) (*Theme, error) {
	html, err := parseMailHTML(path + ".html")
	if err != nil {
		return nil, err
	}
	text, err := parseMailText(path + ".txt")
	if err != nil {
		return nil, err
	}
	return &Theme{html: html, text: text}, nil
}

func themeNames() ([]string, error) {
	entries, err := fs.ReadDir(mailFiles, "themes")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// HTML draws the HTML part of d, a whole document with line feeds. Its length
// in octets is what mailbox providers count.
func (t *Theme) HTML(d *Digest) (string, error) {
	var b strings.Builder
	if err := t.html.Execute(&b, newIssue(d)); err != nil {
		return "", fmt.Errorf("draw html of %s: %w", d.Edition, err)
	}
	return strings.TrimSpace(b.String()) + "\n", nil
}

// Text draws the text part of d in lines of at most 72 columns, with line
// feeds; only a URL may be longer.
func (t *Theme) Text(d *Digest) (string, error) {
	var b strings.Builder
	if err := t.text.Execute(&b, newIssue(d)); err != nil {
		return "", fmt.Errorf("draw text of %s: %w", d.Edition, err)
	}
	return tidyText(b.String()), nil
}

// parseMailHTML compiles the HTML template of a mail together with what all
// mails share.
func parseMailHTML(path string) (*htmltemplate.Template, error) {
	attrs := attributes(mailLooks, &lightPalette)
	var conditionals []htmltemplate.HTML
	tmpl := htmltemplate.New("mail").Funcs(htmltemplate.FuncMap{
		"sheet":       sheet,
		"conditional": func(i int) htmltemplate.HTML { return conditionals[i] },
		"prose":       func(p *Prose, dir string) htmltemplate.HTML { return drawProse(p, dir, attrs) },
		"look": func(name string) (htmltemplate.HTMLAttr, error) {
			if a, ok := attrs[name]; ok {
				return a, nil
			}
			return "", fmt.Errorf("unknown look %q", name)
		},
	})
	for _, p := range []string{"shared/parts.html", path} {
		src, err := fs.ReadFile(mailFiles, p)
		if err != nil {
			return nil, err
		}
		body := keepConditionals(unindent(string(src)), &conditionals)
		if tmpl, err = tmpl.Parse(body); err != nil {
			return nil, fmt.Errorf("parse %s: %w", p, err)
		}
	}
	return tmpl, nil
}

func parseMailText(path string) (*texttemplate.Template, error) {
	src, err := fs.ReadFile(mailFiles, path)
	if err != nil {
		return nil, err
	}
	tmpl, err := texttemplate.New("mail").Funcs(texttemplate.FuncMap{
		"wrap":  wrap,
		"prose": proseText,
		"upper": strings.ToUpper,
		"rule":  func(with string) string { return strings.Repeat(with, columns) },
	}).Parse(string(src))
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return tmpl, nil
}

var conditionalComment = regexp.MustCompile(`(?s)<!--\[if [^\]]+\]>(?:<!-->|.*?<!\[endif\]-->)|<!--<!\[endif\]-->`)

// keepConditionals puts an action in the place of each conditional comment
// that Outlook reads, because html/template drops comments.
func keepConditionals(src string, kept *[]htmltemplate.HTML) string {
	return conditionalComment.ReplaceAllStringFunc(src, func(comment string) string {
		*kept = append(*kept, htmltemplate.HTML(comment))
		return fmt.Sprintf("{{conditional %d}}", len(*kept)-1)
	})
}

// unindent drops the white space at the start of each line: it helps whoever
// reads the template and only costs whoever gets the mail.
func unindent(src string) string {
	var b strings.Builder
	for line := range strings.Lines(src) {
		b.WriteString(strings.TrimLeft(line, " \t"))
	}
	return b.String()
}

// tidyText leaves at most one empty line in a row and ends with a line feed.
func tidyText(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s) + "\n"
}
