package web

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed zones.txt
var zoneList string

// zoneNames are the time zones that forms offer.
func zoneNames() []string { return strings.Fields(zoneList) }

// offer returns the zones of a form, with the reader's own among them.
func (s *Server) offer(zone string) []string {
	if zone == "" || slices.Contains(s.zones, zone) {
		return s.zones
	}
	return append([]string{zone}, s.zones...)
}
