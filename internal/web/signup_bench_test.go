package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// booth is a server on a port of loopback, by the clock on the wall and without
// limits.
type booth struct {
	*site
	base   string
	client *http.Client
}

func newBooth(t testing.TB, d *db.DB) *booth {
	t.Helper()
	s := newSiteOn(t, d, func(o *web.Options) {
		o.Now, o.Pause, o.SignUps = time.Now, nil, web.SignUpRules{Challenge: web.ChallengeNever, Window: time.Minute}
		o.Subscribers = subscribers.NewStore(d, time.Now)
	})
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	return &booth{site: s, base: server.URL + s.base, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1000},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// form fetches a form and returns its token.
func (b *booth) form() (string, error) {
	res, err := b.client.Get(b.base + "/subscribe")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	_, after, ok := strings.Cut(string(page), `name="form" value="`)
	token, _, _ := strings.Cut(after, `"`)
	if !ok {
		err = fmt.Errorf("no form: %s, %w", res.Status, err)
	}
	return token, err
}

// signUp sends a form and returns how long the answer took.
func (b *booth) signUp(token, address string) (time.Duration, error) {
	began := time.Now()
	res, err := b.client.PostForm(b.base+"/subscribe", url.Values{
		templates.FieldAddress: {address}, templates.FieldTopics: {"world"}, templates.FieldDigests: {"daily"},
		templates.FieldZone: {"Europe/Paris"}, templates.FieldForm: {token},
	})
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return 0, fmt.Errorf("sign-up answered with %s", res.Status)
	}
	return time.Since(began), nil
}

// visit is a form fetched and sent.
func (b *booth) visit(address string) (time.Duration, error) {
	token, err := b.form()
	if err != nil {
		return 0, err
	}
	return b.signUp(token, address)
}

// BenchmarkSignUp signs readers up over HTTP, each with a form of its own: as
// many as 64 visitors at once can, and 200 a second for ten seconds, whatever the
// answers before take. An answer waits for 100 to 150 ms on purpose, or longer
// where the database takes longer.
func BenchmarkSignUp(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			s := newBooth(b, dbtest.Open(b, dialect))
			n := 0
			b.Run("most", func(b *testing.B) {
				for b.Loop() {
					n++
					s.most(b, n, 64, 4000)
				}
			})
			b.Run("at=200", func(b *testing.B) {
				for b.Loop() {
					n++
					s.steadily(b, n, 200, 10*time.Second)
				}
			})
		})
	}
}

// most has some visitors sign n addresses up as fast as they can.
func (b *booth) most(t *testing.B, round, visitors, n int) {
	t.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for v := range visitors {
		all.Go(func() {
			for i := v; i < n; i += visitors {
				if _, err := b.visit(fmt.Sprintf("r%d-%d@example.com", round, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	t.ReportMetric(0, "ns/op")
	t.ReportMetric(float64(n)/time.Since(began).Seconds(), "sign-ups/s")
}

// steadily begins so many sign-ups a second for a while. An answer counts from
// when its sign-up should have begun.
func (b *booth) steadily(t *testing.B, round, rate int, long time.Duration) {
	t.Helper()
	n := rate * int(long/time.Second)
	took := make([]time.Duration, n)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var all sync.WaitGroup
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		for time.Now().Before(due) {
			<-tick.C
		}
		all.Go(func() {
			if _, err := b.visit(fmt.Sprintf("s%d-%d@example.com", round, i)); err != nil {
				t.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	slices.Sort(took)
	t.ReportMetric(0, "ns/op")
	t.ReportMetric(float64(n)/time.Since(began).Seconds(), "sign-ups/s")
	t.ReportMetric(float64(took[n/2].Milliseconds()), "p50-ms")
	t.ReportMetric(float64(took[n*99/100].Milliseconds()), "p99-ms")
}

// TestKnownAndUnknownTakeAsLong asks for addresses of all states in turns, over
// HTTP and by the clock on the wall. The medians differ by less than a step of
// the answers, and no kind is always the fastest or the slowest.
func TestKnownAndUnknownTakeAsLong(t *testing.T) {
	b := newBooth(t, dbtest.Open(t, db.SQLite))
	const rounds = 9
	kinds := []string{"unknown", "pending", "active", "left", "suppressed"}
	b.pending("pending@example.com")
	b.active("active@example.com")
	b.must(b.store.Unsubscribe(t.Context(), b.active("left@example.com"), 0, "page", ""))
	b.must(b.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonManual, "", "command"))
	took := map[string][]time.Duration{}
	for round := range rounds {
		for i := range kinds {
			kind := kinds[(i+round)%len(kinds)]
			address := kind + "@example.com"
			if kind == "unknown" {
				address = fmt.Sprintf("unknown%d@example.com", round)
			}
			d, err := b.visit(address)
			b.must(err)
			took[kind] = append(took[kind], d)
		}
	}
	var medians []time.Duration
	var all []string
	for _, kind := range kinds {
		slices.Sort(took[kind])
		medians = append(medians, took[kind][rounds/2])
		all = append(all, fmt.Sprintf("%s %v", kind, took[kind][rounds/2]))
	}
	if apart := slices.Max(medians) - slices.Min(medians); apart >= 100*time.Millisecond || slices.Min(medians) < 100*time.Millisecond {
		t.Errorf("the medians are %v apart, want less than 100ms, and none below that: %s", apart, strings.Join(all, ", "))
	}
}
