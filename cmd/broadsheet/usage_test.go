package main_test

import (
	"net"
	"strings"
	"testing"

	"broadsheet/mail/sink"
)

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.must("migrate")
	for _, s := range []step{
		{args: "subscribr list", stderr: `unknown command "subscribr", did you mean subscriber\?`},
		{args: "frobnicate", stderr: `"frobnicate"`},
		{args: "digest", stderr: `digest needs a verb: list, preview, plan, explain, send`},
		{args: "digest sned daily", stderr: `digest has no verb "sned"`},
		{args: "digest send", stderr: `DIGEST is missing`},
		{args: "digest send daily weekly", stderr: `unexpected argument "weekly"`},
		{args: "digest send weekly --now", stderr: `weekly`},
		{args: "digest send daily --topic topic-0", stderr: `--topic and --to go with --now`},
		{args: "digest send daily --now --topic nope", stderr: `unknown topic "nope"`},
		{args: "digest send daily --frob", stderr: `unknown flag: --frob`},
		{args: "digest preview daily", stderr: `--for ADDR is missing`},
		{args: "digest preview daily --for a@b.example --at whenever", stderr: `--at: "whenever" is no time`},
		{args: "digest plan daily --at now", stderr: `--at goes with --dry-run`},
		{args: "topic list --output yaml", stderr: `--output "yaml" is unknown: it is table, json or csv`},
		{args: "article add --title x", stderr: `url`},
		{args: "article add --url https://a.example/1 --title x --topic nope", stderr: `unknown topic "nope"`},
		{args: "article add --url https://a.example/1 --title x --published-at soon", stderr: `--published-at: "soon" is no time`},
		{args: "article list --topic nope", stderr: `unknown topic "nope"`},
		{args: "source fetch nope", stderr: `unknown source "nope"`},
		{args: "subscriber add not-an-address", stderr: `(?i)address`},
		{args: "subscriber add a@b.example --confirmed", stderr: `--confirmed needs --consent`},
		{args: "subscriber add a@b.example --topic nope", stderr: `nope`},
		{args: "subscriber import x.csv --confirmed", stderr: `--confirmed needs --consent`},
		{args: "subscriber list --state happy", stderr: `--state "happy" is unknown`},
		{args: "subscriber suppress a@b.example", stderr: `Add --yes`},
		{args: "delivery list --state happy", stderr: `--state`},
		{args: "delivery resolve daily/x --as maybe", stderr: `--as`},
		{args: "edition list --digest weekly", stderr: `weekly`},
		{args: "article list --limit 0", stderr: `--limit 0 is too small`},
		{args: "subscriber list --limit -5", stderr: `--limit -5 is too small`},
		{args: "edition list --limit -1", stderr: `--limit -1 is too small`},
		{args: "delivery list --limit 0", stderr: `--limit 0 is too small`},
		{args: "article list --limit many", stderr: `invalid argument "many" for "--limit" flag: it is no whole number`},
		{args: "article add --url https://a.example/1 --title x --priority 99999999999999999999", stderr: `"--priority" flag: it is too large`},
		{args: "article list --topic", stderr: `flag needs an argument: --topic`},
		{args: "article show ''", stderr: `^broadsheet: article show: ID\|URL is empty`},
		{args: "edition show ' '", stderr: `^broadsheet: edition show: EDITION is empty`},
		{args: "article hold 1 --until ''", stderr: `article hold: --until is empty; without it the article is held back until it is released`},
		{args: "article add --url https://a.example/1 --title x --published-at 2026-02-30", stderr: `--published-at: "2026-02-30" is no time: write 2006-01-02, `},
		{args: "subscriber suppress nobody --dry-run", stderr: `nobody: the address has no @`},
		{args: "subscriber suppress a@b.example --reason 'two\nlines'", stderr: `--reason: it is a few words on one line`},
		{args: "edition hold daily/2026-11-28 --by 'a\u202eb'", stderr: `--by: a name is one line`},
		{args: "serve --only cook", stderr: `unknown part "cook": it is web, fetch, plan or deliver`},
	} {
		r := n.run(split(s.args)...)
		if r.code != 2 {
			t.Errorf("broadsheet %s: exit code %d, want 2\n%s", s.args, r.code, r.stderr)
		}
		r.says(t, s.stderr, `(?m)^See broadsheet help`)
		if strings.TrimSpace(r.stdout) != "" {
			t.Errorf("broadsheet %s: an error on standard output: %s", s.args, r.stdout)
		}
	}
}

func TestThingsThatAreNotThere(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.must("migrate")
	n.steps([]step{
		{args: "article show 99", code: 1, stderr: `there is no article 99`},
		{args: "subscriber show nobody@inbox.example", code: 1, stderr: `nobody@inbox.example: `},
		{args: "subscriber unsubscribe nobody@inbox.example", code: 1, stderr: `nobody@inbox.example: `},
		{args: "subscriber unsuppress nobody@inbox.example", code: 1, stderr: `nobody@inbox.example: `},
		{args: "digest preview daily --for nobody@inbox.example", code: 1, stderr: `nobody@inbox.example: `},
		{args: "digest send daily --now --to nobody@inbox.example", code: 1, stderr: `--to nobody@inbox.example: `},
		{args: "digest send daily --now", stdout: `nothing is due`},
		{args: "edition show daily/2020-01-01", code: 1, stderr: `there is no edition daily/2020-01-01`},
		{args: "edition pause daily/2020-01-01", code: 1, stderr: `there is no edition`},
		{args: "delivery show daily/2020-01-01 a@b.example", code: 1, stderr: `there is no edition daily/2020-01-01: see broadsheet edition list`},
		{args: "subscriber import missing.csv", code: 1, stderr: `missing.csv: no such file`},
		{args: "subscriber import -", stdin: "mail\nx\n", code: 1, stdout: `^$`, stderr: `standard input: import, at line 1: unknown column "mail", did you mean "email"\?; the columns are [^;]*\n$`},
		{args: "article import missing.json", code: 1, stderr: `missing.json: no such file`},
		{args: "edition list", stdout: `^No editions yet.\n$`},
		{args: "--output json edition list", stdout: `^\[\]\n$`},
		{args: "delivery list", stdout: `^No deliveries.\n$`},
	})
}

func TestBrokenConfiguration(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{more: `
[[topic]]
slug = "sport"
nmae = "Sport"

[[digest]]
slug = "weekly"
name = "Weekly"
schedule = "61 7 * * *"
topics = ["wrold"]
timezone = "Mars/Base"
min_items = "two"
subject = "{{.Nonsense}}"
`}, sink.Options{})
	for _, args := range []string{"check", "topic list", "serve", "digest send daily --now", "migrate"} {
		r := n.run(split(args)...)
		r.want(t, 3, `^$`)
		r.says(t, `broadsheet.toml:\d+: .*"nmae".*did you mean "name"`, `broadsheet.toml:\d+: schedule .*61`, `broadsheet.toml:\d+: .*wrold`,
			`broadsheet.toml:\d+: timezone .*Mars/Base`, `broadsheet.toml:\d+: min_items`)
	}
	for name, c := range map[string]struct{ more, stderr string }{
		"subject": {"\n[[digest]]\nslug = \"weekly\"\nname = \"Weekly\"\nschedule = \"0 7 * * 1\"\nsubject = \"{{.Nonsense}}\"\n", `weekly.*Nonsense`},
		"theme":   {"\n[[digest]]\nslug = \"weekly\"\nname = \"Weekly\"\nschedule = \"0 7 * * 1\"\ntheme = \"marble\"\n", `weekly.*marble`},
	} {
		n := newNewsroom(t, settings{more: c.more}, sink.Options{})
		for _, args := range []string{"check", "migrate", "serve"} {
			r := n.run(split(args)...)
			if r.code != 3 {
				t.Errorf("%s: broadsheet %s: exit code %d, want 3", name, args, r.code)
			}
			r.says(t, c.stderr)
		}
	}
}

func TestBrokenKeysAreConfiguration(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.must("migrate")
	n.write("broadsheet.keys", "rubbish\n")
	for _, args := range []string{"check", "topic list", "serve"} {
		r := n.run(split(args)...)
		r.want(t, 3, `^$`)
		r.says(t, `broadsheet.keys`)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	t.Run("unknown", func(t *testing.T) {
		p := n.startWith([]string{"BROADSHEET_MAIL_RATTE=5"}, "check")
		if code := p.wait(patience); code != 3 || !strings.Contains(p.stderr.String(), "BROADSHEET_MAIL_RATTE") {
			t.Errorf("exit code %d, %s", code, p.stderr.tail())
		}
	})
	t.Run("database", func(t *testing.T) {
		p := n.startWith([]string{"BROADSHEET_DATABASE_URL=sqlite:other.db"}, "migrate")
		if code := p.wait(patience); code != 0 || !strings.Contains(p.stdout.String(), "other.db is up to date") {
			t.Errorf("exit code %d, %s%s", code, p.stdout.tail(), p.stderr.tail())
		}
	})
}

// closedPort is an address of loopback where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func TestDatabaseUnreachable(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{database: "postgres://u:secret@" + closedPort(t) + "/news?sslmode=disable"}, sink.Options{})
	for _, args := range []string{"topic list", "digest send daily --now", "serve", "migrate", "migrate status", "subscriber add a@b.example"} {
		r := n.run(split(args)...)
		r.want(t, 75, `^$`)
		r.says(t, `database unavailable: .*connection refused`)
		if strings.Contains(r.stderr, "secret") {
			t.Errorf("broadsheet %s tells the password: %s", args, r.stderr)
		}
	}
	n.must("check")
}

func TestRelaysRefuse(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{relay: closedPort(t)}, sink.Options{})
	n.must(split("subscriber add a@inbox.example --confirmed --consent desk")...)
	n.must(split("article add --url https://courier.example/topic-0/1 --title One")...)
	r := n.run("digest", "send", "daily", "--now")
	r.want(t, 75, `due 1 = sent 0 .* pending 1`)
	r.says(t, `relays take nothing now: .*connection refused.*1 delivery is pending`)
	if found := states(t, n.open()); found["pending"] != 1 {
		t.Errorf("deliveries are %v, want one pending", found)
	}
}

func TestUnansweredQuestionsChangeNothing(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.must(split("subscriber add a@inbox.example --confirmed --consent desk")...)
	n.runIn(strings.NewReader("yes\n"), "subscriber", "unsubscribe", "a@inbox.example").want(t, 2, `^$`)
	n.must("subscriber", "show", "a@inbox.example").want(t, 0, `state +active`)
}
