package templates

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

//go:embed themes shared system
var mailFiles embed.FS

// LoadTheme compiles a built-in theme as it is. For an unknown name the error
// lists those there are.
func LoadTheme(name string) (*Theme, error) {
	folder, err := BuiltIn(name)
	if err != nil {
		return nil, err
	}
	t, err := Open(folder, Look{})
	if err != nil {
		return nil, fmt.Errorf("compile theme %s: %w", name, err)
	}
	return t, nil
}

// BuiltIn is the folder of a built-in theme, to be opened with a site's look.
// For an unknown name the error lists those there are.
func BuiltIn(name string) (fs.FS, error) {
	known, err := ThemeNames()
	if err != nil {
		return nil, fmt.Errorf("list themes: %w", err)
	}
	if !slices.Contains(known, name) {
		return nil, fmt.Errorf("unknown theme %q: the built-in themes are %s", name, strings.Join(known, ", "))
	}
	return fs.Sub(mailFiles, "themes/"+name)
}

// ThemeNames are the names of the built-in themes.
func ThemeNames() ([]string, error) {
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
	v := t.issue(d)
	html, err := t.mail(v.Kind).drawHTML(v)
	if err != nil {
		return "", fmt.Errorf("draw html of %s: %w", d.Edition, err)
	}
	return v.T.typeset(html), nil
}

// Text draws the text part of d in lines of at most 72 columns, with line
// feeds; only a URL may be longer.
func (t *Theme) Text(d *Digest) (string, error) {
	v := t.issue(d)
	text, err := t.mail(v.Kind).drawText(v)
	if err != nil {
		return "", fmt.Errorf("draw text of %s: %w", d.Edition, err)
	}
	return text, nil
}

// issue makes a digest ready, with what the look has of its own.
func (t *Theme) issue(d *Digest) *Issue {
	dressed := *d
	dressed.Site = t.look.dressed(d.Site)
	return newIssue(&dressed)
}

// Look is what the theme was compiled with.
func (t *Theme) Look() Look { return t.look }

// mail is what draws a kind of digest.
func (t *Theme) mail(k Kind) *drawing {
	if m, ok := t.mails[string(k)]; ok {
		return m
	}
	return t.mails[digestFile]
}

func (m *drawing) drawHTML(data any) (string, error) {
	b := limitedText{}
	if err := m.html.Execute(&b, data); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()) + "\n", nil
}

func (m *drawing) drawText(data any) (string, error) {
	b := limitedText{}
	if err := m.text.Execute(&b, data); err != nil {
		return "", err
	}
	return tidyText(b.String()), nil
}

// limitedText holds what a template writes, so much that no mail is larger.
type limitedText struct{ strings.Builder }

const mostDrawn = 16 << 20

var errEndless = errors.New("the template writes without end")

func (b *limitedText) Write(p []byte) (int, error) {
	if b.Len()+len(p) > mostDrawn {
		return 0, errEndless
	}
	return b.Builder.Write(p)
}

// WriteString is Write for text.
func (b *limitedText) WriteString(s string) (int, error) {
	return io.WriteString(writerOnly{b}, s)
}

type writerOnly struct{ io.Writer }

// tidyText leaves at most one empty line in a row and ends with a line feed.
func tidyText(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s) + "\n"
}
