//go:build race

package main_test

// bulkReaders are fewer here: watching for races makes everything ten times slower.
const bulkReaders = 1_000

// buildFlags has the program watch for races too.
func buildFlags() []string { return []string{"-race"} }
