package main_test

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// gatekeeper decides for Postfix as a provider would.
type gatekeeper struct {
	relents atomic.Bool // throttle@ is let in

	mu   sync.Mutex
	seen map[string]bool // senders and recipients, for greylisting
}

func (g *gatekeeper) verdict(q mailtest.Query) string {
	local, _, _ := strings.Cut(q.Recipient, "@")
	if (local == "content") != (q.Stage == mailtest.StageDot) {
		return ""
	}
	switch local {
	case "content":
		return "550 5.7.1 not this"
	case "gone":
		return "550 5.1.1 no such user"
	case "full":
		return "552 5.2.2 mailbox is full"
	case "refused":
		return "550 5.7.1 not from you"
	case "slow":
		return "450 4.4.1 server does not answer"
	case "grey":
		return g.greylist(q.Sender + " " + q.Recipient)
	case "throttle":
		if !g.relents.Load() {
			return "421 4.7.0 too many messages, slow down"
		}
	}
	return ""
}

// greylist puts off whom it does not know.
func (g *gatekeeper) greylist(who string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen[who] {
		return ""
	}
	g.seen[who] = true
	return "450 4.2.0 greylisted, try again later"
}

// TestAnswersOfPostfix has Postfix refuse and put off, and looks at what that
// makes of deliveries and readers.
func TestAnswersOfPostfix(t *testing.T) {
	t.Parallel()
	gate := &gatekeeper{seen: map[string]bool{}}
	mta := mailtest.StartMTA(t, mailtest.MTAOptions{
		Domains: []string{inboxDomain}, Verdict: gate.verdict, HeaderChecks: []string{"/^To:.*<spam@/ REJECT looks like spam"},
	})
	n := newSigned(t, mta.Addr())
	var addresses []string
	for _, local := range []string{"ok", "gone", "full", "refused", "content", "spam", "slow", "grey", "throttle"} {
		addresses = append(addresses, local+"@"+inboxDomain)
	}
	n.readers(addresses...)
	sending := n.start("digest", "send", "daily", "--now")
	d := n.open()
	until(t, "all have had an answer", func() bool {
		return count(t, d, `SELECT COUNT(*) FROM deliveries`) == len(addresses) &&
			count(t, d, `SELECT COUNT(*) FROM deliveries WHERE state = 'pending' AND next_try_at = 0`) == 0
	})
	sending.signal(syscall.SIGTERM)
	sending.wait(patience)
	edition := n.first("edition list", "edition")
	for local, want := range map[string]string{
		"ok":       `is sent\n(?s:.*)accepted +dot +250 `,
		"gone":     `is failed \(permanent-recipient\)\n(?s:.*)permanent-recipient +rcpt +550 +5\.1\.1 .*: no such user`,
		"full":     `is failed \(soft-recipient\)\n(?s:.*)soft-recipient +rcpt +552 +5\.2\.2 .*: mailbox is`,
		"refused":  `is failed \(permanent-sender\)\n(?s:.*)permanent-sender +rcpt +550 +5\.7\.1 .*: not from`,
		"content":  `is failed \(permanent-sender\)\n(?s:.*)permanent-sender +dot +550 +5\.7\.1 .*: not this`,
		"spam":     `is failed \(permanent-sender\)\n(?s:.*)permanent-sender +dot +550 +5\.7\.1 +looks like spam\n`,
		"slow":     `is pending, next try .*\n(?s:.*)temporary-recipient +rcpt +450 +4\.4\.1 .*: server does`,
		"grey":     `is pending, next try .*\n(?s:.*)temporary-recipient +rcpt +450 +4\.2\.0 .*: greylisted`,
		"throttle": `is pending \(temporary-path\), next try .*\nNo attempts yet`,
	} {
		n.must("delivery", "show", edition, local+"@"+inboxDomain).want(t, 0, want)
	}

	gate.relents.Store(true)
	n.bringForward(d, "grey", "throttle")
	n.run("digest", "send", "daily").want(t, 4, `sent 3 \+ failed 5 \+ expired 0 \+ skipped 0 \+ uncertain 0 \+ pending 1\n`)
	want := map[string]int{"ok": 1, "grey": 1, "throttle": 1}
	if boxes := came(t, mta, inboxDomain, 3); !maps.Equal(boxes, want) {
		t.Errorf("the inboxes have %v, want %v", boxes, want)
	}
	n.must("delivery", "show", edition, "grey@"+inboxDomain).want(t, 0, `is sent\n(?s:.*)\n1 .*temporary-recipient(?s:.*)\n2 .*accepted`)
	n.must("delivery", "show", edition, "throttle@"+inboxDomain).want(t, 0, `is sent\n(?s:.*)\n1 .*accepted`)
	for i, r := range n.verify([][]byte{one(t, mta, "grey", inboxDomain), one(t, mta, "throttle", inboxDomain)}) {
		if !r.Passes() {
			t.Errorf("mail %d, at its second try: %+v", i, r)
		}
	}
	if got, want := bounced(t, d), "full: soft, active; gone: hard, active"; got != want {
		t.Errorf("the readers with a bounce are %q, want %q", got, want)
	}
}

// bringForward makes deliveries due that wait for another try, and puts all
// other tries off.
func (n *signed) bringForward(d *db.DB, locals ...string) {
	n.t.Helper()
	err := d.Write(n.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(n.t.Context(), `UPDATE deliveries SET next_try_at = $1 WHERE next_try_at > 0`, time.Now().Add(time.Hour).UnixMilli())
		for _, local := range locals {
			if err == nil {
				_, err = tx.Exec(n.t.Context(), `UPDATE deliveries SET next_try_at = 1 WHERE next_try_at > 0
					AND subscriber_id = (SELECT id FROM subscribers WHERE address = $1)`, local+"@"+inboxDomain)
			}
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// bounced lists the readers who are not as they were, in the order of their
// addresses.
func bounced(t *testing.T, d *db.DB) string {
	t.Helper()
	var out []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Each(t.Context(), func(scan func(dest ...any) error) error {
			var address, bounce, state string
			err := scan(&address, &bounce, &state)
			local, _, _ := strings.Cut(address, "@")
			out = append(out, local+": "+bounce+", "+state)
			return err
		}, `SELECT address, CASE WHEN hard_bounced_at > 0 AND soft_bounces = 0 THEN 'hard'
			WHEN hard_bounced_at = 0 AND soft_bounces = 1 THEN 'soft' ELSE 'odd' END, state
			FROM subscribers WHERE hard_bounced_at > 0 OR soft_bounces > 0 OR state <> 'active' OR suppressed_at > 0 ORDER BY address`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "; ")
}

// TestLateBounces has a server behind Postfix refuse what Postfix had accepted.
func TestLateBounces(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"gone": "550 5.1.1 no such user", "full": "552 5.2.2 mailbox is full",
		"blocked": "550 5.7.1 sender is blocked", "slow": "451 4.4.1 server does not answer",
	}
	provider := newInbox(t, sink.Options{Hook: func(e sink.Event) sink.Action {
		local, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(e.Line), "rcpt to:<"), "@")
		if e.Phase != sink.PhaseRcpt {
			return sink.Action{}
		}
		return sink.Action{Reply: answers[local]}
	}})
	mta := mailtest.StartMTA(t, mailtest.MTAOptions{
		Domains: []string{bounceDomain}, Onward: map[string]string{"provider.test": provider.addr()},
	})
	n := newSigned(t, mta.Addr())
	addresses := []string{"ok@provider.test"}
	for local := range answers {
		addresses = append(addresses, local+"@provider.test")
	}
	n.readers(addresses...)
	n.must("digest", "send", "daily", "--now").want(t, 0, `due 5 = sent 5 `)
	provider.wait(1)
	came(t, mta, bounceDomain, len(answers))
	bounces, err := mta.Mailbox("b", bounceDomain)
	if err != nil {
		t.Fatal(err)
	}
	d := n.open()
	got := map[string]int{}
	for _, b := range bounces {
		parsed, err := sink.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		address := n.recipient(d, parsed.Header.Get("Delivered-To"))
		got[address]++
		local, _, _ := strings.Cut(address, "@")
		_, reply, _ := strings.Cut(answers[local], " ")
		status, _, _ := strings.Cut(reply, " ")
		for _, pattern := range []string{
			`^Return-Path: <>\r\n`, `report-type=delivery-status`, `\r\nFinal-Recipient: rfc822; ?` + address + `\r\n`,
			`\r\nStatus: ` + regexp.QuoteMeta(status) + `\r\n`, `\r\nMessage-ID: <\S+@courier\.example>\r\n`,
		} {
			if !regexp.MustCompile(pattern).Match(b) {
				t.Errorf("the bounce of the mail to %s lacks %q:\n%s", address, pattern, bytes.TrimSpace(b))
			}
		}
	}
	for local := range answers {
		if got[local+"@provider.test"] != 1 {
			t.Errorf("bounces came for %v, want one for each of %v", got, slices.Sorted(maps.Keys(answers)))
			break
		}
	}
	if _, came := provider.accepted(); came["ok@provider.test"] != 1 || len(came) != 1 {
		t.Errorf("the provider got %v", came)
	}
}

// TestStartTLSToPostfix trusts no certificate that it cannot verify.
func TestStartTLSToPostfix(t *testing.T) {
	t.Parallel()
	mta := mailtest.StartMTA(t, mailtest.MTAOptions{Domains: []string{inboxDomain}})
	n := newSigned(t, mta.Addr())
	n.write("broadsheet.toml", strings.Replace(n.read("broadsheet.toml"), "?tls=off", "?tls=starttls", 1))
	n.readers("user1@" + inboxDomain)
	refused := n.run("digest", "send", "daily", "--now")
	refused.want(t, 75, `pending 1\n`)
	refused.says(t, `certificate`)
	n.must("edition", "resume", n.first("edition list", "edition"))
	trusting := n.startWith([]string{"SSL_CERT_FILE=" + mta.CA()}, "digest", "send", "daily")
	if code := trusting.wait(patience); code != 0 {
		t.Fatalf("exit code %d, want 0\n%s", code, trusting.stderr.tail())
	}
	came(t, mta, inboxDomain, 1)
	arrived := one(t, mta, "user1", inboxDomain)
	if !bytes.Contains(arrived, []byte("(using TLSv1.3 ")) {
		t.Errorf("Postfix received it without TLS:\n%.900s", arrived)
	}
	if r := n.verify([][]byte{arrived}); !r[0].Passes() {
		t.Errorf("over TLS: %+v", r[0])
	}
}
