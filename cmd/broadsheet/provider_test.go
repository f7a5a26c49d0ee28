package main_test

import (
	"testing"

	"broadsheet/mail/sink"
)

// TestProviders pauses a provider by one of its domains, sends to its readers and to another's, and lets it go on.
func TestProviders(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{more: "\n[[mail.provider]]\nname = \"google\"\nrate = 20\n\n[[mail.provider]]\nname = \"uni\"\ndomains = [\"uni.example\"]\nrate = 0.5\n"}, sink.Options{})
	n.steps([]step{
		{args: "provider list", code: 1, stderr: "broadsheet migrate"},
		{args: "migrate"},
		{args: "subscriber add ann@gmail.com --confirmed --consent asked"},
		{args: "subscriber add bob@other.example --confirmed --consent asked"},
		{args: "article add --url https://courier.example/topic-0/a --title Story --topic topic-0"},
		{args: "provider list", stdout: `google +open +20 .*\n.*uni +open +0\.5`},
		{args: "provider", code: 2, stderr: "list, pause, resume"},
		{args: "provider pause", code: 2, stderr: "NAME is missing"},
		{args: "provider pause gmail.com --for 0s", code: 2, stderr: "a time to come"},
		{args: "provider pause gmail.com --for 2h --dry-run", stdout: "provider google would be paused until"},
		{args: "provider list --output csv", stdout: `google,open,20,,,`},
		{args: "provider pause gmail.com --for 2h", stdout: "provider google is paused until"},
		{args: "provider list --output json", stdout: `"provider": "google", "state": "paused", "rate": 20, .*"reason": "paused by an operator"`},
		{args: "digest send daily --now", code: 4, stdout: `sent 1 .* pending 1`},
		{args: "provider resume nobody.example", code: 1, stderr: "provider nobody.example is not paused"},
		{args: "provider resume google --dry-run", stdout: "is paused and would be open"},
		{args: "provider resume google", stdout: "provider google is open, 1 delivery that waited for it is pending"},
		{args: "provider resume google", code: 1, stderr: "is not paused"},
		{args: "digest send daily", stdout: `sent 2 .* pending 0`},
	})
	if total, to := n.inbox.accepted(); total != 2 || to["ann@gmail.com"] != 1 {
		t.Errorf("got mails %v, want one each", to)
	}
}
