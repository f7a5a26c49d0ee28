package digest

import (
	"context"
	"math"
	"time"

	"broadsheet/internal/db"
)

// mostTogether bounds the runs of a digest that are planned together.
const mostTogether = 32

// mostStock bounds the windows whose candidates they share as they were found.
const mostStock = 4

// everyID is a reach that has all ids.
const everyID = math.MaxInt64

// openRun is a run that is not planned to the end.
type openRun struct {
	Run
	edition *Edition
	small   bool // one page had all of its readers when it was first seen
}

// together is what the choosers of runs that are planned together share.
type together struct {
	mostPools int                         // that each keeps
	pools     map[terms]*pool             // equal candidates are kept once
	reach     int64                       // how many ids further a page looks for its readers
	rows      []seatRow                   // of the page that was read last: its memory is used again
	page      []subscription              // memory for the choosers' parts of that page
	runs      int                         // that are planned together
	firstDue  time.Time                   // when the first of them is due
	stock     map[string][]stored         // candidates of windows, as they are asked for
	madeUp    map[int64][]editionDay      // editions that made up for one, as they are asked for; of one page
	proofs    map[proofTerms][]editionDay // editions that are proof, in the same way
}

// proofTerms are what it depends on which editions are proof for a page of a
// digest's run: most runs that are planned together ask for the same.
type proofTerms struct {
	edition                       int64 // which is planned
	partial, carried, own, across int64
}

func newTogether(runs ...*Run) *together {
	t := &together{
		mostPools: max(2, mostPools/len(runs)), pools: map[terms]*pool{}, reach: pageSize, runs: len(runs), firstDue: runs[0].DueAt,
		stock: map[string][]stored{}, madeUp: map[int64][]editionDay{}, proofs: map[proofTerms][]editionDay{},
	}
	for _, r := range runs {
		t.firstDue = earlier(t.firstDue, r.DueAt)
	}
	return t
}

// same returns the pool of those that are kept that is equal to the given one, or
// keeps that.
func (t *together) same(terms terms, p *pool) *pool {
	if known := t.pools[terms]; known != nil {
		return known
	}
	if len(t.pools) >= mostPools { // of choosers that have forgotten them, or will keep their own
		clear(t.pools)
	}
	t.pools[terms] = p
	return p
}

// aim sets how far the next page reaches, after a reading that found so many readers
// in so many ids.
func (t *together) aim(ids int64, found int) {
	if t.reach == everyID {
		t.reach = pageSize
		return
	}
	t.reach = min(ids*pageSize/int64(found), 16*t.reach)
}

// madeUpEditions returns the editions that made up for one.
func (t *together) madeUpEditions(ctx context.Context, tx *db.Tx, e *Edition) ([]editionDay, error) {
	if known, ok := t.madeUp[e.ID]; ok {
		return known, nil
	}
	editions, err := madeUpEditions(ctx, tx, e)
	if err == nil {
		t.madeUp[e.ID] = editions
	}
	return editions, err
}

// proofEditions returns the editions that are proof for a page of a run.
func (t *together) proofEditions(ctx context.Context, tx *db.Tx, q query, e *Edition) ([]editionDay, error) {
	terms := proofTerms{e.ID, q.partial, q.carried, q.own, q.across}
	if known, ok := t.proofs[terms]; ok {
		return known, nil
	}
	editions, err := q.proofs(ctx, tx, e.DigestID, e.ID)
	if err == nil {
		t.proofs[terms] = editions
	}
	return editions, err
}

// keepStock keeps the candidates of a window for the choosers of other runs.
// Those of a few windows are enough: most runs have the same.
func (t *together) keepStock(key string, found []stored) {
	if t.runs == 1 {
		return
	}
	if len(t.stock) >= mostStock {
		clear(t.stock)
	}
	t.stock[key] = found
}

// turnPage forgets what was found for a page. Candidates stay as they were found,
// as in the choosers that have them already.
func (t *together) turnPage() {
	clear(t.madeUp)
	clear(t.proofs)
}
