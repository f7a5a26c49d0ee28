package templates_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"broadsheet/templates"
)

// TestGoldenMailsUseWhatClientsKnow holds every golden mail to the list of what
// mails use though a program does not know it: each pair of a feature and a
// program was looked at, and does no harm there. The list only shrinks.
func TestGoldenMailsUseWhatClientsKnow(t *testing.T) {
	const path = "clients_allowed.txt"
	used := map[string]string{}
	for _, mail := range goldenMails(t) {
		html, err := os.ReadFile(mail)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range templates.CheckClients(string(html)) {
			for _, client := range u.None {
				used[u.Feature+" "+client] = filepath.Base(mail) + ": " + u.Example
			}
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		if feature, clients, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
			for _, client := range strings.Fields(clients) {
				allowed[feature+" "+client] = true
			}
		}
	}
	for pair, where := range used {
		if !allowed[pair] {
			t.Errorf("%s is not known there: %s", pair, where)
		}
	}
	for pair := range allowed {
		if _, ok := used[pair]; !ok {
			t.Errorf("no mail needs %q any more: take it out of %s", pair, path)
		}
	}
}

// goldenMails are the HTML parts of the golden mails, those with a text part
// beside them.
func goldenMails(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.html")
	if err != nil {
		t.Fatal(err)
	}
	mails := slices.DeleteFunc(all, func(path string) bool {
		_, err := os.Stat(strings.TrimSuffix(path, ".html") + ".txt")
		return err != nil
	})
	if len(mails) < 4 {
		t.Fatalf("there are %d golden mails", len(mails))
	}
	return mails
}
