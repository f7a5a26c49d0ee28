package web

import (
	_ "embed"
	"slices"
	"strings"

	"broadsheet/subscribers"
)

//go:embed zones.txt
var zoneList string

// zoneNames are the time zones that forms offer.
func zoneNames() []string { return strings.Fields(zoneList) }

// offerZones returns the zones to choose from and the one to preselect, which
// is among them: the reader's own, even under a name that is no longer listed,
// or else that of the first digest that follows its readers. Nothing is
// offered where no digest does.
func (s *Server) offerZones(c *subscribers.Catalog, own string) (zones []string, chosen string) {
	at := slices.IndexFunc(c.Digests, func(d subscribers.Digest) bool { return d.LocalTime })
	if at < 0 {
		return nil, own
	}
	if own == "" {
		own = c.Digests[at].Zone
	}
	if slices.Contains(s.zones, own) {
		return s.zones, own
	}
	return append([]string{own}, s.zones...), own
}
