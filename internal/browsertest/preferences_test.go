package browsertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// TestSettingsInTheBrowser uses what a reader can do with their settings and
// their data, from the first link to the last.
func TestSettingsInTheBrowser(t *testing.T) {
	base, chromium := startDemo(t), startChromium(t)
	for name, v := range map[string]visitor{
		"with script":    {address: "eve@inbox.example", script: true, zone: "Pacific/Auckland"},
		"without script": {address: "fay@inbox.example", zone: "Pacific/Auckland"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &reader{tab: openTab(t, chromium, base, v)}
			r.joinQuietly()
			r.seeForwarded()
			r.openSettings()
			r.wantPlainText()
			r.takeABreak()
			r.sendWrongData()
			r.changeName()
			r.changeAddress()
			r.openSettings()
			r.downloadData()
			r.leaveSettings()
			r.eraseData()
		})
	}
	t.Run("from the right", func(t *testing.T) {
		settingsFromTheRight(&reader{tab: openTab(t, chromium, base, visitor{address: "gil@inbox.example", script: true, zone: "Africa/Cairo"})})
	})
}

func (r *reader) lookAt(name string) {
	r.Helper()
	r.lookInto("settings", name)
}

// joinQuietly signs up and confirms, which opens the settings.
func (r *reader) joinQuietly() {
	r.Helper()
	r.open("/")
	r.write("address", r.address)
	r.tick("City")
	r.press("Sign up", 200)
	r.openMail(1)
	r.confirmBy(r.link("/c/"))
}

// confirmBy confirms by a link, and again, which leads to what digests link to.
func (r *reader) confirmBy(link string) {
	r.Helper()
	r.open(link)
	r.load(200, "confirm", chromedp.Click(chromedp.Search(`(//form//button[@type="submit"])[1]`)))
	r.settings = r.location("/f/")
	r.open(link)
	r.preferences = r.location("/p/")
	r.open(r.settings)
}

// location is the address of the page without what follows its path, which begins
// with the given one.
func (r *reader) location(path string) string {
	r.Helper()
	at := eval[string](r.tab, `location.origin + location.pathname`)
	if !strings.HasPrefix(at, r.base+path) {
		r.Fatalf("the page is %s, want one of %s", at, path)
	}
	return at
}

// seeForwarded looks at what anybody sees who was forwarded a digest.
func (r *reader) seeForwarded() {
	r.Helper()
	r.open(r.preferences)
	if fields := eval[int](r.tab, `document.querySelectorAll('[name=name],[name=zone],[name=format],[name=topics],[name=digests]').length`); fields > 0 {
		r.Errorf("a forwarded mail shows %d of the settings", fields)
	}
	r.lookAt("preferences")
}

// wantPlainText chooses mails without HTML, and keeps them.
func (r *reader) wantPlainText() {
	r.Helper()
	r.wantValue("format", "html")
	r.do("choose plain text", chromedp.SetValue(chromedp.ID("format"), "text"))
	r.press("Save settings", 200)
	r.wantText("Your settings are saved.")
	r.open(r.settings)
	r.wantValue("format", "text")
	r.lookAt("settings")
	r.do("choose HTML", chromedp.SetValue(chromedp.ID("format"), "html")) // in which the inbox shows the mails below
	r.press("Save settings", 200)
}

// takeABreak pauses and resumes.
func (r *reader) takeABreak() {
	r.Helper()
	r.press("Pause", 422)
	r.wantBeside("pause-until", "(?i)choose a day")
	r.lookAt("pause-error")
	day := time.Now().AddDate(0, 0, 10)
	r.do("choose a day", chromedp.SetValue(chromedp.ID("pause-until"), day.Format(time.DateOnly)))
	r.press("Pause", 200)
	r.wantText("Paused until")
	r.lookAt("paused")
	r.press("Resume now", 200)
	r.wantText("Nothing comes until the day you choose.")
}

// openSettings asks for a link to the settings, the first at the reader's address,
// and opens it.
func (r *reader) openSettings() {
	r.Helper()
	r.open(r.preferences)
	r.press("Mail me a link to my settings", 200)
	r.wantText("a mail with a link is on its way")
	r.lookAt("link-sent")
	r.openFreshLink("Your link to", 1, "mail-link")
	r.wantText("Your settings")
}

// openFreshLink opens the link of the newest mail with these words in its subject,
// as soon as n have arrived, and looks at the mail by that name.
func (r *reader) openFreshLink(subject string, n int, name string) {
	r.Helper()
	r.openMailAbout(subject, n)
	r.settings = r.link("/f/")
	r.follow(`//a[.="Open on its own"]`)
	r.lookAt(name)
	r.open(r.settings)
}

// sendWrongData shows that each form keeps what was typed beside its error.
func (r *reader) sendWrongData() {
	r.Helper()
	r.write("address", "not an address")
	r.press("Change the address", 422)
	r.wantValue("address", "not an address")
	r.wantBeside("address", "(?i)address")
	r.press("Erase", 422)
	r.wantBeside("sure", "(?i)tick the box")
	r.lookAt("data-errors")
}

func (r *reader) changeName() {
	r.Helper()
	r.write("name", "Eve Adams")
	r.press("Save settings", 200)
	r.wantText("Your settings are saved.")
	r.wantValue("name", "Eve Adams")
	r.lookAt("data-saved")
}

// changeAddress moves to another address by the word of both.
func (r *reader) changeAddress() {
	r.Helper()
	former := r.address
	next := strings.Replace(former, "@", ".new@", 1)
	r.write("address", next)
	r.press("Change the address", 200)
	r.wantText("mails to both are on their way")
	r.lookAt("address-asked")

	r.openMailAbout("Another address for", 1)
	agree := r.link("/a/")
	r.follow(`//a[.="Open on its own"]`)
	r.lookAt("mail-old-address")
	r.open(agree)
	r.wantText("will go to")
	r.lookAt("address-old")
	r.press("Agree", 200)
	r.wantText("The new address has yet to confirm.")
	r.lookAt("address-agreed")

	r.address = next
	r.openMail(1)
	confirm := r.link("/n/")
	r.follow(`//a[.="Open on its own"]`)
	r.lookAt("mail-new-address")
	r.open(confirm)
	r.lookAt("address-new")
	r.press("Confirm", 200)
	r.wantText("your digests now go to")
	r.lookAt("address-changed")
	r.load(410, "open the link again", chromedp.Navigate(agree))
}

// downloadData takes a copy of what is kept, which leaves the page as it is.
func (r *reader) downloadData() {
	r.Helper()
	folder := r.TempDir()
	command(r.tab, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder})
	r.do("press Download", chromedp.Click(chromedp.Search(`//button[normalize-space()="Download"]`)))
	var data struct {
		Reader struct{ Address, Name string } `json:"reader"`
	}
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	for {
		text, err := os.ReadFile(filepath.Join(folder, "my-data.json"))
		if err == nil && json.Unmarshal(text, &data) == nil {
			break
		}
		if ctx.Err() != nil {
			r.Fatalf("nothing was downloaded: %v", err)
		}
		eval[bool](r.tab, `new Promise(done => requestAnimationFrame(() => done(true))) && true`)
	}
	if data.Reader.Address != r.address || data.Reader.Name != "Eve Adams" {
		r.Errorf("the file is about %+v", data.Reader)
	}
	r.wantText("Your settings")
}

// leaveSettings unticks the only digest, and asks for the data that is kept of who
// has left.
func (r *reader) leaveSettings() {
	r.Helper()
	r.do("untick all digests", chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('[name=digests]:checked').forEach(box => box.click())`))
	r.press("Save settings", 200)
	r.wantText("will not send you any digest any more")
	r.location("/b/")
	r.lookAt("left")
	r.press("Mail me the link", 200)
	r.wantText("a mail with a link is on its way")
	r.openFreshLink("Your link to", 2, "mail-link-left")
	r.wantText("A copy of your data")
	if fields := eval[int](r.tab, `document.querySelectorAll('[name=name],[name=zone],[name=topics]').length`); fields > 0 {
		r.Errorf("who has left is offered settings")
	}
	r.lookAt("data-of-left")
}

func (r *reader) eraseData() {
	r.Helper()
	r.tick("Yes, erase everything about me")
	r.press("Erase", 200)
	r.wantText("Your data is erased")
	r.lookAt("erased")
	r.load(404, "open the settings again", chromedp.Navigate(r.preferences))
}

// settingsFromTheRight looks at the same pages in Arabic.
func settingsFromTheRight(r *reader) {
	submit := func(name, value string) string {
		return fmt.Sprintf(`//button[@name=%q and @value=%q]`, name, value)
	}
	press := func(what, button string, status int64) {
		r.Helper()
		r.load(status, what, chromedp.Click(chromedp.Search(button)))
		r.wantLanguage("ar")
	}
	r.open("/?lang=ar")
	r.write("address", r.address)
	r.tick("City")
	press("sign up", `(//form//button[@type="submit"])[1]`, 200)
	r.openMail(1)
	r.confirmBy(r.link("/c/"))
	r.wantLanguage("ar")
	r.lookAt("settings-ar")
	press("pause on no day", submit("do", "pause"), 422)
	r.lookAt("pause-error-ar")
	r.open(r.preferences)
	r.lookAt("preferences-ar")
	press("ask for the link", submit("fresh", "1"), 200)
	r.lookAt("link-sent-ar")
	r.openFreshLink("رابطك إلى", 1, "mail-link-ar")
	r.wantLanguage("ar")
	press("erase without the box", submit("do", "erase"), 422)
	r.wantMirrored()
	r.lookAt("data-errors-ar")
	r.write("address", "gil.new@inbox.example")
	press("change the address", submit("do", "address"), 200)
	r.openMailAbout("هل تريد عنوانًا آخر", 1)
	agree := r.link("/a/")
	r.follow(`//a[.="Open on its own"]`)
	r.lookAt("mail-old-address-ar")
	r.open(agree)
	r.wantLanguage("ar")
	r.lookAt("address-old-ar")
	press("stop it", submit("do", "stop"), 200)
	r.lookAt("address-stopped-ar")
}
