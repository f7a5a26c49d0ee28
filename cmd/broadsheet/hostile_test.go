package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// TestBrokenReaders imports a file that is broken in every way we know: the
// good rows come in, each bad one is told with its line.
func TestBrokenReaders(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url}, sink.Options{})
		n.write("readers.csv", strings.Join([]string{
			"email,name,topics,timezone",
			"good1@inbox.example,Good,topic-0,Europe/Berlin",
			"nul\x00@inbox.example,Nul,topic-0,",                               // 3
			"long@inbox.example," + strings.Repeat("x", 2<<20) + ",topic-0,",   // 4
			`quote@inbox.example,"lone,topic-0,`,                               // 5
			"good2@inbox.example,Good,topic-1,",                                // 6
			"not an address,Bad,topic-0,",                                      // 7
			"latin@inbox.example,Ren\xe9,topic-0,",                             // 8
			"few@inbox.example,Few",                                            // 9
			"many@inbox.example,Many,topic-0,,,",                               // 10
			"topic@inbox.example,Bad,politics,",                                // 11
			"zone@inbox.example,Bad,topic-0,Mars/Base",                         // 12
			"good3@inbox.example,\"Quoted, \"\"Name\"\"\",topic-0;topic-2,UTC", // 13
		}, "\n"))
		for _, dry := range []bool{true, false, false} {
			args := []string{"subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked"}
			if dry {
				n.must("migrate")
				args = append(args, "--dry-run")
			}
			r := n.run(args...)
			r.want(t, 4, `^12 rows: \d added, 0 updated, \d unchanged, 9 bad`)
			for _, line := range []string{"3: .*NUL", "4: .*longer", "5: .*quote", "7: ", "8: .*UTF-8", "9: .*values.*2, want 4", "10: .*values.*6, want 4", "11: .*politics", "12: .*Mars/Base"} {
				r.says(t, `(?m)^readers.csv:`+line)
			}
			r.says(t, `9 of 12 rows of readers.csv are bad and were left out`)
			if len(r.stderr) > 8000 || strings.ContainsRune(r.stderr, 0) {
				t.Errorf("the report of bad rows has %d octets, NUL %v", len(r.stderr), strings.ContainsRune(r.stderr, 0))
			}
		}
		n.must("subscriber", "list").want(t, 0, `(?s)good1@inbox.example.*good2@inbox.example.*good3@inbox.example +Quoted, "Name"`)
		if got := count(t, n.open(), `SELECT COUNT(*) FROM subscribers`); got != 3 {
			t.Errorf("%d readers, want 3", got)
		}
		n.write("empty.csv", "")
		n.run("subscriber", "import", "empty.csv").says(t, `the file is empty`)
		n.write("other.csv", "mail,surname\na@inbox.example,B\n")
		r := n.run("subscriber", "import", "other.csv")
		r.want(t, 1, `^$`)
		r.says(t, `unknown column "mail".*the columns are email`)
	})
}

// TestBrokenStories does the same to articles, in each format.
func TestBrokenStories(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.write("lines.jsonl", strings.Join([]string{
		`{"url": "https://courier.example/topic-0/1", "title": "One"}`,
		`{"url": "https://courier.example/topic-0/2", "title": "Two"`,
		`{"url": "javascript:alert(1)", "title": "Three"}`,
		`{"url": "https://courier.example/topic-0/4"}`,
		`{"url": "https://courier.example/topic-0/5", "title": "Five", "topics": ["politics"]}`,
		`{"url": "https://courier.example/topic-0/6", "title": "Six \u0000 six"}`,
		`{"url": "https://courier.example/topic-0/7", "title": "Seven", "published_at": "yesterday"}`,
		`{"url": "https://courier.example/topic-0/8", "title": "Eight"}`,
	}, "\n"))
	n.write("rows.csv", "url,title,summary\nhttps://courier.example/topic-1/1,One,ok\nhttps://courier.example/topic-1/2,\"Two,lone\nhttps://courier.example/topic-1/3,Three,"+
		strings.Repeat("long ", 500_000)+"\nnowhere,Four,x\nhttps://courier.example/topic-1/5,Fi\x00ve,ok\nhttps://courier.example/topic-1/6,Six,ok\n")
	n.must("migrate")
	for _, c := range []struct{ file, more string }{{"lines.jsonl", `lines.jsonl:2: .*`}, {"rows.csv", `rows.csv:3: `}} {
		r := n.run("article", "import", c.file)
		r.want(t, 4, `new, 0 updated`)
		r.says(t, c.more, `\d of \d rows of `+c.file+` are bad and were left out`)
	}
	n.must("article", "list").want(t, 0, `(?s)topic-1/6.*topic-1/1.*topic-0/8.*topic-0/1`)
	n.write("page.json", "<!doctype html><title>Not found</title>")
	r := n.run("article", "import", "page.json")
	if r.code == 0 || strings.Contains(r.stderr, "panic") || strings.TrimSpace(r.stderr) == "" {
		t.Errorf("a page as JSON: exit code %d, %s", r.code, r.stderr)
	}
}

// TestBrokenFeeds fetches what is no feed, and servers that fail.
func TestBrokenFeeds(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><html><head><title>Courier</title></head><body><h1>Welcome</h1></body></html>")
	})
	mux.HandleFunc("/error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "boom", http.StatusInternalServerError) })
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	n := newNewsroom(t, settings{feeds: map[string]string{
		"page": server.URL + "/page", "error": server.URL + "/error", "empty": server.URL + "/empty", "missing": server.URL + "/missing",
		"down": "http://" + closedPort(t) + "/feed.xml", "good": feedServer(t).URL,
	}}, sink.Options{})
	service := n.serve("--only", "fetch")
	d := n.open()
	until(t, "the service has met the failures", func() bool {
		return count(t, d, `SELECT COUNT(*) FROM sources WHERE failures > 0`) == 5 && count(t, d, `SELECT COUNT(*) FROM articles`) == 2
	})
	service.terminate()
	r := n.run("source", "fetch")
	r.want(t, 4, `good: 0 new, 0 updated, 2 unchanged`)
	r.says(t, `(?m)^.*page.*HTML`, `(?m)^.*error.*500`, `(?m)^.*empty.*`, `(?m)^.*missing.*404`, `(?m)^.*down.*connection refused`, `5 of 6 sources could not be fetched`)
	n.run("source", "fetch", "down", "page").want(t, 1, `^$`)
	n.must("source", "list").want(t, 0, `(?s)down +feed +failing +0 .*connection refused`)
}

// TestForeignDatabase opens files that are no database of ours.
func TestForeignDatabase(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.write("broadsheet.db", strings.Repeat("this is no database ", 1000))
	for _, args := range []string{"topic list", "migrate", "serve"} {
		r := n.run(split(args)...)
		r.want(t, 75, `^$`)
		r.says(t, `broadsheet.db.*not a database`)
	}
	n = newNewsroom(t, settings{}, sink.Options{})
	n.must("migrate")
	err := n.open().Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'future', '', 1)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"topic list", "migrate", "serve", "digest send daily --now"} {
		r := n.run(split(args)...)
		r.want(t, 1, `^$`)
		r.says(t, `newer than this program.*9999_future`)
	}
}
