//go:build race

package digest_test

// seeds is how many random worlds of so many are made here: watching for races
// makes everything some ten times slower.
func seeds(of uint64) uint64 { return max(1, of/8) }
