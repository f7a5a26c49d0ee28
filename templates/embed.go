package templates

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
)

// FormScript is the asset that makes a <broadsheet-form> of a pasted form.
const FormScript = "broadsheet-form.js"

//go:embed embed
var embedFiles embed.FS

// EmbedForm is a sign-up form for a page of another site.
type EmbedForm struct {
	Site      Site   // its language is that of the form
	PublicURL string // of our pages, absolute, without a slash at the end
	Topics    []Choice
	Digests   []Choice     // with Often; a single one is given, as is a single topic
	Hours     []HourChoice // of digests with hours to choose from
	Zones     bool         // a digest comes by the reader's own clock
	Name      bool         // it asks for the reader's name, too
	Query     string       // what narrows the page of a frame, such as "digest=daily"
}

// EmbedKind is how a form gets into another page.
type EmbedKind string

// The kinds: plain HTML, the same in a <broadsheet-form> with its script, and a
// frame.
const (
	EmbedHTML      EmbedKind = "html"
	EmbedComponent EmbedKind = "component"
	EmbedFrame     EmbedKind = "iframe"
)

// Draw writes what is to be pasted, with all values escaped for HTML.
func (e *EmbedForm) Draw(kind EmbedKind) (string, error) {
	t, err := htmltemplate.ParseFS(embedFiles, "embed/*.html")
	if err != nil {
		return "", fmt.Errorf("parse forms to paste: %w", err)
	}
	c := words(e.Site.Language)
	data := embedded{EmbedForm: e, T: c, Dir: languageDirection(c.language), Component: kind == EmbedComponent}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, string(kind)+".html", &data); err != nil {
		return "", fmt.Errorf("draw a form to paste: %w", err)
	}
	return b.String(), nil
}

// embedded is what a form to paste is drawn from.
type embedded struct {
	*EmbedForm
	T         *catalogue
	Dir       string
	Component bool
}

// Address is one of our addresses.
func (e *embedded) Address(path string) string { return strings.TrimRight(e.PublicURL, "/") + path }

// FrameURL is the page that the frame shows.
func (e *embedded) FrameURL() string {
	if e.Query == "" {
		return e.Address("/subscribe/embed")
	}
	return e.Address("/subscribe/embed?" + e.Query)
}

// Script is the address of FormScript. It has no version: who pastes it wants
// what is there on the day.
func (e *embedded) Script() string { return e.Address("/assets/" + FormScript) }

// Described are the digests with the words of their rhythm.
func (e *embedded) Described() []Choice { return e.T.described(e.Digests) }

// Intro and Note are what readers are told they agree to.
func (e *embedded) Intro() string { return fmt.Sprintf(e.T.SubscribeIntro, e.Site.Name) }

// Note is the second part of that.
func (e *embedded) Note() string { return fmt.Sprintf(e.T.SubscribeNote, e.Site.Name) }

// HourOf labels the hours of a digest.
func (e *embedded) HourOf(h HourChoice) string { return fmt.Sprintf(e.T.Hour, h.Digest) }

// FrameTitle names the frame for whoever does not see it.
func (e *embedded) FrameTitle() string { return e.Site.Name + " · " + e.T.SubscribeTitle }

// Height is about that of the frame's page in a narrow column, in CSS pixels.
func (e *embedded) Height() int {
	height := 680 + 90*len(e.Hours)
	if len(e.Topics) > 1 {
		height += 70 + 80*len(e.Topics)
	}
	if len(e.Digests) > 1 {
		height += 40 + 80*len(e.Digests)
	}
	if e.Zones {
		height += 120
	}
	return height
}
