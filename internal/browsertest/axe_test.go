package browsertest_test

import (
	"context"
	"os"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// validators is where `make test` puts what mails and pages are judged with.
const validators = "../../.ci/validators/"

// finding is a rule of axe that the document breaks.
type finding struct {
	ID, Impact, Help string
	Nodes            []string // the elements, as CSS selectors with what is wrong
}

// runAxe is the expression that judges the document without what stands in its
// frames, which may run no script, and keeps of the answer what a failure
// should say.
const runAxe = `axe.run(document, {resultTypes: ['violations'], iframes: false}).then(r => r.violations.map(v => ({
	ID: v.id, Impact: v.impact || '', Help: v.help,
	Nodes: v.nodes.slice(0, 3).map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' '))})))`

// axe lists what axe-core finds wrong with the document as it is shown now.
func (b *tab) axe() []finding {
	b.Helper()
	source, err := os.ReadFile(validators + "node_modules/axe-core/axe.min.js")
	if err != nil {
		b.Fatalf("this test needs axe-core, which `make test` installs: %v", err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if !eval[bool](b, `'axe' in window`) { // half a megabyte of script, once a document
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](string(source)+"\n;true")); err != nil {
			b.Fatalf("load axe-core: %v", err)
		}
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]finding](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("run axe-core: %v", err)
	}
	return found
}

// scheme shows the document as a reader who prefers light or dark sees it.
func (b *tab) scheme(name string) {
	b.Helper()
	feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: name}
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}})
}

// accessible fails the test for every rule of axe that the document breaks with
// one of the impacts, all if none is named.
func (b *tab) accessible(where string, impacts ...string) {
	b.Helper()
	for _, f := range b.axe() {
		if len(impacts) == 0 || strings.Contains(strings.Join(impacts, " "), f.Impact) {
			b.Errorf("%s: %s %s (%s): %s", where, f.Impact, f.ID, f.Help, strings.Join(f.Nodes, " | "))
		}
	}
}
