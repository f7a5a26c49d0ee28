package app_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/internal/app"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// TestSign holds the signature to the example of the Standard Webhooks
// specification, and to one for each secret while they change.
func TestSign(t *testing.T) {
	key, err := app.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1614265330, 0)
	const id, body, want = "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := app.Sign([]app.Secret{key}, id, at, []byte(body)); got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
	old, err := app.ParseSecret("a secret as it stands")
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("a secret as it stands"))
	fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
	both := want + " v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if got := app.Sign([]app.Secret{key, old}, id, at, []byte(body)); got != both {
		t.Errorf("with two secrets Sign = %s, want %s", got, both)
	}
	for _, bad := range []string{"whsec_", "whsec_not base64!"} {
		if _, err := app.ParseSecret(bad); err == nil {
			t.Errorf("ParseSecret(%q) has no error", bad)
		}
	}
}

// crm is a system that is told, and answers as the test says.
type crm struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc // 204 if nil
	bodies []string
	ids    []string
	wrong  []string
}

const secret = "a secret of the two of us"

func newCRM(t *testing.T) *crm {
	t.Helper()
	c := &crm{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies, c.ids = append(c.bodies, string(body)), append(c.ids, r.Header.Get("webhook-id"))
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "."))
		mac.Write(body)
		if r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) || r.Method != http.MethodPost ||
			r.Header.Get("Content-Type") != "application/json" {
			c.wrong = append(c.wrong, fmt.Sprint(r.Method, r.Header))
		}
		if c.answer != nil {
			c.answer(w, r)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *crm) answers(h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = h
}

func (c *crm) heard() (bodies, ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bodies), slices.Clone(c.ids)
}

// mailroom is a store with a system that is told, and a clock that tests move.
type mailroom struct {
	*subscribers.Store
	t    *testing.T
	mu   sync.Mutex
	time time.Time
}

func (m *mailroom) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.time
}

func (m *mailroom) wait(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.time = m.time.Add(d)
}

func eachMailroom(t *testing.T, fn func(t *testing.T, m *mailroom, c *crm)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := &mailroom{t: t, time: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
		m.Store = subscribers.NewStore(d, m.now)
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO digests (id, slug, name) VALUES (1, 'daily', 'Daily')`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := m.AddHooks(t.Context(), []subscribers.Hook{{Slug: "crm", Events: subscribers.HookEvents()}}); err != nil {
			t.Fatal(err)
		}
		fn(t, m, newCRM(t))
	})
}

// reader adds a reader of whom is told.
func (m *mailroom) reader(address string) {
	m.t.Helper()
	c := &subscribers.Catalog{Topics: []subscribers.Topic{{ID: 1, Slug: "world"}},
		Digests: []subscribers.Digest{{ID: 1, Slug: "daily", Name: "Daily", Zone: "UTC", Topics: []int64{1}}}}
	err := m.Add(m.t.Context(), c, subscribers.Add{Address: address, Confirmed: true, Consent: "on paper", Origin: "command"})
	if err != nil {
		m.t.Fatal(err)
	}
	m.wait(time.Second)
}

func (m *mailroom) teller(url string, allowed ...netip.Prefix) *app.Teller {
	return app.NewTeller(m.Store, []app.Receiver{{Slug: "crm", URL: url, Secrets: []app.Secret{app.Secret(secret)}, AllowPrivate: allowed}},
		slog.New(slog.DiscardHandler), m.now)
}

func loopback() netip.Prefix { return netip.MustParsePrefix("127.0.0.0/8") }

func (m *mailroom) tell(teller *app.Teller, want int) {
	m.t.Helper()
	if n, err := teller.Tell(m.t.Context()); err != nil || n != want {
		m.t.Errorf("Tell = %d, %v, want %d", n, err, want)
	}
}

func (m *mailroom) state() subscribers.HookState {
	m.t.Helper()
	states, err := m.HookStates(m.t.Context())
	if err != nil || len(states) != 1 {
		m.t.Fatalf("HookStates = %+v, %v", states, err)
	}
	return states[0]
}

func TestTellerTells(t *testing.T) {
	eachMailroom(t, func(t *testing.T, m *mailroom, c *crm) {
		teller := m.teller(c.URL, loopback())
		m.tell(teller, 0)
		for i := range 100 {
			m.reader(fmt.Sprintf("r%d@example.com", i))
		}
		if err := m.UnsubscribeAddress(t.Context(), "r0@example.com", "command"); err != nil {
			t.Fatal(err)
		}
		m.wait(time.Second)
		m.tell(teller, 101)
		bodies, ids := c.heard()
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 101 || len(c.wrong) > 0 {
			t.Errorf("%d different ids, want 101; wrong: %q", len(ids), c.wrong)
		}
		joined := slices.IndexFunc(bodies, func(b string) bool {
			return strings.Contains(b, "reader.confirmed") && strings.Contains(b, "r0@example.com")
		})
		left := slices.IndexFunc(bodies, func(b string) bool { return strings.Contains(b, "reader.unsubscribed") })
		if joined < 0 || left < joined {
			t.Errorf("told of leaving as number %d and of joining as number %d", left, joined)
		}
		if s := m.state(); s.Told != 101 || s.Waiting != 0 || s.ToldAt.IsZero() {
			t.Errorf("state %+v", s)
		}
	})
}

// TestTellerTriesAgain: what is not taken waits, with an answer that says why,
// and is told later under the same id.
func TestTellerTriesAgain(t *testing.T) {
	redirected := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { redirected++ }))
	defer elsewhere.Close()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
		wait   time.Duration // after which it is told again, and not before
	}{
		"error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "HTTP 500", 10 * time.Second},
		"gone":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, "HTTP 410", 10 * time.Second},
		"busy":  {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "120"); w.WriteHeader(429) }, "HTTP 429", 2 * time.Minute},
		"for ever": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "999999")
			w.WriteHeader(503)
		}, "HTTP 503", 6 * time.Hour},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "redirects are not followed", 10 * time.Second},
		"cut":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", 10 * time.Second},
		"headers": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) }, "header", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			eachMailroom(t, func(t *testing.T, m *mailroom, c *crm) {
				c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
				teller := m.teller(c.URL, loopback())
				m.reader("ann@example.com")
				c.answers(tc.answer)
				m.tell(teller, 0)
				if s := m.state(); !strings.Contains(s.LastError, tc.want) || strings.Contains(s.LastError, c.URL) || s.Waiting != 1 || s.Failures != 1 {
					t.Errorf("state %+v, want the error %q", s, tc.want)
				}
				c.answers(nil)
				m.wait(tc.wait - time.Second)
				m.tell(teller, 0)
				m.wait(time.Second)
				m.tell(teller, 1)
				if _, ids := c.heard(); len(ids) != 2 || ids[0] != ids[1] {
					t.Errorf("told as %q, want one id twice", ids)
				}
			})
		})
	}
	if redirected > 0 {
		t.Errorf("%d events went to where a redirect led", redirected)
	}
}

// TestTellerReadsNoEndlessAnswer: an answer without an end costs no more than
// its beginning.
func TestTellerReadsNoEndlessAnswer(t *testing.T) {
	eachMailroom(t, func(t *testing.T, m *mailroom, c *crm) {
		m.reader("ann@example.com")
		written := make(chan int, 1)
		c.answers(func(w http.ResponseWriter, r *http.Request) {
			n := 0
			for err := error(nil); err == nil && r.Context().Err() == nil; {
				var more int
				more, err = w.Write(make([]byte, 32<<10))
				n += more
			}
			written <- n
		})
		m.tell(m.teller(c.URL, loopback()), 1)
		if n := <-written; n > 16<<20 {
			t.Errorf("%d octets of an answer were taken", n)
		}
	})
}

// TestTellerKeepsToPublicAddresses: nothing inside is told of unless the
// configuration says so.
func TestTellerKeepsToPublicAddresses(t *testing.T) {
	eachMailroom(t, func(t *testing.T, m *mailroom, c *crm) {
		m.reader("ann@example.com")
		for _, allowed := range [][]netip.Prefix{nil, {netip.MustParsePrefix("10.0.0.0/8")}} {
			m.tell(m.teller(c.URL, allowed...), 0)
			m.wait(time.Hour)
		}
		if s := m.state(); !strings.Contains(s.LastError, "not public") || !strings.Contains(s.LastError, "allow_private") {
			t.Errorf("state %+v", s)
		}
		if _, ids := c.heard(); len(ids) > 0 {
			t.Errorf("a private address was told %q", ids)
		}
		m.tell(m.teller(c.URL, loopback()), 1)
	})
}

// TestTellersShareTheWork: with two at work at once each event is told once.
func TestTellersShareTheWork(t *testing.T) {
	eachMailroom(t, func(t *testing.T, m *mailroom, c *crm) {
		for i := range 120 {
			m.reader(fmt.Sprintf("r%d@example.com", i))
		}
		var wg sync.WaitGroup
		for range 3 {
			teller := m.teller(c.URL, loopback())
			wg.Go(func() {
				if _, err := teller.Tell(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		_, ids := c.heard()
		slices.Sort(ids)
		if all := len(ids); all != 120 || len(slices.Compact(ids)) != 120 {
			t.Errorf("%d tries, want 120 different ones", all)
		}
	})
}

// TestTellerFinishesWhatIsOnItsWay: the end of the service waits for the answer
// and records it.
func TestTellerFinishesWhatIsOnItsWay(t *testing.T) {
	eachMailroom(t, func(t *testing.T, m *mailroom, c *crm) {
		m.reader("ann@example.com")
		ctx, cancel := context.WithCancel(t.Context())
		c.answers(func(http.ResponseWriter, *http.Request) { cancel() })
		if err := m.teller(c.URL, loopback()).Run(ctx); err != nil {
			t.Error(err)
		}
		if s := m.state(); s.Told != 1 || s.Waiting != 0 {
			t.Errorf("state %+v, want one told", s)
		}
	})
}

// TestTellerEndsInTime: once it is to end no event is begun, what is answered in
// time is recorded, what is not is cut, and the rest waits as if nobody had
// claimed it.
func TestTellerEndsInTime(t *testing.T) {
	for name, tc := range map[string]struct {
		drain time.Duration
		told  int64
	}{"answered": {time.Minute, 8}, "cut": {time.Millisecond, 0}} {
		t.Run(name, func(t *testing.T) {
			eachMailroom(t, func(t *testing.T, m *mailroom, _ *crm) {
				for i := range 60 {
					m.reader(fmt.Sprintf("r%d@example.com", i))
				}
				ctx, cancel := context.WithCancel(t.Context())
				var began atomic.Int64
				slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.ReadAll(r.Body) // or the end of the connection goes unnoticed
					if began.Add(1) == 8 {
						cancel()
					}
					<-ctx.Done()
					if tc.told == 0 {
						<-r.Context().Done()
					}
				}))
				defer slow.Close()
				teller := m.teller(slow.URL, loopback())
				teller.SetDrain(tc.drain)
				if err := teller.Run(ctx); err != nil {
					t.Error(err)
				}
				if began.Load() != 8 {
					t.Errorf("%d events were begun, want no more than the 8 at once", began.Load())
				}
				if s := m.state(); s.Failures != 0 || s.Told != tc.told || s.Waiting != 60-tc.told || s.LastError != "" {
					t.Errorf("state %+v, want %d told and no trouble", s, tc.told)
				}
				events, err := m.ClaimEvents(t.Context(), "crm", 100, time.Minute)
				if err != nil || int64(len(events)) != 60-tc.told || slices.ContainsFunc(events, func(e subscribers.OutboxEvent) bool { return e.Attempts != 1 }) {
					t.Errorf("%d events can be claimed, want %d at their first try; %v", len(events), 60-tc.told, err)
				}
			})
		})
	}
}
