package main_test

import (
	"strings"
	"sync"
	"testing"

	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// TestLetter sends words of an editor to the readers of a digest.
func TestLetter(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	var mu sync.Mutex
	subjects := map[string]int{}
	n.inbox.examine(func(_ string, data []byte) {
		found := mailtest.Lint(data)
		mu.Lock()
		defer mu.Unlock()
		if len(found) > 0 {
			t.Errorf("a letter: %v", found)
		}
		for line := range strings.Lines(string(data)) {
			if subject, ok := strings.CutPrefix(line, "Subject: "); ok {
				subjects[strings.TrimSpace(subject)]++
			}
		}
	})
	n.write("letter.md", "# We move\n\nFrom *Monday* on, see <https://courier.example/move>.\n")
	n.write("plain.md", "No heading.\n")
	n.must(split("subscriber add ada@inbox.example --confirmed --consent desk")...)
	n.must(split("subscriber add bo@inbox.example --confirmed --consent desk --topic topic-1")...)
	n.steps([]step{
		{args: "digest send daily --letter letter.md --dry-run", stdout: `^daily: 2 readers would be due, 2 would get a digest\n`},
		{args: "digest send daily --letter plain.md", code: 2, stderr: `the letter has no subject: give one, or begin it with a heading`},
		{args: "digest send daily --letter missing.md", code: 1, stderr: `--letter: open missing.md`},
		{args: "digest send daily --letter letter.md --topic topic-1", code: 2, stderr: `--letter goes without --topic`},
		{args: "digest send daily --subject x", code: 2, stderr: `--subject and --by go with --letter`},
		{args: "edition list", stdout: `^No editions yet.\n$`},
		{args: "digest send daily --letter letter.md --test boss@inbox.example", stdout: `test of daily to boss@inbox.example: accepted, 250`},
		{args: "edition list", stdout: `^No editions yet.\n$`},
		{args: "digest send daily --letter letter.md --by maria", stdout: `due 2 = sent 2 \+ failed 0 `},
		{args: "digest send daily --letter - --subject Two --to bo@inbox.example", stdin: "Just you.\n", stdout: `due 1 = sent 1 `},
		{args: "edition list", stdout: `(?s)daily/20\S+ +letter +done +1 +1 .*daily/20\S+ +letter +done +2 +2 `},
	})
	n.must("edition", "show", n.first("edition list", "edition")).want(t, 0, `(?m)^subject +Two$`)
	n.inbox.wait(4)
	mu.Lock()
	defer mu.Unlock()
	if subjects["[Test] We move"] != 1 || subjects["We move"] != 2 || subjects["Two"] != 1 {
		t.Errorf("got subjects %v", subjects)
	}
}
