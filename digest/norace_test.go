//go:build !race

package digest_test

// seeds is how many random worlds of so many are made: all of them.
func seeds(of uint64) uint64 { return of }
