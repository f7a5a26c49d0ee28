package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/metrics"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

var _ delivery.Meter = (*metrics.Meter)(nil)

// desk is what metrics ask, under a test's control.
type desk struct {
	now       time.Time
	queue     delivery.Queue
	sources   []digest.SourceState
	hooks     []subscribers.HookState
	queueErr  error
	sourceErr error
	hooksErr  error
	asked     int
	log       bytes.Buffer
	*metrics.Metrics
}

func newDesk() *desk {
	d := &desk{now: time.UnixMilli(1_800_000_000_000)}
	d.Metrics = metrics.New(metrics.Options{
		Queue: func(context.Context) (delivery.Queue, error) {
			d.asked++
			return d.queue, d.queueErr
		},
		Sources: func(context.Context) ([]digest.SourceState, error) { return d.sources, d.sourceErr },
		Hooks:   func(context.Context) ([]subscribers.HookState, error) { return d.hooks, d.hooksErr },
		Relays: func() []mail.RelayStatus {
			return []mail.RelayStatus{{Name: "a:25", Open: 5, Busy: 3, Limit: 8}, {Name: "b:25", Limit: 1}, {Name: "a:25", Open: 1, Limit: 2}}
		},
		Log: slog.New(slog.NewTextHandler(&d.log, nil)), Now: func() time.Time { return d.now },
	})
	return d
}

// request returns the status and the text of an answer.
func (d *desk) request(t *testing.T, method, path string) (int, string) {
	t.Helper()
	r := httptest.NewRecorder()
	d.Handler().ServeHTTP(r, httptest.NewRequest(method, path, nil))
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.Code, string(text)
}

func (d *desk) scrape(t *testing.T) string {
	t.Helper()
	code, text := d.request(t, http.MethodGet, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	return text
}

// has looks for whole lines.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, " ")
			name, _, _ = strings.Cut(name, "{")
			t.Errorf("want %q, got\n%s", line, strings.Join(regexp.MustCompile(`(?m)^`+name+`.*$`).FindAllString(text, -1), "\n"))
		}
	}
}

func lacks(t *testing.T, text string, names ...string) {
	t.Helper()
	for _, name := range names {
		if strings.Contains(text, "\n"+name) {
			t.Errorf("there is a %s", name)
		}
	}
}

func TestScrape(t *testing.T) {
	d := newDesk()
	d.queue = delivery.Queue{
		Sending: 2, Paused: 1, Pending: 1234, Retries: 34, OldestAt: d.now.Add(-90 * time.Second), PausedProviders: []string{"yahoo"},
	}
	d.sources = []digest.SourceState{{Slug: "feed", OKAt: d.now, Failures: 0}, {Slug: "dead", Failures: 3}}
	d.hooks = []subscribers.HookState{
		{Hook: subscribers.Hook{Slug: "crm"}, Health: subscribers.Health{Failures: 7}, Waiting: 12, GivenUp: 3, Told: 400, OldestAt: d.now.Add(-90 * time.Minute)},
		{Hook: subscribers.Hook{Slug: "shop"}, Told: 5},
		{Hook: subscribers.Hook{Slug: "ahead"}, Waiting: 1, OldestAt: d.now.Add(time.Second)}, // another host's clock
	}
	m := d.Meter()
	m.Written(3 * time.Millisecond)
	m.Tried(mail.Outcome{Class: mail.ClassAccepted, Relay: "a:25", Took: mail.Took{Mail: time.Millisecond, Dot: 3 * time.Second}})
	m.Tried(mail.Outcome{Class: mail.ClassTemporaryPath, Took: mail.Took{Wait: 20 * time.Minute}})
	m.Tried(mail.Outcome{Class: mail.ClassUncertain, Relay: "somebody's"})
	m.Tried(mail.Outcome{Class: "new", Relay: "b:25"})
	m.Recorded(map[delivery.State]int{delivery.Sent: 99, delivery.Uncertain: 1, "new": 5}, 20*time.Millisecond)
	m.Recorded(map[delivery.State]int{delivery.Sent: 1}, 0)

	text := d.scrape(t)
	has(t, text,
		`broadsheet_deliveries_total{state="sent"} 100`, `broadsheet_deliveries_total{state="uncertain"} 1`,
		`broadsheet_deliveries_total{state="failed"} 0`,
		`broadsheet_attempts_total{class="accepted",relay="a:25"} 1`, `broadsheet_attempts_total{class="accepted",relay="b:25"} 0`,
		`broadsheet_attempts_total{class="temporary-path",relay="none"} 1`, `broadsheet_attempts_total{class="uncertain",relay="other"} 1`,
		`broadsheet_phase_seconds_count{phase="compose"} 1`, `broadsheet_phase_seconds_bucket{phase="compose",le="0.0025"} 0`,
		`broadsheet_phase_seconds_bucket{phase="compose",le="0.005"} 1`,
		`broadsheet_phase_seconds_sum{phase="mail"} 0.001`, `broadsheet_phase_seconds_sum{phase="dot"} 3`,
		`broadsheet_phase_seconds_sum{phase="wait"} 1200`, `broadsheet_phase_seconds_count{phase="body"} 0`,
		`broadsheet_phase_seconds_count{phase="dial"} 0`, `broadsheet_phase_seconds_count{phase="record"} 1`,
		`broadsheet_connections{relay="a:25",state="busy"} 3`, `broadsheet_connections{relay="a:25",state="idle"} 3`,
		`broadsheet_connections_limit{relay="a:25"} 10`, `broadsheet_connections_limit{relay="b:25"} 1`,
		`broadsheet_queue_pending 1234`, `broadsheet_queue_retries 34`, `broadsheet_queue_age_seconds 90`,
		`broadsheet_editions{state="sending"} 2`, `broadsheet_editions{state="paused"} 1`,
		`broadsheet_provider_paused{provider="yahoo"} 1`, `broadsheet_sources_failing 1`,
		`broadsheet_source_last_ok_timestamp_seconds{source="feed"} 1.8e+09`,
		`broadsheet_source_last_ok_timestamp_seconds{source="dead"} 0`, `broadsheet_scrape_errors_total 0`,
		`broadsheet_webhook_waiting{webhook="crm"} 12`, `broadsheet_webhook_age_seconds{webhook="crm"} 5400`, `broadsheet_webhook_given_up{webhook="crm"} 3`,
		`broadsheet_webhook_failures{webhook="crm"} 7`, `broadsheet_webhook_told_total{webhook="crm"} 400`,
		`broadsheet_webhook_waiting{webhook="shop"} 0`, `broadsheet_webhook_age_seconds{webhook="shop"} 0`, `broadsheet_webhook_told_total{webhook="shop"} 5`,
		`broadsheet_webhook_age_seconds{webhook="ahead"} 0`,
	)
	lacks(t, text, `broadsheet_attempts_total{class="new"`, `broadsheet_deliveries_total{state="new"`)
	for _, name := range []string{"go_goroutines ", "process_cpu_seconds_total ", "go_build_info{"} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("there is no %s", name)
		}
	}
	problems, err := testutil.GatherAndLint(d.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestLedgerIsAskedSeldom scrapes more often than the database should be asked.
func TestLedgerIsAskedSeldom(t *testing.T) {
	d := newDesk()
	d.queue = delivery.Queue{Pending: 1, OldestAt: d.now}
	d.scrape(t)
	d.queue.Pending = 2
	d.now = d.now.Add(4 * time.Second)
	has(t, d.scrape(t), `broadsheet_queue_pending 1`, `broadsheet_queue_age_seconds 4`)
	d.now = d.now.Add(time.Second)
	has(t, d.scrape(t), `broadsheet_queue_pending 2`, `broadsheet_queue_age_seconds 5`)
	d.now = d.now.Add(-time.Hour) // the clock was set back
	d.queue.Pending = 3
	has(t, d.scrape(t), `broadsheet_queue_pending 3`, `broadsheet_queue_age_seconds 0`)
	if d.asked != 3 {
		t.Errorf("the database was asked %d times, want 3", d.asked)
	}
}

func TestDatabaseAway(t *testing.T) {
	d := newDesk()
	d.queue, d.sources = delivery.Queue{Pending: 7}, []digest.SourceState{{Slug: "feed"}}
	d.scrape(t)
	d.hooks = []subscribers.HookState{{Hook: subscribers.Hook{Slug: "crm"}}}
	away := errors.New("connection refused")
	d.queueErr, d.sourceErr, d.hooksErr = away, away, away
	for i := range 3 {
		d.now = d.now.Add(5 * time.Second)
		text := d.scrape(t)
		has(t, text, map[int]string{0: `broadsheet_scrape_errors_total 3`, 1: `broadsheet_scrape_errors_total 6`, 2: `broadsheet_scrape_errors_total 9`}[i],
			`broadsheet_connections_limit{relay="a:25"} 10`, `broadsheet_deliveries_total{state="sent"} 0`)
		lacks(t, text, "broadsheet_queue_", "broadsheet_source", "broadsheet_editions", "broadsheet_webhook")
	}
	if n := strings.Count(d.log.String(), "numbers missing in the metrics"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, d.log.String())
	}
	d.queueErr, d.hooksErr = nil, nil
	d.now = d.now.Add(5 * time.Second)
	text := d.scrape(t)
	has(t, text, `broadsheet_queue_pending 7`, `broadsheet_webhook_waiting{webhook="crm"} 0`, `broadsheet_scrape_errors_total 10`)
	lacks(t, text, "broadsheet_source")
}

// TestHandlerAnswersOneRoute tries what is not to be had.
func TestHandlerAnswersOneRoute(t *testing.T) {
	d := newDesk()
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/metrics", http.StatusOK},
		{http.MethodHead, "/metrics", http.StatusOK},
		{http.MethodPost, "/metrics", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/metrics", http.StatusMethodNotAllowed},
		{http.MethodGet, "/metrics/", http.StatusNotFound},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/debug/pprof/", http.StatusNotFound},
	} {
		if code, _ := d.request(t, c.method, c.path); code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, code, c.want)
		}
	}
}

// TestNothingDelivered has no numbers of delivering where another process does that.
func TestNothingDelivered(t *testing.T) {
	d := newDesk()
	d.Metrics = metrics.New(metrics.Options{
		Queue:   func(context.Context) (delivery.Queue, error) { return d.queue, nil },
		Sources: func(context.Context) ([]digest.SourceState, error) { return nil, nil },
		Hooks:   func(context.Context) ([]subscribers.HookState, error) { return nil, nil },
		Log:     slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if d.Meter() != nil {
		t.Error("a meter without relays")
	}
	text := d.scrape(t)
	has(t, text, `broadsheet_queue_pending 0`, `broadsheet_sources_failing 0`)
	lacks(t, text, "broadsheet_deliveries", "broadsheet_attempts", "broadsheet_phase", "broadsheet_connections")
}

// BenchmarkMessage counts all that a message brings, with its share of a group of results.
func BenchmarkMessage(b *testing.B) {
	m := newDesk().Meter()
	outcome := mail.Outcome{Class: mail.ClassAccepted, Relay: "a:25", Took: mail.Took{
		Wait: time.Microsecond, Dial: time.Millisecond, Mail: 5 * time.Millisecond, Body: 40 * time.Microsecond, Dot: 20 * time.Millisecond,
	}}
	states := map[delivery.State]int{delivery.Sent: 100}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Written(5 * time.Microsecond)
		m.Tried(outcome)
		if i%100 == 0 {
			m.Recorded(states, 3*time.Millisecond)
		}
	}
}
