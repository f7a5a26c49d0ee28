package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/mailtest"
	"broadsheet/mail/sink"
)

// feedServer serves a feed of two stories.
func feedServer(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/rss+xml")
		now := time.Now().Format(time.RFC1123Z) // what is old when its source is new is in no digest
		fmt.Fprintf(w, `<?xml version="1.0"?><rss version="2.0"><channel><title>Courier</title>
<item><title>Bridge reopens</title><link>https://courier.example/topic-0/bridge</link><description>After a year.</description><pubDate>%s</pubDate></item>
<item><title>Council votes</title><link>https://courier.example/topic-1/vote</link><description>Nine to two.</description><pubDate>%[1]s</pubDate></item>
</channel></rss>`, now)
	}))
	t.Cleanup(s.Close)
	return s
}

// step is one command of a scenario.
type step struct {
	args   string // separated by spaces; 'a b' is one argument
	stdin  string
	code   int
	stdout string // pattern
	stderr string // pattern
}

func (n *newsroom) steps(steps []step) {
	n.t.Helper()
	for _, s := range steps {
		r := n.runIn(strings.NewReader(s.stdin), split(s.args)...)
		r.want(n.t, s.code, s.stdout)
		r.says(n.t, s.stderr)
	}
}

// split cuts a command line at spaces outside of single quotes.
func split(line string) []string {
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}

// serve starts the service and waits until it has fetched its sources.
func (n *newsroom) serve(args ...string) *process {
	n.t.Helper()
	p := n.start(append([]string{"serve"}, args...)...)
	p.serves()
	return p
}

// TestCommandsBesideService is a day at the desk: every command, on SQLite,
// while the service runs.
func TestCommandsBesideService(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{feeds: map[string]string{"site-feed": feedServer(t).URL}}, sink.Options{})
	service := n.serve()
	d := n.open()
	until(t, "the feed is fetched", func() bool { return count(t, d, `SELECT COUNT(*) FROM articles`) == 2 })
	n.write("stories.json", `[{"url": "https://courier.example/topic-2/final", "title": "Final on Sunday"}, {"id": "x-7", "title": "A note", "topics": ["topic-0"]}]`)
	n.write("readers.csv", "email,name,topics,timezone\nbo@inbox.example,Bo,topic-1,Asia/Tokyo\ncy@inbox.example,Cy,topic-0;topic-2,\n")
	n.steps([]step{
		{args: "check", stdout: `broadsheet.toml is valid: 3 topics, 1 source, 1 digest, 1 relay`},
		{args: "migrate", stdout: `^sqlite:.*broadsheet.db is up to date\n$`},
		{args: "migrate status", stdout: `(?s)VERSION +NAME +STATE.*1 +initial +applied +20`},
		{args: "topic list", stdout: `(?s)SLUG +NAME +ARTICLES.*topic-0 +Topic 0 +1 `},
		{args: "source list", stdout: `site-feed +feed +ok +2 +20`},
		{args: "source fetch site-feed", stdout: `^site-feed: 0 new, 0 updated, 2 unchanged\n$`},
		{args: "source fetch --dry-run", stdout: `(?s)site-feed: 2 stories, nothing was stored.*Bridge reopens \[topic-0 \(.+\)\]`},
		{args: "article add --url https://courier.example/a/1 --title 'By hand' --topic topic-1", stdout: `^1 new, 0 updated, 0 unchanged\n$`},
		{args: "article add --url https://courier.example/a/1 --title 'By hand' --topic topic-1", stdout: `^0 new, 0 updated, 1 unchanged\n$`},
		{args: "article add --url https://courier.example/a/1 --title 'By two hands' --topic topic-1", stdout: `^0 new, 1 updated, 0 unchanged\n$`},
		{args: "article import stories.json", stdout: `^2 new, 0 updated, 0 unchanged\n$`},
		{args: "article import -", stdin: "url,title\nhttps://courier.example/nowhere,Off topic\n", stdout: `^1 new`, stderr: `1 of the new articles match no topic, so no reader gets them`},
		{args: "article list --topic topic-1", stdout: `(?s)ID +TITLE.*By two hands.*Council votes`},
		{args: "article list --query council --limit 1", stdout: `Council votes`},
		{args: "article show https://courier.example/topic-0/bridge?utm_source=x", stdout: `(?s)title +Bridge reopens.*topics +topic-0 \(`},
		{args: "subscriber add ada@inbox.example --name Ada --topic topic-0 --confirmed --consent 'asked at the desk'", stdout: `^ada@inbox.example is active\n$`},
		{args: "subscriber add dee@inbox.example", stdout: `^dee@inbox.example is asked to confirm: broadsheet serve sends the mail\n$`},
		{args: "subscriber import readers.csv --confirmed --consent 'old list'", stdout: `^2 rows: 2 added, 0 updated, 0 unchanged, 0 bad\n$`},
		{args: "subscriber import readers.csv --confirmed --consent 'old list'", stdout: `^2 rows: 0 added, 0 updated, 2 unchanged, 0 bad\n$`},
		{args: "subscriber list --state active", stdout: `(?s)bo@inbox.example.*ada@inbox.example +Ada +active.*cy@inbox.example`},
		{args: "subscriber show ADA@inbox.example", stdout: `(?s)address +ada@inbox.example\n.*daily: active, topics topic-0.*asked at the desk`},
		{args: "subscriber export --topic topic-1", stdout: `(?m)^bo@inbox.example,Bo,active,topic-1,daily,Asia/Tokyo,,,$`},
		{args: "digest list", stdout: `daily +The Morning Courier +0 7 \* \* \* +UTC +\* +3 +20`},
		{args: "digest preview daily --for ada@inbox.example", stdout: `(?s)Subject: The Morning Courier: .*1\. .*HTML`},
		{args: "digest preview daily --for ada@inbox.example --html a.html --eml a.eml --text", stdout: `Bridge reopens`, stderr: `wrote a.html \(\d+ bytes\)\nwrote a.eml`},
		{args: "digest plan daily --dry-run", stdout: `^daily: 3 readers .*, 3 would get a digest\n`},
		{args: "digest plan daily", stdout: `^nothing of daily is due\n$`},
		{args: "digest send daily", stdout: `nothing is due: no slot of daily has come`},
		{args: "digest send daily --now --dry-run", stdout: `^daily: 3 readers`},
		{args: "digest send daily --test boss@inbox.example", stdout: `test of daily to boss@inbox.example: accepted, 250`},
		{args: "digest send daily --now --topic topic-1 --to bo@inbox.example", stdout: `due 1 = sent 1 \+ failed 0 \+ expired 0 \+ skipped 0 \+ uncertain 0 \+ pending 0`},
		{args: "digest send daily --now", stdout: `due 3 = sent 2 \+ failed 0 \+ expired 0 \+ skipped 1 .*\n  skipped 1: nothing-new`},
		{args: "digest send daily --now", stdout: `nothing is due`},
		{args: "edition list --digest daily", stdout: `(?s)EDITION.*daily/20.*manual +done +3 +2`},
		{args: "delivery list --for ada@inbox.example", stdout: `daily/\S+ +ada@inbox.example +sent`},
		{args: "--yes subscriber unsubscribe ada@inbox.example", stdout: `ada@inbox.example is unsubscribed from all digests`},
		{args: "--yes subscriber suppress cy@inbox.example --reason 'wrote to us'", stdout: `cy@inbox.example is suppressed`},
		{args: "subscriber list --state suppressed", stdout: `cy@inbox.example +Cy +suppressed`},
		{args: "subscriber unsuppress cy@inbox.example", stdout: `cy@inbox.example is not suppressed`},
		{args: "digest preview daily --for ada@inbox.example", code: 1, stderr: `ada@inbox.example does not get daily: .*unsubscribed`},
	})
	if found := mailtest.Lint([]byte(n.read("a.eml"))); len(found) > 0 {
		t.Errorf("the previewed message: %v", found)
	}
	n.inbox.wait(5) // boss, bo, ada, cy, and the confirmation to dee by the service
	if total, to := n.inbox.accepted(); total != 5 || to["dee@inbox.example"] != 1 || to["ada@inbox.example"] != 1 {
		t.Errorf("got mails %v", to)
	}
	n.outputs()
	service.terminate()
}

// outputs runs every list and show in all forms.
func (n *newsroom) outputs() {
	n.t.Helper()
	edition := n.first("edition list", "edition")
	for _, c := range []struct {
		args   string
		object bool
	}{
		{"migrate status", false}, {"topic list", false}, {"source list", false}, {"article list", false},
		{"article show " + n.first("article list", "id"), true}, {"subscriber list", false}, {"subscriber show ada@inbox.example", true},
		{"digest list", false}, {"digest plan daily --dry-run", true}, {"edition list", false}, {"edition show " + edition, true},
		{"delivery list", false}, {"delivery show " + edition + " ada@inbox.example", false},
		{"article list --query nothing-has-this", false},
	} {
		var value any
		r := n.must(split("--output json " + c.args)...)
		if err := json.Unmarshal([]byte(r.stdout), &value); err != nil {
			n.t.Errorf("%s: JSON: %v\n%s", c.args, err, r.stdout)
		}
		if _, object := value.(map[string]any); object != c.object {
			n.t.Errorf("%s: JSON is %.80s, object %v", c.args, r.stdout, c.object)
		}
		r = n.must(split("--output csv " + c.args)...)
		if rows, err := csv.NewReader(strings.NewReader(r.stdout)).ReadAll(); err != nil || len(rows) == 0 {
			n.t.Errorf("%s: CSV with %d rows: %v\n%s", c.args, len(rows), err, r.stdout)
		}
		n.must(split(c.args)...)
	}
}

// first returns a field of the first row of a list.
func (n *newsroom) first(list, field string) string {
	n.t.Helper()
	var rows []map[string]any
	if err := json.Unmarshal([]byte(n.must(split("--output json "+list)...).stdout), &rows); err != nil || len(rows) == 0 {
		n.t.Fatalf("%s: %d rows, %v", list, len(rows), err)
	}
	return fmt.Sprint(rows[0][field])
}

// TestTroubleIsHandled sends to relays that refuse, put off and hang up, and
// lets an operator sort it out.
func TestTroubleIsHandled(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{Hook: func(e sink.Event) sink.Action {
		switch {
		case e.Phase == sink.PhaseRcpt && strings.Contains(e.Line, "<gone@"):
			return sink.Action{Reply: "550 5.1.1 no such user"}
		case e.Phase == sink.PhaseRcpt && strings.Contains(e.Line, "<busy@"):
			return sink.Action{Reply: "451 4.7.1 greylisted"}
		case e.Phase == sink.PhaseDot && strings.HasPrefix(e.To, "cut@"):
			return sink.Action{Close: true}
		}
		return sink.Action{}
	}})
	n.write("readers.csv", "email\nok@inbox.example\ngone@inbox.example\nbusy@inbox.example\ncut@inbox.example\n")
	n.steps([]step{
		{args: "subscriber import readers.csv --confirmed --consent list", stdout: `4 added`},
		{args: "article add --url https://courier.example/topic-0/1 --title One", stdout: `1 new`},
		{args: "digest send daily --now", code: 4, stdout: `due 4 = sent 1 \+ failed 1 \+ expired 0 \+ skipped 0 \+ uncertain 1 \+ pending 1\n(?s).*failed 1: `,
			stderr: `1 failed, 0 expired, 1 uncertain, 1 pending: see broadsheet delivery list --edition daily/`},
	})
	edition := n.first("edition list", "edition")
	n.steps([]step{
		{args: "delivery show " + edition + " gone@inbox.example", stdout: `(?s)is failed .*550 +5.1.1 +.*no such user`},
		{args: "delivery list --state uncertain", stdout: `cut@inbox.example +uncertain +no-reply`},
		{args: "delivery list --state pending", stdout: `busy@inbox.example +pending`},
		{args: "delivery resolve " + edition + " --as sent", stdout: `^1 delivery is resolved\n$`},
		{args: "delivery retry " + edition + " --for gone@inbox.example", stdout: `^1 delivery is pending again\n$`},
		{args: "edition pause " + edition + " --dry-run", stdout: `is sending and would be paused`},
		{args: "edition pause " + edition, stdout: `is paused`},
		{args: "digest send daily", code: 75, stdout: `pending 2`, stderr: `edition is paused: paused by an operator`},
		{args: "edition show " + edition, stdout: `is paused: paused by an operator`},
		{args: "edition resume " + edition, stdout: `is sending`},
		{args: "digest send daily", code: 4, stdout: `sent 2 \+ failed 1 .* pending 1`},
		{args: "edition cancel " + edition, code: 2, stderr: `Cancel edition daily/.* for good\? Add --yes`},
		{args: "--yes edition cancel " + edition, stdout: `is cancelled`},
		{args: "edition resume " + edition, code: 1, stderr: `is cancelled: there is nothing to resume`},
	})
}

// TestFirstSteps is what a new user does with a folder that holds nothing.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	n := &newsroom{t: t, dir: t.TempDir()}
	n.steps([]step{
		{args: "check", code: 3, stderr: `there is no broadsheet.toml in .*broadsheet init`},
		{args: "init --dry-run", stdout: `(?m)^public_url = "http://127`, stderr: `^Warning: readers of`},
		{args: "init --dry-run --public-url https://news.example/mail", stdout: `(?m)^public_url = "https://news`, stderr: `^$`},
		{args: "init --site-name 'Port Times' --from editor@port.example", stdout: `(?s)wrote broadsheet.toml.*v=spf1.*_domainkey.port.example.*v=DKIM1.*v=DMARC1`,
			stderr: `^Warning: readers of https://news\.example cannot reach http://127\.0\.0\.1:8080, .*set public_url in \[web\]`},
		{args: "init", code: 1, stderr: `nothing was`},
		{args: "check", stdout: `is valid: 3 topics`, stderr: `^Warning: .*set public_url in \[web\]`},
		{args: "topic list", code: 1, stderr: `there is no database yet at .*broadsheet.db: run broadsheet migrate, or start broadsheet serve`},
		{args: "migrate --dry-run", code: 1, stderr: `no database yet`},
		{args: "migrate", stdout: `is up to date`},
		{args: "topic list", stdout: `local`},
	})
	elsewhere := &newsroom{t: t, dir: t.TempDir()}
	elsewhere.run("--config", filepath.Join(n.dir, "broadsheet.toml"), "topic", "list").want(t, 0, `local`)
	if files, _ := os.ReadDir(elsewhere.dir); len(files) > 0 {
		t.Errorf("a command with --config left %v where it stood", files)
	}
}
