package ingest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

// hostile is what takes a terminal over or turns a line around, as bytes of a
// document.
const hostile = "x\x1b]0;owned\a\u009b2J\u202egpj"

func checkPrintable(t *testing.T, text string, want ...string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		t.Errorf("got %q, want only what can be printed", text)
	}
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to say %s", text, part)
		}
	}
}

func TestErrorsArePrintable(t *testing.T) {
	feed := func(body string) func() error {
		return func() error {
			_, err := ingest.ParseFeed([]byte(body), "", "")
			return err
		}
	}
	article := func(body string) func() error {
		return func() error {
			_, err := ingest.ParseArticle([]byte(body))
			return err
		}
	}
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"first element", feed("<x\u202egpj/>"), `\u202egpj`},
		{"name of an element", feed("<rss><channel><x\u202e\u2066gpj:/></y></channel></rss>"), "read feed"},
		{"name without an end", feed("<rss><channel><item \u202e" + strings.Repeat("y", 1<<20) + "></z></channel></rss>"), "read feed"},
		{"page", feed("<html><link rel=alternate type=application/rss+xml href='//x\u202egpj.example/'></html>"), "the feed it names"},
		{"text", feed(hostile), `\u202egpj`},
		{"JSON feed", feed("{\u009b}"), "JSON"},
		{"priority", article("{\"title\":\"a\",\"id\":\"1\",\"priority\":1\u009b2J}"), "JSON"},
		{"priority that is no number", article("{\"title\":\"a\",\"id\":\"1\",\"priority\":\"\u009b2J\"}"), `priority: must be a whole number, not "\u009b2J"`},
		{"field", article("{\"title\":\"a\",\"id\":\"1\",\"x\u202e\":1}"), `unknown field "x\u202e"`},
		{"URL", article("{\"title\":\"a\",\"url\":\"x\u202egpj\u009b\"}"), `\u202egpj`},
		{"host", article("{\"title\":\"a\",\"url\":\"https://x\u202egpj\u009b.example/\"}"), "url: "},
		{"image", article("{\"title\":\"a\",\"id\":\"1\",\"image\":\"x\u202egpj\"}"), `\u202egpj`},
		{"language", article("{\"title\":\"a\",\"id\":\"1\",\"language\":\"x\u202e\"}"), `\u202e`},
		{"topic", article("{\"title\":\"a\",\"id\":\"1\",\"topics\":[\"x\u202e\"]}"), `\u202e`},
		{"time", article("{\"title\":\"a\",\"id\":\"1\",\"published_at\":\"x\u202e\"}"), `\u202e`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do()
			if err == nil {
				t.Fatal("no error")
			}
			checkPrintable(t, err.Error(), c.want)
			if len(err.Error()) > 20_000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestNotesAndBadRowsArePrintable(t *testing.T) {
	feed, err := ingest.ParseFeed([]byte("<rss><channel><language>x\u202e</language>"+
		"<item><guid>x\u202egpj\u200d</guid></item><item><title>a</title><link>https://x\u202e\u009b/</link><pubDate>\u202e</pubDate></item></channel></rss>"), "", "")
	if err != nil || len(feed.Notes) < 3 {
		t.Fatalf("got %+v, %v, want at least three notes", feed, err)
	}
	for _, note := range feed.Notes {
		checkPrintable(t, strings.ReplaceAll(note, "\u200d", ""))
	}
	bad := 0
	reject := func(row ingest.BadRow) { bad++; checkPrintable(t, row.Reason) }
	each := func(int, digest.Incoming) error { return nil }
	if err := ingest.ReadJSON(strings.NewReader("{\"x\u202e\":1}\n{\"priority\":\""+hostile+"\"}\n"+hostile+"\n"), each, reject); err != nil {
		t.Error(err)
	}
	if err := ingest.ReadCSV(strings.NewReader("title,id,priority\na,1,"+hostile+"\na,\"\n"), each, reject); err != nil {
		t.Error(err)
	}
	if bad < 5 {
		t.Errorf("%d bad rows, want at least 5", bad)
	}
	err = ingest.ReadCSV(strings.NewReader("title,id,"+hostile+"\n"), each, reject)
	if err == nil {
		t.Fatal("no error about the header row")
	}
	checkPrintable(t, err.Error(), `\u202egpj`)
}

func TestGetErrorsArePrintable(t *testing.T) {
	t.Run("name in a certificate", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, "x\x1b]0;owned\a")}}
		server.StartTLS()
		t.Cleanup(server.Close)
		_, err := get(t, ingest.NewFetcher("test"), strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
		if err == nil || !errors.As(err, new(x509.HostnameError)) {
			t.Fatalf("got error %v, want one about the certificate's name", err)
		}
		checkPrintable(t, err.Error(), `x\x1b]0;owned\a`)
	})
	t.Run("coding", func(t *testing.T) {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Encoding", "x\u202e\x9b") })
		_, err := get(t, ingest.NewFetcher("test"), url)
		if err == nil {
			t.Fatal("no error")
		}
		checkPrintable(t, err.Error(), `compressed by "x\u202e\x9b"`)
	})
	t.Run("URL", func(t *testing.T) {
		_, err := get(t, ingest.NewFetcher("test"), "ftp://"+hostile)
		if err == nil {
			t.Fatal("no error")
		}
		checkPrintable(t, err.Error(), `\u202egpj`)
	})
}

// certificate is one that nobody vouches for, of a host of that name.
func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}
