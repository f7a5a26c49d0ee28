package main_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// TestHeldEditionWaits: at its slot it is planned, and goes out when it is
// approved, as it was edited until then.
func TestHeldEditionWaits(t *testing.T) {
	t.Parallel()
	slot := time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Minute) // of yesterday, just after midnight
	daily := fmt.Sprintf("%d %d * * *", slot.Minute(), slot.Hour())
	n := newNewsroom(t, settings{more: strings.Replace(approvedDaily, "0 7 * * *", daily, 1) + "expire_after = \"24h\"\n"}, sink.Options{})
	var mu sync.Mutex
	var mails []string
	n.inbox.examine(func(_ string, data []byte) {
		mu.Lock()
		defer mu.Unlock()
		mails = append(mails, string(data))
	})
	n.must(split("subscriber add ada@inbox.example --digest asked --confirmed --consent desk")...)
	n.must(split("article add --url https://courier.example/topic-0/1 --title One")...)
	n.must("digest", "plan", "asked")
	n.due("asked", "UTC", slot)
	key := "asked/" + slot.Format(time.DateOnly)
	n.steps([]step{
		{args: "digest send asked", code: 75, stdout: `due 1 = sent 0 .* pending 1\n`, stderr: `waits for approval; 1 delivery is pending: broadsheet edition approve ` + key},
		{args: "edition approve " + key + " --dry-run", stdout: `: it is paused: waits for approval, not approved, and then is sending, approved\n  concerns 1 run with 1 reader pending, and 0 runs to come with 0 readers\n`},
		{args: "edition edit " + key + " --subject Edited --intro -", stdin: "Read **this** first.\n", stdout: `version 1`},
		{args: "edition approve " + key, stdout: `is sending, approved`},
		{args: "digest send asked", stdout: `due 1 = sent 1 `},
		{args: "edition show " + key, stdout: `is done, approval approved`},
	})
	mu.Lock()
	defer mu.Unlock()
	if len(mails) != 1 || !strings.Contains(mails[0], "\r\nSubject: Edited\r\n") || !strings.Contains(mails[0], "Read this first.") {
		t.Errorf("got %d mails: %.2000q", len(mails), mails)
	}
}
