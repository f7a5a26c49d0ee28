package subscribers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// TestIDsByZone: readers whose clocks run together have ids that follow each other,
// however they come, and those where a day begins first have the lowest.
func TestIDsByZone(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		zones := []string{"Pacific/Kiritimati", "Asia/Tokyo", "Asia/Kolkata", "Europe/Paris", "UTC", "America/St_Johns", "America/New_York", "Etc/GMT+12"}
		known := map[string][]int64{}
		for round := range 3 {
			var file strings.Builder
			fmt.Fprintln(&file, "email,digests,timezone")
			for i, zone := range slices.Backward(zones) {
				for n := range 2 {
					fmt.Fprintf(&file, "r%d-%d-%d@example.com,daily,%s\n", round, i, n, zone)
				}
			}
			k.wantImport(file.String(), confirmed, "+16 ~0 =0 -0")
			for i, zone := range zones {
				for n := range 2 {
					known[zone] = append(known[zone], k.detail(fmt.Sprintf("r%d-%d-%d@example.com", round, i, n)).ID)
				}
			}
		}
		last := int64(0)
		for _, zone := range zones {
			ids := known[zone]
			if ids[0] <= last {
				t.Errorf("readers in %q begin with id %d, those of the zone before went up to %d", zone, ids[0], last)
			}
			for i, id := range ids {
				if id != ids[0]+int64(i) {
					t.Errorf("readers in %q have ids %v, want one after the other", zone, ids)
					break
				}
			}
			last = ids[len(ids)-1]
		}
		for zone, like := range map[string]string{"Africa/Lagos": "Europe/Paris", "": "America/New_York"} { // which is the digest's
			if id := k.zoneID(zone); id != known[like][5]+1 {
				t.Errorf("a reader in %q has id %d, want the one after those in %s, %v", zone, id, like, known[like])
			}
		}
	})
}

// zoneID signs a reader of a zone up and returns the id.
func (k *desk) zoneID(zone string) int64 {
	k.t.Helper()
	in := form("new" + strings.ReplaceAll(zone, "/", "-") + "@example.com")
	in.Zone = zone
	k.signUp(in)
	return k.detail(in.Address).ID
}

// TestIDsStay: who moves keeps the id, and the id of one who was erased is not given
// again.
func TestIDsStay(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		ann := k.activate("ann@example.com")
		k.must(k.prefers(ann, subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"world"}, Digests: []string{"daily"}}, "page", ""))
		if id := k.detail("ann@example.com").ID; id != ann {
			t.Errorf("a reader who moved has id %d, had %d", id, ann)
		}
		if _, err := k.Erase(t.Context(), "ann@example.com", "operator"); err != nil {
			t.Fatal(err)
		}
		if id := k.zoneID("Europe/Paris"); id != ann+1 {
			t.Errorf("the next reader has id %d, want %d", id, ann+1)
		}
	})
}

// TestIDsOfAnHour: no id is another hour's, or one of those of before, however many
// an hour has.
func TestIDsOfAnHour(t *testing.T) {
	numbers := []int64{1, 2, 1<<26 - 1, 1 << 26, 1<<26 + 1, 1<<40 - 1}
	whose := map[int64]string{}
	for _, n := range numbers {
		last := int64(subscribers.IDsBefore)
		for hour := 14; hour >= -12; hour-- {
			id, what := subscribers.IDOf(hour, n), fmt.Sprintf("number %d of hour %d", n, hour)
			if other, ok := whose[id]; ok {
				t.Errorf("%s has the id of %s", what, other)
			}
			if id <= last || id >= 1<<53 {
				t.Errorf("%s has id %d, want it above %d and below 1<<53", what, id, last)
			}
			if n < 1<<26 && id >= 1<<31 {
				t.Errorf("%s has id %d, which takes more than four bytes", what, id)
			}
			whose[id], last = what, id
		}
	}
}

// TestIDsBesideThoseOfBefore: a database from before ids told zones goes on.
func TestIDsBesideThoseOfBefore(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.exec(`INSERT INTO subscribers (id, address, state, created_at) VALUES (7, 'old@example.com', 'active', 1)`)
		k.exec(`UPDATE counters SET value = 7 WHERE name = 'subscriber'`)
		if id := k.zoneID("Pacific/Kiritimati"); id <= 7 {
			t.Errorf("a new reader has id %d", id)
		}
		if n := k.count(`SELECT value FROM counters WHERE name = 'subscriber'`); n != 7 {
			t.Errorf("the old counter stands at %d", n)
		}
	})
}

func TestHourOf(t *testing.T) {
	for name, want := range map[string]int{
		"UTC": 0, "Europe/Berlin": 1, "Europe/Dublin": 0, "America/New_York": -5, "Asia/Kathmandu": 5, "Australia/Sydney": 10,
		"Australia/Lord_Howe": 10, "America/St_Johns": -4, "Pacific/Marquesas": -10, "Pacific/Kiritimati": 14, "Etc/GMT+12": -12,
	} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := subscribers.HourOf(loc, 2026); got != want {
			t.Errorf("the hour of %s is %d, want %d", name, got, want)
		}
	}
	for seconds, want := range map[int]int{-13 * 3600: -12, 15 * 3600: 14, -1: -1, 3599: 0} {
		if got := subscribers.HourOf(time.FixedZone("", seconds), 2026); got != want {
			t.Errorf("the hour of clocks %d seconds ahead is %d, want %d", seconds, got, want)
		}
	}
}
