package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// approvedDaily is a digest of whose editions editors are asked.
const approvedDaily = `
[[digest]]
slug = "asked"
name = "The Asked Courier"
schedule = "0 7 * * *"
approval = "hold"
`

// TestEditingAtTheDesk goes through what editors do with an edition to come.
func TestEditingAtTheDesk(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{more: approvedDaily}, sink.Options{})
	n.must("migrate")
	day := time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	key := "asked/" + day
	n.must(split("article add --url https://courier.example/topic-0/1?id=5 --title One")...)
	n.must(split("article add --url https://courier.example/topic-0/2 --title Two")...)
	n.write("intro.md", "# Good morning\n\nIt rained.\n")
	n.write("long.md", strings.Repeat("- a\n", 4000))
	n.steps([]step{
		{args: "edition edit " + key + " --dry-run --subject 'A = B'", stdout: `^edition asked/\S+ would get: subject "A = B"\n$`},
		{args: "edition list", stdout: `^No editions yet.\n$`},
		{args: "edition edit " + key + " --by maria --subject 'A = B' --intro intro.md --order https://courier.example/topic-0/2?utm_source=x,1 --headline 'https://courier.example/topic-0/1?id=5=Uno = one' --headline 2=Due",
			stdout: `^edition asked/\S+ is edited, version 1\nit wants approval: broadsheet edition approve asked/`},
		{args: "edition edit " + key + " --intro -", stdin: "Read *in*.\n", stdout: `version 2`},
		{args: "edition edit " + key + " --clear subject,order", stdout: `version 3`},
		{args: "edition edit " + key + " --dry-run --clear subject", stdout: `would get: nothing new\n$`},
		{args: "edition show " + key, stdout: `(?s) is paused: waits for approval, approval wanted\n.*introduction +Read \*in\*\..*story 1 +Uno = one\nstory 2 +Due\n.*maria +edit +subject "A = B", introduction of 27 characters`},
		{args: "edition resume " + key, code: 1, stderr: `edition asked/\S+.* waits for approval: approve it with broadsheet edition approve`},
		{args: "edition approve " + key + " --dry-run", stdout: `^would approve edition asked/\S+: it is paused: waits for approval, not approved, and then is sending, approved\n` +
			`  concerns 0 runs with 0 readers pending, and 0 runs to come with 0 readers\n  without that it takes stories until its slot; then it stays back, and what it has expires \d+h after the slot\n$`},
		{args: "subscriber add ada@inbox.example --digest asked --confirmed --consent desk", stdout: `active`},
		{args: "edition hold " + key + " --by maria --dry-run", stdout: `^would hold edition asked/\S+: it is paused: waits for approval, not approved, and then is paused: held by maria, not approved\n` +
			`  concerns 0 runs with 0 readers pending, and 1 run to come with 1 reader\n`},
		{args: "edition approve " + key + " --by maria", stdout: `^edition asked/\S+ is sending, approved\n$`},
		{args: "edition hold " + key + " --by 'joe k'", stdout: `^edition asked/\S+ is paused: held by joe k, not approved\n$`},
		{args: "edition hold " + key + " --by maria --dry-run", stdout: `^would hold edition asked/\S+: nothing new, it is paused: held by joe k, not approved\n`},
		{args: "edition approve " + key, stdout: ` is sending, approved\n$`},
		{args: "edition hold " + key + " --dry-run", stdout: `  without that it takes stories until its slot; then it goes out at its slot\n$`},
		{args: "edition pause " + key, stdout: ` is paused\n$`},
		{args: "edition hold " + key, code: 2, stderr: `it is paused already: paused by an operator`},
		{args: "edition hold " + key + " --dry-run", code: 2, stderr: `it is paused already: paused by an operator`},
		{args: "edition resume " + key, stdout: ` is sending\n$`},
		{args: "edition approve daily/" + day, code: 2, stderr: `nobody is asked to approve daily`},
		{args: "edition approve daily/" + day + " --dry-run", code: 2, stderr: `nobody is asked to approve daily`},
		{args: "digest send asked", stdout: `no slot of asked has come`},
		{args: "--yes edition cancel " + key, stdout: ` is cancelled\n$`},
		{args: "edition edit " + key + " --subject x", code: 1, stderr: `is cancelled: nothing more of the edition will be sent`},
		{args: "edition hold " + key + " --dry-run", code: 1, stderr: `is cancelled: nothing more of the edition will be sent`},
	})
	var shown struct {
		Approval string
		Edits    struct {
			Version int
			Intro   string
			Stories []struct {
				Article  int
				Headline string
			}
		}
		Changes []struct{ By, Action string }
	}
	if err := json.Unmarshal([]byte(n.must("--output", "json", "edition", "show", key).stdout), &shown); err != nil {
		t.Fatal(err)
	}
	if e := shown.Edits; shown.Approval != "approved" || e.Version != 3 || e.Intro != "Read *in*.\n" || len(e.Stories) != 2 || e.Stories[0].Headline != "Uno = one" {
		t.Errorf("got %+v", shown)
	}
	var actions []string
	for _, c := range shown.Changes {
		actions = append(actions, c.Action)
		if c.By == "" {
			t.Errorf("nobody made the change %+v", c)
		}
	}
	if got, want := strings.Join(actions, " "), "edit edit edit approve hold approve pause resume cancel"; got != want {
		t.Errorf("got changes %q, want %q", got, want)
	}
	if c := shown.Changes[4]; c.By != "joe k" {
		t.Errorf("held by %q", c.By)
	}
}

// TestOrderNamesStoriesWithCommas: URLs with commas can be named, each in a flag
// of its own or in quotes.
func TestOrderNamesStoriesWithCommas(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	key := "daily/" + time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	n.write("stories.csv", "url,title\nhttps://courier.example/a,One\n\"https://courier.example/b,4,c\",Two\n\"https://courier.example/d,e\",Three\nhttps://courier.example/f?q=a%22b,Four\n")
	n.must("article", "import", "stories.csv")
	for _, test := range []struct {
		args []string
		want string // in the order of the story's ids, or what is wrong
	}{
		{[]string{"--order", "https://courier.example/a,4"}, "1 4"},
		{[]string{"--order", "3", "--order", "1, 2"}, "3 1 2"},
		{[]string{"--order", "https://courier.example/b,4,c"}, "2"},
		{[]string{"--order", "https://courier.example/d,e", "--order", "https://courier.example/b,4,c", "--order", "1"}, "3 2 1"},
		{[]string{"--order", `1,"https://courier.example/b,4,c", "https://courier.example/d,e"`}, "1 2 3"},
		{[]string{"--order", "https://courier.example/d,e,1"}, "there is no article https://courier.example/d: see broadsheet article list; if a URL has commas, give it a --order of its own or quote it"},
		{[]string{"--order", `1,"2`}, "is no list of URLs or ids with commas between them"},
		{[]string{"--order", ""}, "is no list of URLs or ids"},
		{[]string{"--order", "1,,2"}, "there is no article"},
	} {
		n.run("edition", "edit", key, "--clear", "order")
		r := n.run(append([]string{"edition", "edit", key}, test.args...)...)
		var shown struct {
			Edits struct{ Stories []struct{ Article int } }
		}
		if err := json.Unmarshal([]byte(n.must("--output", "json", "edition", "show", key).stdout), &shown); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range shown.Edits.Stories {
			got = append(got, fmt.Sprint(s.Article))
		}
		if text := strings.Join(got, " "); text != test.want && (text != "" || !strings.Contains(r.stderr, test.want)) {
			t.Errorf("%q: order %q, stderr %q, want %q", test.args, text, r.stderr, test.want)
		}
	}
}

func TestEditsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.must("migrate")
	key := "daily/" + time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	n.write("long.md", strings.Repeat("- a\n", 4000))
	n.steps([]step{
		{args: "edition edit " + key, code: 2, stderr: `say what to change`},
		{args: "edition edit " + key + " --clear sbject", code: 2, stderr: `--clear "sbject" is unknown: it is intro, subject`},
		{args: "edition edit " + key + " --headline nothing", code: 2, stderr: `write it as URL=TEXT or ID=TEXT`},
		{args: "edition edit " + key + " --headline 7=x", code: 1, stderr: `--headline: there is no article 7`},
		{args: "edition edit " + key + " --order https://courier.example/nowhere", code: 1, stderr: `--order: there is no article https://courier.example/nowhere`},
		{args: "edition edit " + key + " --intro missing.md", code: 1, stderr: `--intro: open missing.md`},
		{args: "edition edit " + key + " --intro long.md", code: 2, stderr: `octets of a mail, and 40000 is the most`},
		{args: "edition edit daily/2020-01-01 --subject x", code: 1, stderr: `no such edition daily/2020-01-01: its slot has passed`},
		{args: "edition edit nope/2020-01-01 --subject x", code: 2, stderr: `unknown digest "nope": the configuration has daily`},
		{args: "edition edit " + key + " --subject 'a\u202eb'", code: 2, stderr: `the subject turns the direction of letters around`},
		{args: "edition edit " + key + " --preheader 'a\u2066b'", code: 2, stderr: `the preheader turns the direction of letters around`},
		{args: "edition edit " + key + " --subject 'a\r\nBcc: b@c.example'", code: 2, stderr: `the subject has a line end or another control character`},
		{args: "edition edit " + key + " --intro -", stdin: "a\u202eb\n", code: 2, stderr: `the introduction turns the direction of letters around`},
		{args: "edition edit " + key + " --headline =x", code: 1, stderr: `--headline: there is no article without a URL or id: see broadsheet article list`},
		{args: "edition edit " + key + " --subject '  ' --preheader ' \u2066עברית\u2069 \u200f' --dry-run", stdout: `would get: preheader "\\u2066עברית\\u2069 \\u200f"\n$`},
		{args: "edition hold " + key + " --by " + strings.Repeat("x", 101), code: 2, stderr: `--by: a name is one line`},
		{args: "edition list", stdout: `^No editions yet.\n$`},
	})
}
