package subscribers_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// sealConsents makes the database refuse to change or delete what the record of
// consent has.
func (k *desk) sealConsents() { k.refuse("sealed", "TRUE", "TRUE") }

// guardConsents makes it refuse that in every test but for what an erasure does,
// which empties an entry, and for readers who never confirmed.
func (k *desk) guardConsents() {
	k.refuse("guarded", `NOT (NEW.client = '' AND NEW.detail = '' AND NEW.subscriber_id = OLD.subscriber_id AND NEW.at = OLD.at
		AND NEW.event = OLD.event AND NEW.origin = OLD.origin AND NEW.text_hash = OLD.text_hash)`,
		`EXISTS (SELECT 1 FROM subscribers WHERE id = OLD.subscriber_id AND confirmed_at > 0)`)
}

// refuse has updates and deletions of entries fail under conditions.
func (k *desk) refuse(name, update, remove string) {
	k.t.Helper()
	for operation, condition := range map[string]string{"UPDATE": update, "DELETE": remove} {
		trigger := name + "_" + strings.ToLower(operation)
		if k.db.Dialect() == db.SQLite {
			k.exec(fmt.Sprintf(`CREATE TRIGGER %s BEFORE %s ON consents WHEN %s BEGIN SELECT RAISE(ABORT, 'consents are sealed'); END`, trigger, operation, condition))
			continue
		}
		result := map[string]string{"UPDATE": "NEW", "DELETE": "OLD"}[operation]
		k.exec(fmt.Sprintf(`CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $body$
			BEGIN IF %s THEN RAISE EXCEPTION 'consents are sealed'; END IF; RETURN %s; END $body$`, trigger, condition, result))
		k.exec(fmt.Sprintf(`CREATE TRIGGER %s BEFORE %s ON consents FOR EACH ROW EXECUTE FUNCTION %s()`, trigger, operation, trigger))
	}
}

// life is all that can become of a reader, in order.
func (k *desk) life(address string) {
	k.t.Helper()
	ctx := k.t.Context()
	id := k.activate(address)
	step := func(err error) {
		k.t.Helper()
		k.must(err)
		k.wait(time.Hour)
	}
	postman := k.postman(new(relay), nil)
	_, err := postman.Deliver(ctx)
	step(err)
	k.must(k.prefers(id, subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"world", "sport"}, Digests: []string{"daily", "weekly"}}, "form", "192.0.2.1"))
	step(k.Pause(ctx, id, 0, k.now().Add(24*time.Hour), "form", "192.0.2.1"))
	step(k.Resume(ctx, id, 0, "form", "192.0.2.1"))
	step(k.DropTopic(ctx, k.catalog, id, "sport", "page", "192.0.2.1"))
	language := "de"
	_, err = k.Change(ctx, k.catalog, id, subscribers.Change{Language: &language, Origin: "command"})
	step(err)
	step(k.Suppress(ctx, address, subscribers.ReasonManual, "", "command"))
	step(k.Unsuppress(ctx, address, "command"))
	step(k.Unsubscribe(ctx, id, 1, "one-click", "192.0.2.1"))
	step(k.Unsubscribe(ctx, id, 0, "page", "192.0.2.1"))
	k.signUp(form(address))
	step(nil)
	_, err = postman.Deliver(ctx)
	step(err)
	k.confirm(address)
	step(nil)
	_, err = k.imports("email,zone\n", subscribers.ImportOptions{Origin: "import"})
	if err == nil {
		k.t.Fatal("a file with an unknown column was imported")
	}
	_, err = k.imports("email,timezone\n"+address+",Europe/Rome\n", subscribers.ImportOptions{Origin: "import"})
	step(err)
	_, err = k.PutExternal(ctx, k.catalog, subscribers.External{ID: "crm-1", Address: address, Topics: []string{"arts"}, Origin: "api:crm"})
	step(err)
	_, err = k.PruneMails(ctx, 0, 1000)
	step(err)
}

// TestConsentsOnlyGrow: no step of a reader's life changes or deletes what the
// record has, and each that changes something adds an entry.
func TestConsentsOnlyGrow(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.sealConsents()
		k.life("ann@example.com")
		h, err := k.History(t.Context(), "ann@example.com")
		k.must(err)
		var got []string
		for i, c := range h.Entries {
			got = append(got, string(c.Event)+" "+string(c.By()))
			if i > 0 && !c.At.After(h.Entries[i-1].At) {
				t.Errorf("entry %d is not later than the one before: %s", i, c.At)
			}
		}
		want := []string{
			"signed-up reader", "confirmed reader", "preferences reader", "paused reader", "resumed reader", "preferences reader", "changed operator",
			"suppressed operator", "unsuppressed operator", "unsubscribed reader", "unsubscribed reader",
			"signed-up reader", "confirmation-sent system", "confirmed reader", "imported import", "changed api",
		}
		if !slices.Equal(got, want) {
			t.Errorf("history\n got %q\nwant %q", got, want)
		}
		if _, err := k.Erase(t.Context(), "ann@example.com", "command"); err == nil || !strings.Contains(err.Error(), "sealed") {
			t.Errorf("Erase of a sealed record = %v: does the seal hold?", err)
		}
	})
}

// TestNothingElseTouchesConsents: the statements that change or delete entries
// are those of an erasure and of what pruning is documented, and no others.
func TestNothingElseTouchesConsents(t *testing.T) {
	allowed := map[string]bool{
		"subscribers/erase_store.go: UPDATE consents":            true, // takes what is personal out
		"subscribers/erase_text_store.go: UPDATE consent_texts":  true, // the same
		"subscribers/unconfirmed_store.go: DELETE FROM consents": true, // of who never confirmed
	}
	touches := regexp.MustCompile(`(?i)\b(UPDATE\s+consents|DELETE\s+FROM\s+consents|(?:UPDATE|DELETE\s+FROM|DROP\s+TABLE)\s+consent_texts|TRUNCATE[^;]*consent|ON\s+CONFLICT\s*\([^)]*\)\s+DO\s+UPDATE[^;]*consents|INSERT\s+OR\s+REPLACE)\b`)
	found := map[string]bool{}
	root := ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				for _, hit := range touches.FindAllString(lit.Value, -1) {
					found[filepath.ToSlash(name)+": "+hit] = true
				}
			}
			return true
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for statement := range found {
		if !allowed[statement] {
			t.Errorf("%s: the record of consent only grows", statement)
		}
	}
	for statement := range allowed {
		if !found[statement] {
			t.Errorf("%s was not found: does the search work?", statement)
		}
	}
}

// TestHistoryTellsTheText: an entry names the text that was shown by its hash,
// its language and its number, and an erasure leaves that.
func TestHistoryTellsTheText(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		shown := func(address, language, text string) {
			in := form(address)
			in.Language, in.Text = language, text
			k.signUp(in)
			k.wait(time.Hour)
		}
		shown("ann@example.com", "de", "Ja, gern.")
		shown("bob@example.com", "en", "Yes.")
		shown("ann@example.com", "de", "Ja, bitte.")
		shown("ann@example.com", "de", "Ja, gern.")
		h, err := k.History(t.Context(), "Ann@Example.com")
		k.must(err)
		for i, want := range []struct {
			text    string
			version int
		}{{"Ja, gern.", 1}, {"Ja, bitte.", 2}, {"Ja, gern.", 1}} {
			if c := h.Entries[i]; c.Text != want.text || c.TextVersion != want.version || c.TextLanguage != "de" || len(c.TextHash) != 64 || c.TextSince.IsZero() {
				t.Errorf("entry %d = %+v, want %+v", i, c, want)
			}
		}
		id := h.ID
		_, err = k.Erase(t.Context(), "ann@example.com", "command")
		k.must(err)
		h, err = k.History(t.Context(), "ann@example.com")
		k.must(err)
		if !h.Erased || h.ID != id || len(h.Entries) != 4 || h.Entries[1].Text != "Ja, bitte." || h.Entries[0].Client+h.Entries[0].Detail != "" {
			t.Errorf("after the erasure: %+v", h)
		}
		if _, err := k.History(t.Context(), "nobody@example.com"); err == nil {
			t.Error("a history of nobody")
		}
	})
}

// TestConfirmationSentIsOnRecord: the mail that asks counts as sent when a relay
// took it, and never for a reader who was erased.
func TestConfirmationSentIsOnRecord(t *testing.T) {
	for _, tc := range []struct {
		answer mail.Class
		detail string
		want   int
	}{
		{mail.ClassAccepted, "", 1},
		{mail.ClassUncertain, "the answer of the relay was lost", 1},
		{mail.ClassTemporaryRecipient, "", 0},
		{mail.ClassPermanentRecipient, "", 0},
	} {
		t.Run(string(tc.answer), func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.signUp(form("ann@example.com"))
				k.activate("bob@example.com")
				if _, err := k.postman(&relay{answer: tc.answer}, nil).Deliver(t.Context()); err != nil {
					t.Fatal(err)
				}
				n := k.count(`SELECT count(*) FROM consents WHERE event = 'confirmation-sent' AND origin = 'postman' AND detail = $1`, tc.detail)
				if n != tc.want {
					t.Errorf("%d entries of a mail that was answered %s, want %d", n, tc.answer, tc.want)
				}
			})
		})
	}
}

// TestClientDetail: every way in that has a network address records as much of
// it as is to be kept.
func TestClientDetail(t *testing.T) {
	for _, tc := range []struct {
		detail       subscribers.ClientDetail
		client, want string
	}{
		{subscribers.ClientFull, "203.0.113.77", "203.0.113.77"},
		{subscribers.ClientNetwork, "203.0.113.77", "203.0.113.0/24"},
		{subscribers.ClientNetwork, "2001:db8:1:2:3::4", "2001:db8:1::/48"},
		{subscribers.ClientNetwork, "::ffff:203.0.113.77", "203.0.113.0/24"},
		{subscribers.ClientNetwork, "203.0.113.0/24", "203.0.113.0/24"},
		{subscribers.ClientNetwork, "10.0.0.0/8", "10.0.0.0/8"},
		{subscribers.ClientNetwork, "fe80::1%eth0", "fe80::/48"},
		{subscribers.ClientNetwork, "unknown", ""},
		{subscribers.ClientNone, "203.0.113.77", ""},
		{"", "203.0.113.77", ""},
	} {
		t.Run(string(tc.detail)+" "+tc.client, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.KeepClients(tc.detail)
				ctx := context.Background()
				in := form("ann@example.com")
				in.Client = tc.client
				k.signUp(in)
				id := k.detail("ann@example.com").ID
				_, err := k.press(k.token(id), tc.client)
				k.must(err)
				k.must(k.Pause(ctx, id, 0, k.now().Add(time.Hour), "form", tc.client))
				k.must(k.Unsubscribe(ctx, id, 0, "page", tc.client))
				_, err = k.PutExternal(ctx, k.catalog, subscribers.External{ID: "7", Address: "bob@example.com", Origin: "api:crm",
					Evidence: &subscribers.Evidence{Text: "yes", At: k.now(), Client: tc.client}})
				k.must(err)
				_, err = k.imports("Email Address,OPTIN_TIME,OPTIN_IP,LEID,EUID\ncyd@example.com,2021-03-04 05:06:07,"+tc.client+",1,2\n", subscribers.ImportOptions{Origin: "import"})
				k.must(err)
				if n := k.count(`SELECT count(*) FROM consents WHERE client = $1`, tc.want); n != 6 {
					t.Errorf("%d entries have %q, want all 6", n, tc.want)
				}
			})
		})
	}
}
