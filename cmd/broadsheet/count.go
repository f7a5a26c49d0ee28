package main

import (
	"fmt"
	"strings"
)

// count is a number of things in words, such as "1 story" and "2 stories".
func count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok && !strings.HasSuffix(stem, "a") { // not relays
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// are is the verb of so many things.
func are[N int | int64](n N) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
