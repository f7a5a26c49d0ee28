package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
)

// The variables of make crash: how many faults a campaign has (and 5,000
// deliveries), and the seed that chooses their moments.
const (
	crashVariable = "BROADSHEET_CRASH_KILLS"
	seedVariable  = "BROADSHEET_CRASH_SEED"
)

// scale is how large campaigns are.
type scale struct {
	faults, readers int
	seed            uint64
	full            bool
}

func campaignScale(t *testing.T) scale {
	t.Helper()
	s := scale{faults: 6, readers: 1500, seed: uint64(time.Now().UnixNano())}
	if text := os.Getenv(crashVariable); text != "" {
		s.faults, s.readers, s.full = int(number(t, crashVariable, text)), 5000, true
	}
	if text := os.Getenv(seedVariable); text != "" {
		s.seed = number(t, seedVariable, text)
	}
	t.Logf("%s=%d chooses the moments", seedVariable, s.seed)
	return s
}

func number(t *testing.T, name, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// blow is what happens to workers.
type blow string

const (
	killed     blow = "kill -9"
	terminated blow = "SIGTERM"
	stopped    blow = "SIGSTOP"
)

// campaign is one edition with workers to whom something happens again and again.
type campaign struct {
	blow    blow
	dialect db.Dialect
	workers int
	apart   bool // on hosts of their own, each with its own state folder
	policy  string
	full    bool // takes longer than the lease: for make crash only
}

func (c campaign) String() string {
	crew := "one worker"
	switch {
	case c.apart:
		crew = fmt.Sprintf("%d hosts", c.workers)
	case c.workers > 1:
		crew = fmt.Sprintf("%d workers", c.workers)
	}
	return fmt.Sprintf("%s, %s, %s, %s", c.blow, c.dialect, crew, c.policy)
}

var campaigns = [...]campaign{
	{blow: killed, dialect: db.SQLite, workers: 1, policy: "hold"},
	{blow: killed, dialect: db.Postgres, workers: 2, apart: true, policy: "hold"},
	{blow: killed, dialect: db.Postgres, workers: 2, policy: "resend"},
	{blow: killed, dialect: db.SQLite, workers: 1, policy: "resend", full: true},
	{blow: killed, dialect: db.SQLite, workers: 2, policy: "assume-sent"},
	{blow: killed, dialect: db.Postgres, workers: 2, policy: "assume-sent", full: true},
	{blow: terminated, dialect: db.SQLite, workers: 1, policy: "hold"},
	{blow: terminated, dialect: db.Postgres, workers: 2, apart: true, policy: "hold"},
	{blow: stopped, dialect: db.SQLite, workers: 2, policy: "hold", full: true},
	{blow: stopped, dialect: db.Postgres, workers: 2, policy: "hold", full: true},
	{blow: stopped, dialect: db.Postgres, workers: 2, apart: true, policy: "hold", full: true},
}

// TestCrash is the crash harness: real processes, and the inbox as the witness
// of what they did. See make crash.
func TestCrash(t *testing.T) {
	t.Parallel()
	s := campaignScale(t)
	var mu sync.Mutex
	rows := map[campaign]string{}
	t.Run("campaigns", func(t *testing.T) {
		for i, c := range campaigns {
			if c.full && !s.full {
				continue
			}
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				row := c.run(t, s, rand.New(rand.NewPCG(s.seed, uint64(i))))
				mu.Lock()
				defer mu.Unlock()
				rows[c] = row
			})
		}
	})
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "campaign\tdeliveries\tfaults\tuncertain\tof them arrived\tlost\ttwice\tsame again\tseconds")
	for _, c := range campaigns {
		fmt.Fprint(w, rows[c])
	}
	w.Flush()
	t.Logf("\n%s", table.String())
}

// crew is the workers of a campaign.
type crew struct {
	n       *newsroom
	c       campaign
	workers []*process // nil: down until the next blow
	hit     int        // workers that were struck so far
}

func (c campaign) run(t *testing.T, s scale, random *rand.Rand) string {
	began := time.Now()
	url := ""
	if c.dialect == db.Postgres {
		url = dbtest.URL(t, c.dialect)
	}
	n, d := missedSlot(t, settings{database: url, onUncertain: c.policy, readers: s.readers, hook: unhurried})
	w := &crew{n: n, c: c, workers: make([]*process, c.workers)}
	faults, seen := s.faults, fences{}
	if c.blow == stopped {
		faults = 1
	}
	w.complete()
	for i := range faults {
		w.moment(random, i, faults)
		w.strike(random)
		seen.look(t, d)
	}
	w.complete()
	n.atRest(d)
	if c.blow == stopped {
		until(t, "the stopped worker has told what it knows", func() bool { return count(t, d, reasonQuery, "worker-lost") == 0 })
		n.atRest(d)
	}
	w.dismiss()
	seen.look(t, d)
	got := n.audit(d)
	c.judge(t, got, w.hit)
	n.must("edition", "list")
	row := fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\n", c, n.readers, w.hit, got.uncertain, got.unread, got.lost, got.twice, got.repeats, time.Since(began).Seconds())
	if got.uncertain > 0 {
		n.resolve(d)
	}
	return row
}

const reasonQuery = `SELECT COUNT(*) FROM deliveries WHERE reason = $1`

// judge compares what a campaign cost with what it may.
func (c campaign) judge(t *testing.T, got toll, hit int) {
	t.Helper()
	if got.lost > 0 || got.twice > 0 || got.pending > 0 {
		t.Errorf("%+v, want nothing lost, twice or pending", got)
	}
	most := map[blow]int{killed: hit * connections, terminated: 0, stopped: connections}[c.blow]
	if c.policy != "hold" && got.uncertain > 0 || got.uncertain > most || got.repeats > most {
		t.Errorf("%+v, want at most %d uncertain, and none unless they are held", got, most)
	}
	if got.repeats > 0 && c.policy != "resend" {
		t.Errorf("%d mails came again, and nobody asked for that", got.repeats)
	}
}

// resolve has every uncertain delivery sent again: then nobody is without a
// mail, and who has two has the same one twice.
func (n *newsroom) resolve(d *db.DB) {
	n.t.Helper()
	key := n.edition(d)
	n.must("delivery", "resolve", key, "--as", "resend")
	n.must("digest", "send", "daily").want(n.t, 0, fmt.Sprintf(`due %d = sent %d `, n.readers, n.readers))
	got := n.audit(d)
	if got.sent != n.readers || got.lost > 0 || got.twice > 0 {
		n.t.Errorf("after delivery resolve --as resend: %+v, want all %d sent", got, n.readers)
	}
}

// edition returns the key of the only edition.
func (n *newsroom) edition(d *db.DB) string {
	n.t.Helper()
	var key string
	if err := d.View(n.t.Context(), func(tx *db.Tx) error { return tx.Get(n.t.Context(), &key, `SELECT key FROM editions`) }); err != nil {
		n.t.Fatal(err)
	}
	return key
}

// complete starts whoever is down.
func (w *crew) complete() {
	w.n.t.Helper()
	for i, p := range w.workers {
		if p == nil {
			w.start(i)
		}
	}
}

func (w *crew) start(i int) {
	w.n.t.Helper()
	var variables []string
	if w.c.apart {
		variables = []string{fmt.Sprintf("BROADSHEET_MAIL_STATE_DIR=host%d", i)}
	}
	w.workers[i] = w.n.startWith(variables, "serve", "--only", "plan,deliver")
}

// moment waits for the i-th moment out of so many, which are spread over the
// send: until a number of mails has come, and then a little longer; or, one time
// in five, just a little longer after the one before.
func (w *crew) moment(random *rand.Rand, i, of int) {
	w.n.t.Helper()
	share := w.n.readers * 85 / 100 / of
	after := time.Duration(random.IntN(60)) * time.Millisecond
	if w.c.blow != stopped && random.IntN(5) == 0 {
		after *= 10
	} else {
		w.proceed(i*share + random.IntN(share))
	}
	<-time.After(after)
}

// proceed waits until so many mails have come. A host that is down keeps what it
// had leased from the others for three leases; it comes back if that is in the way.
func (w *crew) proceed(mails int) {
	w.n.t.Helper()
	if w.n.inbox.comes(mails, 5*time.Second) {
		return
	}
	w.complete()
	w.n.inbox.wait(mails)
}

// strike hits one worker, or sometimes all of them. Of several, who is hit may
// stay down until the next blow.
func (w *crew) strike(random *rand.Rand) {
	w.n.t.Helper()
	victims := []int{random.IntN(len(w.workers))}
	if len(w.workers) > 1 && w.c.blow != stopped && random.IntN(4) == 0 {
		victims = []int{0, 1}
	}
	w.complete()
	w.hit += len(victims)
	switch w.c.blow {
	case stopped:
		w.stall(w.workers[victims[0]])
		return
	case killed:
		for _, i := range victims {
			w.workers[i].kill()
		}
	case terminated:
		w.terminate(victims)
	}
	for _, i := range victims {
		w.workers[i] = nil
	}
	if len(victims) == len(w.workers) || random.IntN(2) == 0 {
		w.complete()
	}
}

// terminate is SIGTERM for workers that serve: none may leave a journal.
func (w *crew) terminate(victims []int) {
	w.n.t.Helper()
	for _, i := range victims {
		w.workers[i].serves()
		w.workers[i].signal(syscall.SIGTERM)
	}
	for _, i := range victims {
		w.workers[i].drained()
	}
}

// stall stops a worker in its tracks until its leases are over and others have
// taken what it had.
func (w *crew) stall(p *process) {
	w.n.t.Helper()
	const lease, margin = 30 * time.Second, 12 * time.Second
	away := lease + margin
	if w.c.apart {
		away += 2 * lease // for who has no journal to look into
	}
	p.signal(syscall.SIGSTOP)
	<-time.After(away)
	p.signal(syscall.SIGCONT)
	until(w.n.t, "the stopped worker knows that its lease is lost", func() bool { return strings.Contains(p.stderr.String(), "lease lost") })
}

// dismiss ends all workers well: no journal stays behind.
func (w *crew) dismiss() {
	w.n.t.Helper()
	for _, p := range w.workers {
		p.serves() // it may have been started this very moment
		p.terminate()
	}
	for _, folder := range []string{"state", "host0", "host1"} {
		if left := w.n.journals(folder); len(left) > 0 {
			w.n.t.Errorf("journals are left: %v", left)
		}
	}
}

// unhurried takes its time both before a message is complete and before it is
// answered, so that workers are hit in either place.
func unhurried(e sink.Event) sink.Action {
	switch e.Phase {
	case sink.PhaseData:
		return sink.Action{Delay: time.Millisecond}
	case sink.PhaseDot:
		return sink.Action{Delay: 3 * time.Millisecond}
	}
	return sink.Action{}
}
