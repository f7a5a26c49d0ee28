package subscribers_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

func (k *desk) evidence(at time.Time) *subscribers.Evidence {
	return &subscribers.Evidence{Text: "I agree", At: at, Client: "203.0.113.9", Source: "checkout"}
}

// told is what the paywall says of a reader, in the shortest way.
func (k *desk) told(id, address string, change func(in *subscribers.External)) (*subscribers.Row, error) {
	in := subscribers.External{ID: id, Address: address, Origin: "api:paywall"}
	if change != nil {
		change(&in)
	}
	row, err := k.PutExternal(k.t.Context(), k.catalog, in)
	k.checkStates()
	return row, err
}

func TestPutExternalWithEvidence(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agree := func(in *subscribers.External) {
			in.Evidence, in.Topics, in.Digests = k.evidence(k.now().Add(-time.Hour)), []string{"sport"}, []string{"daily"}
			in.Name, in.Zone = new("Ada"), new("Asia/Tokyo")
		}
		for range 2 {
			row, err := k.told("p-1", "Ada@Example.com", agree)
			if err != nil || row.Address != "ada@example.com" || row.ExternalID != "p-1" || row.State != subscribers.StateActive || row.Name != "Ada" {
				t.Fatalf("got %+v, %v", row, err)
			}
		}
		k.wantPicture("ada@example.com", "active | daily=active Asia/Tokyo ,2,")
		k.wantEvents("ada@example.com", subscribers.EventAdded)
		d := k.detail("ada@example.com")
		first := d.Consents[0]
		if first.Text != "I agree" || first.Client != "203.0.113.9" || first.Origin != "api:paywall" ||
			!strings.Contains(first.Detail, "agreed_at=2026-11-23T08:00:00Z source=checkout external_id=p-1") {
			t.Errorf("on record is %+v", first)
		}
		if n := k.count(`SELECT COUNT(*) FROM system_mails`); n != 0 {
			t.Errorf("%d mails were queued", n)
		}
		// What is not said stays.
		_, err := k.told("p-1", "ada@example.com", func(in *subscribers.External) { in.Topics = []string{"world", "sport"} })
		k.must(err)
		k.wantPicture("ada@example.com", "active | daily=active Asia/Tokyo ,1,2,")
		k.wantEvents("ada@example.com", subscribers.EventAdded, subscribers.EventChanged)
		if row, err := k.ByExternalID(t.Context(), "p-1"); err != nil || row.Address != "ada@example.com" || len(row.Topics) != 2 {
			t.Errorf("got %+v, %v", row, err)
		}
		if _, err := k.ByExternalID(t.Context(), ""); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("an empty id: got %v, want ErrUnknown", err)
		}
	})
}

func TestPutExternalWithoutEvidence(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for range 3 {
			_, err := k.told("p-1", "ada@example.com", nil)
			k.must(err)
		}
		k.wantPicture("ada@example.com", "pending | daily=pending America/New_York * | weekly=pending Europe/Berlin *")
		if n := k.mails(subscribers.MailConfirm); n != 1 {
			t.Errorf("%d confirmation mails, want 1", n)
		}
		k.confirm("ada@example.com")
		_, err := k.told("p-1", "ada@example.com", nil)
		k.must(err)
		k.wantPicture("ada@example.com", "active | daily=active America/New_York * | weekly=active Europe/Berlin *")
	})
}

// TestPutExternalAfterLeaving: the reader's newer word wins.
func TestPutExternalAfterLeaving(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agreed := k.now()
		agree := func(in *subscribers.External) { in.Evidence = k.evidence(agreed) }
		_, err := k.told("p-1", "ada@example.com", agree)
		k.must(err)
		k.wait(time.Hour)
		k.must(k.Unsubscribe(t.Context(), k.detail("ada@example.com").ID, 0, "one-click", ""))
		if _, err := k.told("p-1", "ada@example.com", agree); !errors.Is(err, subscribers.ErrLeftSince) {
			t.Errorf("older evidence: got %v, want ErrLeftSince", err)
		}
		k.wait(time.Hour)
		agreed = k.now()
		if _, err := k.told("p-1", "ada@example.com", agree); err != nil {
			t.Errorf("newer evidence: %v", err)
		}
		k.wantPicture("ada@example.com", "active | daily=active America/New_York * | weekly=active Europe/Berlin *")
		row, err := k.told("p-1", "ada@example.com", func(in *subscribers.External) { in.Ended = true })
		if err != nil || row.State != subscribers.StateUnsubscribed {
			t.Errorf("ended: got %+v, %v", row, err)
		}
		k.must(k.Suppress(t.Context(), "ada@example.com", subscribers.ReasonComplaint, "", "relay"))
		agreed = k.now().Add(time.Minute)
		if _, err := k.told("p-1", "ada@example.com", agree); !errors.Is(err, subscribers.ErrSuppressed) {
			t.Errorf("suppressed: got %v", err)
		}
		// Who was erased agreed before that.
		_, err = k.told("p-2", "bob@example.com", agree)
		k.must(err)
		k.wait(time.Hour)
		_, err = k.Erase(t.Context(), "bob@example.com", "command")
		k.must(err)
		if _, err := k.told("p-2", "bob@example.com", agree); !errors.Is(err, subscribers.ErrLeftSince) {
			t.Errorf("erased: got %v, want ErrLeftSince", err)
		}
	})
}

func TestPutExternalAddresses(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agree := func(in *subscribers.External) { in.Evidence = k.evidence(k.now()) }
		id := k.activate("ada@example.com")
		row, err := k.told("p-1", "ada@example.com", nil) // the paywall claims a reader of the form
		if err != nil || row.ID != id {
			t.Fatalf("got %+v, %v", row, err)
		}
		row, err = k.told("p-1", "lovelace@example.com", agree)
		if err != nil || row.ID != id || row.Address != "lovelace@example.com" {
			t.Fatalf("a new address: got %+v, %v", row, err)
		}
		_, err = k.told("p-2", "bob@example.com", agree)
		k.must(err)
		for _, tt := range []struct{ id, address string }{{"p-2", "lovelace@example.com"}, {"p-3", "bob@example.com"}} {
			if _, err := k.told(tt.id, tt.address, agree); !errors.Is(err, subscribers.ErrOtherReader) {
				t.Errorf("%s with %s: got %v, want ErrOtherReader", tt.id, tt.address, err)
			}
		}
		k.must(k.Suppress(t.Context(), "never@example.com", subscribers.ReasonComplaint, "", "relay"))
		if _, err := k.told("p-2", "never@example.com", agree); !errors.Is(err, subscribers.ErrSuppressed) {
			t.Errorf("a suppressed address: got %v", err)
		}
		k.wantPicture("bob@example.com", "active | daily=active America/New_York * | weekly=active Europe/Berlin *")
	})
}

func TestPutExternalRefusesNonsense(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for field, change := range map[string]func(in *subscribers.External){
			"external_id":     func(in *subscribers.External) { in.ID = "a b" },
			"address":         func(in *subscribers.External) { in.Address = "nobody" },
			"zone":            func(in *subscribers.External) { in.Zone = new("Mars/Base") },
			"language":        func(in *subscribers.External) { in.Language = new("no tag") },
			"topics":          func(in *subscribers.External) { in.Topics = []string{"wrld"} },
			"digests":         func(in *subscribers.External) { in.Digests = []string{"dayly"} },
			"hour":            func(in *subscribers.External) { in.Hours = []string{"daily=03:00"} },
			"attributes.tier": func(in *subscribers.External) { in.Attributes = []string{"tier=gold"} },
			"consent.at":      func(in *subscribers.External) { in.Evidence = k.evidence(k.now().Add(time.Hour)) },
			"consent.text":    func(in *subscribers.External) { in.Evidence = &subscribers.Evidence{At: k.now()} },
		} {
			_, err := k.told("p-1", "ada@example.com", change)
			var wrong subscribers.FieldErrors
			if !errors.As(err, &wrong) || len(wrong) != 1 || wrong[field].Text == "" {
				t.Errorf("%s: got %v, want that this field is wrong", field, err)
			}
		}
		if n := k.count(`SELECT COUNT(*) FROM subscribers`); n != 0 {
			t.Errorf("%d readers were stored", n)
		}
	})
}

// A confirmation link is for the address that it was mailed to, and a new address is asked anew.
func TestPutExternalMovesPending(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		_, err := k.told("p-1", "mallory@example.com", nil)
		k.must(err)
		r := new(relay)
		k.deliver(k.postman(r, nil), 1)
		token := k.linkIn(r.sent[0], subscribers.PurposeConfirm, "mallory@example.com")
		k.wait(time.Minute)
		_, err = k.told("p-1", "victim@example.net", nil)
		k.must(err)
		k.wait(time.Minute)
		if _, err := k.Asked(t.Context(), k.catalog, token); !errors.Is(err, subscribers.ErrExpired) {
			t.Errorf("Asked with the link to the other address = %v, want ErrExpired", err)
		}
		if _, err := k.Confirm(t.Context(), k.catalog, token, subscribers.Confirmation{}); !errors.Is(err, subscribers.ErrExpired) {
			t.Errorf("Confirm with the link to the other address = %v, want ErrExpired", err)
		}
		if d := k.detail("victim@example.net"); d.State != subscribers.StatePending {
			t.Errorf("the new address is %s, want pending", d.State)
		}
		k.deliver(k.postman(r, nil), 1)
		token = k.linkIn(r.sent[1], subscribers.PurposeConfirm, "victim@example.net")
		if v, err := k.press(token, "192.0.2.1"); err != nil || v.State != subscribers.StateActive {
			t.Errorf("Confirm with the link to the new address = %s, %v", v.State, err)
		}
	})
}

func TestPutExternalMovesActive(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		agree := func(in *subscribers.External) { in.Evidence = k.evidence(k.now().Add(-time.Hour)) }
		_, err := k.told("p-1", "ann@example.com", agree)
		k.must(err)
		var wrong subscribers.FieldErrors
		if _, err := k.told("p-1", "victim@example.net", nil); !errors.As(err, &wrong) || wrong["consent"].Text == "" {
			t.Errorf("a new address without evidence: %v, want an error about consent", err)
		}
		k.wantPicture("ann@example.com", k.picture("ann@example.com"))
		_, err = k.told("p-1", "ann@new.example", agree)
		k.must(err)
		if d := k.detail("ann@new.example"); d.State != subscribers.StateActive || !strings.Contains(d.Consents[len(d.Consents)-1].Detail, "address changed") {
			t.Errorf("with evidence: %s, last entry %+v", d.State, d.Consents[len(d.Consents)-1])
		}
	})
}

// TestByExternalIDOfNobody: what cannot be an id is nobody's, on any database.
func TestByExternalIDOfNobody(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for _, id := range []string{"", "p-1", "\x00", "p\x00", "\xff", "a b", strings.Repeat("x", 201)} {
			if row, err := k.ByExternalID(t.Context(), id); !errors.Is(err, subscribers.ErrUnknown) {
				t.Errorf("%q: got %+v, %v, want ErrUnknown", id, row, err)
			}
			if _, err := k.told(id, "ann@example.com", nil); id != "p-1" && !errors.As(err, new(subscribers.FieldErrors)) {
				t.Errorf("%q is taken as an id: %v", id, err)
			}
		}
	})
}
