package web_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"broadsheet/internal/web"
)

func TestLimiterIsBounded(t *testing.T) {
	l := web.NewLimiter(1, time.Hour)
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range 2*web.MostNetworks + 2 {
		addr := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i))))
		if wait := l.Count(netip.PrefixFrom(addr, 32), now); wait != 0 {
			t.Fatalf("network %d must wait %s for its first event", i, wait)
		}
		if l.Held() > web.MostNetworks {
			t.Fatalf("%d networks are held, want %d at most", l.Held(), web.MostNetworks)
		}
	}
}

func TestLimiterWindows(t *testing.T) {
	l := web.NewLimiter(1, time.Hour)
	n := netip.MustParsePrefix("192.0.2.1/32")
	began := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, step := range []struct{ at, wait time.Duration }{
		{0, 0}, {0, time.Hour}, {59 * time.Minute, time.Minute}, {time.Hour, 0}, {time.Hour + time.Second, time.Hour - time.Second},
		{-24 * time.Hour, 0}, // the clock was set back
		{-24 * time.Hour, time.Hour},
	} {
		if got := l.Count(n, began.Add(step.at)); got != step.wait {
			t.Errorf("at %s: wait %s, want %s", step.at, got, step.wait)
		}
	}
}
