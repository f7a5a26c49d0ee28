package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

const everythingOnTheWeb = `
[links]
utm_source = "broadsheet"
utm_content = "{{.Section}}-{{.Position}}"
hosts = ["stories.example"]
count_clicks = true
pixel = true

[archive]
enabled = true
delay = "0s"
`

// TestLinksFromMailToWeb goes from the configuration over a mail to the pages
// that its links open.
func TestLinksFromMailToWeb(t *testing.T) {
	a := open(t, everythingOnTheWeb)
	mail := a.send(t)
	for name, pattern := range map[string]string{
		"story": `href="https?://[^"]*?(/r/[\w-]+)"`, "view": `href="https?://[^"]*?(/v/[\w-]+)"`, "pixel": `src="https?://[^"]*?(/o/[\w-]+\.gif)"`,
	} {
		found := regexp.MustCompile(pattern).FindStringSubmatch(mail)
		if found == nil {
			t.Fatalf("the mail has no link to the %s:\n%s", name, mail)
		}
		w := a.get(found[1])
		switch name {
		case "story":
			if want := "https://stories.example/ferry?utm_source=broadsheet&utm_content="; w.Code != http.StatusFound || !strings.HasPrefix(w.Header().Get("Location"), want) {
				t.Errorf("the link = %d to %s, want %s", w.Code, w.Header().Get("Location"), want)
			}
		case "view":
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ferry returns") || strings.Contains(w.Body.String(), "ann@reader.example") || strings.Contains(w.Body.String(), "/u/") {
				t.Errorf("the page = %d\n%s", w.Code, w.Body)
			}
		default:
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/gif" {
				t.Errorf("the pixel = %d", w.Code)
			}
		}
	}
	a.Clicks.Flush(t.Context())
	counts, err := a.Digests.ClickCounts(t.Context(), "", 9)
	if err != nil || len(counts) != 1 || counts[0].Title != "Ferry returns" || counts[0].Position != 1 || counts[0].Clicks != 1 {
		t.Errorf("counted %+v, %v", counts, err)
	}
	opens, err := a.Digests.OpenCounts(t.Context(), "", 9)
	if err != nil || len(opens) != 1 || opens[0].Opens != 1 {
		t.Errorf("counted %+v, %v", opens, err)
	}

	if err := a.Archivist().Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := a.get("/editions")
	if list.Code != http.StatusOK || !strings.Contains(list.Body.String(), "Ferry returns") {
		t.Errorf("the archive = %d\n%s", list.Code, list.Body)
	}
}

// What nobody asked for is not there.
func TestLinksUnasked(t *testing.T) {
	a := open(t, "")
	mail := a.send(t)
	if !strings.Contains(mail, `href="https://stories.example/ferry"`) || strings.Contains(mail, "/r/") || strings.Contains(mail, "/o/") || strings.Contains(mail, "utm_") {
		t.Errorf("got\n%s", mail)
	}
	if w := a.get("/editions"); w.Code != http.StatusNotFound {
		t.Errorf("the archive = %d, want 404", w.Code)
	}
	if err := a.Archivist().Update(t.Context()); err != nil {
		t.Error(err)
	}
}

// paper is an app with one reader and one story.
type paper struct {
	*app.App
	handler http.Handler
	digest  *digest.Digest
}

func open(t *testing.T, more string) *paper {
	t.Helper()
	a, err := app.OpenWriting(t.Context(), configure(t, t.TempDir(), "smtp://127.0.0.1:25?tls=off", more+"[signup]\ncheck_domains = \"off\"\n"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	p := &paper{App: a, digest: &a.Setup.Digests[0]}
	if p.handler, err = a.Handler(); err != nil {
		t.Fatal(err)
	}
	return p
}

// send sends the story and returns the mail.
func (p *paper) send(t *testing.T) string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	topic := p.Setup.Topics[0].Slug
	must(p.Subscribers.SignUp(ctx, p.Catalog, subscribers.SignUp{Address: "ann@reader.example", Topics: []string{topic}, Digests: []string{p.digest.Slug}, Zone: "UTC", Origin: "form", Text: "Yes."}))
	ann, err := p.Subscribers.ByAddress(ctx, "ann@reader.example")
	must(err)
	token := subscribers.ConfirmToken(ann.ID, "ann@reader.example", time.Now())
	seen, err := p.Subscribers.Asked(ctx, p.Catalog, token)
	must(err)
	_, err = p.Subscribers.Confirm(ctx, p.Catalog, token, subscribers.Confirmation{Seen: seen.Mark, Origin: "form"})
	must(err)
	_, err = p.Digests.Put(ctx, p.Tagger, nil, []digest.Incoming{{URL: "https://stories.example/ferry", Title: "Ferry returns", Topics: []string{topic}}})
	must(err)
	edition, err := p.Planner.SendNow(ctx, digest.Send{Digest: p.digest}, time.Now())
	must(err)
	must(p.Planner.PlanRuns(ctx, edition.ID))
	composed, err := p.Composer.Compose(ctx, edition.ID, p.selection(t, edition.ID), time.Time{})
	must(err)
	must(p.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET state = 'sent'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE editions SET state = 'done'`)
		return err
	}))
	message, err := delivery.Message(composed, delivery.Addressee{Address: "ann@reader.example", MessageID: "<1@news.example>", Unsubscribe: p.Links.Unsubscribe(1, p.digest.ID), Preferences: p.Links.Preferences(1)})
	must(err)
	return strings.NewReplacer("=\r\n", "", "=3D", "=", "&amp;", "&").Replace(string(message))
}

func (p *paper) selection(t *testing.T, edition int64) (id int64) {
	t.Helper()
	if err := p.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), &id, `SELECT id FROM selections WHERE edition_id = $1`, edition)
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

// get asks for a path below the public URL as a browser does.
func (p *paper) get(path string) *httptest.ResponseRecorder {
	base := strings.TrimPrefix(strings.TrimPrefix(p.Config.Web.PublicURL, "https://"), "http://")
	_, prefix, ok := strings.Cut(base, "/")
	if ok {
		path = "/" + prefix + path
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 Firefox/140.0")
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}
