package subscribers_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// zone answers what the DNS would, and counts the questions.
type zone struct {
	mx    map[string][]*net.MX
	ip    map[string]bool
	fail  map[string]error
	slow  bool // every question takes until it is given up
	asked atomic.Int64
}

func notThere(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z *zone) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	z.asked.Add(1)
	if z.slow {
		<-ctx.Done()
		return nil, &net.DNSError{Err: ctx.Err().Error(), Name: name, IsTimeout: true}
	}
	if err := z.fail["mx "+name]; err != nil {
		return nil, err
	}
	if records := z.mx[name]; len(records) > 0 {
		return records, nil
	}
	return nil, notThere(name)
}

func (z *zone) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	if err := z.fail["ip "+host]; err != nil || network != "ip" {
		return nil, err
	}
	if z.ip[host] {
		return []netip.Addr{netip.MustParseAddr("2001:db8::25")}, nil
	}
	return nil, notThere(host)
}

func TestMX(t *testing.T) {
	servfail := &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	timeout := &net.DNSError{Err: "i/o timeout", IsTimeout: true, IsTemporary: true}
	z := &zone{
		mx: map[string][]*net.MX{
			"courier.example.":       {{Host: "mx1.courier.example.", Pref: 10}, {Host: "mx2.courier.example.", Pref: 20}},
			"null.example.":          {{Host: ".", Pref: 0}},
			"both.example.":          {{Host: ".", Pref: 0}, {Host: "mx.both.example.", Pref: 10}},
			"xn--bcher-kva.example.": {{Host: "mx.courier.example."}},
		},
		ip: map[string]bool{"address.example.": true},
		fail: map[string]error{
			"mx servfail.example.": servfail, "mx timeout.example.": timeout, "mx odd.example.": errors.New("odd"),
			"ip half.example.": servfail,
		},
	}
	m := subscribers.NewMX(z, time.Now)
	for domain, want := range map[string]bool{
		"courier.example": false, "xn--bcher-kva.example": false, "address.example": false, // RFC 5321 section 5.1
		"null.example": true, "both.example": false, // RFC 7505 section 3
		"nobody.example":   true,
		"servfail.example": false, "timeout.example": false, "odd.example": false, "half.example": false,
	} {
		if got := m.Refuses(t.Context(), domain); got != want {
			t.Errorf("%s is refused: %t, want %t", domain, got, want)
		}
	}
}

// TestMXAsksOnce has many sign up from one domain at once, later, and once the
// answer is old.
func TestMXAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zone{ip: map[string]bool{"address.example.": true}, fail: map[string]error{"mx shaky.example.": &net.DNSError{IsTemporary: true}}}
		m := subscribers.NewMX(z, time.Now)
		ask := func(domain string) {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() { m.Refuses(t.Context(), domain) })
			}
			wg.Wait()
		}
		for _, step := range []struct {
			domain string
			wait   time.Duration
			asked  int64
		}{
			{"nobody.example", 0, 1}, {"nobody.example", 59 * time.Minute, 1}, {"nobody.example", time.Minute, 2},
			{"address.example", 0, 3}, {"address.example", 59 * time.Minute, 3},
			{"shaky.example", 0, 4}, {"shaky.example", 59 * time.Second, 4}, {"shaky.example", time.Second, 5}, // it is soon asked again
		} {
			time.Sleep(step.wait)
			ask(step.domain)
			if got := z.asked.Load(); got != step.asked {
				t.Errorf("%s after another %s: asked %d times, want %d", step.domain, step.wait, got, step.asked)
			}
		}
	})
}

// TestMXIsBounded has a resolver that answers nobody, while machines sign up from
// more domains than one would think of.
func TestMXIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zone{slow: true}
		m := subscribers.NewMX(z, time.Now)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if m.Refuses(t.Context(), fmt.Sprintf("d%d.example", i)) {
					t.Error("a domain is refused without an answer")
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %s, want the limit of 2 seconds", took)
		}
		if got := z.asked.Load(); got != 32 {
			t.Errorf("%d look-ups at once, want 32", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		go m.Refuses(t.Context(), "slow.example")
		synctest.Wait()
		m.Refuses(ctx, "slow.example") // waits for the look-up of another, but no longer than it may
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %s, want the second of the request", took)
		}
		time.Sleep(5 * time.Second)
	})
}

func TestMXForgets(t *testing.T) {
	z := &zone{}
	m := subscribers.NewMX(z, time.Now)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 200_000 {
		m.Refuses(t.Context(), fmt.Sprintf("a-domain-with-a-longer-name-%d.example", i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("200,000 domains take %d MB", grown>>20)
	}
	runtime.KeepAlive(m)
}

func TestSignUpFromDomains(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	z := &zone{mx: map[string][]*net.MX{"courier.example.": {{Host: "mx.courier.example."}}}}
	k.WithDomains(subscribers.Domains{MX: subscribers.NewMX(z, k.now), Disposable: subscribers.NewDisposable("", nil, k.now)})
	want := func(address string, problem templates.Problem) {
		t.Helper()
		err := k.SignUp(t.Context(), k.catalog, form(address))
		var wrong subscribers.FieldErrors
		if problem == "" {
			k.must(err)
		} else if !errors.As(err, &wrong) || wrong.Problems()[templates.FieldAddress] != problem {
			t.Errorf("%s = %v, want %s", address, err, problem)
		}
	}
	want("ann@courier.example", "")
	want("ann@nobody.example", templates.ProblemDomainNoMail)
	want("ann@Mailinator.com", templates.ProblemDomainFleeting)
	want("ann@eu.mailinator.com", templates.ProblemDomainFleeting)
	if n := k.count(`SELECT count(*) FROM subscribers`); n != 1 {
		t.Errorf("%d readers, want 1", n)
	}

	// What the answer costs and says does not depend on the reader.
	k.must(k.Add(t.Context(), k.catalog, subscribers.Add{Address: "known@nobody.example", Confirmed: true, Consent: "x"}))
	want("known@nobody.example", templates.ProblemDomainNoMail)

	put := func(in subscribers.External) error {
		in.Origin = "api:crm"
		_, err := k.PutExternal(t.Context(), k.catalog, in)
		return err
	}
	var wrong subscribers.FieldErrors
	if err := put(subscribers.External{ID: "1", Address: "bob@nobody.example"}); !errors.As(err, &wrong) {
		t.Errorf("another system without evidence = %v, want FieldErrors", err)
	}
	k.must(put(subscribers.External{ID: "1", Address: "bob@nobody.example", Evidence: &subscribers.Evidence{Text: "yes", At: k.now()}}))
	k.must(put(subscribers.External{ID: "2", Address: "known@nobody.example"})) // who is active is not asked
}
