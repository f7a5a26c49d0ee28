package browsertest_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// screenshots is where every run leaves its pictures, one of each mail and page
// in each width and scheme: artefacts that CI keeps beside the log. Git ignores
// the folder, for some 300 pictures that change with each font of the machine
// would be megabytes a commit and no reviewer would read their diff. What the
// repository keeps is the small set of docs/pictures, which shows people the
// looks and is made anew by hand (package looks_test); what must not change is
// held by the golden files of package templates and by the tests here.
var screenshots = flag.String("screenshots", "testdata/screenshots", "folder that gets pictures of every mail and page")

// widths are those of a small phone and of a desk, in CSS pixels.
var widths = []int64{320, 1280}

func (b *tab) resize(width int64) {
	b.Helper()
	command(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
}

// tooWide lists the elements that make the page scroll sideways, none where it
// does not.
const tooWide = `document.documentElement.scrollWidth <= innerWidth ? [] :
	['the page is ' + document.documentElement.scrollWidth + ' wide', ...[...document.body.querySelectorAll('*')]
		.filter(e => e.getBoundingClientRect().right > innerWidth)
		.map(e => e.tagName + '.' + e.className + ' ends at ' + e.getBoundingClientRect().right)]`

// look checks that the page fits into narrow and wide windows and that axe has
// nothing to say, light and dark, and takes its pictures.
func (b *tab) look(name string) {
	b.Helper()
	b.lookInto("pages", name)
}

// lookInto is look with another folder for the pictures.
func (b *tab) lookInto(folder, name string) {
	b.Helper()
	if eval[string](b, `document.title`) == "" {
		b.Errorf("%s has no title", name)
	}
	if !b.script {
		name += "-without-script"
	}
	b.inspect(folder, name, widths)
	b.quiet(name)
}

// inspect holds the document to what every mail and page must be in each of the
// widths, light and dark, and puts a picture of each into that folder. Of what
// axe finds the impacts count, all if none is named.
func (b *tab) inspect(folder, name string, widths []int64, impacts ...string) {
	b.Helper()
	judged := b.script && eval[string](b, `origin`) != "null" // axe is a script, and a mail alone in a tab may run none
	for _, width := range widths {
		b.resize(width)
		if wide := eval[[]string](b, tooWide); len(wide) > 0 {
			b.Errorf("%s does not fit into %d pixels: %s", name, width, strings.Join(wide[:min(4, len(wide))], ", "))
		}
		for _, scheme := range []string{"light", "dark"} {
			b.scheme(scheme)
			shown := fmt.Sprintf("%s-%d-%s", name, width, scheme)
			if judged {
				b.accessible(shown, impacts...)
			}
			b.photograph(filepath.Join(folder, shown+".png"), int(width))
		}
	}
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
}

// photograph takes a picture of the whole document, which is as wide as the
// window.
func (b *tab) photograph(name string, width int) {
	b.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatalf("photograph %s: %v", name, err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(picture)); err != nil || c.Width != width {
		b.Errorf("the picture %s is %d wide, want %d (%v)", name, c.Width, width, err)
	}
	path := filepath.Join(*screenshots, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		b.Fatal(err)
	}
}

// TestMain drops the pictures of an earlier run.
func TestMain(m *testing.M) {
	flag.Parse()
	old, err := filepath.Glob(filepath.Join(*screenshots, "*", "*.png"))
	for _, picture := range old {
		err = errors.Join(err, os.Remove(picture))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "drop old pictures:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
