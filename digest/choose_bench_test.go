package digest_test

import (
	"math/rand/v2"
	"testing"

	"broadsheet/digest"
)

// BenchmarkChoose chooses from 500 stories in 30 topics, for readers of five
// topics and for one of all.
func BenchmarkChoose(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 4))
	offered := make([]int64, 30)
	for i := range offered {
		offered[i] = int64(i + 1)
	}
	stories := make([]digest.Story, 500)
	for i := range stories {
		age := random.Int64N(24 * hour)
		stories[i] = digest.Story{
			ID: int64(i + 1), Published: 1000*hour - age, Fresh: 1000*hour - age, Source: 1 + random.Int64N(20), Sources: 1, Topics: map[int64]int64{},
		}
		for range 1 + random.IntN(3) {
			stories[i].Topics[1+random.Int64N(30)] = 5
		}
	}
	limits := digest.Digest{MaxItems: 20, PerTopic: 6}
	sections := limits
	sections.Top, sections.Latest = 3, 3
	five := digest.Wish{Topics: []int64{3, 9, 14, 20, 27}, To: 10, At: 1000 * hour}
	for _, bench := range []struct {
		name   string
		digest digest.Digest
		wish   digest.Wish
	}{
		{"five topics", limits, five},
		{"all topics", limits, digest.Wish{To: 10, At: 1000 * hour}},
		{"with sections", sections, five},
	} {
		b.Run(bench.name, func(b *testing.B) {
			pool := digest.NewPool(bench.digest, offered, stories)
			b.ReportAllocs()
			for b.Loop() {
				pool.Choose(bench.wish, nil)
			}
		})
	}
}

const hour = int64(3_600_000)
