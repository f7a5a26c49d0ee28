package digest

import (
	"context"

	"broadsheet/internal/db"
)

// batchSize is how many deliveries a worker leases at once.
const batchSize = 250

// pageBatches are the batches of a page. A batch has deliveries of one run. The
// slices have a value for each batch, but for the last one.
type pageBatches struct {
	id      []int64
	part    []int   // of the page
	run     []int64 // of the part
	size    []int64 // deliveries
	readyAt []int64

	of []int // the batch of each delivery of the page, as its place here
}

// batches divides the deliveries of a page into batches.
func (p *plannedPage) batches(now int64) *pageBatches {
	b := &pageBatches{of: make([]int, len(p.subscriber))}
	open := make([]int, len(p.parts)) // the batch of each part that has room
	for i := range open {
		open[i] = -1
	}
	for i, part := range p.part {
		at := open[part]
		if at < 0 || b.size[at] == batchSize {
			run := p.parts[part].run
			at = len(b.size)
			open[part] = at
			b.part, b.run, b.size = append(b.part, part), append(b.run, run.ID), append(b.size, 0)
			b.readyAt = append(b.readyAt, max(now, db.Millis(run.DueAt))) // a run is planned before its slot
		}
		b.size[at]++
		b.of[i] = at
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

// shrink counts the deliveries of the batches anew, for some were not new, and
// leaves none that is empty.
func (b *pageBatches) shrink(ctx context.Context, tx *db.Tx) error {
	place := make(map[int64]int, len(b.id))
	for i, id := range b.id {
		place[id] = i
	}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id, size int64
		err := scan(&id, &size)
		b.size[place[id]] = size
		return err
	}, `UPDATE batches SET size = (SELECT COUNT(*) FROM deliveries d WHERE d.batch_id = batches.id) WHERE id {in 1} RETURNING id, size`, b.id)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM batches WHERE id {in 1} AND size = 0`, b.id)
	return err
}
