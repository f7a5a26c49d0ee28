package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// patience is how long a test waits for something that should come soon.
const patience = 90 * time.Second

// settings are what tests vary in broadsheet.toml. The zero value is a valid
// configuration with three topics on SQLite.
type settings struct {
	database    string // URL, "" for a SQLite file in the folder
	relay       string // host:port
	connections int
	topics      int    // how many, named by topicSlug
	schedule    string // of the digest daily
	onUncertain string
	readers     int                          // of a crowded newsroom, 0 for crowd
	hook        func(sink.Event) sink.Action // of its inbox, nil for one that is a little slow
	feeds       map[string]string            // URLs by slug
	more        string                       // appended
}

// newsroom is a folder of its own with a configuration, and the inbox that its
// mail arrives in.
type newsroom struct {
	t        *testing.T
	dir      string
	database string
	inbox    *inbox
	readers  int // of a crowded one
}

// newNewsroom makes a newsroom whose relay is a sink that does as o says.
func newNewsroom(t *testing.T, s settings, o sink.Options) *newsroom {
	t.Helper()
	n := &newsroom{t: t, dir: t.TempDir(), inbox: newInbox(t, o)}
	if s.relay == "" {
		s.relay = n.inbox.addr()
	}
	if s.database == "" {
		s.database = "sqlite:broadsheet.db"
	}
	n.database = s.database
	if path, ok := strings.CutPrefix(s.database, "sqlite:"); ok && !filepath.IsAbs(path) {
		n.database = "sqlite:" + filepath.Join(n.dir, path)
	}
	n.write("broadsheet.toml", s.text())
	n.write("broadsheet.keys", subscribers.NewKey()+"\n")
	return n
}

func (s settings) text() string {
	if s.connections == 0 {
		s.connections = 4
	}
	if s.topics == 0 {
		s.topics = 3
	}
	if s.schedule == "" {
		s.schedule = "0 7 * * *"
	}
	if s.onUncertain == "" {
		s.onUncertain = "hold"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `[site]
name = "City Courier"
url = "https://courier.example"
timezone = "UTC"
postal_address = "1 Main Street, Springfield"

[web]
listen = "127.0.0.1:0"
public_url = "https://courier.example/mail"

[database]
url = %q

[mail]
from = "City Courier <digest@courier.example>"
bounce_domain = "bounce.courier.example"
on_uncertain = %q

[[mail.relay]]
url = "smtp://%s?tls=off"
connections = %d

[[digest]]
slug = "daily"
name = "The Morning Courier"
schedule = %q
timezone = "UTC"
max_items = 20
per_topic = 6
top = 3
latest = 3
`, s.database, s.onUncertain, s.relay, s.connections, s.schedule)
	for i := range s.topics {
		fmt.Fprintf(&b, "\n[[topic]]\nslug = %q\nname = \"Topic %d\"\nurl_paths = [\"/%s/\"]\n", topicSlug(i), i, topicSlug(i))
	}
	for slug, url := range s.feeds {
		fmt.Fprintf(&b, "\n[[source]]\nslug = %q\nkind = \"feed\"\nurl = %q\nevery = \"1h\"\nallow_private = [\"127.0.0.0/8\"]\n", slug, url)
	}
	return b.String() + s.more
}

func topicSlug(i int) string { return fmt.Sprintf("topic-%d", i) }

// write puts a file into the folder.
func (n *newsroom) write(name, text string) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// read returns a file of the folder.
func (n *newsroom) read(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, name))
	if err != nil {
		n.t.Fatal(err)
	}
	return string(text)
}

// open opens the newsroom's database beside the program.
func (n *newsroom) open() *db.DB {
	n.t.Helper()
	d, err := db.Open(n.t.Context(), n.database)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { d.Close() })
	return d
}

// count returns the number that a query answers.
func count(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	var c int
	err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Get(t.Context(), &c, query, args...) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return c
}

// states counts deliveries by their state.
func states(t *testing.T, d *db.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Each(t.Context(), func(scan func(dest ...any) error) error {
			var state string
			var c int
			if err := scan(&state, &c); err != nil {
				return err
			}
			out[state] = c
			return nil
		}, `SELECT state, COUNT(*) FROM deliveries GROUP BY state`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// until waits for a condition that another process brings about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s in vain until %s", patience, what)
		case <-tick.C:
		}
	}
}

// onBoth runs fn with the URL of a fresh database of each kind.
func onBoth(t *testing.T, fn func(t *testing.T, url string)) {
	t.Parallel()
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			fn(t, dbtest.Migrated(t, dialect))
		})
	}
}
