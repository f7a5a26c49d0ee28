package subscribers

import "slices"

// didYouMean returns `, did you mean "x"?` for the candidate nearest to a
// mistyped name, or "" if none is near.
func didYouMean(name string, candidates []string) string {
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
