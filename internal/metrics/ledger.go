package metrics

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/subscribers"
)

const (
	keepAnswers = 5 * time.Second // how old an answer of the database may be
	askTime     = 2 * time.Second // how long it may take for one
)

// ledger asks the database what waits, how the sources are, and how other systems take what they are told. Where it does not answer, its numbers are left out of
// the scrape, rather than shown as they were, and the failure is counted.
type ledger struct {
	queue   func(ctx context.Context) (delivery.Queue, error)
	sources func(ctx context.Context) ([]digest.SourceState, error)
	hooks   func(ctx context.Context) ([]subscribers.HookState, error)
	log     *slog.Logger
	now     func() time.Time

	events                                                                           *outbox
	pending, retries, age, editions, paused, failing, fetched, story, missed, misses *prometheus.Desc

	mu      sync.Mutex // guards what follows, and lets one scrape ask for all
	askedAt time.Time
	asked   answers
	failed  int
	down    bool // the last time it was asked, the database did not answer all
}

// answers are nil where the database gave none.
type answers struct {
	queue   *delivery.Queue
	sources []digest.SourceState
	hooks   []subscribers.HookState
}

func newLedger(o Options) *ledger {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("broadsheet_"+name, help, labels, nil)
	}
	return &ledger{
		queue: o.Queue, sources: o.Sources, hooks: o.Hooks, events: newOutbox(), log: o.Log, now: o.Now,
		pending:  desc("queue_pending", "Deliveries of open editions that are pending, over all processes. A batch counts whole until all of it has ended."),
		retries:  desc("queue_retries", "Deliveries that wait for another try, over all processes; not counted beyond 100,000."),
		age:      desc("queue_age_seconds", "How long the oldest open batch or due retry of an edition that is sending has been ready, 0 without any."),
		editions: desc("editions", "Editions that are not at their end.", "state"),
		paused:   desc("provider_paused", "1 for a mailbox provider that gets nothing for a while.", "provider"),
		failing:  desc("sources_failing", "Sources whose last fetch failed."),
		fetched:  desc("source_last_ok_timestamp_seconds", "When a source was last fetched without an error, 0 for never.", "source"),
		story:    desc("source_last_story_timestamp_seconds", "When a source last brought a new story, 0 for never.", "source"),
		missed:   desc("source_missed_total", "Stories that a feed had dropped before they were seen, as far as one can tell.", "source"),
		misses:   desc("scrape_errors_total", "Questions to the database for a scrape that had no answer."),
	}
}

// Describe implements [prometheus.Collector].
func (l *ledger) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.pending, l.retries, l.age, l.editions, l.paused, l.failing, l.fetched, l.story, l.missed, l.misses} {
		ch <- d
	}
	l.events.describe(ch)
}

// Collect implements [prometheus.Collector].
func (l *ledger) Collect(ch chan<- prometheus.Metric) {
	got, failed := l.ask()
	ch <- prometheus.MustNewConstMetric(l.misses, prometheus.CounterValue, float64(failed))
	if q := got.queue; q != nil {
		ch <- gauge(l.pending, float64(q.Pending))
		ch <- gauge(l.retries, float64(q.Retries))
		ch <- gauge(l.age, q.Age(l.now()).Seconds())
		ch <- gauge(l.editions, float64(q.Sending), string(digest.EditionSending))
		ch <- gauge(l.editions, float64(q.Paused), string(digest.EditionPaused))
		for _, name := range q.PausedProviders {
			ch <- gauge(l.paused, 1, name)
		}
	}
	l.events.collect(ch, got.hooks, l.now())
	if got.sources == nil {
		return
	}
	failing := 0
	for _, s := range got.sources {
		if s.Failures > 0 {
			failing++
		}
		ch <- gauge(l.fetched, seconds(s.OKAt), s.Slug)
		ch <- gauge(l.story, seconds(s.StoryAt), s.Slug)
		ch <- prometheus.MustNewConstMetric(l.missed, prometheus.CounterValue, float64(s.Missed), s.Slug)
	}
	ch <- gauge(l.failing, float64(failing))
}

// ask returns what the database said within the last seconds, and how often it has said nothing so far.
func (l *ledger) ask() (answers, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); l.askedAt.IsZero() || now.Sub(l.askedAt) >= keepAnswers || now.Before(l.askedAt) {
		l.asked, l.askedAt = l.read(), now
	}
	return l.asked, l.failed
}

// read asks anew. A collector is told of no context, so what it may take is bounded here.
func (l *ledger) read() answers {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	var out answers
	queue, queueErr := l.queue(ctx)
	if queueErr == nil {
		out.queue = &queue
	}
	sources, sourcesErr := l.sources(ctx)
	if sourcesErr == nil {
		out.sources = append([]digest.SourceState{}, sources...)
	}
	hooks, hooksErr := l.hooks(ctx)
	if hooksErr == nil {
		out.hooks = hooks
	}
	l.note(queueErr, sourcesErr, hooksErr)
	return out
}

// note counts what failed, and logs it once for each time that the database is away.
func (l *ledger) note(errs ...error) {
	failed := 0
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	if failed > 0 && !l.down {
		l.log.Warn("numbers missing in the metrics", "error", errors.Join(errs...))
	}
	l.failed, l.down = l.failed+failed, failed > 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
