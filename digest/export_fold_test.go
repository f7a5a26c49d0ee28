package digest

// Fold is how alike two stories are to folding.
type Fold struct {
	Near bool    // their fingerprints
	Head float64 // of title and summary
	Same bool
}

// Compare returns how folding sees two stories of sources, 0 for the API.
func Compare(a, b Incoming, source, other int64) Fold {
	text := func(in *Incoming, source int64) (*foldText, int64) {
		var c articleContent
		c.take(in)
		return newFoldText(&c, source, in.PublishedAt.UnixMilli()), fingerprint(in.Title, in.Summary)
	}
	x, fx := text(&a, source)
	y, fy := text(&b, other)
	return Fold{
		Near: fx != 0 && fy != 0 && near(fx, fy), Same: sameStory(x, y),
		Head: resemblance(shingles(foldTokens(a.Title+" "+a.Summary), 2), shingles(foldTokens(b.Title+" "+b.Summary), 2)),
	}
}
