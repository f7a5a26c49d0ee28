package digest

import (
	"context"

	"broadsheet/internal/db"
)

// batchSize is how many deliveries a worker leases at once.
const batchSize = 250

// pageBatches are the batches of a page. A batch has deliveries of runs that are
// ready and expire at the same time. The slices have a value for each batch, but
// for the last one.
type pageBatches struct {
	id      []int64
	run     []int64 // of the first delivery: what it says of time holds for all
	size    []int64 // deliveries
	readyAt []int64

	of []int // the batch of each delivery of the page, as its place here
}

// batchTimes are what the deliveries of a batch have in common.
type batchTimes struct{ readyAt, expiresAt int64 }

// batches divides the deliveries of a page into batches, in their order: the
// entries of a batch then lie together in the index. Runs of several zones that
// are due at once share batches.
func (p *plannedPage) batches(now int64) *pageBatches {
	b := &pageBatches{of: make([]int, len(p.subscriber))}
	var open []int                  // the batch that has room, for each of the times
	at := make([]int, len(p.parts)) // the times of each part, as their place in open
	readyAt := make([]int64, len(p.parts))
	places := map[batchTimes]int{}
	for i, part := range p.parts {
		readyAt[i] = max(now, db.Millis(part.run.DueAt)) // a run is planned before its slot
		times := batchTimes{readyAt[i], db.Millis(part.run.ExpiresAt)}
		place, ok := places[times]
		if !ok {
			place = len(open)
			places[times], open = place, append(open, -1)
		}
		at[i] = place
	}
	for i, part := range p.part {
		batch := &open[at[part]]
		if *batch < 0 || b.size[*batch] == batchSize {
			*batch = len(b.size)
			b.run, b.size, b.readyAt = append(b.run, p.parts[part].run.ID), append(b.size, 0), append(b.readyAt, readyAt[part])
		}
		b.size[*batch]++
		b.of[i] = *batch
	}
	return b
}

// insert gives the batches ids and writes them.
func (b *pageBatches) insert(ctx context.Context, tx *db.Tx, e *Edition) error {
	first, err := tx.NextIDs(ctx, "batch", len(b.size))
	if err != nil {
		return err
	}
	b.id = make([]int64, len(b.size))
	for i := range b.id {
		b.id[i] = first + int64(i)
	}
	_, err = tx.ExecRows(ctx, `INSERT INTO batches (id, edition_id, run_id, day, size, ready_at)
		SELECT v.id, $1, v.run_id, $2, v.size, v.ready_at FROM {rows}`,
		[]db.Column{db.Ints("id", b.id), db.Ints("run_id", b.run), db.Ints("size", b.size), db.Ints("ready_at", b.readyAt)},
		e.ID, e.Slot.DayNumber())
	return err
}

const shrinkQuery = `UPDATE batches SET size = (SELECT COUNT(*) FROM deliveries d
	WHERE d.day = batches.day AND d.edition_id = batches.edition_id AND d.batch_id = batches.id) WHERE id {in 1}`

// shrink counts the deliveries of the batches anew, for some were not new, and
// leaves none that is empty.
func (b *pageBatches) shrink(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, shrinkQuery, b.id)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM batches WHERE id {in 1} AND size = 0`, b.id)
	return err
}
