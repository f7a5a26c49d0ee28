package app_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// configure writes the first configuration, with more at its end, and reads it.
func configure(t *testing.T, dir, relay, more string) *config.Config {
	t.Helper()
	if _, err := config.WriteInit(dir, config.Answers{RelayURL: relay}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, config.FileName)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(more); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, nil, app.Checks())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const aMessage = "From: digest@news.example\r\nTo: ann@reader.example\r\nDate: Mon, 23 Nov 2026 07:00:00 +0000\r\nSubject: x\r\n\r\nx\r\n"

// Each relay gets what its configuration says: our signature, none, or one that leaves out what it replaces.
func TestOutgoingSignsByRelay(t *testing.T) {
	var servers [3]*sink.Server
	var urls [3]string
	for i := range servers {
		var err error
		if servers[i], err = sink.NewServer(sink.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { servers[i].Close() })
		urls[i] = fmt.Sprintf("smtp://%s?tls=off", servers[i].Addr())
	}
	cfg := configure(t, t.TempDir(), urls[0], fmt.Sprintf(`
[[mail.relay]]
url = %q
dkim = "off"
[[mail.relay]]
url = %q
dkim_omit = ["date"]
`, urls[1], urls[2]))
	out := outgoing(t, cfg, dbtest.Open(t, db.SQLite))
	for range 3 {
		m := &mail.Message{Envelope: mail.Envelope{From: "b@news.example", To: "ann@reader.example"}, Data: []byte(aMessage), Sign: out.Signed([]byte(aMessage))}
		if got := out.Pool.Send(t.Context(), m); got.Class != mail.ClassAccepted {
			t.Fatalf("got %s: %s", got.Class, got.Reason())
		}
	}
	for i, want := range []struct{ signature, date bool }{{true, true}, {false, false}, {true, false}} {
		if servers[i].Accepted() != 1 {
			t.Fatalf("relay %d took %d messages, want 1", i, servers[i].Accepted())
		}
		parsed := string(servers[i].Messages()[0].Data)
		signature, _, _ := strings.Cut(parsed, "\r\nFrom: ")
		if got := strings.Contains(signature, "DKIM-Signature:"); got != want.signature {
			t.Errorf("relay %d: signed is %v, want %v", i, got, want.signature)
		}
		if got := strings.Contains(signature, ":Date:"); got != want.date {
			t.Errorf("relay %d: the date is signed is %v, want %v:\n%s", i, got, want.date, signature)
		}
	}
}

// outgoing returns the way out of what is configured, with a database that keeps the rates.
func outgoing(t *testing.T, cfg *config.Config, d *db.DB) *app.Outgoing {
	t.Helper()
	text, err := os.ReadFile(cfg.Security.KeysFile)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := subscribers.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	a := &app.App{Config: cfg, Keys: keys, DB: d, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	out, err := a.NewOutgoing()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Pool.Close)
	return out
}

// Rates are kept in the database, where other processes find them.
func TestOutgoingSharesRates(t *testing.T) {
	server, err := sink.NewServer(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	cfg := configure(t, t.TempDir(), fmt.Sprintf("smtp://%s?tls=off", server.Addr()), "")
	cfg.Mail.Rate = 1000
	d := dbtest.Open(t, db.SQLite)
	out := outgoing(t, cfg, d)
	m := &mail.Message{Envelope: mail.Envelope{From: "b@news.example", To: "ann@reader.example"}, Data: []byte(aMessage)}
	if got := out.Pool.Send(t.Context(), m); got.Class != mail.ClassAccepted {
		t.Fatalf("got %s: %s", got.Class, got.Reason())
	}
	var names []string
	err = d.View(t.Context(), func(tx *db.Tx) error { return tx.Select(t.Context(), &names, `SELECT name FROM rates`) })
	if err != nil || len(names) != 1 || names[0] != "all" {
		t.Errorf("the database has the rates %q, %v, want all", names, err)
	}
}

func TestCheckReadsClientCertificates(t *testing.T) {
	pair, _, err := mailtest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificates[0].Certificate[0]})
	for name, c := range map[string]struct {
		key  []byte
		want string
	}{
		"fits": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), ""},
		"none": {[]byte("rubbish\n"), "configuration: client certificate client.pem of relay relay.example:587: "},
	} {
		dir := t.TempDir()
		for file, content := range map[string][]byte{"client.pem": certificate, "client.key": c.key} {
			if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cfg := configure(t, dir, "smtp://127.0.0.1:25?tls=off",
			"[[mail.relay]]\nurl = \"smtp://relay.example\"\ncert_file = \"client.pem\"\nkey_file = \"client.key\"\n")
		err := app.Check(cfg)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, app.ErrConfig) || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestHoursWantOneTimeADay refuses hours that would stand for several times.
func TestHoursWantOneTimeADay(t *testing.T) {
	for schedule, refused := range map[string]bool{"0 7 * * *": false, "weekly mon,thu 07:00": false, "0 7,19 * * *": true, "0 7 1,15 * *": false} {
		more := fmt.Sprintf("\n[[digest]]\nslug = \"extra\"\nschedule = %q\nhours = [\"06:30\"]\n", schedule)
		a, err := app.OpenWriting(t.Context(), configure(t, t.TempDir(), "smtp://127.0.0.1:2525?tls=off", more), slog.New(slog.DiscardHandler))
		if a != nil {
			a.Close()
		}
		if got := err != nil && strings.Contains(err.Error(), "one time a day"); got != refused || err != nil && !refused {
			t.Errorf("%s with hours: %v", schedule, err)
		}
	}
}
