//go:build !race

package digest_test

// slower is by how much fewer random worlds are made.
const slower = 1
