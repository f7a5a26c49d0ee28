package main_test

import (
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

// TestFormCommands: they print what to paste, without a database.
func TestFormCommands(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	for verb, want := range map[string]string{
		"html": "<form action=", "component": "<broadsheet-form>", "iframe": "<iframe src=",
	} {
		r := n.must("form", verb, "--digest", "daily", "--topic", "topic-0")
		if !strings.HasPrefix(r.stdout, want) || !strings.Contains(r.stdout, "/subscribe") {
			t.Errorf("form %s prints %s", verb, r.stdout)
		}
		if noted := strings.Contains(r.stderr, "web.allowed_origins is empty"); noted != (verb != "html") {
			t.Errorf("form %s: stderr = %s", verb, r.stderr)
		}
	}
	n.steps([]step{
		{args: "form", code: 2, stderr: `form needs a verb: html, component, iframe`},
		{args: "form html --digest dayly", code: 2, stderr: `form html: unknown digest "dayly": the configuration has daily, did you mean "daily"\?`},
		{args: "form html --name", stdout: `<input name="name"`},
		{args: "form iframe --name", code: 2, stderr: `unknown flag: --name`},
		{args: "form html --topic nope", code: 2, stderr: `form html: unknown topic "nope"`},
		{args: "form iframe --language tlh", code: 2, stderr: `does not offer the language "tlh", only en`},
	})
}
