package main_test

import (
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

// TestProviderDeniesItsReaders is an hour in which a provider does not know its own readers, and what an operator does
// when it is over.
func TestProviderDeniesItsReaders(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{feeds: map[string]string{"site-feed": feedServer(t).URL}, more: "\n[mail.bounces]\nhard_after = \"0s\"\n"},
		sink.Options{Hook: func(e sink.Event) sink.Action {
			if e.Phase == sink.PhaseRcpt && (strings.HasSuffix(e.To, "@gmail.com") || strings.HasSuffix(e.To, "@x.example")) {
				return sink.Action{Reply: "550 5.1.1 <" + e.To + ">: no such user"}
			}
			return sink.Action{}
		}})
	n.write("readers.csv", "email\nann@gmail.com\nbo@googlemail.com\ncy@x.example\ndee@gmail.com\n")
	n.steps([]step{
		{args: "source fetch", stdout: `2 new`},
		{args: "subscriber import readers.csv --confirmed --consent asked", stdout: `4 added`},
		{args: "--yes subscriber suppress dee@gmail.com", stdout: `is suppressed`},
		{args: "digest send daily --now", code: 4, stdout: `due 3 = sent 1 \+ failed 2 `},
		{args: "subscriber show ann@gmail.com", stdout: `(?s)state +suppressed.*suppression +hard-bounce since .* 550 5\.1\.1 <\(address\)>: no such user\n` +
			`.*hard_bounced_at +20.*soft_bounces +0\n.*suppressed by relay, reason=hard-bounce`},
		{args: "subscriber unsuppress --reason hard-bounce", code: 2, stderr: `--since is missing`},
		{args: "subscriber unsuppress --reason manual --since 2020-01-01", code: 2, stderr: `--reason is hard-bounce or soft-bounces`},
		{args: "subscriber unsuppress --provider google --since 2020-01-01", code: 2, stderr: `--reason is hard-bounce or soft-bounces`},
		{args: "subscriber unsuppress --reason hard-bounce --since 2020-01-01 --provider googel", code: 2, stderr: `there is no provider googel: name a domain, or one of apple, gmx, google,`},
		{args: "provider pause googel", code: 1, stderr: `there is no provider googel`},
		{args: "subscriber unsuppress ann@gmail.com --reason hard-bounce --since 2020-01-01", code: 2, stderr: `unexpected argument "ann@gmail.com"`},
		{args: "subscriber unsuppress", code: 2, stderr: `ADDR is missing`},
		{args: "subscriber unsuppress --reason hard-bounce --since yesterday", code: 2, stderr: `"yesterday" is no time`},
		{args: "subscriber unsuppress --reason hard-bounce --since 2100-01-01", code: 2, stderr: `is still to come`},
		{args: "subscriber unsuppress --reason hard-bounce --since 2020-01-01 --dry-run", stdout: `^2 suppressions for hard-bounce since 2020-01-01T00:00:00Z would be lifted\n$`},
		{args: "subscriber unsuppress --reason soft-bounces --since 2020-01-01", stdout: `^0 suppressions`},
		{args: "subscriber unsuppress --reason hard-bounce --since 2020-01-01", code: 2, stderr: `Lift 2 suppressions for hard-bounce since .*Add --yes`},
		{args: "--yes subscriber unsuppress --reason hard-bounce --since 2020-01-01 --provider gmail.com", stdout: `^1 suppression lifted\n$`},
		{args: "subscriber show ann@gmail.com", stdout: `(?s)state +active\nmail_format +html\ncreated_at[^\n]+\nconfirmed_at[^\n]+\nsoft_bounces +0\n.*unsuppressed by command, reason=hard-bounce`},
		{args: "subscriber list --state suppressed", stdout: `(?s)cy@x.example.*dee@gmail.com`},
		{args: "--yes subscriber unsuppress --reason hard-bounce --since 2020-01-01", stdout: `^1 suppression lifted\n$`},
		{args: "subscriber list --state suppressed", stdout: `(?s)^[^@]*dee@gmail.com[^@]*$`},
	})
}
