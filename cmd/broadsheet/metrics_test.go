package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// metricsOf returns where a service shows its metrics.
func metricsOf(t *testing.T, p *process) string {
	t.Helper()
	var found []string
	until(t, "metrics are served", func() bool {
		found = regexp.MustCompile(`msg="metrics listening" address=(\S+)`).FindStringSubmatch(p.stderr.String())
		return found != nil
	})
	return "http://" + found[1] + "/metrics"
}

// scrape returns the values of all series.
func scrape(t *testing.T, url string) map[string]float64 {
	t.Helper()
	client := &http.Client{Timeout: patience}
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, r.StatusCode, err)
	}
	out := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " ")
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out[line[:at]] = value
	}
	return out
}

// TestMetrics scrapes a service while it sends and after that.
func TestMetrics(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n, _ := missedSlot(t, settings{database: url, more: "\n[metrics]\nlisten = \"127.0.0.1:0\"\n"})
		p := n.worker()
		metrics := metricsOf(t, p)
		n.inbox.wait(middle)
		during := scrape(t, metrics)
		if sent := during[`broadsheet_deliveries_total{state="sent"}`]; sent >= crowd || during["broadsheet_editions{state=\"sending\"}"] != 1 {
			t.Errorf("in the middle %v are sent, of %v editions", sent, during["broadsheet_editions{state=\"sending\"}"])
		}
		if during["broadsheet_queue_pending"] == 0 || during["broadsheet_queue_age_seconds"] <= 0 {
			t.Errorf("in the middle %v are pending, the oldest for %v s", during["broadsheet_queue_pending"], during["broadsheet_queue_age_seconds"])
		}
		n.inbox.wait(crowd)
		var after map[string]float64
		until(t, "the metrics show the end", func() bool {
			after = scrape(t, metrics)
			return after[`broadsheet_deliveries_total{state="sent"}`] == crowd && after[`broadsheet_editions{state="sending"}`] == 0
		})
		for series, want := range map[string]float64{
			fmt.Sprintf(`broadsheet_attempts_total{class="accepted",relay=%q}`, n.inbox.addr()): crowd,
			`broadsheet_attempts_total{class="accepted",relay="other"}`:                         0,
			`broadsheet_phase_seconds_count{phase="dot"}`:                                       crowd,
			`broadsheet_phase_seconds_count{phase="body"}`:                                      crowd,
			`broadsheet_phase_seconds_count{phase="mail"}`:                                      crowd,
			`broadsheet_deliveries_total{state="uncertain"}`:                                    0,
			`broadsheet_phase_seconds_count{phase="compose"}`:                                   crowd,
			fmt.Sprintf(`broadsheet_connections_limit{relay=%q}`, n.inbox.addr()):               connections,
			fmt.Sprintf(`broadsheet_connections{relay=%q,state="busy"}`, n.inbox.addr()):        0,
			`broadsheet_queue_pending`:                                                          0,
			`broadsheet_queue_age_seconds`:                                                      0,
			`broadsheet_scrape_errors_total`:                                                    0,
		} {
			if got, ok := after[series]; !ok || got != want {
				t.Errorf("%s is %v (%v), want %v", series, got, ok, want)
			}
		}
		for series := range after {
			if strings.Contains(series, "inbox.example") {
				t.Errorf("a reader's data: %s", series)
			}
		}
		p.terminate()
		if c, err := net.DialTimeout("tcp", strings.TrimSuffix(strings.TrimPrefix(metrics, "http://"), "/metrics"), time.Second); err == nil {
			c.Close()
			t.Error("the metrics outlived the service")
		}
	})
}

// TestMetricsCannotListen takes the address away.
func TestMetricsCannotListen(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	n := newNewsroom(t, settings{more: fmt.Sprintf("\n[metrics]\nlisten = %q\n", ln.Addr())}, sink.Options{})
	r := n.run("serve")
	r.want(t, 1, "")
	r.says(t, `broadsheet: metrics: listen tcp 127.0.0.1:\d+: bind: address already in use`)
}
