package browsertest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "folder for pictures of every page, narrow and wide, light and dark")

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

// look checks that the page fits into narrow and wide windows, and takes its
// pictures if the tests were asked for them.
func (b *tab) look(name string) {
	b.Helper()
	if eval[string](b, `document.title`) == "" {
		b.Errorf("%s has no title", name)
	}
	for _, width := range widths {
		b.resize(width)
		if wide := eval[[]string](b, tooWide); len(wide) > 0 {
			b.Errorf("%s does not fit into %d pixels: %s", name, width, strings.Join(wide[:min(4, len(wide))], ", "))
		}
		if b.script && eval[string](b, `origin`) != "null" { // axe is a script, and a mail alone in a tab may run none
			for _, scheme := range []string{"light", "dark"} {
				b.scheme(scheme)
				b.accessible(fmt.Sprintf("%s-%d-%s", name, width, scheme))
			}
		}
		if *screenshots != "" {
			b.photograph(fmt.Sprintf("%s-%d", name, width))
		}
	}
	b.quiet(name)
}

// photograph takes the page's pictures, light and dark.
func (b *tab) photograph(name string) {
	b.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.Fatalf("photograph %s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(*screenshots, name+"-"+scheme+".png"), picture, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
}
