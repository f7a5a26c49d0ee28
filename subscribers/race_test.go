//go:build race

package subscribers_test

// fewer is by how much less is done where very much is: watching for races makes
// everything some ten times slower.
const fewer = 8
