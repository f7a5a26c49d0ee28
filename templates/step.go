package templates

import (
	"fmt"
	"io"
	"strconv"
)

// WorkScript is the asset that makes the proof of work that a form asks for.
const WorkScript = "work.js"

// StepPage asks for one more step before a form is taken. It carries what was
// typed.
type StepPage struct {
	Site      Site
	Fields    []HiddenField // what was typed
	FormToken string
	Work      string // as of SubscribePage
	Wait      int    // seconds to wait where no script makes the proof of work
	Early     bool   // the button was pressed too soon
	Action    string
	Framed    bool // the page stands in a frame of another site's page
}

// HiddenField is a value that a form sends on.
type HiddenField struct{ Name, Value string }

// Step draws the page that asks for one more step.
func (p *Pages) Step(w io.Writer, page *StepPage) error {
	f := newFrame(page.Site, page)
	f.Title, f.Bare = f.T.StepTitle, page.Framed
	return p.draw(w, "step", f)
}

// Work is the URL of WorkScript.
func (p *Pages) Work() string { return p.asset(WorkScript) }

// StepWords tell programs of StepPage in the language of a site.
func StepWords(site Site, seconds int) string {
	return fmt.Sprintf(words(site.Language).StepText, strconv.Itoa(seconds))
}
