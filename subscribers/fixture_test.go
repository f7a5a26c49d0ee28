package subscribers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// desk is a store on a database with two digests and three topics, and a clock
// that tests move.
type desk struct {
	*subscribers.Store
	t       testing.TB
	db      *db.DB
	catalog *subscribers.Catalog
	mu      sync.Mutex
	time    time.Time
}

func eachDesk(t *testing.T, fn func(t *testing.T, k *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newDesk(t, d)) })
}

func newDesk(t testing.TB, d *db.DB) *desk {
	t.Helper()
	k := &desk{t: t, db: d, time: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	k.Store = subscribers.NewStore(d, k.now)
	k.catalog = &subscribers.Catalog{
		Topics: []subscribers.Topic{{ID: 1, Slug: "world", Name: "World"}, {ID: 2, Slug: "sport", Name: "Sport"}, {ID: 3, Slug: "arts", Name: "Arts"}},
		Digests: []subscribers.Digest{
			{ID: 1, Slug: "daily", Name: "The Daily", Zone: "America/New_York", LocalTime: true, Topics: []int64{1, 2, 3}},
			{ID: 2, Slug: "weekly", Name: "The Weekly", Zone: "Europe/Berlin", Topics: []int64{1, 2}},
		},
	}
	for _, topic := range k.catalog.Topics {
		k.exec(`INSERT INTO topics (id, slug, name) VALUES ($1, $2, $3)`, topic.ID, topic.Slug, topic.Name)
	}
	for _, digest := range k.catalog.Digests {
		k.exec(`INSERT INTO digests (id, slug, name) VALUES ($1, $2, $3)`, digest.ID, digest.Slug, digest.Name)
	}
	k.guardConsents()
	return k
}

func (k *desk) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.time
}

func (k *desk) wait(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.time = k.time.Add(d)
}

func (k *desk) exec(query string, args ...any) {
	k.t.Helper()
	k.must(k.db.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), query, args...)
		return err
	}))
}

func (k *desk) count(query string, args ...any) int {
	k.t.Helper()
	var n int
	k.must(k.db.View(context.Background(), func(tx *db.Tx) error { return tx.Get(context.Background(), &n, query, args...) }))
	return n
}

func (k *desk) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// form is a sign-up to the daily digest for one topic.
func form(address string) subscribers.SignUp {
	return subscribers.SignUp{Address: address, Topics: []string{"world"}, Digests: []string{"daily"}, Zone: "Europe/Paris", Origin: "form", Client: "192.0.2.1", Text: "I want this."}
}

func (k *desk) signUp(in subscribers.SignUp) {
	k.t.Helper()
	k.must(k.SignUp(k.t.Context(), k.catalog, in))
}

// activate signs an address up and confirms it, and returns its id.
func (k *desk) activate(address string) int64 {
	k.t.Helper()
	k.signUp(form(address))
	return k.confirm(address)
}

func (k *desk) confirm(address string) int64 {
	k.t.Helper()
	id := k.detail(address).ID
	_, err := k.press(k.token(id), "192.0.2.1")
	k.must(err)
	return id
}

// press opens the page of a confirmation link and presses its button.
func (k *desk) press(token subscribers.Token, client string) (subscribers.View, error) {
	k.t.Helper()
	v, err := k.Asked(k.t.Context(), k.catalog, token)
	if err != nil {
		return v, err
	}
	return k.Confirm(k.t.Context(), k.catalog, token, subscribers.Confirmation{Seen: v.Mark, Origin: "page", Client: client})
}

func (k *desk) token(id int64) subscribers.Token {
	return subscribers.ConfirmToken(id, k.addressOf(id), k.now().Truncate(time.Second))
}

// prefers saves a reader's choices as behind a link that was just mailed.
func (k *desk) prefers(id int64, in subscribers.Preferences, origin, client string) error {
	_, err := k.SetPreferences(k.t.Context(), k.catalog, subscribers.FreshToken(id, k.addressOf(id), k.now()), in, origin, client)
	return err
}

// addressOf is the address of a reader, "" for none.
func (k *desk) addressOf(id int64) string {
	var addresses []string
	k.must(k.db.View(k.t.Context(), func(tx *db.Tx) error {
		return tx.Select(k.t.Context(), &addresses, `SELECT address FROM subscribers WHERE id = $1`, id)
	}))
	return strings.Join(addresses, "")
}

func (k *desk) detail(address string) *subscribers.Detail {
	k.t.Helper()
	d, err := k.ByAddress(k.t.Context(), address)
	k.must(err)
	return d
}

// picture is what is known of an address, in a line: its state and its
// subscriptions with zone and topics, and what is asked for apart.
func (k *desk) picture(address string) string {
	k.t.Helper()
	d := k.detail(address)
	parts := []string{string(d.State)}
	if d.Suppressed() {
		parts[0] += "+suppressed"
	}
	for _, s := range d.Subscriptions {
		parts = append(parts, fmt.Sprintf("%s=%s %s %s", s.Digest, s.State, s.Zone, s.Topics))
	}
	if a := d.Asked; a != nil {
		parts = append(parts, fmt.Sprintf("asked %s %s %s", strings.Join(a.Digests, ";"), a.Zone, a.Topics))
	}
	return strings.Join(parts, " | ")
}

func (k *desk) wantPicture(address, want string) {
	k.t.Helper()
	if got := k.picture(address); got != want {
		k.t.Errorf("%s\n got %s\nwant %s", address, got, want)
	}
}

// events lists the record of consent of an address.
func (k *desk) events(address string) []subscribers.Event {
	k.t.Helper()
	var events []subscribers.Event
	for _, c := range k.detail(address).Consents {
		events = append(events, c.Event)
	}
	return events
}

func (k *desk) wantEvents(address string, want ...subscribers.Event) {
	k.t.Helper()
	if got := k.events(address); !slices.Equal(got, want) {
		k.t.Errorf("consents of %s = %v, want %v", address, got, want)
	}
}

// mails counts the system mails of a kind.
func (k *desk) mails(kind subscribers.MailKind) int {
	k.t.Helper()
	return k.count(`SELECT count(*) FROM system_mails WHERE kind = $1`, string(kind))
}

// checkStates checks that subscribers and their subscriptions are in step, and
// that nobody could be planned who may not be mailed.
func (k *desk) checkStates() {
	k.t.Helper()
	for what, query := range map[string]string{
		"active without an active subscription": `SELECT count(*) FROM subscribers s WHERE s.state = 'active' AND s.suppressed_at = 0
			AND NOT EXISTS (SELECT 1 FROM subscriptions u WHERE u.subscriber_id = s.id AND u.state = 'active')`,
		"suppressed without a suppressed subscription": `SELECT count(*) FROM subscribers s WHERE s.state = 'active' AND s.suppressed_at > 0
			AND NOT EXISTS (SELECT 1 FROM subscriptions u WHERE u.subscriber_id = s.id AND u.state = 'suppressed')`,
		"pending without a pending subscription": `SELECT count(*) FROM subscribers s WHERE s.state = 'pending'
			AND NOT EXISTS (SELECT 1 FROM subscriptions u WHERE u.subscriber_id = s.id AND u.state = 'pending')`,
		"subscriptions out of step": `SELECT count(*) FROM subscribers s JOIN subscriptions u ON u.subscriber_id = s.id WHERE u.state <> 'ended' AND u.state <>
			CASE WHEN s.state = 'pending' THEN 'pending' WHEN s.state = 'active' AND s.suppressed_at = 0 THEN 'active' WHEN s.state = 'active' THEN 'suppressed' ELSE 'ended' END`,
		"suppressions out of step": `SELECT count(*) FROM subscribers s LEFT JOIN suppressions p ON p.address = s.address
			WHERE (s.suppressed_at > 0) <> (p.address IS NOT NULL)`,
		"ended_at out of step": `SELECT (SELECT count(*) FROM subscriptions WHERE (state = 'ended') <> (ended_at > 0))
			+ (SELECT count(*) FROM subscribers WHERE state = 'unsubscribed' AND ended_at = 0 OR state = 'active' AND (ended_at > 0 OR confirmed_at = 0))`,
		"asked apart and not gone":      `SELECT count(*) FROM asked_apart a JOIN subscribers s ON s.id = a.subscriber_id WHERE s.state <> 'unsubscribed'`,
		"without any record of consent": `SELECT count(*) FROM subscribers s WHERE NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id)`,
	} {
		if n := k.count(query); n != 0 {
			k.t.Errorf("%d subscribers are %s", n, what)
		}
	}
}
