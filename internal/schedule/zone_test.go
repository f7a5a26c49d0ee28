package schedule_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/schedule"
)

func TestZoneRefuses(t *testing.T) {
	tests := []struct {
		name string
		want string // in the message
	}{
		{"", "empty"},
		{"Local", "depends on the machine"},
		{"localtime", "depends on the machine"},
		{"right/Europe/Berlin", `use "Europe/Berlin"`},
		{"Berlin", "IANA name"},
		{"Europe/Atlantis", `"Europe/Atlantis"`},
		{"Europe", "IANA name"},
		{"../../etc/passwd", "IANA name"},
		{"/etc/localtime", "IANA name"},
		{"UTC\x00", "IANA name"},
		{strings.Repeat("x/", 5000), "IANA name"},
	}
	for _, tt := range tests {
		for load, zone := range map[string]func(string) (*time.Location, error){
			"Zone":       schedule.Zone,
			"Zones.Load": schedule.NewZones().Load,
		} {
			loc, err := zone(tt.name)
			if err == nil {
				t.Errorf("%s(%.40q): got %v, want an error", load, tt.name, loc)
			} else if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s(%.40q): got %q, want it to say %q", load, tt.name, err, tt.want)
			}
		}
	}
}

func TestZoneKeepsRenamedZones(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for old, now := range map[string]string{
		"Europe/Kiev":       "Europe/Kyiv",
		"Asia/Calcutta":     "Asia/Kolkata",
		"Asia/Saigon":       "Asia/Ho_Chi_Minh",
		"US/Eastern":        "America/New_York",
		"America/Godthab":   "America/Nuuk",
		"Pacific/Enderbury": "Pacific/Kanton",
	} {
		if got, want := schedule.LocalOf(at, zone(t, old)), schedule.LocalOf(at, zone(t, now)); got != want {
			t.Errorf("%s: got %v, want %v as in %s", old, got, want, now)
		}
	}
}

func TestZonesLoadsOnce(t *testing.T) {
	zones := schedule.NewZones()
	names := []string{"Europe/Berlin", "Asia/Tokyo", "UTC", "America/New_York"}
	got := make([][]*time.Location, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			for _, name := range names {
				loc, err := zones.Load(name)
				if err != nil {
					t.Error(err)
				}
				got[i] = append(got[i], loc)
			}
		})
	}
	wg.Wait()
	for i := range got {
		for j, name := range names {
			if got[i][j] != got[0][j] || got[i][j].String() != name {
				t.Errorf("%s: got %v and %v, want one Location", name, got[i][j], got[0][j])
			}
		}
	}
}
