package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// benchReaders is how many subscribers BenchmarkBulk works with.
const benchReaders = 100_000

// BenchmarkBulk runs the real binary over 100,000 subscribers of 12 topics and
// 300 articles: import, plan (the relay refuses, so nothing is sent) and send
// (to a sink in this process, unsigned). Each step reports its rate and the
// peak memory of the binary's process.
func BenchmarkBulk(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			for b.Loop() {
				benchBulk(b, dialect)
			}
		})
	}
}

func benchBulk(b *testing.B, dialect db.Dialect) {
	dir := b.TempDir()
	url := "sqlite:broadsheet.db"
	if dialect == db.Postgres {
		url = dbtest.URL(b, dialect)
	}
	received, err := sink.NewServer(sink.Options{Keep: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer received.Close()
	writeBench(b, dir, url)
	run := func(step, relay string, want []int, args ...string) {
		cmd := exec.Command(binary, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "BROADSHEET_MAIL_RELAY_URL=smtp://"+relay+"?tls=off")
		began := time.Now()
		var exit *exec.ExitError // the code is judged below
		out, peak, err := runWatched(cmd)
		if err != nil && !errors.As(err, &exit) {
			b.Fatalf("%s: %v", step, err)
		}
		took := time.Since(began)
		if code := cmd.ProcessState.ExitCode(); !slices.Contains(want, code) {
			b.Fatalf("%s: exit code %d, want one of %d\n%s", step, code, want, out)
		}
		b.ReportMetric(benchReaders/took.Seconds(), step+"/s")
		b.ReportMetric(float64(peak)/1024, step+"-MiB")
		b.ReportMetric(float64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())/float64(time.Microsecond)/benchReaders, step+"-cpu-us")
	}
	run("setup", "127.0.0.1:1", []int{0}, "article", "import", "articles.json")
	run("import", "127.0.0.1:1", []int{0}, "subscriber", "import", "--confirmed", "--consent", "benchmark", "subscribers.csv")
	run("plan", "127.0.0.1:1", []int{75}, "digest", "send", "daily", "--now")
	// What the refusing relay made the plan step put aside, one delivery a
	// connection at most, may still wait for its next try: then the code is 4.
	run("send", received.Addr().String(), []int{0, 4}, "digest", "send", "daily")
	if got := received.Accepted(); got < benchReaders-8 || got > benchReaders {
		b.Fatalf("the sink accepted %d messages, want %d less at most 8", got, benchReaders)
	}
}

func writeBench(b *testing.B, dir, url string) {
	b.Helper()
	var toml, csv strings.Builder
	fmt.Fprintf(&toml, `
[site]
name = "Bench"
url = "https://news.example"
[web]
public_url = "https://news.example/mail"
[database]
url = %q
[mail]
from = "Bench <digest@news.example>"
[[mail.relay]]
url = "smtp://127.0.0.1:1?tls=off"
[[digest]]
slug = "daily"
name = "Daily"
schedule = "0 7 * * *"
max_items = 10
`, url)
	for t := range 12 {
		fmt.Fprintf(&toml, "[[topic]]\nslug = \"t%d\"\nname = \"Topic %d\"\n", t, t)
	}
	csv.WriteString("email,name,topics\n")
	for i := range benchReaders {
		fmt.Fprintf(&csv, "reader%d@inbox.test,Reader %d,t%d;t%d;t%d\n", i, i, i%12, i/12%12, i/144%12)
	}
	var articles []map[string]any
	for i := range 300 {
		articles = append(articles, map[string]any{
			"url": fmt.Sprintf("https://news.example/story/%d", i), "title": fmt.Sprintf("Story number %d of the benchmark has a headline of usual length", i),
			"summary": strings.Repeat("A sentence of the summary that says what happened. ", 4), "topics": []string{fmt.Sprintf("t%d", i%12)},
			"image": fmt.Sprintf("https://news.example/picture/%d.jpg", i), "author": "Ada Writer",
		})
	}
	text, err := json.Marshal(articles)
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string]string{
		"broadsheet.toml": toml.String(), "subscribers.csv": csv.String(), "articles.json": string(text), "broadsheet.keys": subscribers.NewKey() + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
