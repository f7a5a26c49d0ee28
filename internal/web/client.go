package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// client returns the network address a request came from, the zero address if
// it is not known. X-Forwarded-For is believed only as far as trusted proxies
// wrote it: from the right, the first entry that is no trusted proxy is the
// client.
func (s *Server) client(r *http.Request) netip.Addr {
	addr, err := parseHop(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(addr); i-- {
		next, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next
	}
	return addr
}

// parseHop reads an address with or without a port, which some proxies add.
func parseHop(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(s)
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), err
}

// clientText is the client's address for the record of consent, empty if it is
// not known.
func (s *Server) clientText(r *http.Request) string {
	if addr := s.client(r); addr.IsValid() {
		return addr.String()
	}
	return ""
}

func (s *Server) trusts(addr netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
