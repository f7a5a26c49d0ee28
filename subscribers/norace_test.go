//go:build !race

package subscribers_test

// fewer is by how much less is done where very much is.
const fewer = 1
