package browsertest_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
)

// inEachLanguage opens the form in all languages that the demo offers, narrow
// and wide, and has a reader sign up in one that is read from the right.
func inEachLanguage(t *testing.T, browser context.Context, base string) {
	for _, tag := range []string{"de", "fr", "es", "pt", "ja", "ar"} {
		r := &reader{tab: openTab(t, browser, base, visitor{address: tag + "@inbox.example", script: true, zone: "Pacific/Auckland"})}
		r.open("/?lang=" + tag)
		r.wantLanguage(tag)
		r.look("sign-up-" + tag)
		r.load(422, "send the empty form", chromedp.Click(chromedp.Search(`(//form//button[@type="submit"])[1]`)))
		r.wantLanguage(tag)
		if tag == "ar" {
			r.look("sign-up-errors-" + tag)
			r.readFromTheRight()
		}
	}
}

// wantLanguage checks in which language and direction the page is.
func (r *reader) wantLanguage(tag string) {
	r.Helper()
	dir := "ltr"
	if tag == "ar" {
		dir = "rtl"
	}
	if got := eval[string](r.tab, `document.documentElement.lang + ' ' + getComputedStyle(document.body).direction`); got != tag+" "+dir {
		r.Errorf("the page is %q, want %q", got, tag+" "+dir)
	}
}

// readFromTheRight goes from the Arabic form to the settings, which are mirrored,
// and chooses another language there.
func (r *reader) readFromTheRight() {
	r.Helper()
	r.write("address", r.address)
	r.tick("City")
	r.load(200, "sign up", chromedp.Click(chromedp.Search(`(//form//button[@type="submit"])[1]`)))
	r.wantLanguage("ar")
	r.openMail(1)
	r.wantText("تأكيد اشتراكك")
	confirmation := r.link("/c/")
	r.follow(`//a[.="Open on its own"]`)
	r.wantLanguage("ar")
	r.look("mail-confirm-ar")
	r.open(confirmation)
	r.look("confirm-ar")
	r.load(200, "confirm", chromedp.Click(chromedp.Search(`(//form//button[@type="submit"])[1]`)))
	r.wantLanguage("ar")
	r.look("settings-ar")
	r.wantMirrored()
	r.do("choose Japanese", chromedp.SetValue(chromedp.ID("language"), "ja"))
	r.load(200, "save", chromedp.Click(chromedp.Search(`(//form//button[@type="submit"])[1]`)))
	r.wantLanguage("ja")
	r.look("settings-ja")
}

// wantMirrored checks that boxes stand to the right of what they tick.
func (r *reader) wantMirrored() {
	r.Helper()
	for _, width := range widths {
		r.resize(width)
		left := eval[[]string](r.tab, `[...document.querySelectorAll('.choice')].filter(label =>
			label.querySelector('input').getBoundingClientRect().left < label.querySelector('.choice-name').getBoundingClientRect().right).map(label => label.textContent)`)
		if len(left) > 0 {
			r.Errorf("in %d pixels boxes stand to the left of %q", width, left)
		}
	}
}
