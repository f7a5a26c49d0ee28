package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

// TestTemplates follows an editor who makes a theme of a built-in one, breaks
// it, and mends it.
func TestTemplates(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{topics: 1, more: "[theme]\nname = \"./mine\"\naccent = \"#0b3d91\"\n"}, sink.Options{})
	n.steps([]step{
		{args: "check", code: 3, stderr: `theme \./mine: .*no such file`},
		{args: "template eject nothing mine", code: 2, stderr: `unknown theme "nothing": the built-in themes are briefing, broadsheet`},
		{args: "template eject broadsheet mine --dry-run", stdout: `(?s)mine/digest\.html.*mine/shared/parts\.html`},
		{args: "check", code: 3, stderr: `theme \./mine`},
		{args: "template eject broadsheet mine", stdout: `(?s)mine/digest\.html.*mine/shared/parts\.html`},
		{args: "template eject briefing mine", code: 1, stderr: `is there already: name another folder`},
		{args: "check", stdout: "is valid"},
		{args: "template list", stdout: `(?s)briefing .*broadsheet .*\./mine +\S.* good`},
		{args: "migrate"},
	})
	path := filepath.Join(n.dir, "mine", "digest.html")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n.write(filepath.Join("mine", "digest.html"), strings.Replace(string(good), "<!--", "{{.Nme}}<!--", 1))
	n.steps([]step{
		{args: "check", code: 3, stderr: `theme \./mine: digest\.html:1: \.Nme: no such field, did you mean \.Name\?`},
		{args: "template list", stdout: `\./mine .*digest\.html:1: \.Nme: no such field`},
		{args: "topic list", stdout: "topic-0"}, // the last good version stays
		{args: "migrate"},
	})
	n.write(filepath.Join("mine", "digest.html"), string(good))
	n.steps([]step{{args: "check", stdout: "is valid"}})
}
