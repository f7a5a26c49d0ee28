package main_test

import (
	"strings"
	"sync"
	"testing"

	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// TestUnsubscribeByMail pipes the mail into the command that a mail program
// writes for the mailto of List-Unsubscribe.
func TestUnsubscribeByMail(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{
		feeds: map[string]string{"site-feed": feedServer(t).URL},
	}, sink.Options{})
	config := n.read("broadsheet.toml")
	n.write("broadsheet.toml", strings.Replace(config, "[mail]\n", "[mail]\nunsubscribe_to = \"leave@courier.example\"\n", 1))
	var mu sync.Mutex
	var field string
	n.inbox.examines = func(_ string, data []byte) {
		mu.Lock()
		defer mu.Unlock()
		for _, wrong := range mailtest.Lint(data) {
			t.Error(wrong)
		}
		p, err := sink.Parse(data)
		if err != nil {
			t.Error(err)
			return
		}
		field = p.Header.Get("List-Unsubscribe")
	}
	n.write("readers.csv", "email\nann@reader.example\n")
	n.steps([]step{
		{args: "source fetch", stdout: `2 new`},
		{args: "subscriber import readers.csv --confirmed --consent asked", stdout: `1 added`},
		{args: "digest send daily --now", stdout: `due 1 = sent 1 `},
	})
	_, subject, ok := strings.Cut(field, ", <mailto:leave@courier.example?subject=unsubscribe%20")
	token := strings.TrimSuffix(subject, ">")
	if !ok || token == "" || !strings.Contains(field, "/u/"+token+">,") {
		t.Fatalf("List-Unsubscribe is %q", field)
	}
	mail := func(subject string) string {
		return "From: somebody@else.example\r\nTo: leave@courier.example\r\nSubject: " + subject + "\r\n\r\n\r\n"
	}
	forged := []byte(token)
	if at := len(forged) / 2; forged[at] == 'A' { // a letter that tokens have: another one would be no token at all
		forged[at] = 'B'
	} else {
		forged[at] = 'A'
	}
	n.steps([]step{
		{args: "report read", stdin: mail("hello"), stderr: `no request to unsubscribe: nothing was changed`},
		{args: "report read", stdin: "\x00", stderr: `no report of ours`},
		{args: "report read", stdin: mail("unsubscribe " + string(forged)), stderr: `the token is none of ours: nothing was changed`},
		{args: "subscriber list --state active", stdout: `ann@reader.example`},
		{args: "report read", stdin: mail("Re: unsubscribe " + token), stdout: `^reader \d+ is unsubscribed\n$`},
		{args: "subscriber show ann@reader.example", stdout: `(?s)state +unsubscribed.*unsubscribed by mail, digests=daily`},
		{args: "report read", stdin: mail("unsubscribe " + token), stdout: `is unsubscribed`},
	})
}
