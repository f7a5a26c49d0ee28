package subscribers_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// TestPutExternalLeavesAnAddress: what a PUT moves a reader from is known as what a
// reader gave up.
func TestPutExternalLeavesAnAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agreed := k.now()
		agree := func(in *subscribers.External) { in.Evidence = k.evidence(agreed) }
		row, err := k.told("p-1", ann, agree)
		k.must(err)
		k.wait(time.Hour)
		_, err = k.told("p-1", "ann@new.example", agree)
		k.must(err)
		if d := k.detail(ann); d.ID != row.ID || d.Address != "ann@new.example" {
			t.Errorf("by the former address: %+v", d.Subscriber)
		}
		k.wantImport("email\n"+ann+"\n", confirmed, "+0 ~0 =1 -0")
		// The system made a slip and takes it back, by the consent that it has.
		row, err = k.told("p-1", ann, agree)
		if err != nil || row.Address != ann {
			t.Fatalf("taken back: %+v, %v", row, err)
		}
		if d := k.detail("ann@new.example"); d.Address != ann {
			t.Errorf("by the slip: %+v", d.Subscriber)
		}
		// Another account of theirs has that address by consent from before.
		if _, err = k.told("p-2", "ann@new.example", agree); err != nil {
			t.Errorf("another reader with an address that was changed: %v", err)
		}
		k.wantPicture("ann@new.example", "active | daily=active America/New_York * | weekly=active Europe/Berlin *")
	})
}

// TestPutExternalOfAnAddressGivenUp: the reader's own change counts, until the reader
// agrees to the former address once more.
func TestPutExternalOfAnAddressGivenUp(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agreed := k.now()
		agree := func(in *subscribers.External) { in.Evidence = k.evidence(agreed) }
		row, err := k.told("p-1", ann, agree)
		k.must(err)
		k.wait(time.Hour)
		old, confirm := k.move(row.ID, ann, "ann@new.example")
		k.accept(old)
		k.accept(confirm)
		k.wait(time.Hour)
		for what, change := range map[string]func(in *subscribers.External){"no evidence": nil, "evidence from before": agree} {
			if row, err := k.told("p-1", ann, change); err != nil || row.Address != "ann@new.example" {
				t.Errorf("%s: %+v, %v", what, row, err)
			}
		}
		agreed = k.now()
		for range 2 {
			if row, err := k.told("p-1", ann, agree); err != nil || row.Address != ann || row.State != subscribers.StateActive {
				t.Errorf("evidence from after that: %+v, %v", row, err)
			}
		}
		if last := k.last(ann); !strings.Contains(last.Detail, "address changed from=a•••@n•••.example") {
			t.Errorf("on record is %+v", last)
		}
		// What was erased for somebody else is not taken by consent from before.
		bob := k.activate("bob@example.com")
		k.wait(time.Hour)
		_, err = k.Erase(t.Context(), "bob@example.com", "command")
		k.must(err)
		if _, err := k.told("p-1", "bob@example.com", agree); !errors.Is(err, subscribers.ErrLeftSince) {
			t.Errorf("the address of %d, who was erased: %v, want ErrLeftSince", bob, err)
		}
	})
}

// TestPutExternalMovesWhoNeverConfirmed: their address may be anybody's.
func TestPutExternalMovesWhoNeverConfirmed(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		_, err := k.told("p-1", "typo@example.com", nil)
		k.must(err)
		k.wait(time.Minute)
		_, err = k.told("p-1", ann, nil)
		k.must(err)
		k.wantImport("email\ntypo@example.com\n", confirmed, "+1 ~0 =0 -0")
	})
}

// TestPutExternalMovesWhoLeft: nobody at the new address has agreed to anything, so
// that nothing of a leaving is undone there.
func TestPutExternalMovesWhoLeft(t *testing.T) {
	for name, change := range map[string]func(in *subscribers.External){
		"asks": nil, "ends": func(in *subscribers.External) { in.Ended = true },
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id, left := k.gone(ann)
				_, err := k.told("p-1", ann, nil)
				k.must(err)
				_, err = k.told("p-1", "victim@example.net", change)
				k.must(err)
				k.checkStates()
				if _, err := k.Return(t.Context(), k.catalog, returnToken(id, left), ""); !errors.Is(err, subscribers.ErrNotReturnable) {
					t.Errorf("Return = %v, want ErrNotReturnable", err)
				}
				if d := k.detail("victim@example.net"); d.State == subscribers.StateActive {
					t.Errorf("the reader is %+v", d.Subscriber)
				}
			})
		})
	}
}

// TestPutExternalMovesNobodySuppressed: where nothing is to go to, ending needs no
// address.
func TestPutExternalMovesNobodySuppressed(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agree := func(in *subscribers.External) { in.Evidence = k.evidence(k.now()) }
		_, err := k.told("p-1", ann, agree)
		k.must(err)
		k.must(k.Suppress(t.Context(), ann, subscribers.ReasonComplaint, "", "relay"))
		if _, err := k.told("p-1", "ann@new.example", agree); !errors.Is(err, subscribers.ErrSuppressed) {
			t.Errorf("moved: %v, want ErrSuppressed", err)
		}
		row, err := k.told("p-1", "ann@new.example", func(in *subscribers.External) { in.Ended = true })
		if err != nil || row.Address != ann || row.State != subscribers.StateUnsubscribed {
			t.Errorf("ended: %+v, %v", row, err)
		}
	})
}
