package subscribers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// whereIs lists the tables and columns in which a text stands, in any letter
// case.
func (k *desk) whereIs(text string) []string {
	k.t.Helper()
	var found []string
	k.must(k.db.View(k.t.Context(), func(tx *db.Tx) error {
		found = nil
		tables := `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`
		columns := `SELECT name FROM pragma_table_info('%s')`
		if k.db.Dialect() == db.Postgres {
			tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name`
			columns = `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '%s'`
		}
		var names []string
		if err := tx.Select(k.t.Context(), &names, tables); err != nil {
			return err
		}
		for _, table := range names {
			var fields []string
			if err := tx.Select(k.t.Context(), &fields, fmt.Sprintf(columns, table)); err != nil {
				return err
			}
			for _, field := range fields {
				var n int
				query := fmt.Sprintf(`SELECT COUNT(*) FROM %q WHERE lower(CAST(%q AS TEXT)) LIKE $1`, table, field)
				if err := tx.Get(k.t.Context(), &n, query, "%"+strings.ToLower(text)+"%"); err != nil {
					return err
				}
				if n > 0 {
					found = append(found, table+"."+field)
				}
			}
		}
		return nil
	}))
	return found
}

// TestErase: what was personal is in no table any more, what proves consent is,
// and nobody but the reader brings the address back.
func TestErase(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		in := form("ada@example.com")
		in.Name = "Ada Lovelace"
		k.signUp(in)
		id := k.confirm("ada@example.com")
		k.activate("other@example.com")
		if where := k.whereIs("ada@example"); len(where) == 0 {
			t.Fatal("the search finds nothing")
		}
		want := subscribers.Erased{ID: id, Subscriptions: 1, Mails: 1, Proofs: 2}
		if e, err := k.RehearseErase(t.Context(), "Ada@Example.com"); err != nil || e != want {
			t.Fatalf("rehearsed: %+v, %v, want %+v", e, err, want)
		}
		k.wantPicture("ada@example.com", "active | daily=active Europe/Paris ,1,")
		if e, err := k.Erase(t.Context(), "Ada@Example.com", "command"); err != nil || e != want {
			t.Fatalf("erased: %+v, %v, want %+v", e, err, want)
		}
		for _, personal := range []string{"ada@", "lovelace"} {
			if where := k.whereIs(personal); len(where) > 0 {
				t.Errorf("%s is still in %v", personal, where)
			}
		}
		if n := k.count(`SELECT COUNT(*) FROM consents WHERE subscriber_id = $1 AND client = '' AND detail = ''`, id); n != 3 {
			t.Errorf("%d entries are kept, want what was and that it was erased", n)
		}
		if n := k.count(`SELECT COUNT(*) FROM consents c JOIN consent_texts t ON t.hash = c.text_hash WHERE c.subscriber_id = $1`, id); n != 1 {
			t.Error("the text agreed to is not known any more")
		}
		if _, err := k.Erase(t.Context(), "ada@example.com", "command"); !errors.Is(err, subscribers.ErrUnknown) {
			t.Errorf("again: got %v, want ErrUnknown", err)
		}
		k.wantPicture("other@example.com", "active | daily=active Europe/Paris ,1,")

		k.wantImport("email\nada@example.com\n", confirmed, "+0 ~0 =1 -0")
		err := k.Add(t.Context(), k.catalog, subscribers.Add{Address: "ada@example.com", Confirmed: true, Consent: "x", Origin: "command"})
		if !errors.Is(err, subscribers.ErrErased) {
			t.Errorf("an operator brings her back: %v", err)
		}
		if again := k.activate("ada@example.com"); again == id {
			t.Error("the reader who signs up again is the one who was erased")
		}
		k.wantPicture("ada@example.com", "active | daily=active Europe/Paris ,1,")
	})
}

// TestEraseOnDisk: what was erased is not in the file either, in places that are
// free again.
func TestEraseOnDisk(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	k := newDesk(t, d)
	k.hook("crm")
	k.hook("paywall")
	for i := range 300 {
		address := fmt.Sprintf("reader-%03d@example.com", i)
		_, err := k.told(fmt.Sprintf("crm-%d", i), address, func(in *subscribers.External) {
			in.Name = new("Name of " + address)
			in.Evidence = &subscribers.Evidence{Text: "I agree.", At: k.now(), Source: address}
		})
		k.must(err)
		k.must(k.AskFresh(t.Context(), k.detail(address).ID))
	}
	for i := 0; i < 300; i += 3 {
		address := fmt.Sprintf("reader-%03d@example.com", i)
		k.must(k.Suppress(t.Context(), address, subscribers.ReasonManual, address, "command"))
		if _, err := k.Erase(t.Context(), address, "command"); err != nil {
			t.Fatal(err)
		}
	}
	k.must(d.Close()) // which writes the log into the file
	path := strings.TrimPrefix(d.String(), "sqlite:")
	kept, err := os.ReadFile(path)
	k.must(err)
	for i := range 300 {
		address := fmt.Sprintf("reader-%03d@example.com", i)
		if got, want := bytes.Contains(kept, []byte(address)), i%3 != 0; got != want {
			t.Errorf("%s is in the file: %v, want %v", address, got, want)
		}
	}
}

// TestEraseWordsWithTheAddress: of what another system says that its reader agreed
// to, the hash is left if it names the reader, also by a former address. Words that
// name nobody, or somebody else, stay.
func TestEraseWordsWithTheAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for i, text := range []string{"I, Ada <Ada@Example.com>, agree.", "Yes. Questions to desk@courier.example"} {
			_, err := k.told(fmt.Sprintf("crm-%d", i), []string{"ada@example.com", "bob@example.com"}[i], func(in *subscribers.External) {
				in.Evidence = &subscribers.Evidence{Text: text, At: k.now()}
			})
			k.must(err)
		}
		k.activate("desk@courier.example")
		agree, confirm := k.move(k.detail("ada@example.com").ID, "ada@example.com", annNew)
		k.accept(agree)
		k.accept(confirm)
		for _, address := range []string{annNew, "bob@example.com"} {
			if _, err := k.Erase(t.Context(), address, "command"); err != nil {
				t.Fatal(err)
			}
		}
		if where := k.whereIs("ada@"); len(where) > 0 {
			t.Errorf("the address is still in %v", where)
		}
		h, err := k.History(t.Context(), "ada@example.com")
		if err != nil || h.Entries[0].TextHash == "" || h.Entries[0].Text != "" {
			t.Errorf("the history of who is named has %+v, %v", h, err)
		}
		if h, err = k.History(t.Context(), "bob@example.com"); err != nil || !strings.Contains(h.Entries[0].Text, "Questions") {
			t.Errorf("the history of who is not named has %+v, %v", h, err)
		}
		k.wait(time.Hour) // then she agrees in the same words
		_, err = k.told("crm-0", "ada@example.com", func(in *subscribers.External) {
			in.Evidence = &subscribers.Evidence{Text: "I, Ada <Ada@Example.com>, agree.", At: k.now()}
		})
		k.must(err)
		if c := k.detail("ada@example.com").Consents; c[0].Text != "I, Ada <Ada@Example.com>, agree." {
			t.Errorf("who agrees once more has %+v", c)
		}
	})
}

// TestEraseKeepsSuppressions: who must not be mailed stays so.
func TestEraseKeepsSuppressions(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("ada@example.com")
		for _, address := range []string{"ada@example.com", "never@example.com"} {
			k.must(k.Suppress(t.Context(), address, subscribers.ReasonComplaint, "", "relay"))
			if e, err := k.Erase(t.Context(), address, "command"); err != nil || !e.Suppressed {
				t.Fatalf("%s: %+v, %v", address, e, err)
			}
			if where := k.whereIs(address); len(where) > 0 {
				t.Errorf("%s is still in %v", address, where)
			}
			k.signUp(form(address))
			if n := k.count(`SELECT COUNT(*) FROM system_mails`); n != 0 {
				t.Errorf("%s got %d mails", address, n)
			}
			if err := k.Add(t.Context(), k.catalog, subscribers.Add{Address: address, Origin: "command"}); !errors.Is(err, subscribers.ErrSuppressed) {
				t.Errorf("%s: got %v, want ErrSuppressed", address, err)
			}
			k.wantImport("email\n"+address+"\n", confirmed, "+0 ~0 =1 -0")
		}
	})
}

// TestEraseByFormerAddress: who gave an address up for another is found by it,
// and neither is in any table afterwards.
func TestEraseByFormerAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate(annOld)
		agree, confirm := k.move(id, annOld, annNew)
		k.accept(agree)
		k.accept(confirm)
		if where := k.whereIs(annOld); len(where) > 0 {
			t.Errorf("the former address is in %v", where)
		}
		if d, err := k.ByAddress(t.Context(), "Ann@Example.com"); err != nil || d.ID != id || d.Address != annNew {
			t.Errorf("by the former address is known %+v, %v", d, err)
		}
		other := k.activate("other@example.com") // who wants what was given up
		k.must(k.AskAddress(t.Context(), k.fresh(other), annOld, "form", ""))
		would, err := k.RehearseErase(t.Context(), annOld)
		if err != nil || would.ID != id || would.Since != annNew {
			t.Errorf("rehearsed: %+v, %v", would, err)
		}
		if e, err := k.Erase(t.Context(), annOld, "command"); err != nil || e != would {
			t.Errorf("erased: %+v, %v, want %+v", e, err, would)
		}
		for _, address := range []string{annOld, annNew} {
			if where := k.whereIs(address); len(where) > 0 {
				t.Errorf("%s is still in %v", address, where)
			}
			if _, err := k.Erase(t.Context(), address, "command"); !errors.Is(err, subscribers.ErrUnknown) {
				t.Errorf("%s again: got %v, want ErrUnknown", address, err)
			}
			if _, err := k.ByAddress(t.Context(), address); !errors.Is(err, subscribers.ErrUnknown) {
				t.Errorf("%s afterwards: got %v, want ErrUnknown", address, err)
			}
		}
		k.wantPicture("other@example.com", "active | daily=active Europe/Paris ,1,")
	})
}

// TestEraseFormerAddressOfTwo: an address that has another reader since is theirs.
func TestEraseFormerAddressOfTwo(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate(annOld)
		agree, confirm := k.move(id, annOld, annNew)
		k.accept(agree)
		k.accept(confirm)
		next := k.activate(annOld)
		if d, err := k.ByAddress(t.Context(), annOld); err != nil || d.ID != next {
			t.Errorf("the address is that of %+v, %v", d, err)
		}
		if e, err := k.Erase(t.Context(), annOld, "command"); err != nil || e.ID != next || e.Since != "" {
			t.Errorf("erased: %+v, %v", e, err)
		}
		if got := k.detail(annNew).ID; got != id {
			t.Errorf("the new address is that of %d, want %d", got, id)
		}
	})
}

// TestEraseEndsChanges: nobody else's change of address keeps an address that is
// erased, whoever asks for that.
func TestEraseEndsChanges(t *testing.T) {
	for name, erase := range map[string]func(k *desk, id int64) error{
		"an operator": func(k *desk, _ int64) error {
			_, err := k.Erase(k.t.Context(), annNew, "command")
			return err
		},
		"the reader": func(k *desk, id int64) error {
			_, err := k.EraseReader(k.t.Context(), k.fresh(id), "page")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.activate(annNew)
				for spy, asked := range map[string]string{"spy@example.com": annNew, "other@example.com": "third@example.com"} {
					k.must(k.AskAddress(t.Context(), k.fresh(k.activate(spy)), asked, "form", ""))
				}
				k.must(erase(k, id))
				if where := k.whereIs(annNew); len(where) > 0 {
					t.Errorf("the address is still in %v", where)
				}
				if n := k.count(`SELECT count(*) FROM address_changes WHERE new_address = 'third@example.com'`); n != 1 {
					t.Errorf("%d changes to other addresses are left, want 1", n)
				}
			})
		})
	}
}

// TestAddOfAnErasedAddress tells an operator why it is refused.
func TestAddOfAnErasedAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate(ann)
		_, err := k.Erase(t.Context(), ann, "command")
		k.must(err)
		k.wait(time.Hour)
		in := subscribers.Add{Address: ann, Confirmed: true, Consent: "on paper"}
		for what, add := range map[string]func(context.Context, *subscribers.Catalog, subscribers.Add) error{"Add": k.Add, "RehearseAdd": k.RehearseAdd} {
			if err := add(t.Context(), k.catalog, in); !errors.Is(err, subscribers.ErrErased) || !strings.Contains(err.Error(), "2026-11-23") {
				t.Errorf("%s = %v, want ErrErased with the day", what, err)
			}
		}
		in.Confirmed = false
		k.must(k.RehearseAdd(t.Context(), k.catalog, in))
		if n := k.count(`SELECT count(*) FROM subscribers`); n != 0 {
			t.Errorf("%d readers were stored by a rehearsal", n)
		}
		k.must(k.Add(t.Context(), k.catalog, in))
		k.confirm(ann)
		if err := k.RehearseAdd(t.Context(), k.catalog, in); !errors.Is(err, subscribers.ErrExists) {
			t.Errorf("RehearseAdd of who came back = %v, want ErrExists", err)
		}
	})
}
