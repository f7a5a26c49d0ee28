package web_test

import (
	"net/http"
	"strconv"
	"testing"
)

func TestClientAddress(t *testing.T) {
	tests := []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"nobody between", "192.0.2.7:1", nil, "192.0.2.7"},
		{"a stranger's header", "192.0.2.7:1", []string{"203.0.113.1"}, "192.0.2.7"},
		{"a proxy", "10.0.0.1:1", []string{"203.0.113.1"}, "203.0.113.1"},
		{"a proxy and a lie", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.1"}, "203.0.113.1"},
		{"two proxies", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.1, 10.9.9.9"}, "203.0.113.1"},
		{"two headers", "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.1"}, "203.0.113.1"},
		{"proxies only", "10.0.0.1:1", []string{"10.2.2.2"}, "10.2.2.2"},
		{"a proxy without a header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"an empty header", "10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"nonsense before a client", "10.0.0.1:1", []string{"unknown, 203.0.113.1"}, "203.0.113.1"},
		{"nonsense from the proxy", "10.0.0.1:1", []string{"203.0.113.1, unknown"}, "10.0.0.1"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.1:55"}, "203.0.113.1"},
		{"IPv6", "[fd00::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		{"IPv6 in brackets", "[fd00::1]:1", []string{"[2001:db8::5]"}, "2001:db8::5"},
		{"IPv6 with a port", "[fd00::1]:1", []string{"[2001:db8::5]:443"}, "2001:db8::5"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.1"}, "203.0.113.1"},
		{"IPv6 with a zone", "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"no port", "192.0.2.7", nil, "192.0.2.7"},
		{"a socket without addresses", "@", []string{"203.0.113.1"}, ""},
	}
	s := newSite(t, nil)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := "reader" + strconv.Itoa(i) + "@example.com"
			r := s.request(http.MethodPost, "/subscribe", s.filledIn(address).values.Encode())
			r.RemoteAddr = tt.remote
			r.Header["X-Forwarded-For"] = tt.forwarded
			s.send(r).wantRedirect(t, "/mail/subscribed")
			if got := s.lastConsent(address).Client; got != tt.want {
				t.Errorf("client = %q, want %q", got, tt.want)
			}
		})
	}
}
