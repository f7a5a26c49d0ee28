package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"broadsheet/digest/delivery"
)

func TestSpread(t *testing.T) {
	for in, want := range map[string]string{
		"a":            "a",
		"aaaa":         "aaaa",
		"aabb":         "abab",
		"aaaabcde":     "badaeaca", // and not all of the small ones in the middle
		"aaaaaaaabb":   "aabaaaabaa",
		"abcabcabcabc": "acbacbacbacb",
	} {
		var got strings.Builder
		for _, i := range delivery.Spread(strings.Split(in, "")) {
			got.WriteByte(in[i])
		}
		if got.String() != want {
			t.Errorf("%s is spread to %s, want %s", in, &got, want)
		}
	}
}

// TestSpreadOfAnyMix: each delivery comes once, those of a provider keep their order, and no run of a provider is longer
// than it must be among the others, and one more.
func TestSpreadOfAnyMix(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var providers []string
		for p := range 1 + r.IntN(40) {
			n := 1 + r.IntN(4)
			if r.IntN(4) == 0 {
				n = 1 + r.IntN(100)
			}
			for range n {
				providers = append(providers, fmt.Sprint(p))
			}
		}
		r.Shuffle(len(providers), func(i, j int) { providers[i], providers[j] = providers[j], providers[i] })
		order := delivery.Spread(providers)
		if msg := spreadFault(providers, order); msg != "" {
			t.Fatalf("seed %d: %s\nof %v\nto %v", seed, msg, providers, order)
		}
	}
}

// spreadFault says what is wrong with an order, or "".
func spreadFault(providers []string, order []int) string {
	if sorted := slices.Sorted(slices.Values(order)); len(order) != len(providers) || len(slices.Compact(sorted)) != len(providers) {
		return "something is missing or there twice"
	}
	count, last := map[string]int{}, map[string]int{}
	for _, p := range providers {
		count[p]++
		last[p] = -1
	}
	run := 0
	for k, i := range order {
		p := providers[i]
		if i < last[p] {
			return "provider " + p + " is out of order"
		}
		last[p] = i
		if run++; k == 0 || providers[order[k-1]] != p {
			run = 1
		}
		others := len(order) - count[p]
		if others > 0 && run > (count[p]+others-1)/others+1 {
			return fmt.Sprintf("provider %s, %d of %d, has a run of %d", p, count[p], len(order), run)
		}
	}
	return ""
}
