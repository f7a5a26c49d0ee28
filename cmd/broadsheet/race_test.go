//go:build race

package main_test

// bulkReaders are fewer here: watching for races makes everything ten times slower.
const bulkReaders = 1_000

// buildFlags has the program watch for races, too, but for SQLite's own memory,
// for the reason that the Makefile gives.
func buildFlags() []string {
	flags := []string{"-race"}
	for _, its := range []string{"modernc.org/sqlite/lib", "modernc.org/libc", "modernc.org/memory"} {
		flags = append(flags, "-gcflags="+its+"=-race=false")
	}
	return flags
}
