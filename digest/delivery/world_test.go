package delivery_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/mail"
)

// clock is the real one with an offset that tests move.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
	asked  int // how often
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return time.Now().Add(c.offset)
}

// looks returns how often somebody has asked for the time.
func (c *clock) looks() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// world is a planned edition in a database, a relay that takes everything, and what an engine needs around it.
type world struct {
	t     testing.TB
	db    *db.DB
	clock *clock
	relay *relay
	press *press
	state string
	log   *lockedBuffer
}

const (
	day     = 20781
	edition = 1
	digestN = 7
	run     = 11
	key     = "daily/2026-11-24"
)

// newWorld plans an edition of n deliveries, batches of 250, over the given number of selections.
func newWorld(t testing.TB, d *db.DB, n, selections int) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: &clock{}, relay: newRelay(), press: &press{}, state: t.TempDir(), log: &lockedBuffer{}}
	t.Cleanup(func() {
		if t.Failed() {
			w.dump()
		}
	})
	w.write(func(ctx context.Context, tx *db.Tx) error {
		if err := tx.EnsureDay(ctx, day); err != nil {
			return err
		}
		for _, q := range []string{
			`INSERT INTO digests (id, slug, name) VALUES (7, 'daily', 'Daily')`,
			`INSERT INTO cohorts (id, digest_id, zone) VALUES (3, 7, 'UTC')`,
			`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
				VALUES (1, 7, '2026-11-24 07:00', 'daily/2026-11-24', 'scheduled', 20781, 'sending', 1)`,
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at, due)
			VALUES (11, 1, 3, 1, $1, 0, 9, 0, 1, $2)`, db.Millis(time.Now().Add(24*time.Hour)), n)
		if err != nil {
			return err
		}
		return insertReaders(ctx, tx, n, selections)
	})
	return w
}

// dump shows what a failed test left.
func (w *world) dump() {
	w.t.Log(w.log.String())
	for _, table := range []struct{ query string }{
		{`SELECT 'batch ' || id || ' run ' || run_id || ' ready ' || ready_at || ' lease ' || lease_until || ' fence ' || fence || ' worker ' || worker || ' done ' || done_at FROM batches LIMIT 20`},
		{`SELECT 'delivery ' || subscriber_id || ' batch ' || batch_id || ' ' || state || ' next ' || next_try_at || ' changed ' || changed_at FROM deliveries ORDER BY state, subscriber_id LIMIT 20`},
	} {
		var rows []string
		err := w.db.View(context.Background(), func(tx *db.Tx) error { return tx.Select(context.Background(), &rows, table.query) })
		w.t.Log(strings.Join(rows, "\n"), err)
	}
	w.t.Log("now", db.Millis(w.clock.Now()))
}

func insertReaders(ctx context.Context, tx *db.Tx, n, selections int) error {
	var ids, batches, chosen, picks, blocks, sizes []int64
	var addresses, names []string
	for i := range n {
		ids, batches = append(ids, int64(i+1)), append(batches, int64(i/250+1))
		chosen = append(chosen, int64(i%selections+1))
		addresses, names = append(addresses, fmt.Sprintf("r%d@x.example", i+1)), append(names, fmt.Sprintf("Reader %d", i+1))
		if i%250 == 0 {
			blocks, sizes = append(blocks, int64(i/250+1)), append(sizes, int64(min(250, n-i)))
		}
	}
	for i := range selections {
		picks = append(picks, int64(i+1))
	}
	for _, s := range []struct {
		query string
		cols  []db.Column
	}{
		{`INSERT INTO subscribers (id, address, name, state, created_at) SELECT v.id, v.address, v.name, 'active', 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids), db.Texts("address", addresses), db.Texts("name", names)}},
		{`INSERT INTO subscriptions (subscriber_id, digest_id, cohort_id, state, topics, created_at) SELECT v.id, 7, 3, 'active', '*', 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids)}},
		{`INSERT INTO selections (edition_id, id, stories) SELECT 1, v.id, '' FROM {rows}`, []db.Column{db.Ints("id", picks)}},
		{`INSERT INTO batches (id, edition_id, run_id, day, size, ready_at) SELECT v.id, 1, 11, 20781, v.size, 1 FROM {rows}`,
			[]db.Column{db.Ints("id", blocks), db.Ints("size", sizes)}},
		{`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at)
			SELECT 20781, 1, v.id, 11, v.selection, v.batch, 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids), db.Ints("selection", chosen), db.Ints("batch", batches)}},
	} {
		if _, err := tx.ExecRows(ctx, s.query, s.cols); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE counters SET value = 1000 WHERE name = 'batch'`)
	return err
}

// options are those of an engine in this world.
func (w *world) options() delivery.Options {
	return delivery.Options{
		DB: w.db, Compose: w.press.compose, Send: w.relay.send, Lanes: 4, Links: links{}, Sender: senders{},
		MessageDomain: "courier.example", StateDir: w.state, Now: w.clock.Now,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
}

func (w *world) engine(change ...func(*delivery.Options)) *delivery.Engine {
	w.t.Helper()
	o := w.options()
	for _, c := range change {
		c(&o)
	}
	e, err := delivery.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// send runs an engine over the edition and checks that it balances.
func (w *world) send(change ...func(*delivery.Options)) (delivery.Balance, error) {
	w.t.Helper()
	b, err := w.engine(change...).RunEdition(w.t.Context(), edition, nil)
	if err == nil && !b.Balanced() {
		w.t.Errorf("balance %+v does not balance", b)
	}
	return b, err
}

// runUntilAside runs an engine until nothing of any edition is left to do but what waits for a later try.
func (w *world) runUntilAside(change ...func(*delivery.Options)) {
	w.t.Helper()
	w.runUntil(func() bool {
		return w.count(`SELECT count(*) FROM deliveries WHERE state = 'pending' AND next_try_at <= $1`, db.Millis(w.clock.Now())) == 0
	}, change...)
}

// runUntil runs an engine until something is so.
func (w *world) runUntil(is func() bool, change ...func(*delivery.Options)) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	done := make(chan error, 1)
	e := w.engine(change...)
	go func() { done <- e.Run(ctx) }()
	for !is() {
		<-time.After(5 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) mustSend(change ...func(*delivery.Options)) delivery.Balance {
	w.t.Helper()
	b, err := w.send(change...)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) write(fn func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), func(tx *db.Tx) error { return fn(w.t.Context(), tx) }); err != nil {
		w.t.Error(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error { return tx.Get(w.t.Context(), &n, query, args...) })
	if err != nil {
		w.t.Error(err)
	}
	return n
}

func (w *world) editionState() string {
	w.t.Helper()
	var s string
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error { return tx.Get(w.t.Context(), &s, `SELECT state FROM editions WHERE id = 1`) })
	if err != nil {
		w.t.Error(err)
	}
	return s
}

func (w *world) store() *delivery.Store { return delivery.NewStore(w.db, w.clock.Now) }

// show returns the delivery to a reader.
func (w *world) show(reader int) (delivery.Delivery, []delivery.Attempt) {
	w.t.Helper()
	d, attempts, err := w.store().Show(w.t.Context(), key, address(reader))
	if err != nil {
		w.t.Fatal(err)
	}
	return d, attempts
}

// eachOnce checks that the relay took one message for each of n readers, but for those left out.
func (w *world) eachOnce(n int, but ...int) {
	w.t.Helper()
	out := map[string]bool{}
	for _, r := range but {
		out[address(r)] = true
	}
	for i := range n {
		want := 1
		if out[address(i+1)] {
			want = 0
		}
		if got := len(w.relay.taken(address(i + 1))); got != want {
			w.t.Errorf("%s got %d messages, want %d", address(i+1), got, want)
		}
	}
}

func address(reader int) string { return fmt.Sprintf("r%d@x.example", reader) }

// relay is a fake Send.
type relay struct {
	mu       sync.Mutex
	accepted map[string][][]byte
	calls    map[string]int
	total    int
	reached  chan struct{} // closed when total reaches goal
	goal     int
	// answer, if set, decides about the n-th call for an address; nil accepts.
	answer func(ctx context.Context, to string, n int, msg []byte, beforeDot func() error) *mail.Outcome
}

func newRelay() *relay { return &relay{accepted: map[string][][]byte{}, calls: map[string]int{}} }

func (r *relay) send(ctx context.Context, m *mail.Message) mail.Outcome {
	env, beforeDot := m.Envelope, m.BeforeDot
	msg, err := m.Sign(&mail.Relay{Name: "fake"})
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	r.calls[env.To]++
	n, answer := r.calls[env.To], r.answer
	r.mu.Unlock()
	if answer != nil {
		if o := answer(ctx, env.To, n, msg, beforeDot); o != nil {
			return *o
		}
	}
	if err := beforeDot(); err != nil {
		return aborted(err)
	}
	r.take(env.To, msg)
	return mail.Outcome{Class: mail.ClassAccepted, Relay: "fake", Reply: mail.Reply{Code: 250, Text: "queued", Phase: mail.PhaseDot}}
}

func (r *relay) take(to string, msg []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accepted[to] = append(r.accepted[to], bytes.Clone(msg))
	r.total++
	if r.reached != nil && r.total == r.goal {
		close(r.reached)
	}
}

func (r *relay) taken(to string) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepted[to]
}

// after returns a channel that is closed once the relay has taken n messages.
func (r *relay) after(n int) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.goal, r.reached = n, make(chan struct{})
	return r.reached
}

func (r *relay) set(answer func(ctx context.Context, to string, n int, msg []byte, beforeDot func() error) *mail.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func aborted(err error) mail.Outcome {
	return mail.Outcome{
		Class: mail.ClassTemporaryPath, Err: fmt.Errorf("%w: %w", mail.ErrAborted, err), Reply: mail.Reply{Phase: mail.PhaseBody},
	}
}

// refuse answers to a phase; after the dot beforeDot is called first.
func refuse(class mail.Class, code int, enhanced string, phase mail.Phase, beforeDot func() error) *mail.Outcome {
	if phase == mail.PhaseDot {
		if err := beforeDot(); err != nil {
			o := aborted(err)
			return &o
		}
	}
	o := mail.Outcome{Class: class, Relay: "fake", Reply: mail.Reply{Code: code, Enhanced: enhanced, Text: "no", Phase: phase}}
	if class == mail.ClassUncertain {
		o = mail.Outcome{Class: class, Relay: "fake", Err: mail.ErrUncertain, Reply: mail.Reply{Phase: mail.PhaseDot}}
	}
	return &o
}

// press composes: the text says whether the stories are as they are now or as they were.
type press struct {
	mu    sync.Mutex
	asked []time.Time
	edit  func(selection int64, c *digest.Composed) error
	news  string
}

func (p *press) compose(ctx context.Context, _, selection int64, asOf time.Time) (*digest.Composed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, asOf)
	story := "as it was"
	if asOf.IsZero() {
		asOf, story = time.Now().UTC().Truncate(time.Millisecond), p.news
	}
	markers := mail.NewMarkers()
	body, err := mail.Compile(
		"<p>"+story+" "+markers.Of(mail.SlotName)+" <a href=\""+markers.Of(mail.SlotUnsubscribe)+"\">leave</a></p>",
		story+" "+markers.Of(mail.SlotUnsubscribe), markers)
	if err != nil {
		return nil, err
	}
	c := &digest.Composed{
		Body: body, Subject: fmt.Sprintf("News %d", selection), From: mail.Address{Name: "Courier", Addr: "news@courier.example"},
		ListID: "Daily <daily.lists.courier.example>", FeedbackID: "e:d:digest:courier", EditionKey: key, DigestID: digestN,
		Date: asOf, ComposedAt: asOf,
	}
	if p.edit != nil {
		err = p.edit(selection, c)
	}
	return c, err
}

type links struct{}

func (links) UnsubscribeAsOf(_ time.Time, subscriber, digest int64) string {
	return fmt.Sprintf("https://courier.example/u/%d-%d", subscriber, digest)
}

func (links) PreferencesAsOf(_ time.Time, subscriber int64) string {
	return fmt.Sprintf("https://courier.example/p/%d", subscriber)
}

type senders struct{}

func (senders) SenderAsOf(_ time.Time, edition, subscriber int64) string {
	return fmt.Sprintf("b+tokenof%dx%d@bounce.courier.example", edition, subscriber)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newSigner signs with a key of its own.
func newSigner(t testing.TB) *mail.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	signer, err := mail.NewSigner("courier.example", "b1", text)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
