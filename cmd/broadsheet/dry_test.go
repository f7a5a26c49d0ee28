package main_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// dump is every row of every table, as text.
func dump(t *testing.T, d *db.DB) []string {
	t.Helper()
	var out []string
	err := d.View(t.Context(), func(tx *db.Tx) error {
		tables, err := tableRows(t, tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			var rows []string
			if err := tx.Select(t.Context(), &rows, fmt.Sprintf(`SELECT %s FROM "%s" x`, table.row, table.name)); err != nil {
				return fmt.Errorf("%s: %w", table.name, err)
			}
			for _, row := range rows {
				out = append(out, table.name+" "+row)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// table is a table with the expression for a whole row of it as text.
type table struct {
	name string
	row  string
}

func tableRows(t *testing.T, tx *db.Tx) ([]table, error) {
	t.Helper()
	var names []string
	query := `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	if tx.Dialect() == db.SQLite {
		query = `SELECT name FROM sqlite_master WHERE type = 'table'`
	}
	if err := tx.Select(t.Context(), &names, query); err != nil {
		return nil, err
	}
	var out []table
	for _, name := range names {
		row := "CAST(x AS TEXT)"
		if tx.Dialect() == db.SQLite {
			var columns []string
			if err := tx.Select(t.Context(), &columns, `SELECT name FROM pragma_table_info($1)`, name); err != nil {
				return nil, err
			}
			row = `json_array("` + strings.Join(columns, `", "`) + `")`
		}
		out = append(out, table{name, row})
	}
	return out, nil
}

// TestDryRunsChangeNothing compares the whole database before and after every
// command that promises to change nothing.
func TestDryRunsChangeNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url, feeds: map[string]string{"site-feed": feedServer(t).URL}}, sink.Options{})
		n.write("readers.csv", readersCSV(50, func(i int) []int { return []int{i % 3} }))
		n.write("more.csv", readersCSV(80, func(i int) []int { return []int{(i + 1) % 3} }))
		n.write("stories.json", articlesJSON(t, 0, 20, func(i int) []int { return []int{i % 3} }))
		n.write("more.json", articlesJSON(t, 10, 20, func(i int) []int { return []int{i % 3} }))
		n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
		n.must("article", "import", "stories.json")
		n.must("digest", "send", "daily", "--now", "--topic", "topic-1")
		edition := n.first("edition list", "edition")
		held := "daily/" + time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly)
		later := "daily/" + time.Now().UTC().AddDate(0, 0, 4).Format(time.DateOnly)
		n.must("edition", "hold", held)
		total, _ := n.inbox.accepted()
		d := n.open()
		before := dump(t, d)
		if len(before) < 200 {
			t.Fatalf("the database has %d rows only", len(before))
		}
		files := names(t, n.dir)
		for _, args := range []string{
			"check", "migrate --dry-run", "migrate status", "topic list", "source list", "source fetch --dry-run", "source test site-feed", "source accept site-feed --dry-run",
			"article add --url https://courier.example/topic-0/new --title New --dry-run", "article import more.json --dry-run", "article list", "article show 1",
			"article list --state held", "article explain 1", "article pin 1 --until 2099-01-01 --dry-run", "article hold 1 --dry-run",
			"article hold 1 --until 2099-01-01 --dry-run", "article release 1 --dry-run", "article withdraw 1 --dry-run",
			"article correct 1 --note Wrong --dry-run", "article pin 1 --off --dry-run",
			"subscriber add new@inbox.example --dry-run", "subscriber import more.csv --confirmed --consent asked --dry-run", "subscriber list",
			"subscriber show " + readerAddress(0), "subscriber export", "subscriber unsubscribe " + readerAddress(0) + " --dry-run",
			"subscriber pause " + readerAddress(0) + " --until 2099-01-01 --dry-run", "subscriber resume " + readerAddress(0) + " --dry-run",
			"subscriber change " + readerAddress(0) + " --language de --timezone Asia/Tokyo --dry-run",
			"subscriber suppress " + readerAddress(0) + " --dry-run", "subscriber unsuppress " + readerAddress(0) + " --dry-run",
			"subscriber unsuppress --reason hard-bounce --since 2020-01-01 --dry-run",
			"digest list", "digest preview daily --for " + readerAddress(0), "digest preview daily --for " + readerAddress(1) + " --at 2031-01-01 --eml -",
			"digest explain daily --for " + readerAddress(0), "digest explain daily --for " + readerAddress(1) + " --at 2020-01-01 --article 1 --output json",
			"digest plan daily --dry-run", "digest plan daily --at 2031-01-01 --dry-run", "digest send daily --dry-run", "digest send daily --now --dry-run",
			"digest send daily --now --topic topic-0 --to " + readerAddress(0) + " --dry-run",
			"edition hold " + held + " --dry-run", "edition hold " + later + " --dry-run", "edition approve " + held + " --dry-run",
			"edition edit " + later + " --subject New --dry-run", "edition cancel " + held + " --dry-run",
			"edition list", "edition show " + edition, "delivery list", "delivery show " + edition + " " + readerAddress(1),
		} {
			n.must(split(args)...)
			if after := dump(t, d); !slices.Equal(before, after) {
				t.Errorf("broadsheet %s changed the database:\n%s", args, difference(before, after))
				before = after
			}
		}
		if now, _ := n.inbox.accepted(); now != total {
			t.Errorf("%d mails went out", now-total)
		}
		if after := names(t, n.dir); !slices.Equal(files, after) {
			t.Errorf("the folder has %v, had %v", after, files)
		}
		n.must("digest", "send", "daily", "--now").want(t, 0, `due 50 = sent 33 .* skipped 17 `) // who had all of topic-1
		if slices.Equal(before, dump(t, d)) {
			t.Error("a send changes nothing: the comparison is blind")
		}
	})
}

// names lists a folder without the side files of SQLite, which come and go.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-wal") && !strings.HasSuffix(e.Name(), "-shm") {
			out = append(out, e.Name())
		}
	}
	return out
}

// difference lists rows of which only one side has them.
func difference(before, after []string) string {
	var b strings.Builder
	for _, row := range before {
		if !slices.Contains(after, row) {
			fmt.Fprintln(&b, "-", row)
		}
	}
	for _, row := range after {
		if !slices.Contains(before, row) {
			fmt.Fprintln(&b, "+", row)
		}
	}
	return b.String()
}
