//go:build !race

package ingest_test

// slower is how many times longer things may take here.
const slower = 1

// smaller is by how much smaller are texts that are large to take long.
const smaller = 1
