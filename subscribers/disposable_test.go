package subscribers_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

func TestDisposable(t *testing.T) {
	d := subscribers.NewDisposable("", slog.New(slog.DiscardHandler), time.Now)
	for domain, want := range map[string]bool{
		"mailinator.com": true, "x.y.mailinator.com": true, "yopmail.fr": true, "trashmail.de": true,
		"notmailinator.com": false, "mailinator.com.example": false, "com": false, "": false, "gmail.com": false, "proton.me": false,
	} {
		if got := d.Has(domain); got != want {
			t.Errorf("%q is listed: %t, want %t", domain, got, want)
		}
	}
}

func TestDisposableFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disposable.txt")
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var log strings.Builder
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(5 * time.Second)
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\n\nFleeting.example # since May\n .dotted.example \nbücher.example\n!mailinator.com\nnonsense\n")
	d := subscribers.NewDisposable(path, slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	want := func(when string, listed string, not ...string) {
		t.Helper()
		for domain := range strings.FieldsSeq(listed) {
			if !d.Has(domain) {
				t.Errorf("%s: %s is not listed", when, domain)
			}
		}
		for _, domain := range not {
			if d.Has(domain) {
				t.Errorf("%s: %s is listed", when, domain)
			}
		}
	}
	want("first", "fleeting.example a.fleeting.example dotted.example xn--bcher-kva.example yopmail.com", "mailinator.com", "eu.mailinator.com", "nonsense", "other.example")

	write("other.example")
	want("changed", "other.example mailinator.com", "fleeting.example")
	if err := os.WriteFile(path, []byte("later.example"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("within some seconds", "other.example", "later.example")
	now = now.Add(5 * time.Second)
	want("after them", "later.example", "other.example")

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now = now.Add(5 * time.Second)
		want("gone", "later.example")
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors of a file that is gone, want 1:\n%s", n, log.String())
	}
	write("again.example")
	want("back", "again.example", "later.example")
}
