//go:build race

package web_test

// slower is by how much less is asked of the server where very much is: watching
// for races makes everything some ten times slower.
const slower = 5
