package main_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// deskStories are a report, the same from another paper, and one under embargo.
const deskStories = `[{"url": "https://courier.example/topic-0/ferry", "title": "Ferry sails again from Monday", "topics": ["topic-0"],
	"summary": "The ferry between the two halves of the city sails again from Monday after months in which its engine was replaced by an electric one."},
	{"url": "https://herald.example/ferry", "title": "Ferry sails again from Monday", "topics": ["topic-1"],
	"summary": "The ferry between the two halves of the city sails again from Monday after months in which its engine was replaced by an electric one."}]`

// TestEditorsDesk is what editors do to stories, and what is on record of it.
func TestEditorsDesk(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url, more: "\n[[attribute]]\nname = \"tier\"\nvalues = [\"free\", \"paid\"]\n"}, sink.Options{})
		tomorrow := time.Now().UTC().AddDate(0, 0, 1)
		n.write("stories.json", deskStories)
		n.write("bad.csv", "url,title,audience,embargo_until,access\n"+
			"https://courier.example/1,One,tier=gold,,\nhttps://courier.example/2,Two,,2099-01-01,\nhttps://courier.example/3,Three,,,dear\nhttps://courier.example/4,Four,tier=paid;tier=free,,Paid\n")
		n.write("marks.csv", "url,title,priority,access,audience,embargo_until\nhttps://courier.example/4,Four,,,,\n")
		n.steps([]step{
			{args: "migrate", stdout: `is up to date`},
			{args: "article import stories.json", stdout: `^2 new`, stderr: `1 of the new articles are near-duplicates and were folded into others: see broadsheet article list --state folded`},
			{args: "article list --state folded", stdout: `(?s)ID +TITLE.*2 +Ferry.*folded +https://herald.example/ferry\n$`},
			{args: "article explain 1", stdout: `(?s)state +open.*topic +topic-0 +named by who sent the article; in windows by number 1.*topic +topic-1 +from a story that is folded into it: named`},
			{args: "article explain https://herald.example/ferry", stdout: `(?s)state +folded +its lead stands for it.*folded into +1 .*topic +topic-1 +named by who sent the article; its lead has it`},
			{args: "article hold 2", code: 1, stderr: `hold article 2: it is folded into another article, article 1: release it first, or hold that one`},
			{args: "article release 2 --dry-run", stdout: `^article 2, "Ferry sails again from Monday", would be released: stands apart from article 1\n$`},
			{args: "article release 2 --by maria", stdout: `^article 2, "Ferry sails again from Monday", is released: stands apart from article 1\n$`},
			{args: "article release 2", stdout: `is not held back: there is nothing to release`},
			{args: "article show 2", stdout: `(?s)state +open\n.*sources +1\nchanges +\S+ add by [^ @]+@\S+ folded into article 1;\S+ release by maria stands apart from article 1\n`},

			{args: "article add --url https://courier.example/topic-0/a --title Later --embargo-until 2031-01-01", code: 2, stderr: `embargo_until: 2031-01-01T00:00:00Z is more than a year ahead`},
			{args: "article add --url https://courier.example/topic-0/a --title Gold --audience tier=gold", code: 2, stderr: `audience: no \[\[attribute\]\] of the configuration declares "tier=gold"`},
			{args: "article add --url https://courier.example/topic-0/a --title Later --embargo-until 23:59 --access paid --audience tier=paid", stdout: `^1 new`},
			{args: "article show 3", stdout: `(?s)state +embargo\naccess +paid\naudience +tier=paid\nembargo_until +\S+T23:59:00Z\n`},
			{args: "article list --state embargo", stdout: `3 +Later`},
			{args: "article import bad.csv", code: 4, stdout: `^1 new`, stderr: `(?s)bad.csv:2: audience: no .*bad.csv:3: embargo_until: .*bad.csv:4: access: "dear" is not free or paid`},
			{args: "article show 4", stdout: `(?s)access +paid\naudience +tier=free;tier=paid\n`},
			{args: "article add --url https://courier.example/4 --title Four --by maria", stdout: `^0 new, 0 updated, 1 unchanged`},
			{args: "article import marks.csv --by maria", stdout: `^0 new, 0 updated, 1 unchanged`},
			{args: "article show 4", stdout: `(?s)access +paid\naudience +tier=free;tier=paid\n`},
			{args: "article add --url https://courier.example/4 --title Four --access free --by maria", stdout: `^0 new, 1 updated`},
			{args: "article add --url https://courier.example/4 --title Four --audience '' --priority 3 --by maria", stdout: `^0 new, 1 updated`},
			{args: "article add --url https://courier.example/4 --title Four --priority 0 --by maria", stdout: `^0 new, 1 updated`},
			{args: "article show 4", stdout: `(?s)priority +0\n.*access +free\nfresh_at.*changes +\S+ add by [^ ]+@[^ ;]+;\S+ change by maria access free;\S+ change by maria priority 3, audience everybody;\S+ change by maria priority 0\n`},
			{args: "article add --url https://courier.example/4 --title Four --by 'two\nlines'", code: 2, stderr: `--by: a name is one line of at most 100 characters`},

			{args: "article pin 1", code: 2, stderr: `give one of --until TIME and --off`},
			{args: "article pin 1 --until 2020-01-01", code: 2, stderr: `--until: pin article 1: the time is past`},
			{args: "article pin 1 --until 2099-01-01", stdout: `^article 1, "Ferry sails again from Monday", is pinned until 2099-01-01T00:00:00Z\n$`},
			{args: "article pin https://courier.example/topic-0/ferry?utm_source=x --until 2099-01-01", stdout: `is already pinned until 2099`},
			{args: "article pin 1 --until tomorrow", stdout: `is pinned until ` + tomorrow.Format(time.DateOnly) + `T00:00:00Z\n$`},
			{args: "article pin 1 --until 'tomorrow 06:30'", stdout: `is pinned until ` + tomorrow.Format(time.DateOnly) + `T06:30:00Z\n$`},
			{args: "article pin 1 --until '" + strings.ToLower(tomorrow.Weekday().String()) + "'", stdout: `is pinned until ` + tomorrow.Format(time.DateOnly) + `T00:00:00Z\n$`},
			{args: "article pin 1 --until 'someday 07:00'", code: 2, stderr: `--until: "someday 07:00" is no time`},
			{args: "article pin 1 --off", stdout: `is no longer pinned`},
			{args: "article hold 1 --by 'Maria Lee'", stdout: `is held back until it is released`},
			{args: "article hold 1 --until 2099-01-01", stdout: `is held back until 2099-01-01T00:00:00Z`},
			{args: "article list --state held", stdout: `No articles.`},
			{args: "article list --state helt", code: 2, stderr: `--state "helt" is unknown`},
			{args: "article release 1", stdout: `is released: in the next window of its readers`},
			{args: "article correct 1", code: 2, stderr: `--note: .*a correction needs a note`},
			{args: "article correct 1 --note 'It sails from Tuesday.'", stdout: `is corrected: It sails from Tuesday.`},
			{args: "article withdraw 1", code: 2, stderr: `Withdraw article 1, "Ferry sails again from Monday", for good\? Add --yes`},
			{args: "--yes article withdraw 1", stdout: `is withdrawn\n$`},
			{args: "article withdraw 1", stdout: `is already withdrawn`},
			{args: "article release 1", code: 1, stderr: `release article 1: it is withdrawn, and that is for good`},
			{args: "article withdraw 77", code: 1, stderr: `there is no article 77: see broadsheet article list`},
			{args: "article explain 1 --output csv", stdout: `(?s)^what,value,why,at\nstate,withdrawn,falls out of all that is not sent,20.*change,hold,by Maria Lee: until it is released,20.*change,withdraw,by [^@]+@`},
			{args: "article explain 1 --output json", stdout: `"what": "correction", "value": "It sails from Tuesday."`},
		})
	})
}
