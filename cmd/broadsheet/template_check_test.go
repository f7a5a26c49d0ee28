package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

// TestTemplateCheck follows an editor whose theme has a pale headline and a
// style that Outlook does not know.
func TestTemplateCheck(t *testing.T) {
	t.Parallel()
	bare := &newsroom{t: t, dir: t.TempDir()}
	bare.steps([]step{
		{args: "template check", stdout: `^briefing, broadsheet: 0 errors, 0 warnings\n$`},
		{args: "template check broadsheet --strict --output json", stdout: `^\[\]\n$`},
		{args: "template check nothing", code: 2, stderr: `there is no theme and no folder "nothing": the built-in themes are briefing, broadsheet`},
		{args: "--config nothing.toml template check", code: 3, stderr: `nothing\.toml`},
	})
	n := newNewsroom(t, settings{topics: 1, more: "[theme]\nname = \"./mine\"\n"}, sink.Options{})
	n.must("template", "eject", "briefing", "mine")
	n.steps([]step{{args: "template check", stdout: `^\./mine: 0 errors, 0 warnings\n$`}})
	page := filepath.Join("mine", "weekly.html")
	n.write(page, n.read(filepath.Join("mine", "digest.html"))+"\n<p style=\"display:flex\">Words</p>")
	n.steps([]step{
		{args: "template check mine", stdout: `^mine/weekly\.html:\d+: warning: display:flex is not known by Outlook on Windows, .* and 2 more \(weekly\)\nmine: 0 errors, 1 warning\n$`},
		{args: "template check mine --strict", code: 1, stderr: `mine: 0 errors, 1 warning`},
	})
	n.write(page, strings.Replace(n.read(page), "display:flex", "color:#999;background:#fff", 1))
	n.steps([]step{
		{args: "template check briefing mine", code: 1, stdout: `^mine/weekly\.html:\d+: error: <p> has a contrast of 2\.8 to 1 in the light, `, stderr: `briefing, mine: 2 errors, 0 warnings`},
		{args: "template check --output csv", code: 1, stdout: `^theme,severity,rule,file,line,mails,problem\n\./mine,error,contrast,weekly\.html,\d+,weekly,`},
		{args: "template check --output json", code: 1, stdout: `^\[\n\{"theme": "\./mine", "severity": "error", "rule": "contrast", "file": "weekly\.html", "line": \d+, "mails": \["weekly"\], "problem": `},
	})
	n.write(page, "{{.Nme}}")
	n.steps([]step{{args: "template check mine", code: 1, stdout: `^mine/weekly\.html:1: error: \.Nme: no such field, did you mean \.Name\?\n$`, stderr: `mine: 1 error, 0 warnings`}})
}
