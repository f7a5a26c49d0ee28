package delivery

import (
	"cmp"
	"slices"
)

// spread orders items so that neighbours go to different providers as far as their shares allow: no run of one is longer
// than its share among the others asks for, and one more. Items of one provider keep their order. From the smallest
// provider to the largest, each is laid evenly over what is there already: laid over everything at once, many small ones
// would all meet in the middle.
func spread(items []*item) []*item {
	var groups [][]*item
	at := map[string]int{}
	for _, it := range items {
		i, ok := at[it.provider]
		if !ok {
			i = len(groups)
			at[it.provider] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], it)
	}
	slices.SortStableFunc(groups, func(a, b []*item) int { return cmp.Compare(len(a), len(b)) })
	out, spare := make([]*item, 0, len(items)), make([]*item, 0, len(items))
	for _, group := range groups {
		out, spare = interleave(spare[:0], out, group), out
	}
	return out
}

// interleave appends both slices to out, each evenly over the whole: the k-th of n stands at (k + 1/2) / n.
func interleave(out, a, b []*item) []*item {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		if j == len(b) || i < len(a) && (2*i+1)*len(b) <= (2*j+1)*len(a) {
			out, i = append(out, a[i]), i+1
		} else {
			out, j = append(out, b[j]), j+1
		}
	}
	return out
}
