package main_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// listener is a system that is told what becomes of readers, and writes down
// what it was told and how it answered.
type listener struct {
	mu    sync.Mutex
	hold  chan struct{} // while it is not nil and not closed, no request is answered
	ids   []string
	kinds []string
}

const hookSecret = "a secret of the two of us"

func newListener(t *testing.T) (*listener, string) {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(hookSecret))
		mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "."))
		mac.Write(body)
		if r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var event struct{ Type string }
		_ = json.Unmarshal(body, &event)
		l.mu.Lock()
		l.ids, l.kinds = append(l.ids, r.Header.Get("webhook-id")), append(l.kinds, event.Type)
		hold := l.hold
		l.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(server.Close)
	return l, server.URL
}

func (l *listener) heard() (ids, kinds []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids), slices.Clone(l.kinds)
}

func (l *listener) holds(hold chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold = hold
}

func hookSettings(url string) settings {
	return settings{more: "\n[[webhook_out]]\nslug = \"crm\"\nurl = \"" + url + "/hook\"\nsecret_file = \"crm.secret\"\nallow_private = [\"127.0.0.0/8\"]\n"}
}

// TestWebhooksAreTold: what commands change is told by the service, in order,
// and what a kill cut off is told again under the same id.
func TestWebhooksAreTold(t *testing.T) {
	t.Parallel()
	l, url := newListener(t)
	n := newNewsroom(t, settings{more: hookSettings(url).more}, sink.Options{})
	n.write("crm.secret", hookSecret+"\n")
	n.write("readers.csv", "email\nbo@inbox.example\n")
	n.steps([]step{
		{args: "migrate"},
		{args: "webhook list", stdout: `crm +127\.0\.0\.1:\d+ +works +0 .*confirmed;changed;unsubscribed;suppressed;erased`},
		{args: "subscriber add ann@inbox.example --confirmed --consent asked"},
		{args: "subscriber import readers.csv --confirmed --consent asked"},
		{args: "subscriber pause ann@inbox.example --until 2099-01-01"},
		{args: "webhook list crm", stdout: `(?s)confirmed +\d+ +waiting.*changed +\d+ +waiting`},
		{args: "webhook list crm --output json", stdout: `"event": "confirmed", "reader": \d+, "state": "waiting", "attempts": 0`},
		{args: "webhook retry crm --dry-run", stdout: `2 events for crm, of which 0 events given up`},
		{args: "webhook list shop", code: 2, stderr: `no \[\[webhook_out\]\] "shop"`},
		{args: "webhook retry", code: 2, stderr: "SLUG is missing"},
	})
	hold := make(chan struct{})
	l.holds(hold)
	service := n.serve("--only", "deliver")
	until(t, "an event is on its way", func() bool { ids, _ := l.heard(); return len(ids) == 1 })
	service.kill()
	l.holds(nil)
	d := n.open()
	execute(t, d, `UPDATE outbox SET lease_until = 0`) // the lease of the dead ends after minutes
	service = n.serve("--only", "deliver")
	until(t, "everything is told", func() bool { ids, _ := l.heard(); return len(ids) == 3 })
	ids, kinds := l.heard()
	if ids[0] != ids[1] || ids[1] == ids[2] || !slices.Equal(kinds, []string{"reader.confirmed", "reader.confirmed", "reader.changed"}) {
		t.Errorf("told %q as %q, want the first twice under one id, then the other", kinds, ids)
	}
	n.steps([]step{{args: "subscriber erase ann@inbox.example --yes"}})
	until(t, "the erasure is told", func() bool { _, kinds := l.heard(); return slices.Contains(kinds, "reader.erased") })
	until(t, "nothing is left to tell", func() bool { return count(t, d, `SELECT COUNT(*) FROM outbox`) == 0 })
	service.terminate()
	n.steps([]step{{args: "webhook list crm", stdout: "crm was told everything"}})
}

// TestWebhookRetry: what was given up is told after all once somebody asks.
func TestWebhookRetry(t *testing.T) {
	t.Parallel()
	l, url := newListener(t)
	n := newNewsroom(t, hookSettings(url), sink.Options{})
	n.write("crm.secret", hookSecret+"\n")
	n.steps([]step{{args: "migrate"}, {args: "subscriber add ann@inbox.example --confirmed --consent asked"}})
	d := n.open()
	execute(t, d, `UPDATE outbox SET next_try_at = 0, answer = 'HTTP 500'`)
	n.steps([]step{
		{args: "webhook list", stdout: `crm .* works +0 +1 `},
		{args: "webhook list crm --output csv", stdout: `,confirmed,\d+,given up,0,,HTTP 500`},
		{args: "webhook retry crm --dry-run", stdout: `1 event for crm, of which 1 event given up`},
		{args: "webhook retry crm", stdout: `1 event for crm`},
	})
	service := n.serve("--only", "deliver")
	until(t, "it is told", func() bool { ids, _ := l.heard(); return len(ids) == 1 })
	service.terminate()
}

// TestSubscriberHistory shows everything that is on record of one reader.
func TestSubscriberHistory(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.write("readers.csv", "email,name\nann@inbox.example,Ann\n")
	n.steps([]step{
		{args: "migrate"},
		{args: "subscriber add ann@inbox.example --confirmed --consent 'asked at the desk'"},
		{args: "subscriber import readers.csv"},
		{args: "subscriber unsubscribe ann@inbox.example --yes"},
		{args: "subscriber show ann@inbox.example --history", stdout: `^20\S+Z  added +operator, by way of command, text 1\n    digests=daily [^\n]+\n` +
			`20\S+Z  imported +import, by way of import\n    digests=daily [^\n]+\n20\S+Z  unsubscribed +operator, by way of command\n    digests=\*\n` +
			`\nText 1, first shown 20\S+Z, SHA-256 [0-9a-f]{64}:\n    asked at the desk\n$`},
		{args: "subscriber show ann@inbox.example --history --output json",
			stdout: `"event": "added", "by": "operator", "origin": "command", "client": "", "detail": "digests=daily.*", "text_hash": "[0-9a-f]{64}", "text_version": 1, "text_language": "", "text_since": "20.*Z", "text": "asked at the desk"`},
		{args: "subscriber erase ann@inbox.example --yes"},
		{args: "subscriber show ann@inbox.example --history", stdout: `(?s)Reader \d+ was erased: this is what is kept\.\n\n.*erased +operator, by way of command\n`},
		{args: "subscriber show bo@inbox.example --history", code: 1, stderr: "bo@inbox.example"},
	})
	if shown := n.must("subscriber", "show", "ann@inbox.example", "--history", "--output", "csv").stdout; strings.Contains(shown, "inbox.example") || strings.Contains(shown, "Ann") {
		t.Errorf("after the erasure the history has what is personal: %s", shown)
	}
}

func execute(t *testing.T, d *db.DB, statement string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), statement)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
