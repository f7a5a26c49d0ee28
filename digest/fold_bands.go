package digest

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"broadsheet/internal/db"
)

// Which stories are compared at all is found by MinHash: each text has 64 or 32
// hashes, the least of its shingles under as many orders, and two of them in a
// row are a band. Of two texts the part s of whose shingles is common, a band is
// the same with probability s², so that one of the 32 of a head is with 0.996
// at s = 0.4, and with 0.003 at s = 0.01 (Broder 1997; Leskovec, Rajaraman and
// Ullman, Mining of Massive Datasets, 3.4).
const (
	bandRows   = 2   // hashes in a band
	headBands  = 32  // of title and summary
	bodyBands  = 16  // of the beginning of the body
	bandBody   = 300 // words of the body that are its beginning
	bandSize   = 3   // words in a shingle
	mostInBand = 64  // articles of a band that are looked at, the latest
)

// bands are the keys by which stories like one are found, none where it says too
// little to be compared. Two texts have the more in common the more alike they are.
func bands(c *articleContent) []uint32 {
	head := foldTokens(c.Title + " " + c.Summary)
	if len(head) < headWords {
		return nil
	}
	out := minHashBands(nil, shingles(head, bandSize), headBands, 0)
	if body := foldTokens(c.Body); len(body) >= bodyWords {
		out = minHashBands(out, shingles(body[:min(len(body), bandBody)], bandSize), bodyBands, headBands)
	}
	return out
}

// minHashBands appends n bands of a set of shingles, whose keys are made with the
// numbers from first on, so that bands of different kinds do not meet.
func minHashBands(out []uint32, set map[uint64]bool, n, first int) []uint32 {
	least := make([]uint64, n*bandRows)
	for i := range least {
		least[i] = math.MaxUint64
	}
	for shingle := range set {
		for i := range least {
			least[i] = min(least[i], spread(shingle+uint64(i+1)*0x9e3779b97f4a7c15))
		}
	}
	for band := range n {
		key := uint64(first + band)
		for _, h := range least[band*bandRows : (band+1)*bandRows] {
			key = spread(key ^ h)
		}
		out = append(out, uint32(key))
	}
	return out
}

// spread mixes the bits of x (the finaliser of SplitMix64).
func spread(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// joinBands is how bands are stored.
func joinBands(keys []uint32) string {
	raw := make([]byte, 0, 4*len(keys))
	for _, key := range keys {
		raw = binary.BigEndian.AppendUint32(raw, key)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

// foldIndex finds the stories of the last days that a new one may fold into.
type foldIndex struct {
	bands    map[*Incoming][]uint32 // of the new stories of the transaction
	articles map[uint32][]int64     // by a band of theirs, the latest last
	replaced map[int64][]uint32     // bands of known articles whose text changed
	ids      []int64                // of the articles that are to be stored
	keys     []string               // their bands
}

// prepareFold computes the bands of the stories that are new and looks through
// those of the last days for articles that have one of them.
func (p *put) prepareFold(ctx context.Context, chunk []Incoming) error {
	p.fold = foldIndex{bands: map[*Incoming][]uint32{}, articles: map[uint32][]int64{}, replaced: map[int64][]uint32{}}
	if p.tagger.keepDuplicates {
		return nil
	}
	for i := range chunk {
		if in := &chunk[i]; p.find(in) == nil {
			var c articleContent
			c.take(in)
			p.fold.bands[in] = bands(&c)
			for _, band := range p.fold.bands[in] {
				p.fold.articles[band] = nil
			}
		}
	}
	if len(p.fold.articles) == 0 {
		return nil
	}
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	if err := p.memory.catchUp(ctx, p.tx, p.now-foldWithin.Milliseconds()); err != nil {
		return err
	}
	p.memory.collect(&p.fold)
	return nil
}

// find notes an article where a new story has a band of its.
func (f *foldIndex) find(band uint32, article int64) {
	have, wanted := f.articles[band]
	if !wanted {
		return
	}
	if len(have) >= 2*mostInBand {
		have = slices.Delete(have, 0, len(have)-mostInBand)
	}
	f.articles[band] = append(have, article)
}

// alike returns the ids of the stories that have most bands in common with a
// new one, at most mostCompared.
func (f *foldIndex) alike(keys []uint32) []int64 {
	shared := map[int64]int{}
	for _, band := range keys {
		have := f.articles[band]
		for _, id := range have[max(0, len(have)-mostInBand):] {
			shared[id]++
		}
	}
	ids := make([]int64, 0, len(shared))
	for id := range shared {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y int64) int {
		return cmp.Or(shared[y]-shared[x], cmp.Compare(x, y))
	})
	return ids[:min(len(ids), mostCompared)]
}

// add lets later stories find an article.
func (f *foldIndex) add(id int64, keys []uint32) {
	if len(keys) == 0 {
		return
	}
	for _, band := range keys {
		f.find(band, id)
	}
	f.ids, f.keys = append(f.ids, id), append(f.keys, joinBands(keys))
}

// storeBands stores the bands of the stories that came, and drops those of
// stories that nothing folds into any more.
func (p *put) storeBands(ctx context.Context) error {
	if len(p.fold.ids) == 0 {
		return nil
	}
	if _, err := p.tx.ExecRows(ctx, `INSERT INTO article_bands (article_id, stored_at, bands)
		SELECT v.article_id, $1, v.bands FROM {rows}`,
		[]db.Column{db.Ints("article_id", p.fold.ids), db.Texts("bands", p.fold.keys)}, p.now); err != nil {
		return fmt.Errorf("store bands: %w", err)
	}
	if _, err := p.tx.Exec(ctx, `DELETE FROM article_bands WHERE stored_at <= $1`, p.now-foldWithin.Milliseconds()); err != nil {
		return fmt.Errorf("drop old bands: %w", err)
	}
	return nil
}

// replaceBands gives a known story whose text changed the bands of its new one,
// unless nothing folds into it any more.
func (p *put) replaceBands(ctx context.Context, a *storedArticle) error {
	keys := bands(&a.content)
	if n, err := p.tx.Exec(ctx, `UPDATE article_bands SET bands = $1 WHERE article_id = $2`, joinBands(keys), a.ID); err != nil || n == 0 {
		return err
	}
	p.fold.replaced[a.ID] = keys
	for _, band := range keys {
		p.fold.find(band, a.ID)
	}
	return nil
}
