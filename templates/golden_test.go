package templates_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/templates"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with the file of that name in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if g, w := lineAt(gotLines, i), lineAt(wantLines, i); g != w {
			t.Errorf("%s:%d: got %q, want %q; rewrite it with -update if this is meant", path, i+1, g, w)
			return
		}
	}
}

// lineAt is line i, and a word that no line has past the last one.
func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end of file)"
}

func TestMailsMatchTheGoldenFiles(t *testing.T) {
	known, err := templates.AlreadySubscribedMail(courier, "https://courier.example/mail/p/AbCdEf")
	if err != nil {
		t.Fatal(err)
	}
	confirm := confirmMail(t)
	golden(t, "digest.html", drawHTML(t, daily(9)))
	golden(t, "digest.txt", drawText(t, daily(9)))
	golden(t, "confirm.html", confirm.HTML)
	golden(t, "confirm.txt", confirm.Subject+"\n\n"+confirm.Text)
	golden(t, "already.html", known.HTML)
	golden(t, "already.txt", known.Subject+"\n\n"+known.Text)
}
