package main_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// TestBreakingNewsThroughCommands has a digest without a schedule, and one in
// whose quiet hours it runs.
func TestBreakingNewsThroughCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		now := time.Now().UTC()
		digests := fmt.Sprintf(`
[[digest]]
slug = "breaking"
schedule = "instant"
urgent = true

[[digest]]
slug = "quiet"
schedule = "instant"
quiet_hours = "%s-%s"
`, now.Add(-2*time.Hour).Format("15:04"), now.Add(2*time.Hour).Format("15:04"))
		n := newNewsroom(t, settings{database: url, more: digests}, sink.Options{})
		n.write("readers.csv", "email,digests\nada@inbox.example,*\nbo@inbox.example,breaking\n")
		n.steps([]step{
			{args: "subscriber import readers.csv --confirmed --consent list", stdout: `2 added`},
			{args: "digest list", stdout: `(?m)^breaking +breaking +instant +UTC +\* +2 *$`},
			{args: "article add --url https://courier.example/topic-0/1 --title One", stdout: `1 new`},
			{args: "article add --url https://courier.example/topic-0/2 --title Two", stdout: `1 new`},
			{args: "digest send breaking", stdout: `nothing is due`}, // it begins with what comes from now on
			{args: "digest send breaking --article https://courier.example/topic-0/1?utm_source=x --dry-run", stdout: `^breaking: 2 readers would be due, 2 would get a digest\n1 distinct selection, the largest of 1 story with \d+ KB of HTML\n      1 story: 2 readers\n`},
			{args: "digest send breaking --article https://courier.example/topic-0/1?utm_source=x --to bo@inbox.example", stdout: `due 1 = sent 1 `},
			{args: "digest send breaking --article 1", stdout: `due 2 = sent 1 .* skipped 1 `},
			{args: "digest send breaking --article 1", stdout: `nothing is due`},
			{args: "digest send breaking --article https://courier.example/nowhere", code: 1, stderr: `there is no article https://courier.example/nowhere`},
			{args: "digest send breaking --article 1 --topic topic-0", code: 2, stderr: `--article and --topic do not go together`},
			{args: "article hold 2", stdout: `held`},
			{args: "digest send breaking --article 2", code: 1, stderr: `article 2 is held back: it cannot be sent until it is released`},
			{args: "article add --url https://courier.example/topic-0/3 --title Three", stdout: `1 new`},
			{args: "digest preview breaking --for ada@inbox.example", stdout: `(?s)^breaking/\S+:01, due .*1\. Three\n`},
			{args: "digest send breaking", stdout: `^breaking/\S+: due 2 = sent 2 `},
			{args: "digest send quiet --article 1", stdout: `^quiet/\S+ is planned and goes out at \S+:00Z: broadsheet serve sends it then, or broadsheet digest send quiet\n$`},
			{args: "digest send quiet", stdout: `is planned and goes out at`},
		})
	})
}

// TestCutoffThroughCommands closes a digest an hour and a half before a slot in
// an hour.
func TestCutoffThroughCommands(t *testing.T) {
	t.Parallel()
	slot := time.Now().UTC().Add(time.Hour)
	digests := fmt.Sprintf("\n[[digest]]\nslug = \"early\"\nschedule = \"%d %d * * *\"\ncutoff = \"90m\"\n", slot.Minute(), slot.Hour())
	n := newNewsroom(t, settings{more: digests}, sink.Options{})
	n.write("readers.csv", "email,digests\nada@inbox.example,early\n")
	n.steps([]step{
		{args: "subscriber import readers.csv --confirmed --consent list", stdout: `1 added`},
		{args: "article add --url https://courier.example/topic-0/1 --title One", stdout: `1 new`},
		{args: "digest send early", stdout: `^early/` + slot.Format(time.DateOnly) + ` is planned and goes out at ` + slot.Format("2006-01-02T15:04") + `:00Z: `},
		{args: "article add --url https://courier.example/topic-0/2 --title Two", stdout: `1 new`},
		{args: "digest preview early --for ada@inbox.example", stdout: `(?s)^early/` + slot.AddDate(0, 0, 1).Format(time.DateOnly) + `, due .*1\. Two\n`},
	})
	if accepted, _ := n.inbox.accepted(); accepted != 0 {
		t.Errorf("%d mails went out before the slot", accepted)
	}
}
