package web_test

import (
	"encoding/binary"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"broadsheet/internal/web"
)

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// TestLimiterIsBounded floods the limiter from as many networks as there are.
func TestLimiterIsBounded(t *testing.T) {
	const total, minutes = 50, 10
	l := web.NewLimiter(web.SignUpRules{Client: 1, Network: 2, Window: minutes * time.Minute, Total: total, Challenge: web.ChallengeNever})
	first := netip.MustParseAddr("192.0.2.1")
	l.Admit(first, nine)
	for minute := range 3 * minutes {
		now := nine.Add(time.Duration(minute) * time.Minute)
		for i := range 4 * total {
			addr := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(minute<<20|i<<8))))
			status, _ := l.Admit(addr, now)
			if refused := status == http.StatusServiceUnavailable; refused != (i >= total || minute == 0 && i == total-1) {
				t.Fatalf("minute %d: sign-up %d from a new network = %d", minute, i, status)
			}
		}
		if got, most := l.Held(), 2*total*(minutes+1); got > most {
			t.Fatalf("%d networks are held, want %d at most", got, most)
		}
		// The flood does not make it forget whom it counted.
		if status, _ := l.Admit(first, now); minute < minutes && status != http.StatusTooManyRequests {
			t.Fatalf("minute %d: the first network again = %d, want 429", minute, status)
		}
	}
	l.Admit(first, nine.Add(time.Hour))
	if got := l.Held(); got != 2 {
		t.Errorf("%d networks are held in the end, want the 2 of the last sign-up", got)
	}
}

func TestLimiterWindows(t *testing.T) {
	l := web.NewLimiter(web.SignUpRules{Client: 1, Network: 5, Window: time.Hour, Total: 100, Challenge: web.ChallengeNever})
	addr := netip.MustParseAddr("192.0.2.1")
	for _, step := range []struct{ at, wait time.Duration }{
		{0, 0}, {0, time.Hour}, {59 * time.Minute, time.Minute}, {time.Hour, 0}, {time.Hour + time.Second, time.Hour - time.Second},
		{-24 * time.Hour, 0}, // the clock was set back
		{-24 * time.Hour, time.Hour},
	} {
		if _, got := l.Admit(addr, nine.Add(step.at)); got != step.wait {
			t.Errorf("at %s: wait %s, want %s", step.at, got, step.wait)
		}
	}
}

func TestLimiterNetworks(t *testing.T) {
	const ok, limited, busy = 0, http.StatusTooManyRequests, http.StatusServiceUnavailable
	type step struct {
		addr string
		want int
	}
	for name, steps := range map[string][]step{
		"one address":             {{"192.0.2.1", ok}, {"192.0.2.1", ok}, {"192.0.2.1", limited}, {"192.0.2.2", ok}},
		"a /24":                   {{"192.0.2.1", ok}, {"192.0.2.2", ok}, {"192.0.2.3", ok}, {"192.0.2.4", limited}, {"192.0.3.4", ok}},
		"a /64":                   {{"2001:db8::1", ok}, {"2001:db8::ffff:2", ok}, {"2001:db8::3", limited}, {"2001:db8:0:1::1", ok}},
		"a /48":                   {{"2001:db8::", ok}, {"2001:db8:0:1::", ok}, {"2001:db8:0:2::", ok}, {"2001:db8:0:3::", limited}, {"2001:db8:1::", ok}},
		"through a translator":    {{"64:ff9b::192.0.2.1", ok}, {"192.0.2.1", ok}, {"64:ff9b::192.0.2.1", limited}, {"64:ff9b::192.0.3.1", ok}, {"64:ff9b:1::192.0.2.1", ok}},
		"unknown":                 {{"", ok}, {"", ok}, {"", limited}, {"::", ok}, {"0.0.0.0", ok}},
		"all":                     {{"192.0.1.1", ok}, {"192.0.2.1", ok}, {"192.0.3.1", ok}, {"192.0.4.1", ok}, {"192.0.5.1", ok}, {"192.0.6.1", busy}, {"2001:db8::", busy}},
		"refusals do not count":   {{"192.0.2.1", ok}, {"192.0.2.1", ok}, {"192.0.2.1", limited}, {"192.0.2.1", limited}, {"192.0.2.1", limited}, {"192.0.2.2", ok}, {"192.0.3.2", ok}},
		"the network's own first": {{"192.0.2.1", ok}, {"192.0.2.1", ok}, {"192.0.3.1", ok}, {"192.0.4.1", ok}, {"192.0.5.1", ok}, {"192.0.6.1", busy}, {"192.0.2.1", limited}},
	} {
		l := web.NewLimiter(web.SignUpRules{Client: 2, Network: 3, Window: time.Hour, Total: 5, Challenge: web.ChallengeNever})
		for i, step := range steps {
			var addr netip.Addr
			if step.addr != "" {
				addr = netip.MustParseAddr(step.addr)
			}
			if got, _ := l.Admit(addr, nine); got != step.want {
				t.Errorf("%s: step %d from %s = %d, want %d", name, i, step.addr, got, step.want)
			}
		}
	}
}

// TestLimiterWithoutTotal holds that even without a limit of all the limiter
// does not hold every network there is.
func TestLimiterWithoutTotal(t *testing.T) {
	l := web.NewLimiter(web.SignUpRules{Client: 1, Network: 0, Window: time.Hour})
	for i := range 3 * web.MostNetworks {
		addr := netip.AddrFrom16([16]byte(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(0x2001)<<48|uint64(i)<<16), 1)))
		if status, _ := l.Admit(addr, nine); status != 0 {
			t.Fatalf("sign-up %d from a new network = %d", i, status)
		}
	}
	if got := l.Held(); got > web.MostNetworks+2 {
		t.Errorf("%d networks are held, want %d at most", got, web.MostNetworks)
	}
}

// TestOneNetworkIsNoAttack: a flood from one network has nobody else make an
// effort, whether it comes from one address of it or from all.
func TestOneNetworkIsNoAttack(t *testing.T) {
	for name, addresses := range map[string]int{"one address": 1, "a /24": 256} {
		l := web.NewLimiter(web.DefaultSignUpRules())
		person, now, let := netip.MustParseAddr("192.0.2.1"), nine, 0
		for i := range 20_000 {
			if status, _ := l.Admit(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % addresses)}), now); status == 0 {
				let++
			}
			if l.AsksForWork(person, now) {
				t.Fatalf("%s: after %d of it others are asked for proof of work", name, i+1)
			}
			now = now.Add(10 * time.Millisecond)
		}
		if limit := web.DefaultSignUpRules().Network; let == 0 || let > limit {
			t.Errorf("%s: %d were let through, want some, and %d at most", name, let, limit)
		}
	}
}

// TestLimiterOfAsked: who is asked for an effort from everywhere takes no more
// memory than who is let through.
func TestLimiterOfAsked(t *testing.T) {
	rules := web.DefaultSignUpRules()
	rules.Challenge = web.ChallengeAlways
	l := web.NewLimiter(rules)
	for i := range 2 * web.MostNetworks {
		addr := netip.AddrFrom16([16]byte(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(0x2001)<<48|uint64(i)<<16), 1)))
		if status, _ := l.Admit(addr, nine); status != http.StatusPreconditionRequired {
			t.Fatalf("sign-up %d from a new network = %d", i, status)
		}
	}
	if got := l.Held(); got > web.MostNetworks/2 {
		t.Errorf("%d networks are held, want %d at most", got, web.MostNetworks/2)
	}
	l.Admit(netip.MustParseAddr("192.0.2.1"), nine.Add(time.Hour))
	if got := l.Held(); got != 2 {
		t.Errorf("%d networks are held in the end, want the 2 of the last sign-up", got)
	}
}

// TestAttackSwitchesProofOfWork has an attack from many networks begin and end.
func TestAttackSwitchesProofOfWork(t *testing.T) {
	l := web.NewLimiter(web.SignUpRules{Client: 20, Network: 100, Window: 10 * time.Minute, Total: 1000, Challenge: web.ChallengeAuto, Attack: 60})
	person, n := netip.MustParseAddr("192.0.2.1"), uint32(0)
	now := nine
	come := func(sign int) (challenged int) {
		for range sign {
			n++
			if status, _ := l.Admit(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24|n<<8))), now); status == http.StatusPreconditionRequired {
				challenged++
			}
		}
		return challenged
	}
	asked := func(when string, want bool) {
		t.Helper()
		if got := l.AsksForWork(person, now); got != want {
			t.Errorf("%s: proof of work is asked for: %t, want %t", when, got, want)
		}
	}
	asked("in peace", false)
	for range 30 { // one a second or so is nothing unusual
		come(10)
		now = now.Add(10 * time.Second)
	}
	asked("in a busy time", false)
	now = now.Add(time.Minute)
	if got := come(200); got < 140 || got > 160 {
		t.Errorf("%d of 200 at once were challenged, want those above 60 in the minute", got)
	}
	asked("in an attack", true)
	if status, _ := l.Admit(person, now); status != http.StatusPreconditionRequired {
		t.Errorf("a person without proof = %d, want 428", status)
	}
	if status := l.AdmitWorked(person, now); status != 0 {
		t.Errorf("a person with proof = %d", status)
	}
	for range 60 {
		come(40) // who goes on without proof keeps it on
		now = now.Add(time.Minute)
	}
	asked("an hour later, as it goes on", true)
	now = now.Add(8 * time.Minute)
	asked("just after it ended", true)
	come(5)
	now = now.Add(time.Minute)
	asked("ten minutes after it ended", false)
	if status, _ := l.Admit(person, now); status != 0 {
		t.Errorf("a person in peace = %d", status)
	}
	come(100)
	asked("in the next attack", true)
	now = now.Add(-time.Hour) // the clock was set back
	asked("with another clock", false)
}

// TestChallengeOfNetworks asks one network for proof, and nobody else.
func TestChallengeOfNetworks(t *testing.T) {
	l := web.NewLimiter(web.SignUpRules{Client: 4, Network: 12, Window: 10 * time.Minute, Total: 1000, Challenge: web.ChallengeAuto, Attack: 500})
	addr := netip.MustParseAddr("2001:db8::1")
	for range 2 {
		if status, _ := l.Admit(addr, nine); status != 0 {
			t.Fatalf("within half of the limit = %d", status)
		}
	}
	if status, _ := l.Admit(addr, nine); status != http.StatusPreconditionRequired {
		t.Errorf("beyond half of the limit = %d, want 428", status)
	}
	if status := l.AdmitWaited(addr, nine); status != 0 {
		t.Errorf("having waited = %d", status)
	}
	if status := l.AdmitWaited(addr, nine); status != http.StatusTooManyRequests {
		t.Errorf("having waited again = %d, want 429: waiting costs nothing", status)
	}
	if status := l.AdmitWorked(addr, nine); status != 0 {
		t.Errorf("having worked = %d", status)
	}
	if status := l.AdmitWorked(addr, nine); status != http.StatusTooManyRequests {
		t.Errorf("beyond the limit = %d, want 429 whatever was done", status)
	}
	if l.AsksForWork(netip.MustParseAddr("2001:db9::1"), nine) || !l.AsksForWork(netip.MustParseAddr("2001:db8::2"), nine) {
		t.Error("another network is asked, or the same one is not")
	}
	for i := range 2 {
		l.Admit(netip.MustParseAddr("2001:db8:0:"+string(rune('1'+i))+"::1"), nine)
	}
	if !l.AsksForWork(netip.MustParseAddr("2001:db8:0:ffff::1"), nine) {
		t.Error("the /48 has half of its sign-ups and is not asked")
	}
}
