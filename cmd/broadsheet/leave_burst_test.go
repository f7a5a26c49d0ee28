package main_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// TestReadersLeaveInABurst sends an edition to readers of whom a mailbox provider
// unsubscribes many at once: the edition is paused until an operator has looked,
// and they stay unsubscribed.
func TestReadersLeaveInABurst(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{feeds: map[string]string{"site-feed": feedServer(t).URL}, more: "\n[leaving]\nburst_least = 6\n"}, sink.Options{})
	var readers strings.Builder
	readers.WriteString("email\n")
	for i := range 20 {
		fmt.Fprintf(&readers, "r%d@reader.example\n", i)
	}
	n.write("readers.csv", readers.String())
	n.steps([]step{
		{args: "source fetch", stdout: `2 new`},
		{args: "subscriber import readers.csv --confirmed --consent asked", stdout: `20 added`},
		{args: "digest send daily --now", stdout: `due 20 = sent 20`},
	})
	keys, err := subscribers.ParseKeys([]byte(n.read("broadsheet.keys")))
	if err != nil {
		t.Fatal(err)
	}
	service := n.serve("--only", "web,deliver")
	address := regexp.MustCompile(`msg=listening address=(\S+)`).FindStringSubmatch(service.stderr.String())[1]
	d := n.open()
	digest := int64(count(t, d, `SELECT id FROM digests`))
	links := subscribers.NewLinks("http://"+address+"/mail", keys)
	for i := range 6 {
		id := int64(count(t, d, `SELECT id FROM subscribers WHERE address = $1`, fmt.Sprintf("r%d@reader.example", i)))
		res, err := http.Post(links.Unsubscribe(id, digest), "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	until(t, "the edition is paused", func() bool {
		return count(t, d, `SELECT COUNT(*) FROM editions WHERE state = 'paused' AND reason = '6 of 20 readers left within minutes of it'`) == 1
	})
	key := n.first("edition list", "edition")
	n.steps([]step{
		{args: "edition show " + key, stdout: `(?s)paused.*6 of 20 readers left`},
		{args: "subscriber restore --since 2020-01-01 --dry-run", stdout: `Nobody left with the marks of a scanner`},
		{args: "edition resume " + key, stdout: key},
	})
	until(t, "the edition is done", func() bool { return count(t, d, `SELECT COUNT(*) FROM editions WHERE state = 'done'`) == 1 })
	if left := count(t, d, `SELECT COUNT(*) FROM subscribers WHERE state = 'unsubscribed'`); left != 6 {
		t.Errorf("%d readers left, want 6", left)
	}
}
