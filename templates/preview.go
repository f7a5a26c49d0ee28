package templates

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
)

//go:embed preview
var previewFiles embed.FS

// PreviewAssets holds preview.css and preview.js, which the page of a preview
// links to, at its root. The page needs "style-src 'self'; script-src 'self';
// connect-src 'self'; frame-src 'self'" in its Content-Security-Policy.
func PreviewAssets() fs.FS {
	sub, err := fs.Sub(previewFiles, "preview")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}

// PreviewChoice is one of several things that a preview can show.
type PreviewChoice struct {
	Name, URL string
	Current   bool
}

// PreviewFrame is a picture of the mail: a page in a frame.
type PreviewFrame struct {
	Title string
	URL   string
	Width int // in pixels
}

// PreviewPage shows a theme to those who edit it.
type PreviewPage struct {
	Theme   string // as people call it
	Version string // changes with the theme

	Mails, Languages, Views []PreviewChoice

	Broken   []Finding // that keep the theme from being used; what is shown is its last good state
	Findings []Finding // that are wrong with its mails
	Fault    string    // why this mail cannot be drawn, "" if it can

	Subject            string
	Frames             []PreviewFrame // nil where the view is Text or Source
	Text, Source       string         // of the parts, where the view is one of them
	HTMLSize, TextSize int            // of the parts, in octets
	SpamURL            string         // answers with what SpamAssassin says, in plain text; empty if it is not there
}

// Shown reports whether there is a mail to look at.
func (p *PreviewPage) Shown() bool { return p.HTMLSize > 0 }

// previewChoices are choices of one kind.
type previewChoices struct {
	Name    string
	Choices []PreviewChoice
}

// Choices names what choices are of.
func (p *PreviewPage) Choices(name string, choices []PreviewChoice) previewChoices {
	return previewChoices{name, choices}
}

// Preview draws the page of previews.
type Preview struct{ page *htmltemplate.Template }

// LoadPreview compiles the page of previews.
func LoadPreview() (*Preview, error) {
	page, err := htmltemplate.New("page.html").Funcs(htmltemplate.FuncMap{"size": sizeInWords}).ParseFS(previewFiles, "preview/page.html")
	if err != nil {
		return nil, fmt.Errorf("parse page of previews: %w", err)
	}
	return &Preview{page}, nil
}

// Draw writes the page, whole or not at all.
func (v *Preview) Draw(w io.Writer, page *PreviewPage) error {
	var b bytes.Buffer
	if err := v.page.Execute(&b, page); err != nil {
		return fmt.Errorf("draw page of previews: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write page of previews: %w", err)
	}
	return nil
}
