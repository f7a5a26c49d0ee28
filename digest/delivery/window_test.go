package delivery_test

import (
	"math/rand/v2"
	"testing"

	"broadsheet/digest/delivery"
)

func TestWindowRemembersTheLastOutcomes(t *testing.T) {
	w := delivery.NewTestWindows()
	var all []bool
	for range 1000 {
		refused := rand.IntN(3) == 0
		all = append(all, refused)
		last, want := all[max(0, len(all)-200):], 0
		for _, r := range last {
			if r {
				want++
			}
		}
		if n, of := w.Refuse(7, refused); n != want || of != len(last) {
			t.Fatalf("after %d outcomes %d of %d are refusals, want %d of %d", len(all), n, of, want, len(last))
		}
	}
}

// TestWindowsAreBounded looks at one provider now and then among many others.
func TestWindowsAreBounded(t *testing.T) {
	w := delivery.NewTestWindows()
	seen := 0
	for i := range 5000 {
		w.Refuse(1000+i, false)
		if i%500 == 0 {
			seen++
			if n, _ := w.Refuse(1, true); n != seen {
				t.Errorf("the one in use has %d refusals, want %d", n, seen)
			}
		}
	}
	if w.Len() != 1000 {
		t.Errorf("%d windows, want 1000", w.Len())
	}
	if n, of := w.Refuse(1000, true); n != 1 || of != 1 {
		t.Errorf("the first one has %d of %d, want it forgotten", n, of)
	}
}
