package ingest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"broadsheet/digest/ingest"
)

// resolver returns one that asks answer for the addresses of a name, without
// its final dot.
func resolver(answer func(name string) []netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerNames(server, answer)
		return client, nil
	}}
}

// answerNames speaks DNS as over TCP until the client hangs up.
func answerNames(conn net.Conn, answer func(name string) []netip.Addr) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		packet := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, packet); err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(packet) != nil || len(query.Questions) != 1 {
			return
		}
		packed, err := namesReply(query, answer).Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)); err != nil {
			return
		}
	}
}

func namesReply(query dnsmessage.Message, answer func(name string) []netip.Addr) *dnsmessage.Message {
	asked := query.Questions[0]
	reply := &dnsmessage.Message{Header: dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true}, Questions: query.Questions}
	for _, addr := range answer(strings.TrimSuffix(asked.Name.String(), ".")) {
		header := dnsmessage.ResourceHeader{Name: asked.Name, Type: asked.Type, Class: asked.Class}
		switch {
		case asked.Type == dnsmessage.TypeA && addr.Is4():
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case asked.Type == dnsmessage.TypeAAAA && addr.Is6():
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return reply
}

// privateHosts are the forms in which an address that is not public may be
// written. Where it needs a resolver that reads it as C libraries do, or is a
// name, address is what that says.
var privateHosts = []struct{ name, host, address string }{
	{"loopback", "127.0.0.1", ""},
	{"loopback with a final dot", "127.0.0.1.", "127.0.0.1"},
	{"loopback as one number", "2130706433", "127.0.0.1"},
	{"loopback in octal", "0177.0.0.1", "127.0.0.1"},
	{"loopback in octal, one number", "017700000001", "127.0.0.1"},
	{"loopback in hexadecimal", "0x7f.1", "127.0.0.1"},
	{"loopback in hexadecimal, one number", "0x7f000001", "127.0.0.1"},
	{"loopback, short", "127.1", "127.0.0.1"},
	{"loopback with zeros", "127.000.000.001", "127.0.0.1"},
	{"loopback in full-width digits", "１２７.０.０.１", ""},
	{"loopback in full-width digits and dots", "127。0。0。1", ""},
	{"loopback in circled digits", "①②⑦.⓪.⓪.①", ""},
	{"this host", "0.0.0.0", ""},
	{"this host as a number", "0", "0.0.0.0"},
	{"metadata of a cloud", "169.254.169.254", ""},
	{"metadata of a cloud as one number", "2852039166", "169.254.169.254"},
	{"metadata of a cloud in IPv6", "[fd00:ec2::254]", ""},
	{"private 10", "10.1.2.3", ""},
	{"private 172", "172.31.255.254", ""},
	{"private 192", "192.168.0.1", ""},
	{"carrier-grade NAT", "100.127.255.254", ""},
	{"multicast", "239.1.2.3", ""},
	{"broadcast", "255.255.255.255", ""},
	{"IPv6 loopback", "[::1]", ""},
	{"IPv6 loopback spelled out", "[0:0:0:0:0:0:0:1]", ""},
	{"IPv6 unspecified", "[::]", ""},
	{"IPv6 unique local", "[fd12:3456:789a::1]", ""},
	{"IPv6 link-local with a zone", "[fe80::1%25lo]", ""},
	{"IPv6 link-local", "[fe80::1]", ""},
	{"IPv6 site-local", "[fec0::1]", ""},
	{"IPv6 multicast", "[ff02::1]", ""},
	{"IPv4 mapped", "[::ffff:127.0.0.1]", ""},
	{"IPv4 mapped in hexadecimal", "[::ffff:7f00:1]", ""},
	{"IPv4 mapped with a zone", "[::ffff:127.0.0.1%25lo]", ""},
	{"IPv4 compatible", "[::127.0.0.1]", ""},
	{"IPv4 translated", "[::ffff:0:127.0.0.1]", ""},
	{"NAT64", "[64:ff9b::10.0.0.1]", ""},
	{"NAT64 of a network", "[64:ff9b:1::a00:1]", ""},
	{"6to4", "[2002:7f00:1::1]", ""},
	{"6to4 of metadata", "[2002:a9fe:a9fe::1]", ""},
	{"Teredo", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", ""},
	{"ISATAP", "[2620:0:2d0:200::5efe:10.0.0.1]", ""},
	{"a name", "inner.courier.example", "10.0.0.5"},
	{"a name in IPv6", "six.courier.example", "fd00::5"},
	{"a name, mapped", "mapped.courier.example", "::ffff:10.0.0.5"},
	{"a name of NAT64", "nat.courier.example", "64:ff9b::a00:5"},
	{"localhost", "localhost", "127.0.0.1"},
}

func privateHostsResolver() *net.Resolver {
	return resolver(func(name string) []netip.Addr {
		for _, c := range privateHosts {
			if c.address != "" && strings.TrimSuffix(c.host, ".") == name {
				return []netip.Addr{netip.MustParseAddr(c.address)}
			}
		}
		return nil
	})
}

func TestGuardRefusesAddressesInAnyForm(t *testing.T) {
	f := ingest.NewFetcher("test")
	f.ResolveBy(privateHostsResolver())
	next := make(chan string, 1)
	outer := serveAt(t, "127.0.0.7", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, <-next, http.StatusFound) })
	for _, c := range privateHosts {
		t.Run(c.name, func(t *testing.T) {
			target := "http://" + c.host + ":9/feed"
			_, err := f.Get(t.Context(), ingest.Request{URL: target})
			checkRefused(t, target, err)
			next <- target
			_, err = f.Get(t.Context(), ingest.Request{URL: outer, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.7/32")}})
			checkRefused(t, "redirected to "+target, err)
		})
	}
}

func checkRefused(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, ingest.ErrPrivateAddress) && (err == nil || !strings.Contains(err.Error(), "four decimal numbers")) {
		t.Errorf("%s: got error %v, want one about the address", what, err)
	}
}

// serveAt is serve at some address of the loopback.
func serveAt(t *testing.T, address string, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// TestGuardRefusesRebinding has a name that leads to a server which may be
// reached, until it leads elsewhere.
func TestGuardRefusesRebinding(t *testing.T) {
	var reached atomic.Bool
	inner := serveAt(t, "127.0.0.3", func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	var address atomic.Value
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		address.Store(netip.MustParseAddr("127.0.0.3"))
		http.Redirect(w, r, "http://rebind.courier.example:"+portOf(t, inner)+"/", http.StatusFound)
	})
	address.Store(netip.MustParseAddr("127.0.0.1"))
	f := ingest.NewFetcher("test")
	f.ResolveBy(resolver(func(string) []netip.Addr { return []netip.Addr{address.Load().(netip.Addr)} }))
	_, err := f.Get(t.Context(), ingest.Request{
		URL: "http://rebind.courier.example:" + portOf(t, outer) + "/", AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	if !errors.Is(err, ingest.ErrPrivateAddress) || !strings.Contains(err.Error(), "127.0.0.3") {
		t.Errorf("got error %v, want one about 127.0.0.3", err)
	}
	if reached.Load() {
		t.Error("the inner server was reached")
	}
}

// TestGuardLooksAtEachAddressOfAName has a name with one address that may be
// reached among others that may not.
func TestGuardLooksAtEachAddressOfAName(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "open") })
	f := ingest.NewFetcher("test")
	f.ResolveBy(resolver(func(string) []netip.Addr {
		return []netip.Addr{netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")}
	}))
	got, err := f.Get(t.Context(), ingest.Request{
		URL: "http://many.courier.example:" + portOf(t, address) + "/", AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	if err != nil || string(got.Body) != "open" {
		t.Errorf("got %+v, error %v, want what the allowed address has", got, err)
	}
}

func TestGuardOpensExactlyWhatIsAllowed(t *testing.T) {
	for _, c := range []struct {
		allowed, host string
		open          bool
	}{
		{"127.0.0.9/32", "127.0.0.9", true},
		{"127.0.0.9/32", "127.0.0.8", false},
		{"127.0.0.9/32", "127.0.0.10", false},
		{"127.0.0.8/30", "127.0.0.11", true},
		{"127.0.0.8/30", "127.0.0.12", false},
		{"127.0.0.9/32", "[::ffff:127.0.0.9]", true}, // the same socket
		{"127.0.0.9/32", "[::ffff:127.0.0.8]", false},
		{"127.0.0.9/32", "[64:ff9b::127.0.0.9]", false},
		{"127.0.0.0/8", "[::1]", false},
		{"0.0.0.0/0", "127.0.0.9", true},
		{"0.0.0.0/0", "[::1]", false},
		{"::/0", "127.0.0.9", false},
		{"::/0", "[::1]", true},
		{"10.0.0.0/8", "192.168.0.1", false},
		{"10.0.0.0/8", "169.254.169.254", false},
	} {
		t.Run(c.allowed+" "+c.host, func(t *testing.T) {
			// Nobody listens on port 1, so what is open refuses the connection at once.
			_, err := ingest.NewFetcher("test").Get(t.Context(), ingest.Request{
				URL: "http://" + c.host + ":1/", AllowPrivate: []netip.Prefix{netip.MustParsePrefix(c.allowed)},
			})
			if err == nil {
				t.Fatal("somebody listens on port 1")
			}
			if refused := errors.Is(err, ingest.ErrPrivateAddress); refused == c.open {
				t.Errorf("got error %v, want the guard to let it through: %v", err, c.open)
			}
		})
	}
}

func TestGuardKnowsPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "9.255.255.255": true, "10.0.0.0": false, "10.255.255.255": false, "11.0.0.0": true,
		"100.63.255.255": true, "100.64.0.0": false, "100.127.255.255": false, "100.128.0.0": true,
		"126.255.255.255": true, "127.0.0.0": false, "127.255.255.255": false, "128.0.0.0": true,
		"169.253.255.255": true, "169.254.0.0": false, "169.254.255.255": false, "169.255.0.0": true,
		"172.15.255.255": true, "172.16.0.0": false, "172.31.255.255": false, "172.32.0.0": true,
		"192.0.1.0": true, "192.0.2.255": false, "192.167.255.255": true, "192.168.0.0": false, "192.169.0.0": true,
		"198.17.255.255": true, "198.18.0.0": false, "198.19.255.255": false, "198.20.0.0": true, "198.51.100.1": false, "203.0.113.1": false,
		"223.255.255.255": true, "224.0.0.0": false, "239.255.255.255": false, "240.0.0.0": false, "255.255.255.255": false, "0.255.255.255": false,
		"2606:4700::1111": true, "2a00:1450::1": true, "2001:200::1": true, "2001:1ff::1": false, "2001:db8::1": false, "2001:db7::1": true,
		"2002:808:808::1": true, "2002:a00:1::1": false, "64:ff9b::808:808": true, "64:ff9b::a00:1": false, "::ffff:8.8.8.8": true, "::8.8.8.8": false,
		"2606:4700::5efe:808:808": true, "2606:4700::5efe:a00:1": false, "2606:4700::200:5efe:c0a8:1": false,
		"fbff::1": true, "fc00::1": false, "fdff::1": false, "fe80::1": false, "febf::1": false, "fec0::1": false, "ff0e::1": false,
		"100::1": false, "100:0:0:1::1": false, "100:0:0:2::1": true, "3fff::1": false, "5f00::1": false, "::1": false, "::": false,
	} {
		if got := ingest.IsPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v, want %v", address, got, want)
		}
	}
}
