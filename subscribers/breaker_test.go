package subscribers_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// throng is a desk with a breaker, and numbers for fresh addresses.
type throng struct {
	*desk
	n int
}

func eachThrong(t *testing.T, rules subscribers.BreakerRules, fn func(t *testing.T, c *throng)) {
	t.Helper()
	eachDesk(t, func(t *testing.T, k *desk) {
		k.WithBreaker(rules)
		fn(t, &throng{desk: k})
	})
}

// come signs up n fresh addresses and returns the first of them.
func (c *throng) come(n int) (first string) {
	c.t.Helper()
	for i := range n {
		address := fmt.Sprintf("reader%d@courier.example", c.n)
		if i == 0 {
			first = address
		}
		c.n++
		c.signUp(form(address))
	}
	return first
}

// stay confirms the latest n.
func (c *throng) stay(n int) {
	c.t.Helper()
	for i := range n {
		c.confirm(fmt.Sprintf("reader%d@courier.example", c.n-1-i))
	}
}

func (c *throng) want(when string, reason subscribers.OpenReason, waiting int64) {
	c.t.Helper()
	b, err := c.Breaker(c.t.Context())
	c.must(err)
	if b.IsOpen() != (reason != "") || b.IsOpen() && b.Reason != reason || b.Waiting != waiting {
		c.t.Errorf("%s: %+v, want reason %q and %d waiting", when, *b, reason, waiting)
	}
}

func (c *throng) due() int {
	c.t.Helper()
	return c.count(`SELECT count(*) FROM system_mails WHERE state = 'pending' AND next_try_at > 0`)
}

func TestBreakerOpensInASurge(t *testing.T) {
	eachThrong(t, subscribers.BreakerRules{Surge: 3, Least: 8}, func(t *testing.T, c *throng) {
		for range 24 * 3 { // four an hour for three days
			c.come(4)
			c.wait(time.Hour)
		}
		b, err := c.Breaker(t.Context())
		c.must(err)
		if b.Ceiling != 12 || b.LastHour != 0 {
			t.Errorf("breaker = %+v, want a ceiling of 12: three times the usual", *b)
		}
		due := c.due()
		c.come(12)
		c.want("at the ceiling", "", 0)
		first := c.come(20)
		c.want("above it", subscribers.OpenSurge, 20)
		if got := c.due() - due; got != 12 {
			t.Errorf("%d confirmations are due, want those of before", got)
		}
		c.wantPicture(first, "pending | daily=pending Europe/Paris ,1,")
		c.signUp(form(first)) // who asks again waits once
		c.want("asked again", subscribers.OpenSurge, 20)

		c.wait(2 * time.Hour)
		c.come(1)
		c.want("two hours later", "", 20) // what waits is still to be decided about
		if got := c.due() - due; got != 13 {
			t.Errorf("%d confirmations are due, want another", got)
		}
		n, err := c.ReleaseConfirmations(t.Context())
		c.must(err)
		if got := c.due() - due; n != 20 || got != 33 {
			t.Errorf("%d released, %d due, want 20 and 33", n, got)
		}
		c.come(60)
		c.want("after a release", "", 0)
		c.wait(subscribers.ReleaseFor + time.Minute)
		c.come(60)
		if b, err = c.Breaker(t.Context()); err != nil || !b.IsOpen() || b.Waiting == 0 {
			t.Errorf("a day after a release: %+v, %v", *b, err)
		}
	})
}

func TestBreakerDrops(t *testing.T) {
	eachThrong(t, subscribers.BreakerRules{Surge: 3, Least: 5}, func(t *testing.T, c *throng) {
		c.come(8)
		c.want("in an attack", subscribers.OpenSurge, 3)
		n, err := c.DropConfirmations(t.Context())
		c.must(err)
		if n != 3 || c.count(`SELECT count(*) FROM system_mails WHERE state = 'dropped'`) != 3 {
			t.Errorf("%d dropped, want 3", n)
		}
		c.want("dropped", "", 0)
		c.come(5)
		c.want("after it", "", 0)
		c.come(1)
		c.want("when it goes on", subscribers.OpenSurge, 1)
	})
}

// TestBreakerByWhatBecomes has sign-ups that nobody would call many.
func TestBreakerByWhatBecomes(t *testing.T) {
	for name, tt := range map[string]struct {
		stay, fail int
		want       subscribers.OpenReason
	}{
		"some confirm":       {3, 0, ""},
		"next to nobody":     {2, 0, subscribers.OpenUnconfirmed},
		"relays refuse some": {6, 6, ""},
		"relays refuse many": {6, 7, subscribers.OpenRefused},
	} {
		t.Run(name, func(t *testing.T) {
			eachThrong(t, subscribers.BreakerRules{Least: 20, Confirmed: 0.1, Refused: 0.3}, func(t *testing.T, c *throng) {
				c.come(20)
				c.stay(tt.stay)
				c.exec(`UPDATE system_mails SET state = 'failed', next_try_at = 0 WHERE id <= $1`, tt.fail)
				c.come(1)
				c.want("too soon to tell", "", 0)
				c.wait(70 * time.Minute)
				c.come(1)
				waiting := int64(0)
				if tt.want != "" {
					c.come(24) // which nobody can confirm, and which says nothing
					waiting = 25
				}
				c.want("an hour later", tt.want, waiting)
				c.wait(24*time.Hour + 20*time.Minute)
				c.come(1)
				c.want("a day later", "", waiting)
			})
		})
	}
}

func TestBreakerLeavesOperatorsAlone(t *testing.T) {
	eachThrong(t, subscribers.BreakerRules{Surge: 3, Least: 2}, func(t *testing.T, c *throng) {
		c.come(3)
		c.want("open", subscribers.OpenSurge, 1)
		for i := range 9 {
			c.must(c.Add(t.Context(), c.catalog, subscribers.Add{Address: fmt.Sprintf("added%d@courier.example", i)}))
		}
		c.want("operators", subscribers.OpenSurge, 1)
		if got := c.due(); got != 2+9 {
			t.Errorf("%d confirmations are due, want 11", got)
		}
		_, err := c.PutExternal(t.Context(), c.catalog, subscribers.External{ID: "7", Address: "crm@courier.example", Origin: "api:crm"})
		c.must(err)
		c.want("another system without evidence", subscribers.OpenSurge, 2)
	})
}

func TestBreakerThatIsOff(t *testing.T) {
	eachThrong(t, subscribers.BreakerRules{}, func(t *testing.T, c *throng) {
		c.come(50)
		c.want("off", "", 0)
		if n := c.count(`SELECT count(*) FROM signup_spans`); n != 0 {
			t.Errorf("%d spans are counted", n)
		}
	})
}
