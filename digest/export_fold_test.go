package digest

import "slices"

// Fold is how alike two stories are to folding.
type Fold struct {
	Near bool    // they have a band in common
	Head float64 // of title and summary
	Same bool
}

// Compare returns how folding sees two stories of sources, 0 for the API.
func Compare(a, b Incoming, source, other int64) Fold {
	text := func(in *Incoming, source int64) (*foldText, []uint32) {
		var c articleContent
		c.take(in)
		return newFoldText(&c, source, in.PublishedAt.UnixMilli()), bands(&c)
	}
	x, fx := text(&a, source)
	y, fy := text(&b, other)
	return Fold{
		Near: slices.ContainsFunc(fx, func(band uint32) bool { return slices.Contains(fy, band) }), Same: sameStory(x, y),
		Head: resemblance(shingles(foldTokens(a.Title+" "+a.Summary), 2), shingles(foldTokens(b.Title+" "+b.Summary), 2)),
	}
}

// Resemblance is the part of the shingles of two texts that both have, as the
// bands estimate it.
func Resemblance(a, b []string) float64 {
	return resemblance(shingles(a, bandSize), shingles(b, bandSize))
}

// ArticlesAsOf is articlesAsOf.
var ArticlesAsOf = articlesAsOf
