package delivery

import "time"

// BouncedQuery finds readers with bounces.
const BouncedQuery = bouncedQuery

// TestSpikes remembers which spikes were reported.
type TestSpikes struct{ s spikes }

// Report returns which of the providers that have a spike are to be reported.
func (t *TestSpikes) Report(now time.Time, providers ...string) []string {
	var results []result
	for _, p := range providers {
		results = append(results, result{}, result{change: &change{provider: p}}, result{change: &change{provider: p, spike: true}})
	}
	return t.s.report(results, now)
}
