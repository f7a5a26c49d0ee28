package subscribers

import (
	"slices"
	"strings"
)

// DidYouMean returns `, did you mean "x"?` for the candidate nearest to a
// mistyped name, or "" if none is near.
func DidYouMean(name string, candidates []string) string {
	best, fewest := "", len(name)/3+2
	if len(name) > 64 {
		return ""
	}
	for _, c := range candidates {
		if d := edits(name, c); d < fewest && d < len(c) {
			best, fewest = c, d
		}
	}
	if best == "" {
		return ""
	}
	return `, did you mean "` + best + `"?`
}

// Slip returns the name of which another is a slip: one letter is wrong, missing or
// too many, or "_" and "-" stand in it. It returns "" for a name that is known, however
// its letters are cased, and for one that is not like any.
func Slip(name string, known []string) string {
	same := func(k string) bool { return strings.EqualFold(k, name) }
	if len(name) > 64 || slices.ContainsFunc(known, same) {
		return ""
	}
	plain := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
	for _, k := range known {
		if edits(plain, k) < 2 {
			return k
		}
	}
	return ""
}

// edits counts the bytes to insert, delete or replace that turn a into b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := slices.Clone(row)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
