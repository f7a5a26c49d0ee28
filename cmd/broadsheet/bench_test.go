package main_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// How many deliveries the rows of BenchmarkDeliver send: signing and a far relay make a mail slow enough for fewer.
const (
	fastDeliveries = 60_000
	slowDeliveries = 30_000
)

// roundTrip is how far away the slow relay is.
const roundTrip = 20 * time.Millisecond

// BenchmarkDeliver sends planned digests of about 48 KB (40 KB HTML, 8 KB text) with the real binary to a sink in
// another process. The rate is the sink's, from the first mail to the last; CPU and memory are the binary's.
func BenchmarkDeliver(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			fast := newBenchRoom(b, dialect, fastDeliveries)
			for _, n := range []int{1, 8, 32} {
				fast.bench(b, fmt.Sprintf("unsigned/connections=%d", n), "plain.toml", n, 0)
			}
			slow := newBenchRoom(b, dialect, slowDeliveries)
			for _, n := range []int{1, 8, 32} {
				slow.bench(b, fmt.Sprintf("signed/connections=%d", n), "signed.toml", n, 0)
			}
			slow.bench(b, "far/connections=32", "plain.toml", 32, roundTrip)
		})
	}
}

// BenchmarkImport imports ten thousand and a million readers from CSV with the real binary: the peak memory must not
// grow with them, nor the time for each.
func BenchmarkImport(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, readers := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/readers=%d", dialect, readers), func(b *testing.B) {
				for b.Loop() {
					r := emptyBenchRoom(b, dialect, readers)
					began := time.Now()
					ended := r.importReaders(b)
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(float64(readers)/time.Since(began).Seconds(), "readers/s")
					ended.report(b, "reader", readers)
				}
			})
		}
	}
}

// BenchmarkMemory sends to ten thousand and to a million readers: the peak memory must not grow with them.
func BenchmarkMemory(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, n := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/deliveries=%d", dialect, n), func(b *testing.B) {
				newBenchRoom(b, dialect, n).bench(b, "send", "plain.toml", 16, 0)
			})
		}
	}
}

// benchRoom is a newsroom whose edition is planned and can be sent again and again.
type benchRoom struct {
	dir      string
	database string
	readers  int
}

// emptyBenchRoom has stories and no readers yet.
func emptyBenchRoom(b *testing.B, dialect db.Dialect, readers int) *benchRoom {
	b.Helper()
	r := &benchRoom{dir: b.TempDir(), database: "sqlite:broadsheet.db", readers: readers}
	if dialect == db.Postgres {
		r.database = dbtest.URL(b, dialect)
	}
	r.write(b)
	r.run(b, "plain.toml", 0, "article", "import", "articles.json")
	return r
}

func (r *benchRoom) importReaders(b *testing.B) *ended {
	b.Helper()
	return r.run(b, "plain.toml", 0, "subscriber", "import", "--confirmed", "--consent", "benchmark", "subscribers.csv")
}

func newBenchRoom(b *testing.B, dialect db.Dialect, readers int) *benchRoom {
	b.Helper()
	r := emptyBenchRoom(b, dialect, readers)
	r.importReaders(b)
	r.run(b, "plain.toml", 75, "digest", "send", "daily", "--now") // port 1 refuses: planned and not sent
	if dialect == db.SQLite {
		r.database = "sqlite:" + filepath.Join(r.dir, "broadsheet.db")
	}
	return r
}

func (r *benchRoom) write(b *testing.B) {
	b.Helper()
	var toml, csv strings.Builder
	fmt.Fprintf(&toml, `[site]
name = "City Courier"
url = "https://news.example"
postal_address = "1 Main Street, Springfield"
[web]
public_url = "https://news.example/mail"
[database]
url = %q
[mail]
from = "City Courier <digest@news.example>"
[[mail.relay]]
url = "smtp://127.0.0.1:1?tls=off"
[[digest]]
slug = "daily"
name = "The Morning Courier"
schedule = "0 0 1 1 *"
max_items = 24
per_topic = 8
`, r.database)
	for t := range 12 {
		fmt.Fprintf(&toml, "[[topic]]\nslug = \"t%d\"\nname = \"Topic %d\"\n", t, t)
	}
	csv.WriteString("email,name,topics\n")
	for i := range r.readers {
		fmt.Fprintf(&csv, "reader%d@inbox%d.test,Reader %d,t%d;t%d;t%d\n", i, i%20, i, i%12, (i/12+1)%12, 5)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	articles, err := json.Marshal(benchArticles())
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string]string{
		"plain.toml":      toml.String(),
		"signed.toml":     toml.String() + "[mail.dkim]\nselector = \"b1\"\nkey_file = \"dkim.pem\"\n",
		"dkim.pem":        string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"subscribers.csv": csv.String(),
		"articles.json":   string(articles),
		"broadsheet.keys": subscribers.NewKey() + "\n",
	} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

func benchArticles() []map[string]any {
	var out []map[string]any
	for i := range 300 {
		out = append(out, map[string]any{
			"url":     fmt.Sprintf("https://news.example/story/2026/11/25/%d", i),
			"title":   fmt.Sprintf("Story number %d of the benchmark has a headline of the usual length", i),
			"summary": strings.Repeat("A sentence of the summary that says what happened, and to whom. ", 4),
			"topics":  []string{fmt.Sprintf("t%d", i%12)}, "author": "Ada Writer",
			"image": fmt.Sprintf("https://news.example/picture/2026/11/25/%d.jpg", i),
		})
	}
	return out
}

// run runs the binary with a configuration and returns its state after it ended with the wanted code.
func (r *benchRoom) run(b *testing.B, config string, want int, args ...string) *ended {
	b.Helper()
	return r.runWith(b, nil, config, []int{want}, args...)
}

func (r *benchRoom) runWith(b *testing.B, env []string, config string, want []int, args ...string) *ended {
	b.Helper()
	cmd := exec.Command(binary, append([]string{"--config", config}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = append(environment(), env...)
	out, peak, err := runWatched(cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	if code := cmd.ProcessState.ExitCode(); !slices.Contains(want, code) {
		b.Fatalf("broadsheet %s: exit code %d, want one of %d\n%s", strings.Join(args, " "), code, want, out)
	}
	return &ended{cmd.ProcessState, peak}
}

// ended is a process that has ended.
type ended struct {
	*os.ProcessState
	peak int // KiB of its memory that were resident at once, as far as was seen
}

// report says what the process cost for each of n things.
func (e *ended) report(b *testing.B, thing string, n int) {
	b.ReportMetric(float64((e.UserTime()+e.SystemTime()).Microseconds())/float64(n), "cpu-us/"+thing)
	b.ReportMetric(float64(e.peak)/1024, "peak-MiB")
}

// runWatched runs a command to its end and looks at its memory meanwhile. What the kernel says of a process that has
// ended includes the memory of the one that started it.
func runWatched(cmd *exec.Cmd) (out []byte, peak int, err error) {
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			peak = max(peak, peakOf(cmd.Process.Pid))
			select {
			case <-over:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	err = cmd.Wait()
	close(over)
	group.Wait()
	return text.Bytes(), peak, err
}

// peakOf reads the most memory that a process has had resident since it began, in KiB, 0 if it has ended.
func peakOf(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var peak int
	fmt.Sscan(rest, &peak)
	return peak
}

// bench sends the edition over so many connections to a relay that is so far away.
func (r *benchRoom) bench(b *testing.B, name, config string, connections int, away time.Duration) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			r.reset(b)
			s := startSink(b, away)
			ended := r.runWith(b, []string{
				"BROADSHEET_MAIL_RELAY_URL=smtp://" + s.addr + "?tls=off",
				fmt.Sprintf("BROADSHEET_MAIL_RELAY_CONNECTIONS=%d", connections),
			}, config, []int{0}, "digest", "send", "daily")
			got := s.end(b)
			if got.Accepted != r.readers {
				b.Fatalf("the sink accepted %d messages, want %d", got.Accepted, r.readers)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(r.readers)/got.Took.Seconds(), "mails/s")
			ended.report(b, "mail", r.readers)
			b.ReportMetric(float64((s.cmd.ProcessState.UserTime()+s.cmd.ProcessState.SystemTime()).Microseconds())/float64(r.readers), "sink-cpu-us/mail")
			b.ReportMetric(float64(got.Octets)/float64(r.readers)/1000, "KB/mail")
		}
	})
}

// reset makes everything pending again.
func (r *benchRoom) reset(b *testing.B) {
	b.Helper()
	d, err := db.Open(b.Context(), r.database)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	err = d.Write(b.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			`DELETE FROM attempts`,
			`UPDATE deliveries SET state = 'pending', reason = '', attempts = 0, next_try_at = 0`,
			`UPDATE batches SET done_at = 0, lease_until = 0, worker = ''`,
			`UPDATE editions SET state = 'sending', reason = ''`,
		} {
			if _, err := tx.Exec(b.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
