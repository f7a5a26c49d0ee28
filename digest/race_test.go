//go:build race

package digest_test

// slower is by how much fewer random worlds are made: watching for races makes
// everything some ten times slower.
const slower = 20
