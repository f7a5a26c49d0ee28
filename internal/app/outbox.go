package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"broadsheet/digest"
	"broadsheet/subscribers"
)

// How events are told: so many are claimed at a time, of which so many are on
// their way at once. The lease is longer than all of them can take.
const (
	claimedEvents = 48
	tellAtOnce    = 8
	tellLease     = 3 * time.Minute
)

// Once the service is to end, what is on its way may take so long, and recording
// what became of it so much longer.
const (
	tellDrain  = 10 * time.Second
	recordTime = 10 * time.Second
)

// failingAlertAfter is how long a system may take nothing before operators are told.
const failingAlertAfter = time.Hour

// Teller tells other systems what is in the outbox. Several may work on one
// database: an event is leased by one at a time, and the events of a reader are
// told one after the other.
type Teller struct {
	store *subscribers.Store
	lines []*line
	log   *slog.Logger
	lease time.Duration
	drain time.Duration
}

// NewTeller returns a teller for the outbox of s.
func NewTeller(s *subscribers.Store, to []Receiver, log *slog.Logger, now func() time.Time) *Teller {
	t := &Teller{store: s, log: log, lease: tellLease, drain: tellDrain}
	for _, r := range to {
		t.lines = append(t.lines, newLine(r, now))
	}
	return t
}

// Run tells events as they come until ctx ends. What is on its way then has 10
// seconds for its answer, which is recorded; the rest is given back at once and
// told anew. It returns nil.
func (t *Teller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, l := range t.lines {
		wg.Go(func() { t.serve(ctx, l) })
	}
	wg.Wait()
	return nil
}

func (t *Teller) serve(ctx context.Context, l *line) {
	wait, swept := time.Second, time.Time{}
	for ctx.Err() == nil {
		_, err := t.tellDue(ctx, l)
		if err == nil && time.Since(swept) > time.Hour {
			swept = time.Now()
			err = t.sweep(ctx, l)
		}
		switch {
		case err == nil:
			wait = time.Second
		case ctx.Err() == nil || !errors.Is(err, context.Canceled):
			t.log.ErrorContext(ctx, "outbox not worked on", "webhook", l.Slug, "error", err, "again_in", wait)
			wait = min(2*wait, 30*time.Second)
		}
		timer := time.NewTimer(wait*3/4 + rand.N(wait/2))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (t *Teller) sweep(ctx context.Context, l *line) error {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = t.store.SweepEvents(ctx, l.Slug); err != nil {
			return err
		}
	}
	return nil
}

// Tell tells all that is due now, and returns how many events were taken.
func (t *Teller) Tell(ctx context.Context) (taken int, err error) {
	for _, l := range t.lines {
		n, failed := t.tellDue(ctx, l)
		taken, err = taken+n, errors.Join(err, failed)
	}
	return taken, err
}

// tellDue tells one system all that is due now.
func (t *Teller) tellDue(ctx context.Context, l *line) (taken int, err error) {
	for ctx.Err() == nil {
		events, err := t.store.ClaimEvents(ctx, l.Slug, claimedEvents, t.lease)
		if err != nil || len(events) == 0 {
			return taken, err
		}
		n, err := t.round(ctx, l, events)
		taken += n
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// round tells claimed events and records the answers as they come: all that came
// meanwhile in one transaction.
func (t *Teller) round(ctx context.Context, l *line, events []subscribers.OutboxEvent) (taken int, err error) {
	recording, end := outlive(ctx, t.drain+recordTime)
	defer end()
	answers := make(chan subscribers.Told, len(events))
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { t.post(ctx, l, events, answers) })
	for left := len(events); left > 0; {
		tries := []subscribers.Told{<-answers}
		for more := true; more; {
			select {
			case told := <-answers:
				tries = append(tries, told)
			default:
				more = false
			}
		}
		left -= len(tries)
		n, failed := t.record(recording, l, tries)
		taken, err = taken+n, errors.Join(err, failed)
	}
	return taken, err
}

// post tells events, some at once. Once ctx ends none is begun.
func (t *Teller) post(ctx context.Context, l *line, events []subscribers.OutboxEvent, answers chan<- subscribers.Told) {
	posting, end := outlive(ctx, t.drain)
	defer end()
	turns := make(chan subscribers.OutboxEvent, len(events))
	for _, e := range events {
		turns <- e
	}
	close(turns)
	var wg sync.WaitGroup
	for range min(tellAtOnce, len(events)) {
		wg.Go(func() {
			for e := range turns {
				if ctx.Err() != nil {
					answers <- subscribers.Told{Event: e, Cut: true}
					continue
				}
				answers <- l.tell(posting, e)
			}
		})
	}
	wg.Wait()
}

// outlive is a context that ends so long after ctx does, or with its release.
func outlive(ctx context.Context, by time.Duration) (longer context.Context, release context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, end) })
	return longer, func() {
		stop()
		end()
	}
}

func (t *Teller) record(ctx context.Context, l *line, tries []subscribers.Told) (taken int, err error) {
	before, after, err := t.store.RecordTold(ctx, l.Slug, tries)
	answer := ""
	for i := range tries {
		if tries[i].Taken {
			taken++
		}
		answer = cmp.Or(tries[i].Answer, answer)
		t.log.DebugContext(ctx, "event told", "webhook", l.Slug, "event", tries[i].Event.ID(), "kind", tries[i].Event.Event,
			"taken", tries[i].Taken, "cut", tries[i].Cut, "answer", tries[i].Answer, "attempt", tries[i].Event.Attempts)
	}
	switch {
	case err != nil:
	case after.Failing() && !before.Failing():
		t.log.WarnContext(ctx, "webhook failing", "webhook", l.Slug, "since", after.FailingSince, "answer", answer)
	case before.Failing() && !after.Failing():
		t.log.InfoContext(ctx, "webhook works again", "webhook", l.Slug, "failing_since", before.FailingSince)
	}
	return taken, err
}

// teller tells the configured systems.
func (a *App) teller() (*Teller, error) {
	var to []Receiver
	for _, w := range a.Config.WebhooksOut {
		r := Receiver{Slug: w.Slug, URL: w.URL, AllowPrivate: w.AllowPrivate}
		for _, text := range w.Secrets {
			secret, err := ParseSecret(text)
			if err != nil {
				return nil, fmt.Errorf("%w: the secret of the outgoing webhook %s: %w", ErrConfig, w.Slug, err)
			}
			r.Secrets = append(r.Secrets, secret)
		}
		to = append(to, r)
	}
	return NewTeller(a.Subscribers, to, a.Log, a.Now), nil
}

// nameHooks says, as long as the process runs, which systems the configuration
// has, and retires with the other processes what none of them has.
func (a *App) nameHooks(ctx context.Context) error {
	var watch subscribers.HookWatch
	return every(ctx, subscribers.NameHooksEvery, func() {
		now, gone, err := a.Subscribers.NameHooks(ctx, a.hooks(), watch)
		watch = now
		if err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "outgoing webhooks not named", "error", err)
		}
		for _, h := range gone {
			a.Log.InfoContext(ctx, "webhook retired, no running process has it", "webhook", h.Slug, "dropped", h.Dropped)
		}
	})
}

// hooks are the configured systems as the database is to know them.
func (a *App) hooks() []subscribers.Hook {
	var out []subscribers.Hook
	for _, w := range a.Config.WebhooksOut {
		h := subscribers.Hook{Slug: w.Slug}
		for _, e := range w.Events {
			h.Events = append(h.Events, subscribers.HookEvent(e))
		}
		out = append(out, h)
	}
	return out
}

// outboxAlerts are those of systems that take nothing, or did not in time.
func (a *App) outboxAlerts(ctx context.Context) ([]digest.Alert, error) {
	states, err := a.Subscribers.HookStates(ctx)
	var out []digest.Alert
	for i := range states {
		s := &states[i]
		if s.Failing() && a.Now().Sub(s.FailingSince) > failingAlertAfter {
			out = append(out, digest.Alert{Key: "webhook " + s.Slug + " failing", Text: fmt.Sprintf("Outgoing webhook %s: nothing was taken since %s; the last answer: %s",
				s.Slug, s.FailingSince.UTC().Format("2006-01-02 15:04 MST"), s.LastError)})
		}
		if s.GivenUp > 0 {
			out = append(out, digest.Alert{Key: "webhook " + s.Slug + " given up", Text: fmt.Sprintf("Outgoing webhook %s: events were given up after 3 days. "+
				"See broadsheet webhook list %s, and have them told again with broadsheet webhook retry %s", s.Slug, s.Slug, s.Slug)})
		}
	}
	return out, err
}
