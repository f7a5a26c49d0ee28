package delivery

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Options are what an engine works with. DB, Compose, Send, Links, Sender, MessageDomain and StateDir are required.
type Options struct {
	DB      *db.DB
	Compose Compose
	// Send hands a message to a relay and calls its BeforeDot just before the final dot, as mail.Pool does.
	Send          func(ctx context.Context, m *mail.Message) mail.Outcome
	Lanes         int // messages under way at once, 8 by default
	Links         Links
	Sender        Sender
	Signer        func(r *mail.Relay) *mail.Signer // what signs for a relay, nil from it: unsigned; nil: all unsigned
	Providers     *mail.Providers                  // whose mailboxes addresses are, and how many messages a second they get; nil: the well-known ones, no rates
	MessageDomain string                           // right of the @ in Message-ID
	UnsubscribeTo string                           // the mailbox that also takes requests to unsubscribe; "": none
	StateDir      string                           // on a local disk, made if missing
	OnUncertain   Policy                           // Hold by default
	Bounces       Bounces                          // when a reader whose mail bounces gets nothing more: the zero value, at the first hard bounce
	Lease         time.Duration                    // how long a dead worker's batches wait, 30 s by default
	Drain         time.Duration                    // how long messages under way may take when Run is to end, 20 s by default
	Meter         Meter                            // nil: nobody counts
	Log           *slog.Logger
	Now           func() time.Time
}

// Meter is told what an engine does. Its methods are called by many goroutines at once and return at once.
type Meter interface {
	// Written: a message was written for its reader, its mail composed where that was needed.
	Written(took time.Duration)
	// Tried: a message was handed to Send, and this came of it.
	Tried(o mail.Outcome)
	// Recorded: a group of results went to the database, so many deliveries coming to each state by it. took is 0 where
	// they were settled in place of a worker that is gone. What a COMMIT without an answer may have written is not counted.
	Recorded(states map[State]int, took time.Duration)
}

// unmetered is the meter of an engine that has none.
type unmetered struct{}

func (unmetered) Written(time.Duration)                 {}
func (unmetered) Tried(mail.Outcome)                    {}
func (unmetered) Recorded(map[State]int, time.Duration) {}

// Errors of Run and RunEdition.
var (
	// ErrUsed says that the engine ran before: one serves once.
	ErrUsed = errors.New("delivery engine was started before")
	// ErrPaused says that the edition is paused; its reason follows.
	ErrPaused = errors.New("edition is paused")
	// ErrRelays says that deliveries wait because the relays take nothing now.
	ErrRelays = errors.New("relays take nothing now")
)

// Engine sends what is planned. It serves one call of Run or RunEdition.
type Engine struct {
	o       Options
	db      *db.DB
	store   *Store
	log     *slog.Logger
	worker  string
	edition int64 // 0: all
	used    atomic.Bool

	cache      *cache
	gate       *gate
	database   latch
	obstacle   atomic.Pointer[error] // why the journal cannot be written; nil while it can
	surmounts  sync.Mutex            // held by who waits for that
	held       held
	pauses     pauses
	byProvider *windows[string]
	byEdition  *windows[int64]
	journal    *journal
	own        *ownCount
	unsettled  atomic.Bool // a batch has ended since editions were last looked at
	spikes     spikes      // the recorder's
	doubt      atomic.Bool // a claim failed, so that the database may know of a lease that we do not

	urgent  *feeder // nil when the engine works for one edition
	others  *feeder
	results chan result

	soft context.Context // ends some time after the caller's: messages before their final dot are given up
	hard context.Context // ends later: all messages are given up
	last context.Context // ends after that: recording what became of them is given up, too
}

// fill puts in what may be left out.
func (o *Options) fill() {
	if o.Lanes <= 0 {
		o.Lanes = 8
	}
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	if o.Drain <= 0 {
		o.Drain = 20 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = unmetered{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Providers == nil {
		o.Providers = mail.NewProviders(nil)
	}
}

// New checks the options and returns an engine that has not begun.
func New(o Options) (*Engine, error) {
	for name, missing := range map[string]bool{
		"DB": o.DB == nil, "Compose": o.Compose == nil, "Send": o.Send == nil, "Links": o.Links == nil,
		"Sender": o.Sender == nil, "MessageDomain": o.MessageDomain == "", "StateDir": o.StateDir == "",
	} {
		if missing {
			return nil, fmt.Errorf("delivery engine: no %s", name)
		}
	}
	var err error
	if o.OnUncertain, err = ParsePolicy(string(o.OnUncertain)); err != nil {
		return nil, fmt.Errorf("delivery engine: %w", err)
	}
	o.fill()
	own := newOwnCount(o.Meter)
	o.Meter = own
	store := NewStore(o.DB, o.Now)
	e := &Engine{
		o: o, db: o.DB, store: store, log: o.Log, worker: workerName(), own: own,
		cache: newCache(store.noteLeftOut(watchSize(o.Compose, o.Log), o.Log), o.Now, cacheSize), gate: newGate(o.Lanes),
		byProvider: newWindows[string](), byEdition: newWindows[int64](), results: make(chan result, flushMost),
	}
	return e, nil
}

// Run leases batches and sends them until ctx ends. Then it drains: messages under way finish and are recorded, the
// rest of its batches is free again, its journal goes. That takes Drain at most, and 5 s more while the database is away.
// It returns nil, or ErrUnrecorded if the database was away so long that the journal had to stay.
func (e *Engine) Run(ctx context.Context) error { return e.run(ctx, 0) }

// RunEdition sends one edition until nothing of it can be done now. What waits for a later try counts as pending; what
// other workers have in their hands is waited for, and so is what waits for the rate of a provider, or for a relay to be
// tried again within a minute. It calls progress, which may be nil, about each second and returns the balance. ErrPaused
// and ErrRelays say why something is pending still; the balance comes with them.
func (e *Engine) RunEdition(ctx context.Context, editionID int64, progress func(Progress)) (Balance, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	if progress != nil {
		wg.Go(func() { e.report(inner, editionID, progress) })
	}
	wg.Go(func() {
		select {
		case <-e.gate.stuck:
			cancel()
		case <-inner.Done():
		}
	})
	err := e.run(inner, editionID)
	cancel()
	wg.Wait()
	if err != nil {
		return Balance{}, err
	}
	return e.conclusion(context.WithoutCancel(ctx), editionID)
}

// conclusion reads the balance of the edition and says what keeps it from its end.
func (e *Engine) conclusion(ctx context.Context, edition int64) (Balance, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.Drain)
	defer cancel()
	e.settle(ctx)
	balance, err := e.store.Balance(ctx, edition)
	if err != nil || balance.Pending == 0 {
		return balance, err
	}
	now, err := e.store.prospect(ctx, edition)
	if err != nil {
		return balance, err
	}
	if now.State == digest.EditionPaused {
		return balance, fmt.Errorf("%w: %s", ErrPaused, now.Reason)
	}
	if err := e.obstacle.Load(); err != nil {
		return balance, *err
	}
	if trouble := e.gate.trouble(); trouble != "" {
		return balance, fmt.Errorf("%w: %s", ErrRelays, trouble)
	}
	return balance, nil
}

func (e *Engine) run(ctx context.Context, edition int64) error {
	if e.used.Swap(true) {
		return ErrUsed
	}
	e.edition = edition
	var err error
	if e.journal, err = openJournal(e.o.StateDir, e.worker); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer e.deadlines(ctx)()
	defer e.gate.stop()
	var others, lanes sync.WaitGroup
	if e.replayFirst(ctx) {
		e.feed(ctx, &lanes) // before the sweeper, which rouses the feeders
		others.Go(func() { e.sweep(ctx) })
		others.Go(func() { e.lookEach(ctx) })
		for range e.o.Lanes {
			lanes.Go(func() { e.lane(ctx) })
		}
	}
	recorded := make(chan error, 1)
	go func() { recorded <- e.record() }()
	lanes.Wait()
	cancel()
	others.Wait()
	close(e.results)
	return e.end(<-recorded)
}

// recordTime is how long recording may go on once the messages under way had to be given up.
const recordTime = 5 * time.Second

// deadlines sets how long after the end of ctx things may go on. Its result ends that.
func (e *Engine) deadlines(ctx context.Context) (release func()) {
	var ends [3]context.CancelFunc
	for i, stage := range []*context.Context{&e.soft, &e.hard, &e.last} {
		*stage, ends[i] = context.WithCancel(context.WithoutCancel(ctx))
	}
	waits := [...]time.Duration{e.o.Drain / 4, e.o.Drain - e.o.Drain/4, recordTime}
	released, finish := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-ctx.Done():
		case <-released.Done():
			return
		}
		for i, end := range ends {
			if pause(released, waits[i]) != nil {
				return
			}
			end()
		}
	})
	return func() {
		finish()
		wg.Wait()
		for _, end := range ends {
			end()
		}
	}
}

// replayFirst reads dead workers' journals before anything is sent. It is false if ctx ended first.
func (e *Engine) replayFirst(ctx context.Context) bool {
	for wait := time.Second; ; wait = min(2*wait, 15*time.Second) {
		err := e.replay(ctx)
		if err == nil {
			return ctx.Err() == nil
		}
		if ctx.Err() == nil {
			e.log.Error("journals not read, nothing is sent", "error", err, "again_in", wait)
		}
		if pause(ctx, wait) != nil {
			return false
		}
	}
}

// end gives back what may still carry our name without our knowing. The journal goes only when nothing depends on it.
func (e *Engine) end(err error) error {
	if err == nil && e.doubt.Load() {
		err = e.db.Write(e.last, func(tx *db.Tx) error { return release(e.last, tx, e.worker, e.o.Now()) })
		if err != nil {
			err = fmt.Errorf("release batches: %w", err)
		}
	}
	if err != nil {
		e.journal.close()
		return err
	}
	if err := e.journal.remove(); err != nil {
		return fmt.Errorf("remove journal: %w", err)
	}
	return nil
}

// workerName is unique for each engine, and fit for a file name.
func workerName() string {
	host, _ := os.Hostname()
	host = strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, host)
	var suffix [4]byte
	rand.Read(suffix[:])
	return fmt.Sprintf("%.40s-%d-%s", host, os.Getpid(), hex.EncodeToString(suffix[:]))
}
