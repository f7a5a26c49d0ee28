//go:build race

package ingest_test

// slower is how many times longer things may take here: watching for races costs
// so much.
const slower = 4

// smaller is by how much smaller are texts that are large to take long.
const smaller = 8
