package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrPrivateAddress is wrapped by errors about hosts that resolve to an
// address that is not on the public internet.
var ErrPrivateAddress = errors.New("the address is not public")

// guard returns a net.Dialer.ControlContext that refuses every address that is
// neither public nor in allowed. It sees the address that is dialled, after
// names are resolved, so that neither redirects nor changing names get past it.
func guard(allowed []netip.Prefix) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dial %s %s: %w", network, address, ErrPrivateAddress)
		}
		addr := target.Addr().WithZone("").Unmap()
		if isPublic(addr) || slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(addr) }) {
			return nil
		}
		return fmt.Errorf("%s: %w", addr, ErrPrivateAddress)
	}
}

// DialPublic returns a function that connects to hosts on the public internet and
// in the allowed networks, and to no others: the error wraps ErrPrivateAddress.
func DialPublic(allowed []netip.Prefix, timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return dialWith(&net.Dialer{Timeout: timeout, ControlContext: guard(allowed)})
}

// errHostForm is about an address in a form that some resolvers know and others
// do not, such as 0x7f.1: nobody who means well writes one.
var errHostForm = errors.New("an address of IPv4 must be written as four decimal numbers")

// dialWith returns a function that dials as a dialer does, but for hosts that
// are numbers and no address in the usual form.
func dialWith(dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if _, err := netip.ParseAddr(host); err != nil && endsInNumber(host) {
			return nil, fmt.Errorf("host %q: %w", shorten(host, 100), errHostForm)
		}
		return dialer.DialContext(ctx, network, address)
	}
}

// endsInNumber says whether the last label of a host is a number, which makes
// the host an address to a browser.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	digits, hexadecimal := strings.CutPrefix(last, "0x")
	if !hexadecimal && digits == "" {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; !hexadecimal && (c < '0' || c > '9') || !isHex(c) {
			return false
		}
	}
	return true
}

// isPublic says whether an address can belong to a site on the internet.
func isPublic(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, special := range specialNetworks {
		if special.Contains(addr) {
			return false
		}
	}
	if inner, ok := embedded(addr); ok {
		return isPublic(inner)
	}
	return true
}

// specialNetworks are those of the IANA special-purpose registries (RFC 6890)
// that IsGlobalUnicast and IsPrivate do not cover.
var specialNetworks = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), // documentation
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),           // IPv4-compatible
	netip.MustParsePrefix("::ffff:0:0:0/96"), // IPv4-translated (RFC 2765)
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("100:0:0:1::/64"), // dummies (RFC 9780)
	netip.MustParsePrefix("2001::/23"),      // Teredo and other protocols
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"), // site-local
}

// embedded returns the IPv4 address that an address of NAT64 (RFC 6052), 6to4
// (RFC 3056) or ISATAP (RFC 5214) leads to.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	bytes := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(bytes[12:16])), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(bytes[2:6])), true
	case bytes[8]&^2 == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe:
		return netip.AddrFrom4([4]byte(bytes[12:16])), true
	}
	return netip.Addr{}, false
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)
