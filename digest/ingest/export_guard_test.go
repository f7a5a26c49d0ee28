package ingest

import (
	"net"
	"net/netip"
)

// IsPublic is what the guard asks of an address.
func IsPublic(addr netip.Addr) bool { return isPublic(addr) }

// ResolveBy makes a fetcher look names up by a resolver.
func (f *Fetcher) ResolveBy(r *net.Resolver) { f.resolver = r }
