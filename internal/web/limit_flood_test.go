package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/web"
	"broadsheet/templates"
)

var tokenOnPage = regexp.MustCompile(`name="form" value="([^"]+)"`)

// signUpFrom fetches a form and sends it, and returns the status of the answer
// and how long that took.
func (s *site) signUpFrom(network, address string) (int, time.Duration) {
	get := s.send(s.request(http.MethodGet, "/subscribe", "", "X-Forwarded-For", network))
	found := tokenOnPage.FindStringSubmatch(get.body)
	if found == nil {
		s.t.Errorf("no form for %s: %d", network, get.StatusCode)
		return 0, 0
	}
	status, took := s.sendFrom(network, address, found[1])
	return status, took
}

func (s *site) sendFrom(network, address, token string) (int, time.Duration) {
	body := url.Values{
		templates.FieldAddress: {address}, templates.FieldTopics: {"world"}, templates.FieldDigests: {"daily"},
		templates.FieldZone: {"Europe/Paris"}, templates.FieldForm: {token},
	}
	r := s.request(http.MethodPost, "/subscribe", body.Encode(), "X-Forwarded-For", network)
	began := time.Now()
	got := s.send(r)
	return got.StatusCode, time.Since(began)
}

// crowd signs up n people from networks of their own, one after the other, and
// returns the median of the time that their answers took.
func (s *site) crowd(first, n int) time.Duration {
	var took []time.Duration
	for i := range n {
		status, d := s.signUpFrom(fmt.Sprintf("2001:db8:%x::1", first+i), fmt.Sprintf("person%d@example.com", first+i))
		if status != http.StatusSeeOther {
			s.t.Errorf("a person's sign-up = %d, want 303", status)
		}
		took = append(took, d)
	}
	slices.Sort(took)
	return took[n/2]
}

// TestFloodOfOneNetwork has one network sign up 10,000 addresses, from several
// connections at once, while people sign up from elsewhere; fewer under race.
func TestFloodOfOneNetwork(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		flood, lanes, people := 10_000/slower, 4, 60/slower
		if s.db.Dialect() == db.Postgres { // what is refused does not come to the database
			flood /= 5
		}
		s.handler = fromProxy(s.handler)
		s.crowd(0, 10) // everything is warm
		before := s.crowd(1000, people)

		var wg sync.WaitGroup
		var limited, taken, next atomic.Int64
		done := make(chan struct{})
		for range lanes {
			wg.Go(func() {
				for {
					n := int(next.Add(1))
					if n > flood {
						return
					}
					status, _ := s.signUpFrom(fmt.Sprintf("198.51.100.%d", n%256), fmt.Sprintf("victim%d@example.com", n))
					switch status {
					case http.StatusSeeOther:
						taken.Add(1)
					case http.StatusTooManyRequests:
						limited.Add(1)
					default:
						t.Errorf("the flood got %d", status)
					}
				}
			})
		}
		go func() { wg.Wait(); close(done) }()
		during := s.crowd(2000, people)
		<-done

		if got := taken.Load(); got != 100 || limited.Load() != int64(flood)-100 {
			t.Errorf("%d of the flood were taken and %d limited, want 100 and the rest", got, limited.Load())
		}
		if n := s.count(`SELECT count(*) FROM subscribers WHERE address LIKE 'victim%'`); n != 100 {
			t.Errorf("%d addresses of the flood are stored, want 100", n)
		}
		if n := s.count(`SELECT count(*) FROM subscribers WHERE address LIKE 'person%'`); n != 10+2*people {
			t.Errorf("%d people are stored, want all %d", n, 10+2*people)
		}
		ratio := float64(during) / float64(before)
		t.Logf("%s: a person's sign-up took %s before and %s during the flood: %.1f times", s.db.Dialect(), before, during, ratio)
		// The flood takes the processors, too, and this machine may have others to
		// serve. What is left out is a queue that people wait in behind the flood.
		if ratio > 40 && during > time.Second {
			t.Errorf("a person's sign-up takes %.1f times as long during the flood", ratio)
		}
	})
}

// TestFloodIsCheapToRefuse holds that who is limited costs no statement.
func TestFloodIsCheapToRefuse(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.SignUps.Client = 1 })
	s.handler = fromProxy(s.handler)
	token := tokenOnPage.FindStringSubmatch(s.ask(http.MethodGet, "/subscribe", "").body)[1]
	s.sendFrom("192.0.2.1", "first@example.com", token)
	before := s.dump()
	s.must(s.db.Close()) // whatever asks it now fails
	for range 50 {
		if status, _ := s.sendFrom("192.0.2.1", "next@example.com", token); status != http.StatusTooManyRequests {
			t.Fatalf("a limited sign-up = %d, want 429", status)
		}
	}
	if strings.Contains(before, "next@example.com") {
		t.Error("a limited sign-up was stored")
	}
}
