package digest_test

import (
	"fmt"
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

// TestChoicesAreBounded fills what a planner remembers beyond its bounds, with
// few and with many different choices: it stays bounded and never tells a wrong
// one.
func TestChoicesAreBounded(t *testing.T) {
	for _, test := range []struct {
		name           string
		outcomes, most int
	}{
		{"few outcomes", 100, digest.MostMade},
		{"many outcomes", 3 * digest.MostChoices, digest.MostChoices},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := digest.NewMemory()
			key := func(i int) string { return fmt.Sprint("key ", i) }
			text := func(i int) string { return fmt.Sprint("stories ", i%test.outcomes) }
			const keys = digest.MostMade + 100
			for i := range keys {
				m.Add(key(i), text(i))
			}
			known := 0
			for i := range keys {
				got, outcomes := m.Find(key(i))
				if got != "" && got != text(i) {
					t.Fatalf("key %d has %q, want %q", i, got, text(i))
				}
				if outcomes > min(test.outcomes, digest.MostChoices) {
					t.Fatalf("%d different choices, want %d at most", outcomes, min(test.outcomes, digest.MostChoices))
				}
				if got != "" {
					known++
				}
			}
			if last, _ := m.Find(key(keys - 1)); last == "" || known > test.most {
				t.Errorf("the last one is %q, %d are known, want %d at most", last, known, test.most)
			}
		})
	}
}
