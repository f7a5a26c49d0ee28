package delivery_test

import (
	"context"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestEachRowIsUpdatedOnceInPlace asks PostgreSQL what recording cost: one update a delivery, none of which touched an
// index or another page (HOT).
func TestEachRowIsUpdatedOnceInPlace(t *testing.T) {
	const readers = 5000
	w := newWorld(t, dbtest.Open(t, db.Postgres), readers, 3)
	if got := w.mustSend(); got.Sent != readers {
		t.Fatalf("sent %d, want %d", got.Sent, readers)
	}
	var updated, inPlace int
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for updated < readers { // the server counts a little later than it works
		if ctx.Err() != nil {
			t.Fatalf("the server has counted %d updates only", updated)
		}
		updated = w.count(`SELECT n_tup_upd FROM pg_stat_user_tables WHERE relid = 'deliveries_20781'::regclass`)
		inPlace = w.count(`SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'deliveries_20781'::regclass`)
	}
	if updated != readers || inPlace != readers {
		t.Errorf("%d updates, %d of them in place, want %d of each", updated, inPlace, readers)
	}
}
