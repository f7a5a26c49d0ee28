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
	l := web.NewLimiter(1, 2, minutes*time.Minute, total)
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
	l := web.NewLimiter(1, 5, time.Hour, 100)
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
		"unknown":                 {{"", ok}, {"", ok}, {"", limited}, {"::", ok}, {"0.0.0.0", ok}},
		"all":                     {{"192.0.1.1", ok}, {"192.0.2.1", ok}, {"192.0.3.1", ok}, {"192.0.4.1", ok}, {"192.0.5.1", ok}, {"192.0.6.1", busy}, {"2001:db8::", busy}},
		"refusals do not count":   {{"192.0.2.1", ok}, {"192.0.2.1", ok}, {"192.0.2.1", limited}, {"192.0.2.1", limited}, {"192.0.2.1", limited}, {"192.0.2.2", ok}, {"192.0.3.2", ok}},
		"the network's own first": {{"192.0.2.1", ok}, {"192.0.2.1", ok}, {"192.0.3.1", ok}, {"192.0.4.1", ok}, {"192.0.5.1", ok}, {"192.0.6.1", busy}, {"192.0.2.1", limited}},
	} {
		l := web.NewLimiter(2, 3, time.Hour, 5)
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
