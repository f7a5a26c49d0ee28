//go:build !race

package main_test

// bulkReaders is how many readers the bulk proof sends to.
const bulkReaders = 10_000

func buildFlags() []string { return nil }
