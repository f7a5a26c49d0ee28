package main_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// TestSignupCommands decides about confirmations that wait.
func TestSignupCommands(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{feeds: map[string]string{"site-feed": feedServer(t).URL}}, sink.Options{})
	n.steps([]step{
		{args: "subscriber add ann@reader.example", stdout: `asked to confirm`},
		{args: "subscriber add bob@paper.example", stdout: `asked to confirm`},
		{args: "subscriber add cat@reader.example", stdout: `asked to confirm`},
		{args: "signup show", stdout: `(?s)breaker +closed.*waiting +0`},
		{args: "signup release", stdout: `^No confirmation waits: there is nothing to release\.\n$`},
		{args: "signup drop", stdout: `^No confirmation waits: there is nothing to drop\.\n$`},
		{args: "signup drop --dry-run", stdout: `^No confirmation waits`},
	})
	d := n.open()
	wait := func() {
		execute(t, d, `UPDATE system_mails SET state = 'held', next_try_at = 0`)
		execute(t, d, fmt.Sprintf(`UPDATE signup_breaker SET opened_at = %d, reason = 'surge', ceiling = 200`, time.Now().UnixMilli()))
	}
	wait()
	n.steps([]step{
		{args: "signup show", stdout: `(?s)breaker +open.*reason +surge.*ceiling +200.*waiting +3.*domains +reader.example 2.*paper.example 1`},
		{args: "signup show --output json", stdout: `"domains": ?\[\s*"reader.example 2",\s*"paper.example 1"\s*\]`},
		{args: "signup release --dry-run", stdout: `^3 confirmations would be released\n$`},
		{args: "signup release", code: 2, stderr: `Send 3 confirmations now\?.*--yes`},
		{args: "--yes signup release", stdout: `^3 confirmations released`},
		{args: "signup show", stdout: `(?s)breaker +closed.*calm_until +20.*waiting +0`},
		{args: "--yes signup release", stdout: `^No confirmation waits`},
	})
	if got := count(t, d, `SELECT count(*) FROM system_mails WHERE state = 'pending' AND next_try_at > 0 AND asked_at > 0`); got != 3 {
		t.Errorf("%d confirmations are due, want 3", got)
	}
	wait()
	n.steps([]step{
		{args: "signup drop --dry-run", stdout: `^3 confirmations would be given up\n$`},
		{args: "signup drop", code: 2, stderr: `Give up 3 confirmations for good\?.*--yes`},
		{args: "--yes signup drop", stdout: `^3 confirmations given up\n$`},
		{args: "signup show", stdout: `(?s)breaker +closed.*waiting +0`},
	})
	if got := count(t, d, `SELECT count(*) FROM system_mails WHERE state = 'dropped'`); got != 3 {
		t.Errorf("%d confirmations are dropped, want 3", got)
	}
	execute(t, d, fmt.Sprintf(`UPDATE signup_breaker SET opened_at = %d`, time.Now().UnixMilli()))
	n.steps([]step{
		{args: "signup release", code: 2, stderr: `No confirmation waits, but new ones would\. Let them go out\?.*--yes`},
		{args: "--yes signup release", stdout: `^0 confirmations released`},
		{args: "signup show", stdout: `(?s)breaker +closed.*calm_until +20`},
	})
}
