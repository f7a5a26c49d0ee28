package subscribers

import (
	"net/netip"
)

// ClientDetail is how much the record of consent keeps of the network address
// that something came from.
type ClientDetail string

// The details.
const (
	ClientFull    ClientDetail = "full"
	ClientNetwork ClientDetail = "network" // the /24 of an IPv4 address, the /48 of an IPv6 one
	ClientNone    ClientDetail = "none"
)

// of returns what is kept of an address. Of what is no address nothing is kept
// but where all is. What was cut before stays as it is.
func (d ClientDetail) of(client string) string {
	switch {
	case d == ClientFull:
		return client
	case d != ClientNetwork:
		return ""
	}
	if prefix, err := netip.ParsePrefix(client); err == nil {
		return networkAround(prefix.Addr(), prefix.Bits())
	}
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return ""
	}
	return networkAround(addr, addr.BitLen())
}

// networkAround writes the network of an address of which bits are known.
func networkAround(addr netip.Addr, bits int) string {
	keep := 48
	if addr = addr.WithZone(""); addr.Is4In6() {
		addr, bits = addr.Unmap(), bits-96
	}
	if addr.Is4() {
		keep = 24
	}
	prefix, err := addr.Prefix(max(0, min(bits, keep)))
	if err != nil {
		return ""
	}
	return prefix.String()
}
