package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// slotsOf are those of a newsroom; until is the last date of the first.
func slotsOf(until string) string {
	return fmt.Sprintf(`
[[slot]]
slug = "bank"
position = "after_lead"
sponsor = "Harbour Bank"
html = '<p>Two months for the price of <b>one</b>.</p>'
text = "Two months for the price of one."
link = "https://bank.example/offer"
until = %q
fallback = "guide"

[[slot]]
slug = "guide"
house = true
text = "The city guide: 48 walks."
link = "https://courier.example/guide"
`, until)
}

// TestSlots runs a sponsor's slot from its configuration to its report.
func TestSlots(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		today := time.Now().UTC()
		next := today.AddDate(0, 0, 400).Format(time.DateOnly)
		past := today.AddDate(0, 0, -1).Format(time.DateOnly)
		s := settings{database: url, schedule: "0 0 1 1 *", more: slotsOf(next)}
		n := newNewsroom(t, s, sink.Options{})
		mails := make(chan string, 2)
		n.inbox.examine(func(_ string, data []byte) { mails <- strings.ReplaceAll(string(data), "=\r\n", "") })
		n.write("readers.csv", "email,topics\nada@inbox.example,topic-0\nbo@inbox.example,topic-1\n")
		n.steps([]step{
			{args: "check", stdout: `(?s) is valid: .*\nslots of daily on \d{4}-01-01, for a reader of whom nothing is known:\n` +
				`  bank runs at after_lead: the first at its position, with priority 0\n  guide does not run: not-asked, it only stands in for others, and was not needed\n$`},
			{args: "slot list", stdout: `(?s)bank +after_lead +Harbour Bank .*guide .*\(house\)`},
			{args: "slot list --output csv", stdout: `\nbank,after_lead,Harbour Bank,0,daily,,,` + next + `,guide,daily/\d{4}-01-01 at after_lead\nguide,,\(house\),0,daily,,,,,daily/\d{4}-01-01 not: not-asked\n$`},
			{args: "subscriber import readers.csv --confirmed --consent list", stdout: `2 added`},
			{args: "article add --url https://courier.example/1 --title One --topic topic-0", stdout: `1 new`},
			{args: "digest preview daily --for ada@inbox.example", stdout: `(?s)  1\. One\n.*\nslot bank runs at after_lead: .*\nslot guide does not run: not-asked, `},
			{args: "digest preview daily --for ada@inbox.example --text", stdout: `(?s)\[Sponsored · Harbour Bank\]\n\nTwo months for the price of one\.\n\nbank\.example:\nhttps://bank\.example/offer\n`},
			{args: "digest explain daily --for ada@inbox.example", stdout: `(?s)would go +topic-0 +1 +One .*\nwould go +slot after_lead +bank +Harbour Bank +runs .*\nleft out +slot +guide +\(house\) +not-asked `},
			{args: "digest send daily --now --dry-run", stdout: `1 would get a digest`},
			{args: "slot report", stdout: `^No mail had a slot\.\n$`},
			{args: "digest send daily --now", stdout: `due 2 = sent 1 .* skipped 1 `},
			{args: "slot report --output csv", stdout: `^edition,digest,date,slot,sponsor,sent,clicks,scanners\ndaily/\S+,daily,\d{4}-\d\d-\d\d,bank,Harbour Bank,1,0,0\n$`},
			{args: "slot report --edition daily/2020-01-01", code: 1, stderr: `daily/2020-01-01`},
			{args: "slot report --since 2020-01-01 --edition daily/2020-01-01", code: 2, stderr: `do not go together`},
		})
		mail := <-mails
		if !strings.Contains(mail, "Two months for the price of <b>one</b>") || !strings.Contains(mail, "[Sponsored") || strings.Contains(mail, "48 walks") {
			t.Errorf("the mail has other slots:\n%s", mail)
		}
		// The house stands in for a sponsor whose time is over.
		s.more, s.relay = slotsOf(past), n.inbox.addr()
		n.write("broadsheet.toml", s.text())
		n.steps([]step{
			{args: "check", stdout: `(?s)  bank does not run: until, it ran until ` + past + `, .*\n  guide runs at after_lead: it stands in for bank\n`},
			{args: "article add --url https://courier.example/2 --title Two --topic topic-0", stdout: `1 new`},
			{args: "digest send daily --now", stdout: `due 2 = sent 1 .* skipped 1 `},
			{args: "slot report --output csv", stdout: `(?s),bank,Harbour Bank,1,0,0\n.*,guide,,1,0,0\n$`},
		})
	})
}

// TestUnsafeSlotsAreRefused with the line of the creative's own file.
func TestUnsafeSlotsAreRefused(t *testing.T) {
	n := newNewsroom(t, settings{more: strings.Replace(slotsOf("2026-12-24"), "html = '<p>Two months for the price of <b>one</b>.</p>'", `html_file = "bank.html"`, 1)}, sink.Options{})
	if err := os.WriteFile(filepath.Join(n.dir, "bank.html"), []byte("<p>One</p>\n<img src=\"https://bank.example/p.gif\" width=\"1\" height=\"1\" alt=\"x\">\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.steps([]step{{args: "check", code: 3, stderr: `bank\.html:2: width of <img> must be a number from 16 to 576, not "1"`}})
}
