package delivery_test

import (
	"errors"
	"slices"
	"testing"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// settled is a world whose seven deliveries are in all states but pending, some of a second edition.
func settled(t *testing.T, d *db.DB) *world {
	w := newWorld(t, d, 7, 1)
	for reader, state := range []string{"sent", "failed", "expired", "skipped", "uncertain", "uncertain", "sent"} {
		w.exec(`UPDATE deliveries SET state = $1 WHERE subscriber_id = $2`, state, reader+1)
	}
	w.exec(`UPDATE batches SET done_at = 1`)
	w.exec(`UPDATE editions SET state = 'done'`)
	w.exec(`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
		VALUES (2, 7, '2026-11-25 07:00', 'daily/2026-11-25', 'scheduled', 20781, 'done', 2)`)
	w.exec(`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, state, changed_at)
		VALUES (20781, 2, 3, 11, 1, 1, 'sent', 9), (20781, 2, 5, 11, 1, 1, 'uncertain', 9)`)
	return w
}

func TestList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := settled(t, d)
		for name, c := range map[string]struct {
			filter delivery.Filter
			want   []delivery.Key
		}{
			"all": {delivery.Filter{}, []delivery.Key{{2, 3}, {2, 5}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {1, 7}}},
			"a page over two editions": {delivery.Filter{Limit: 3, After: delivery.Key{EditionID: 2, SubscriberID: 3}},
				[]delivery.Key{{2, 5}, {1, 1}, {1, 2}}},
			"uncertain":            {delivery.Filter{State: delivery.Uncertain}, []delivery.Key{{2, 5}, {1, 5}, {1, 6}}},
			"of an edition":        {delivery.Filter{Edition: key, State: delivery.Sent}, []delivery.Key{{1, 1}, {1, 7}}},
			"to a reader":          {delivery.Filter{Address: address(5)}, []delivery.Key{{2, 5}, {1, 5}}},
			"to a reader, page 2":  {delivery.Filter{Address: address(5), After: delivery.Key{EditionID: 2, SubscriberID: 5}}, []delivery.Key{{1, 5}}},
			"to a reader, edition": {delivery.Filter{Address: address(5), Edition: key}, []delivery.Key{{1, 5}}},
		} {
			got, err := w.store().List(t.Context(), c.filter)
			var keys []delivery.Key
			for _, g := range got {
				keys = append(keys, g.Key)
			}
			if err != nil || !slices.Equal(keys, c.want) {
				t.Errorf("%s: %v, %v, want %v", name, keys, err, c.want)
			}
		}
		got, err := w.store().List(t.Context(), delivery.Filter{Edition: key, Limit: 1})
		if err != nil || got[0].Edition != key || got[0].Address != address(1) || got[0].State != delivery.Sent || got[0].ChangedAt.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
		for _, f := range []delivery.Filter{{Edition: "no/such"}, {Address: "nobody@x.example"}} {
			if _, err := w.store().List(t.Context(), f); !errors.Is(err, delivery.ErrNotFound) {
				t.Errorf("%+v: %v, want ErrNotFound", f, err)
			}
		}
		if _, _, err := w.store().Show(t.Context(), "daily/2026-11-25", address(1)); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("Show of no delivery = %v, want ErrNotFound", err)
		}
	})
}

func TestRetryByOperator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := settled(t, d)
		w.exec(`UPDATE runs SET expires_at = 5`)
		if n, err := w.store().Retry(t.Context(), delivery.Choice{Edition: key, Address: address(1)}); n != 0 || err != nil {
			t.Errorf("Retry of a sent one = %d, %v, want 0", n, err)
		}
		if got := w.editionState(); got != "done" {
			t.Errorf("the edition is %s after nothing was retried, want done", got)
		}
		if n, err := w.store().Retry(t.Context(), delivery.Choice{Edition: key}); n != 2 || err != nil {
			t.Errorf("Retry = %d, %v, want the failed and the expired one", n, err)
		}
		if b := w.mustSend(); b.Sent != 4 || b.Uncertain != 2 || b.Skipped != 1 {
			t.Errorf("%+v, want four sent", b)
		}
		w.eachOnce(7, 1, 4, 5, 6, 7)
		if got := w.editionState(); got != "done" {
			t.Errorf("the edition is %s, want done again", got)
		}
	})
}

func TestResolve(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := settled(t, d)
		s := w.store()
		if n, err := s.Resolve(t.Context(), delivery.Choice{Edition: key, Address: address(5)}, delivery.AsSent); n != 1 || err != nil {
			t.Errorf("Resolve as sent = %d, %v, want 1", n, err)
		}
		if n, err := s.Resolve(t.Context(), delivery.Choice{Edition: key}, delivery.AsResend); n != 1 || err != nil {
			t.Errorf("Resolve as resend = %d, %v, want the other one", n, err)
		}
		if b := w.mustSend(); b.Uncertain != 0 || b.Sent != 4 {
			t.Errorf("%+v, want none uncertain", b)
		}
		w.eachOnce(7, 1, 2, 3, 4, 5, 7)
		if got, _ := w.show(5); got.Reason != delivery.ReasonResolved {
			t.Errorf("reason %q, want %q", got.Reason, delivery.ReasonResolved)
		}
		w.exec(`UPDATE editions SET state = 'cancelled'`)
		if _, err := s.Retry(t.Context(), delivery.Choice{Edition: key}); !errors.Is(err, delivery.ErrCancelled) {
			t.Errorf("Retry in a cancelled edition = %v, want ErrCancelled", err)
		}
	})
}

func TestParse(t *testing.T) {
	for text, want := range map[string]delivery.Policy{"": delivery.Hold, "hold": delivery.Hold, "resend": delivery.Resend, "assume-sent": delivery.AssumeSent} {
		if got, err := delivery.ParsePolicy(text); got != want || err != nil {
			t.Errorf("ParsePolicy(%q) = %q, %v", text, got, err)
		}
	}
	if _, err := delivery.ParsePolicy("drop"); err == nil {
		t.Error("an unknown policy was taken")
	}
	if got, err := delivery.ParseResolution("resend"); got != delivery.AsResend || err != nil {
		t.Errorf("ParseResolution = %q, %v", got, err)
	}
	if _, err := delivery.ParseResolution(""); err == nil {
		t.Error("an empty resolution was taken")
	}
}
