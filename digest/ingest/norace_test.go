//go:build !race

package ingest_test

// slower is how many times longer things may take here.
const slower = 1
