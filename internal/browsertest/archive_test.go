package browsertest_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"broadsheet/digest"
	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
	"broadsheet/internal/demo/paper"
	"broadsheet/subscribers"
)

// press is a newspaper whose editions are on the web: a digest in each theme.
type press struct {
	*app.App
	base  string
	paper *paper.Paper
}

const pressSettings = `
[site]
name = "The Harbour Gazette"
url = %[1]q
timezone = "UTC"
postal_address = "2 Ropewalk, Port Aldine"
[web]
public_url = %[1]q
[database]
url = "sqlite:broadsheet.db"
[mail]
from = "The Harbour Gazette <digest@paper.example>"
bounce_domain = "bounce.paper.example"
[[mail.relay]]
url = "smtp://127.0.0.1:25?tls=off"
[archive]
enabled = true
delay = "0s"
[[source]]
slug = "front-page"
kind = "feed"
url = "%[1]s/paper/feed.xml"
allow_private = ["127.0.0.0/8"]
[[topic]]
slug = "city"
name = "City"
categories = ["*"]
[[digest]]
slug = "daily"
name = "The Morning Tide"
schedule = "0 7 * * *"
[[digest]]
slug = "weekly"
name = "The Sunday Chart"
schedule = "0 7 * * SUN"
theme = "briefing"
`

// openPress serves the newspaper with its pages; nothing was sent yet.
func openPress(t *testing.T) *press {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p := &press{base: server.URL, paper: paper.New(time.Now())}
	dir := t.TempDir()
	path := filepath.Join(dir, config.FileName)
	for name, text := range map[string]string{path: fmt.Sprintf(pressSettings, server.URL), filepath.Join(dir, "broadsheet.keys"): subscribers.NewKey() + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(path, nil, app.Checks())
	if err != nil {
		t.Fatal(err)
	}
	if p.App, err = app.OpenWriting(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	pages, err := p.Handler()
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", pages)
	mux.Handle("/paper/", http.StripPrefix("/paper", p.paper.Handler(server.URL+"/paper")))
	if err := p.Subscribers.Add(t.Context(), p.Catalog, subscribers.Add{Address: "ada@inbox.example", Digests: []string{"daily", "weekly"}, Zone: "UTC", Confirmed: true, Consent: "a test", Origin: "test"}); err != nil {
		t.Fatal(err)
	}
	return p
}

// send sends what the newspaper has that is new, as far as the archive can
// tell, and returns the paths of the edition and of its mail.
func (p *press) send(t *testing.T, d *digest.Digest) (edition, mail string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	_, err := p.Poller().Fetch(ctx, &p.Setup.Sources[0])
	must(err)
	e, err := p.Planner.SendNow(ctx, digest.Send{Digest: d}, p.Now())
	must(err)
	must(p.Planner.PlanRuns(ctx, e.ID))
	sent := digest.Mailing{EditionID: e.ID}
	must(p.DB.Write(ctx, func(tx *db.Tx) error {
		for _, query := range []string{`UPDATE deliveries SET state = 'sent' WHERE edition_id = $1`, `UPDATE editions SET state = 'done' WHERE id = $1`} {
			if _, err := tx.Exec(ctx, query, e.ID); err != nil {
				return err
			}
		}
		return tx.Get(ctx, &sent.SelectionID, `SELECT id FROM selections WHERE edition_id = $1`, e.ID)
	}))
	must(p.Archivist().Update(ctx))
	return "/editions/" + e.Key, p.Publisher.Links().View(sent)
}

// TestArchiveInTheBrowser looks at the lists of editions, at editions and at
// mails as pages, in each theme.
func TestArchiveInTheBrowser(t *testing.T) {
	p := openPress(t)
	b := openTab(t, startChromium(t), p.base, visitor{script: true, zone: "UTC"})
	look := func(name, path, text string) {
		t.Helper()
		b.open(path)
		b.wantText(text)
		b.lookInto("archive", name)
	}
	look("empty", "/editions", "Nothing has been published here yet.")
	edition, mail := p.send(t, &p.Setup.Digests[0])
	look("edition", edition, "The night ferry sails again")
	look("mail", mail, "The night ferry sails again")
	edition, mail = p.send(t, &p.Setup.Digests[1])
	look("edition-briefing", edition, "The night ferry sails again")
	look("mail-briefing", mail, "The night ferry sails again")
	p.paper.PublishLater(3)
	edition, _ = p.send(t, &p.Setup.Digests[0])
	look("edition-after", edition, "Previous edition")
	look("editions-of-a-topic", "/editions?topic=city", "Past editions about City")
	look("editions-of-a-digest", "/editions/daily", "Past editions of The Morning Tide")
	b.load(http.StatusGone, "open a mail that is kept no longer", chromedp.Navigate(p.Publisher.Links().View(digest.Mailing{EditionID: 1, SelectionID: 1})))
	b.lookInto("archive", "mail-gone")
}
