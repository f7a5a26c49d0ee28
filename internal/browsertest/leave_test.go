package browsertest_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"broadsheet/internal/db"
)

// TestLeavingInTheBrowser leaves in every way that the pages offer, and comes back.
func TestLeavingInTheBrowser(t *testing.T) {
	base, chromium := startDemo(t), startChromium(t)
	for name, v := range map[string]visitor{
		"with script":    {address: "hal@inbox.example", script: true, zone: "Pacific/Auckland"},
		"without script": {address: "ida@inbox.example", zone: "Pacific/Auckland"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &reader{tab: openTab(t, chromium, base, v)}
			r.joinQuietly()
			r.openDigest()
			r.takeLess()
			r.leaveAndReturn()
			r.endSome()
			r.leaveAllAndReturn()
		})
	}
	t.Run("from the right", func(t *testing.T) {
		leaveFromTheRight(&reader{tab: openTab(t, chromium, base, visitor{address: "jad@inbox.example", script: true, zone: "Africa/Cairo"})})
	})
}

func (r *reader) seeLeaving(name string) {
	r.Helper()
	r.lookInto("leaving", name)
}

// openDigest has a digest sent and reads the link in it that leaves.
func (r *reader) openDigest() {
	r.Helper()
	r.open("/inbox")
	r.press("Publish three more stories", 200)
	r.press("Send the digest now", 200)
	r.openMail(2)
	r.unsubscribe = r.link("/u/")
}

// unfold opens what a summary hides.
func (r *reader) unfold(summary string) {
	r.Helper()
	r.do("unfold "+summary, chromedp.Click(chromedp.Search(fmt.Sprintf(`//summary[normalize-space()=%q]`, summary))))
}

// takeLess pauses and leaves topics out.
func (r *reader) takeLess() {
	r.Helper()
	r.open(r.unsubscribe)
	r.wantText("Or rather less?")
	r.seeLeaving("unsubscribe")
	r.unfold("Fewer topics")
	r.press("Leave these out", 422)
	r.wantBeside("topics", "(?i)nothing was ticked")
	r.seeLeaving("topics-error")
	r.tick("City")
	r.press("Leave these out", 409)
	r.wantText("Without this topic one of your digests would have nothing left.")
	r.wantTicked("topics", "City")
	r.seeLeaving("topics-last")
	r.open(r.unsubscribe)
	r.unfold("Fewer topics")
	r.tick("Sport")
	r.press("Leave these out", 200)
	r.wantText("Left out from now on: Sport.")
	r.seeLeaving("topics-left")
	r.follow(`//a[.="Unsubscribe after all"]`)
	r.wantText("will no longer be sent to")
	r.do("choose two weeks", chromedp.SetValue(chromedp.ID("weeks"), "2"))
	r.press("Pause", 200)
	r.wantText("Paused until")
	r.seeLeaving("paused")
}

// leaveAndReturn leaves a digest, says why and undoes it: the settings are what
// they were.
func (r *reader) leaveAndReturn() {
	r.Helper()
	r.open(r.unsubscribe)
	r.press("Unsubscribe", 200)
	r.wantText("You are unsubscribed")
	goodbye := r.location("/b/")
	r.seeLeaving("goodbye")
	r.load(200, "load the page again", chromedp.Reload()) // which sends no form
	r.wantText("You are unsubscribed")
	r.tick("Too many mails")
	r.write("why-text", "Every day is too often.")
	r.press("Send", 200)
	r.wantText("Thank you for telling us.")
	if at := r.location("/b/"); at != goodbye {
		r.Errorf("the thanks are at %s, want %s", at, goodbye)
	}
	r.seeLeaving("thanks")
	r.press("Undo", 200)
	r.wantText("You are subscribed again")
	r.seeLeaving("returned")
	r.open(r.settings)
	r.wantTicked("topics", "City")
	r.wantText("Paused until")
}

// endSome ends what is ticked at the link that stands in every digest.
func (r *reader) endSome() {
	r.Helper()
	r.tick("Sport")
	r.press("Save settings", 200)
	r.open(r.preferences)
	r.press("End what is ticked", 422)
	r.wantBeside("end-topics", "(?i)nothing was ticked")
	r.seeLeaving("end-error")
	r.tick("City")
	r.tick("Sport")
	r.press("End what is ticked", 409)
	r.wantText("Without this topic one of your digests would have nothing left.")
	r.wantTicked("end-topics", "City", "Sport")
	r.seeLeaving("end-last")
	r.open(r.preferences)
	r.tick("Sport")
	r.press("End what is ticked", 200)
	r.wantText("Your settings are saved.")
	r.open(r.settings)
	r.wantTicked("topics", "City")
}

// leaveAllAndReturn ends everything at the link that stands in every digest.
func (r *reader) leaveAllAndReturn() {
	r.Helper()
	r.open(r.preferences)
	r.press("Unsubscribe from everything", 200)
	r.wantText("will not send you any digest any more")
	r.seeLeaving("goodbye-all")
	r.press("Undo", 200)
	r.wantText("You are subscribed again")
	undone := eval[string](r.tab, `location.href`)
	r.load(410, "open what was undone", chromedp.Navigate(undone))
	r.wantText("This can no longer be undone")
	r.seeLeaving("gone")
	r.open(r.settings)
	r.wantTicked("topics", "City")
}

// leaveFromTheRight does it in a language that is read from the right.
func leaveFromTheRight(r *reader) {
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
	r.openDigest()
	r.open(r.unsubscribe)
	r.wantLanguage("ar")
	r.do("unfold all", chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('details').forEach(d => d.open = true)`))
	r.seeLeaving("unsubscribe-ar")
	press("leave", `//button[@name="confirm"]`, 200)
	r.seeLeaving("goodbye-ar")
	press("undo", `//button[@name="undo"]`, 200)
	r.seeLeaving("returned-ar")
}

// TestAScannerInTheBrowser opens every link of a mail in a browser that runs
// scripts, and every link of the pages that they lead to: nothing changes of what
// the database has of readers.
func TestAScannerInTheBrowser(t *testing.T) {
	dir := t.TempDir()
	base, chromium := startDemoIn(t, dir), startChromium(t)
	r := &reader{tab: openTab(t, chromium, base, visitor{address: "kim@inbox.example", script: true, zone: "Pacific/Auckland"})}
	r.joinQuietly()
	r.openDigest()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "broadsheet.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	links := append(r.links(), r.unsubscribe)
	r.follow(`//a[.="Open on its own"]`)
	links = append(links, r.links()...)
	before := readersOf(t, d)
	if !strings.Contains(before, r.address) {
		t.Fatalf("the database has not the reader:\n%s", before)
	}
	seen := map[string]bool{}
	for depth := range 2 {
		var next []string
		for _, link := range links {
			address, _, _ := strings.Cut(link, "#")
			if !strings.HasPrefix(address, base+"/") || strings.HasPrefix(address, base+"/inbox") || seen[address] {
				continue
			}
			seen[address] = true
			r.do("open "+address, chromedp.Navigate(address))
			next = append(next, r.links()...)
			if after := readersOf(t, d); after != before {
				t.Fatalf("opening %s, %d links from the mail, changed\n%s\nto\n%s", address, depth+1, before, after)
			}
		}
		links = next
	}
	for _, path := range []string{"/u/", "/p/", "/v/"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(link string) bool { return strings.HasPrefix(link, base+path) }) {
			t.Errorf("no link to %s was opened", path)
		}
	}
}

// links are the addresses that the page or its frames refer to.
func (r *reader) links() []string {
	r.Helper()
	return eval[[]string](r.tab, `[document, ...[...document.querySelectorAll('iframe')].map(f => f.contentDocument).filter(d => d)]
		.flatMap(d => [...d.querySelectorAll('a[href], img[src], area[href], link[href]')].map(e => e.href || e.src))`)
}

// readersOf is every row of the tables that hold what readers did.
func readersOf(t *testing.T, d *db.DB) string {
	t.Helper()
	var out strings.Builder
	for _, query := range []string{
		`SELECT address || '|' || state || '|' || name || '|' || language || '|' || timezone || '|' || confirmed_at || '|' || ended_at || '|' || suppressed_at FROM subscribers ORDER BY 1`,
		`SELECT subscriber_id || '|' || digest_id || '|' || cohort_id || '|' || state || '|' || topics || '|' || ended_at || '|' || paused_until || '|' || hour FROM subscriptions ORDER BY 1`,
		`SELECT subscriber_id || '|' || at || '|' || event || '|' || origin || '|' || detail FROM consents ORDER BY 1`,
		`SELECT subscriber_id || '|' || id || '|' || kind || '|' || created_at FROM system_mails ORDER BY 1`,
		`SELECT subscriber_id || '|' || digest_id || '|' || at || '|' || links || '|' || again_at FROM leavings ORDER BY 1`,
		`SELECT subscriber_id || '|' || id FROM address_changes ORDER BY 1`,
		`SELECT address || '|' || reason FROM suppressions ORDER BY 1`,
		`SELECT hash || '|' || erased_at FROM erasures ORDER BY 1`,
	} {
		var rows []string
		err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Select(context.Background(), &rows, query) })
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s\n\n", strings.Join(rows, "\n"))
	}
	return out.String()
}
