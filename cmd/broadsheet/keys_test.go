package main_test

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// TestRotatedKeysUnderAService rotates the keys while pages are served: links of
// before and of after end what they name, at once and without a restart.
func TestRotatedKeysUnderAService(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.steps([]step{
		{args: "subscriber add ada@inbox.example --confirmed --consent asked", stdout: `is active`},
		{args: "subscriber add bo@inbox.example --confirmed --consent asked", stdout: `is active`},
		{args: "keys list", stdout: `^KEY +USE +SIGNS FROM\n[0-9a-f]{4} +signs *\n$`},
		{args: "keys rotate --in -1h", code: 2, stderr: `want a time to come`},
		{args: "keys rotate --dry-run", stdout: `^a new key would sign from 20`},
		{args: "keys list --output csv", stdout: `^key,use,signs_from\n[0-9a-f]{4},signs,\n$`},
	})
	path := filepath.Join(n.dir, "broadsheet.keys")
	before, err := subscribers.OpenKeys(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(n.read("broadsheet.keys"))
	service := n.serve("--only", "web")
	address := regexp.MustCompile(`msg=listening address=(\S+)`).FindStringSubmatch(service.stderr.String())[1]
	n.steps([]step{
		{args: "keys rotate --in 24h", stdout: `^key [0-9a-f]{4} signs from 20.* on; copy \S+broadsheet.keys to every other host before that\n$`},
		{args: "keys rotate --in 0s", stdout: `^key [0-9a-f]{4} signs from`},
		{args: "keys list", stdout: `(?s)^KEY.*\n[0-9a-f]{4} +signs +20\S+Z\n[0-9a-f]{4} +waits +20\S+Z\n[0-9a-f]{4} +verifies *\n$`},
	})
	if text := n.read("broadsheet.keys"); !strings.Contains(text, secret) {
		t.Error("the old key is gone")
	}
	after, err := subscribers.OpenKeys(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	d := n.open()
	for reader, keys := range map[string]*subscribers.Keys{"ada@inbox.example": before, "bo@inbox.example": after} {
		id := int64(count(t, d, `SELECT id FROM subscribers WHERE address = $1`, reader))
		link := subscribers.NewLinks("http://"+address+"/mail", keys).Unsubscribe(id, 0)
		res, err := http.Post(link, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", reader, res.StatusCode)
		}
	}
	if left := count(t, d, `SELECT COUNT(*) FROM subscribers WHERE state = 'unsubscribed'`); left != 2 {
		t.Errorf("%d readers left, want 2", left)
	}
	n.write("broadsheet.keys.new", "")
	n.steps([]step{{args: "keys rotate", code: 1, stderr: `being rotated already: if no other command does, remove \S+broadsheet.keys.new`}})
}
