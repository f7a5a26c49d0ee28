package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// Where the readers of these tests have their mailboxes, and where bounces go.
const (
	inboxDomain  = "inbox.test"
	bounceDomain = "bounce.courier.example"
)

// signed is a newsroom that signs with a key made by init.
type signed struct {
	*newsroom
	name, record string // of the key, as init says to publish it
}

// newSigned makes a newsroom with a relay and some stories, whose next slot is
// far away.
func newSigned(t *testing.T, relay string) *signed {
	t.Helper()
	first := &newsroom{t: t, dir: t.TempDir()}
	printed := first.must("init", "--site-name", "City Courier", "--from", "digest@courier.example").stdout
	m := regexp.MustCompile(`(\S+)\. IN TXT "(v=DKIM1;.*)"\n`).FindStringSubmatch(printed)
	if m == nil {
		t.Fatalf("init printed no DKIM record:\n%s", printed)
	}
	n := newNewsroom(t, settings{
		relay: relay, schedule: fmt.Sprintf("0 %d * * *", (time.Now().UTC().Hour()+12)%24),
		more: "\n[mail.dkim]\ndomain = \"courier.example\"\nselector = \"b1\"\nkey_file = \"dkim.pem\"\n",
	}, sink.Options{})
	n.write("dkim.pem", first.read("dkim.pem"))
	n.write("stories.json", `[
		{"url": "https://courier.example/topic-0/1", "title": "Über den Fluss: 東京 hört zu – and a headline that is long enough to be folded", "summary": "From one bank to the other.\n.A line with a dot."},
		{"url": "https://courier.example/topic-1/2", "title": "Final on Sunday", "summary": "`+strings.Repeat("Twice  as  long. ", 20)+`"}]`)
	n.must("article", "import", "stories.json")
	return &signed{n, m[1], strings.ReplaceAll(m[2], `" "`, "")}
}

// verify has messages verified, twice each.
func (n *signed) verify(messages [][]byte) []mailtest.DKIMResult {
	n.t.Helper()
	return mailtest.VerifyDKIM(n.t, n.name, n.record, messages)
}

// readers imports readers with these addresses.
func (n *signed) readers(addresses ...string) {
	n.t.Helper()
	var b strings.Builder
	b.WriteString("email,name\n")
	for i, a := range addresses {
		fmt.Fprintf(&b, "%s,Jürgen Größe %d\n", a, i)
	}
	n.write("readers.csv", b.String())
	n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
}

// recipient returns whose delivery an envelope sender names.
func (n *signed) recipient(d *db.DB, sender string) (address string) {
	n.t.Helper()
	keys, err := subscribers.ParseKeys([]byte(n.read("broadsheet.keys")))
	if err != nil {
		n.t.Fatal(err)
	}
	edition, subscriber, ok := mail.NewVERP(keys.Derive("verp"), bounceDomain).Parse(sender)
	if !ok {
		n.t.Errorf("%q is no envelope sender of ours", sender)
		return ""
	}
	err = d.View(n.t.Context(), func(tx *db.Tx) error {
		return tx.Get(n.t.Context(), &address, `SELECT s.address FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
			WHERE d.edition_id = $1 AND d.subscriber_id = $2`, edition, subscriber)
	})
	if err != nil {
		n.t.Fatalf("find delivery %d/%d: %v", edition, subscriber, err)
	}
	return address
}

// came waits until a domain of an MTA has so many mails, and returns how many
// each mailbox has.
func came(t *testing.T, mta *mailtest.MTA, domain string, n int) map[string]int {
	t.Helper()
	var got map[string]int
	until(t, fmt.Sprintf("%d mails are in the mailboxes of %s", n, domain), func() bool {
		var err error
		if got, err = mta.Mailboxes(domain); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, c := range got {
			total += c
		}
		return total >= n
	})
	return got
}

// one returns the only mail of a mailbox.
func one(t *testing.T, mta *mailtest.MTA, local, domain string) []byte {
	t.Helper()
	mails, err := mta.Mailbox(local, domain)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%s@%s has %d mails, want one: %v", local, domain, len(mails), err)
	}
	return mails[0]
}

// TestInboxes sends signed digests through Postfix to Dovecot, and compares
// what went over the wire with what lies in the inboxes.
func TestInboxes(t *testing.T) {
	t.Parallel()
	const readers = 300
	mta := mailtest.StartMTA(t, mailtest.MTAOptions{Domains: []string{inboxDomain}})
	tap := mailtest.NewTap(t, mta.Addr())
	n := newSigned(t, tap.Addr())
	var addresses []string
	for i := range readers {
		addresses = append(addresses, fmt.Sprintf("user%d@%s", i, inboxDomain))
	}
	n.readers(addresses...)
	n.must("digest", "send", "daily", "--now").want(t, 0, `due 300 = sent 300 `)
	if boxes := came(t, mta, inboxDomain, readers); len(boxes) != readers {
		t.Fatalf("%d inboxes have mail, want %d with one mail each", len(boxes), readers)
	}
	d := n.open()
	var messages [][]byte
	for _, sent := range tap.Messages() {
		local, _, _ := strings.Cut(sent.To, "@")
		arrived := one(t, mta, local, inboxDomain)
		messages = append(messages, sent.Data, arrived)
		if to := n.recipient(d, sent.From); to != sent.To {
			t.Errorf("the envelope sender of the mail to %s names the one to %s", sent.To, to)
		}
		n.compareHop(sent, arrived)
	}
	if len(messages) != 2*readers {
		t.Errorf("%d messages went over the wire, want %d", len(messages)/2, readers)
	}
	for i, r := range n.verify(messages) {
		if !r.Passes() {
			t.Errorf("message %d (odd: from an inbox): %+v", i, r)
		}
	}
	n.tamper(messages[:20])
	if got, want := fetchIMAP(t, mta.IMAP(), addresses[7]), one(t, mta, "user7", inboxDomain); !bytes.Equal(got, want) {
		t.Errorf("IMAP gives another mail than lies in the maildir:\n%.600s", got)
	}
}

// compareHop holds what lies in an inbox against what we said.
func (n *signed) compareHop(sent mailtest.Tapped, arrived []byte) {
	n.t.Helper()
	trace, ok := bytes.CutSuffix(arrived, sent.Data)
	if !ok {
		n.t.Errorf("the mail to %s changed on its way", sent.To)
	}
	for _, field := range []string{"Return-Path: <" + sent.From + ">\r\n", "Delivered-To: " + sent.To + "\r\n"} {
		if !bytes.Contains(trace, []byte(field)) {
			n.t.Errorf("the mail to %s has no %q:\n%s", sent.To, field, trace)
		}
	}
	for where, msg := range map[string][]byte{"on the wire": sent.Data, "in the inbox": arrived} {
		for _, finding := range mailtest.Lint(msg) {
			n.t.Errorf("%s %s: %s", sent.To, where, finding)
		}
	}
}

// tamper changes the unsubscribe link of messages, and puts another before it.
func (n *signed) tamper(messages [][]byte) {
	n.t.Helper()
	var forged [][]byte
	for _, msg := range messages {
		changed := bytes.Replace(msg, []byte("List-Unsubscribe: <https://courier"), []byte("List-Unsubscribe: <https://evil"), 1)
		if bytes.Equal(changed, msg) {
			n.t.Fatalf("no List-Unsubscribe was found in\n%.900s", msg)
		}
		forged = append(forged, changed, append([]byte("List-Unsubscribe: <https://evil.example/>\r\n"), msg...))
	}
	for i, r := range n.verify(forged) {
		if !r.Fails() {
			n.t.Errorf("forged message %d: %+v", i, r)
		}
	}
}

// fetchIMAP logs a reader in and returns the only mail of the inbox.
func fetchIMAP(t *testing.T, server, user string) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "a LOGIN %s test\r\nb EXAMINE INBOX\r\nc FETCH 1:* BODY.PEEK[]\r\nd LOGOUT\r\n", user)
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`\* (\d+) FETCH \(BODY\[\] \{(\d+)\}\r\n`).FindAllSubmatchIndex(said, -1)
	if len(m) != 1 {
		t.Fatalf("IMAP shows %d mails, want one: %.500s", len(m), said)
	}
	length, _ := strconv.Atoi(string(said[m[0][4]:m[0][5]]))
	return said[m[0][1]:][:length]
}
