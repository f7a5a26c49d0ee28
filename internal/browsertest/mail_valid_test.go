package browsertest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// run runs a program that judges mails and returns its standard output and
// error. Programs of this kind exit with 1 if they found something.
func run(t *testing.T, name string, args ...string) (stdout, stderr []byte) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs %s, which `make test` installs: %v", name, err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%s: %v\n%s", name, err, errs.String())
	}
	return out.Bytes(), errs.Bytes()
}

// TestMailsAreValid holds the mails to html-validate, without the rules that
// mails have to break: tables and inline styles, for Outlook and Gmail.
func TestMailsAreValid(t *testing.T) {
	args := append([]string{validators + "node_modules/html-validate/bin/html-validate.mjs",
		"--config", validators + "mail.htmlvalidate.json", "--formatter", "json"}, goldenMails(t)...)
	out, _ := run(t, "node", args...)
	var results []struct {
		FilePath string
		Messages []struct {
			RuleID, Message string
			Line, Column    int
		}
	}
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("read the answer: %v\n%s", err, out)
	}
	for _, r := range results {
		for _, m := range r.Messages {
			t.Errorf("%s:%d:%d: %s (%s)", filepath.Base(r.FilePath), m.Line, m.Column, m.Message, m.RuleID)
		}
	}
}

// allowed are the findings of the Nu checker that mails need: Outlook's
// namespace and a style of its own, and the older name of color-scheme for
// Apple's older programs.
func allowed() []string {
	return []string{
		"Attribute “xmlns:o” not allowed here.",
		"CSS: “supported-color-schemes”: Property “supported-color-schemes” doesn't exist.",
		"CSS: “mso-hide”: Property “mso-hide” doesn't exist.",
	}
}

// TestMailsAreConformant holds the mails to the Nu checker.
func TestMailsAreConformant(t *testing.T) {
	args := append([]string{"-jar", validators + "node_modules/vnu-jar/build/dist/vnu.jar", "--format", "json"}, goldenMails(t)...)
	_, out := run(t, "java", args...)
	var result struct {
		Messages []struct {
			Type, URL, Message string
			LastLine           int
		}
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("read the answer: %v\n%s", err, out)
	}
	used := map[string]bool{}
	for _, m := range result.Messages {
		text := strings.Join(strings.Fields(m.Message), " ")
		if m.Type == "info" {
			continue
		}
		if slices.Contains(allowed(), text) {
			used[text] = true
			continue
		}
		t.Errorf("%s:%d: %s", filepath.Base(m.URL), m.LastLine, text)
	}
	for _, a := range allowed() {
		if !used[a] {
			t.Errorf("no mail needs %q any more: take it off the list", a)
		}
	}
}

// TestOutlookKeepsItsTable checks that what only Outlook for Windows reads came
// through whole: the opening and the closing comment around the sheet.
func TestOutlookKeepsItsTable(t *testing.T) {
	for _, path := range goldenMails(t) {
		html, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range []string{
			`<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript><![endif]-->`,
			`<!--[if mso]><table role="presentation" width="640" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`,
			`<!--[if mso]></td></tr></table><![endif]-->`,
		} {
			if n := bytes.Count(html, []byte(comment)); n != 1 {
				t.Errorf("%s has %s %d times, want once", mailName(path), comment, n)
			}
		}
	}
}
