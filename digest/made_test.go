package digest_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"broadsheet/digest"
)

// TestChooseHoursLater holds the planner to what lets zones share choices: an
// hour more for all stories changes none, unless one of them is not out yet or
// becomes too old.
func TestChooseHoursLater(t *testing.T) {
	lost := 0
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 11))
		offered := []int64{1, 2, 3, 4, 5}
		stories := make([]digest.Story, 40)
		for i := range stories {
			fresh := 1000*hour - random.Int64N(48*hour)
			stories[i] = digest.Story{
				ID: int64(i + 1), Published: fresh, Fresh: fresh, Source: 1 + random.Int64N(4), Sources: 1 + random.IntN(5),
				Topics: map[int64]int64{1 + random.Int64N(5): 5, 1 + random.Int64N(5): 5},
			}
		}
		d := digest.Digest{MaxItems: 8, PerTopic: 3, Top: 2, Latest: 1, MaxAge: 96 * time.Hour}
		wish := digest.Wish{Topics: []int64{4, 1, 5}, To: 10, At: 1000*hour + random.Int64N(hour)}
		want := digest.Choose(d, offered, stories, wish).String()
		wish.At += 23 * hour
		if got := digest.Choose(d, offered, stories, wish).String(); got != want {
			t.Fatalf("seed %d: 23 hours later got %s, want %s", seed, got, want)
		}
		wish.At += 12*hour + hour/2
		d.MaxAge = 48 * time.Hour
		if digest.Choose(d, offered, stories, wish).String() != want {
			lost++
		}
	}
	if lost == 0 {
		t.Error("half an hour and a maximal age change nothing")
	}
}
