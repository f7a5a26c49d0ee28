package browsertest_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestReadersInTheBrowser(t *testing.T) {
	base, browser := startDemo(t), startChromium(t)
	for _, c := range []struct {
		name string
		visitor
		offered string // time zone that the form proposes
		joins   string // the one that the reader signs up in
		moves   string // and later changes to; nobody else has either, so all of today's stories are new there
	}{
		{"with script", visitor{address: "ada@inbox.example", script: true, zone: "Pacific/Auckland"}, "Pacific/Auckland", "Pacific/Auckland", "Europe/Lisbon"},
		{"without script", visitor{address: "ben@inbox.example", script: false, zone: "Pacific/Auckland"}, "Atlantic/Madeira", "Africa/Nairobi", "Europe/Dublin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reader{tab: openTab(t, browser, base, c.visitor), moved: c.moves}
			r.sendEmptyForm(c.offered)
			r.signUp(c.joins)
			r.confirm()
			r.changeSettings()
			r.readDigest()
			r.lookBeforeLeaving()
			r.leave()
		})
	}
	t.Run("by keyboard alone", func(t *testing.T) {
		signUpByKeyboard(openTab(t, browser, base, visitor{address: "cleo@inbox.example", script: true, zone: "Pacific/Auckland"}))
	})
	t.Run("leaving everything", func(t *testing.T) {
		leaveEverything(&reader{tab: openTab(t, browser, base, visitor{address: "dora@inbox.example", zone: "Pacific/Auckland"})})
	})
	t.Run("in each language", func(t *testing.T) { inEachLanguage(t, browser, base) })
	t.Run("a page that is not there", func(t *testing.T) {
		b := openTab(t, browser, base, visitor{script: true, zone: "Pacific/Auckland"})
		b.load(404, "open a wrong address", chromedp.Navigate(base+"/nowhere"))
		b.wantText("Page not found")
		b.look("not-found")
	})
}

// reader is a person on the way from signing up to leaving.
type reader struct {
	*tab
	moved       string // time zone that the settings get
	settings    string // URL of the settings, for an hour
	preferences string // URL of what digests link to
	unsubscribe string // URL from the digest
}

// sendEmptyForm shows that errors stand beside their fields, and that what was
// typed is kept.
func (r *reader) sendEmptyForm(offered string) {
	r.Helper()
	r.open("/")
	r.wantValue("zone", offered)
	r.look("sign-up")
	r.press("Sign up", 422)
	r.wantBeside("address", "(?i)address")
	r.wantBeside("topics", "(?i)choose at least one topic")

	r.open("/")
	r.write("address", "not an address")
	r.write("name", "Ada")
	r.tick("Sport")
	r.chooseZone("America/Bogota")
	r.press("Sign up", 422)
	r.wantValue("address", "not an address")
	r.wantValue("name", "Ada")
	r.wantValue("zone", "America/Bogota")
	r.wantTicked("topics", "Sport")
	r.wantBeside("address", "(?i)address")
	r.look("sign-up-errors")
}

// wantBeside checks that the error of a field or a group stands at it, and is
// tied to it for those who do not see the page.
func (r *reader) wantBeside(field, pattern string) {
	r.Helper()
	got := eval[string](r.tab, fmt.Sprintf(`(() => {
		const field = document.getElementById(%q), problem = document.getElementById(%q);
		if (!problem) return 'missing';
		if (!field.getAttribute('aria-describedby').split(' ').includes(problem.id)) return 'not tied to it';
		const away = problem.getBoundingClientRect().top - field.getBoundingClientRect().bottom;
		return away > 80 || away < -field.offsetHeight ? away + ' pixels away' : problem.textContent;
	})()`, field, field+"-problem"))
	if !regexp.MustCompile(pattern).MatchString(got) {
		r.Errorf("the error of %s is %q, want %s", field, got, pattern)
	}
}

// chooseZone finds a zone in the list as keys do, by its first letters.
func (r *reader) chooseZone(zone string) {
	r.Helper()
	r.write("zone", zone)
	r.wantValue("zone", zone)
}

func (r *reader) signUp(zone string) {
	r.Helper()
	r.open("/")
	if r.value("zone") != zone {
		r.chooseZone(zone)
	}
	r.write("address", r.address)
	r.write("name", "Ada")
	r.tick("City")
	r.tick("Science")
	r.wantTicked("topics", "City", "Science")
	r.press("Sign up", 200)
	r.wantText("Check your inbox")
	r.look("check-inbox")
}

// openMail opens the newest mail to the reader in the demo's inbox, as soon as
// n have arrived.
func (r *reader) openMail(n int) {
	r.Helper()
	r.openMailAbout("", n)
}

// openMailAbout is openMail among the mails with some words in their subject: a
// digest may come in between.
func (r *reader) openMailAbout(words string, n int) {
	r.Helper()
	mails := fmt.Sprintf(`//li[contains(., %q) and contains(., %q)]`, r.address, words)
	count := fmt.Sprintf(`document.evaluate('count(%s)', document).numberValue`, mails)
	for began := time.Now(); ; {
		r.open("/inbox")
		if eval[int](r.tab, count) >= n {
			break
		}
		if time.Since(began) > patience {
			r.Fatalf("%d mails to %s have not arrived (%q)", n, r.address, words)
		}
	}
	r.look("inbox")
	r.follow("(" + mails + "//a)[1]")
}

// link is the first address in the text part of the open mail that goes to a
// path.
func (r *reader) link(path string) string {
	r.Helper()
	r.do("unfold the text part", chromedp.Focus(chromedp.Search(`//summary[.="Text part"]`)), chromedp.KeyEvent(kb.Enter))
	text := eval[string](r.tab, `[...document.querySelectorAll('details')].find(d => d.open && d.querySelector('pre')).querySelector('pre').innerText`)
	found := regexp.MustCompile(regexp.QuoteMeta(r.base+path) + `[\w.~-]+`).FindString(text)
	if found == "" {
		r.Fatalf("the text part has no link to %s:\n%s", path, text)
	}
	return found
}

func (r *reader) confirm() {
	r.Helper()
	r.openMail(1)
	r.wantText("Confirm your sign-up")
	confirmation := r.link("/c/")
	r.look("mail-confirm")
	r.follow(`//a[.="Open on its own"]`)
	r.look("mail-confirm-html")
	r.open(confirmation)
	r.wantText("Confirm your sign-up")
	r.wantText("City and Science")
	r.look("confirm")
	r.press("Confirm", 200)
	r.wantText("Your address is confirmed.")
	r.look("confirmed")
	r.settings = r.location("/f/")
	r.open(confirmation)
	r.preferences = r.location("/p/")
	r.look("confirmed-before")
	r.open(r.settings)
}

func (r *reader) changeSettings() {
	r.Helper()
	r.wantTicked("topics", "City", "Science")
	r.tick("Science")
	r.tick("Culture")
	r.chooseZone(r.moved)
	r.press("Save settings", 200)
	r.wantText("Your settings are saved.")
	r.look("saved")

	r.open(r.settings)
	r.wantTicked("topics", "City", "Culture")
	r.wantValue("zone", r.moved)
	r.tick("City")
	r.tick("Culture")
	r.press("Save settings", 422)
	r.wantBeside("topics", "(?i)choose at least one topic")
	r.look("settings-errors")
	r.stillSubscribed()
}

// stillSubscribed reads the settings once more.
func (r *reader) stillSubscribed() {
	r.Helper()
	r.open(r.settings)
	r.wantText("Your settings")
	r.wantTicked("topics", "City", "Culture")
	r.wantValue("zone", r.moved)
}

func (r *reader) readDigest() {
	r.Helper()
	r.open("/inbox")
	r.press("Publish three more stories", 200)
	r.press("Send the digest now", 200)
	r.openMail(2)
	r.look("mail-digest")
	r.follow(`//a[.="Open on its own"]`)
	r.wantText("Culture")
	stories := eval[[]string](r.tab, `[...document.querySelectorAll('h3 a')].map(a => a.getAttribute('href'))`)
	if len(stories) < 2 {
		r.Errorf("the digest has the stories %q, want several", stories)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(stories)))) != len(stories) {
		r.Errorf("a story stands twice among %q", stories)
	}
	r.look("digest")
}

// lookBeforeLeaving follows the unsubscribe link of the open digest. To look
// changes nothing.
func (r *reader) lookBeforeLeaving() {
	r.Helper()
	page := r.newTab("follow the unsubscribe link", "/u/", chromedp.Click(chromedp.Search(`//a[starts-with(normalize-space(), "Unsubscribe")]`)))
	page.wantText("will no longer be sent to")
	page.look("unsubscribe")
	r.unsubscribe = eval[string](page, `location.href`)
	r.toFront()
	r.stillSubscribed()
}

func (r *reader) leave() {
	r.Helper()
	r.open(r.unsubscribe)
	r.press("Unsubscribe", 200)
	r.wantText("You are unsubscribed")
	r.look("goodbye")
	r.open(r.preferences)
	r.wantText("You are unsubscribed")
	r.look("goodbye-all")
}

// signUpByKeyboard fills the form in and sends it with Tab, Space and Enter.
func signUpByKeyboard(b *tab) {
	b.open("/")
	b.tabTo("#address")
	b.keys(b.address)
	b.tabTo("#name")
	b.keys("Cleo")
	b.tabTo("input[name=topics][value=city]")
	b.keys(" ")
	b.tabTo("input[name=topics][value=sport]")
	b.keys(" ")
	b.wantTicked("topics", "City", "Sport")
	b.tabTo("#zone")
	b.keys("Europe/Oslo")
	b.wantValue("zone", "Europe/Oslo")
	b.tabTo("form button")
	b.load(200, "press Enter on the button", chromedp.KeyEvent(kb.Enter))
	b.wantText("Check your inbox")
}

// tabTo presses Tab until the element has the focus, and checks that the focus
// shows. The trap for machines must not be on the way.
func (b *tab) tabTo(element string) {
	b.Helper()
	for range 20 {
		b.keys(kb.Tab)
		if eval[bool](b, `document.activeElement.matches('.guard *')`) {
			b.Fatalf("Tab stops at the field that people do not see")
		}
		if !eval[bool](b, fmt.Sprintf(`document.activeElement.matches(%q)`, element)) {
			continue
		}
		if !eval[bool](b, `parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2`) {
			b.Errorf("the focus on %s does not show", element)
		}
		return
	}
	b.Fatalf("Tab does not reach %s", element)
}

// keys types at the focus.
func (b *tab) keys(keys string) {
	b.Helper()
	b.do("type "+keys, chromedp.KeyEvent(keys))
}

// leaveEverything uses the button of the settings.
func leaveEverything(r *reader) {
	r.signUp("Africa/Nairobi")
	r.confirm()
	r.press("Unsubscribe from everything", 200)
	r.wantText("You are unsubscribed")
	r.look("goodbye-everything")
}
