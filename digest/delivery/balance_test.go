package delivery_test

import (
	"context"
	"strings"
	"testing"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// watchedBalance reads the balance of the edition and how many statements read deliveries
// for it.
func (w *world) watchedBalance() (b delivery.Balance, reads int) {
	w.t.Helper()
	b, err := w.store().Balance(db.Watched(w.t.Context(), func(query string) {
		if strings.Contains(query, "FROM deliveries") {
			reads++
		}
	}), edition)
	if err != nil {
		w.t.Fatal(err)
	}
	return b, reads
}

// TestBalanceBeforeTheFirst: as long as nothing was leased the batches tell how many
// deliveries are pending; once one is, the deliveries are counted.
func TestBalanceBeforeTheFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 3)
		if b, reads := w.watchedBalance(); b.Pending != 600 || !b.Balanced() || reads != 0 {
			t.Errorf("planned: %+v, %d statements read deliveries, want none", b, reads)
		}
		w.relay.set(func(_ context.Context, to string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			if to == address(1) {
				return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
			}
			return nil
		})
		w.mustSend()
		if b, reads := w.watchedBalance(); b.Sent != 599 || b.Failed != 1 || b.Pending != 0 || !b.Balanced() || reads != 1 {
			t.Errorf("sent: %+v, %d statements read deliveries, want one", b, reads)
		}
	})
}

// TestBalanceWhileDropped: what is pending of a cancelled edition is counted once
// while its deliveries become totals.
func TestBalanceWhileDropped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 600, 3)
		w.exec(`INSERT INTO edition_states (edition_id, state, reason, n) SELECT edition_id, state, reason, COUNT(*) FROM deliveries
			WHERE subscriber_id <= 250 GROUP BY edition_id, state, reason`)
		w.exec(`DELETE FROM deliveries WHERE subscriber_id <= 250`)
		if b, _ := w.watchedBalance(); b.Pending != 600 || !b.Balanced() {
			t.Errorf("the balance is %+v, want 600 pending", b)
		}
	})
}
