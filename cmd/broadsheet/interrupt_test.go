package main_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail/sink"
)

// TestInterruptedSend presses Ctrl-C in the middle of a send.
func TestInterruptedSend(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := crowded(t, settings{database: url})
		d := n.open()
		p := n.start("digest", "send", "daily", "--now")
		n.inbox.wait(middle)
		p.signal(os.Interrupt)
		code := p.wait(30 * time.Second)
		total, _ := n.inbox.accepted()
		if code != 4 || total >= crowd {
			t.Errorf("exit code %d after %d mails, want 4 in the middle\n%s", code, total, p.stderr.tail())
		}
		if want := fmt.Sprintf("due %d = sent %d + failed 0 + expired 0 + skipped 0 + uncertain 0 + pending %d\n", crowd, total, crowd-total); !strings.Contains(p.stdout.String(), want) {
			t.Errorf("got %q, want %q", p.stdout.String(), want)
		}
		n.audit(d)
		n.must("digest", "send", "daily").want(t, 0, fmt.Sprintf(`due %d = sent %d `, crowd, crowd))
		n.finished(d, 0)
	})
}

// TestInterruptedImport presses Ctrl-C while an import waits for more rows.
func TestInterruptedImport(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url}, sink.Options{})
		n.must("migrate")
		d := n.open()
		text := readersCSV(3500, func(int) []int { return []int{0} })
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		p := n.startIn(in, "subscriber", "import", "-", "--confirmed", "--consent", "asked")
		in.Close()
		if _, err := out.WriteString(text); err != nil {
			t.Fatal(err)
		}
		until(t, "three pages are stored", func() bool { return count(t, d, `SELECT COUNT(*) FROM subscribers`) == 3000 })
		p.signal(os.Interrupt)
		if code := p.wait(30 * time.Second); code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		if got, want := p.stdout.String(), "3000 rows: 3000 added, 0 updated, 0 unchanged, 0 bad\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.Contains(p.stderr.String(), "broadsheet: standard input: interrupted after 3000 rows; what was counted is stored: import the file again, and the rest comes in\n") {
			t.Errorf("stderr is %q", p.stderr.String())
		}
		n.write("readers.csv", text)
		n.must("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked").want(t, 0, `3500 rows: 500 added, 0 updated, 3000 unchanged, 0 bad`)
	})
}

// TestInterruptedStoring presses Ctrl-C while a statement waits for a lock: whatever the
// database says of that, the same is told, and what is counted is there.
func TestInterruptedStoring(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url}, sink.Options{})
		n.must("migrate")
		d := n.open()
		n.write("readers.csv", readersCSV(200_000, func(int) []int { return []int{0} }))
		p := n.start("subscriber", "import", "readers.csv", "--confirmed", "--consent", "asked")
		until(t, "a page is stored", func() bool { return count(t, d, `SELECT COUNT(*) FROM subscribers`) > 0 })
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE counters SET value = value WHERE name = 'subscriber'`)
			if tx.Dialect() == db.Postgres {
				until(t, "the import waits", func() bool {
					return count(t, d, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
				})
			}
			p.signal(os.Interrupt)
			if code := p.wait(30 * time.Second); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		stored := count(t, d, `SELECT COUNT(*) FROM subscribers`)
		if want := fmt.Sprintf("readers.csv: interrupted after %d rows; what was counted is stored", stored); !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr is %q, want %q", p.stderr.String(), want)
		}
	})
}

// TestDatabaseStopsInTheMiddle cuts the database off while a send runs, and
// lets it come back.
func TestDatabaseStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	cut, through := newProxy(t, dbtest.URL(t, db.Postgres))
	n := crowded(t, settings{database: through})
	p := n.start("digest", "send", "daily", "--now")
	for _, at := range []int{middle, 3 * middle} {
		n.inbox.wait(at)
		seen := strings.Count(p.stderr.String(), "level=ERROR")
		cut.cut()
		until(t, "the send says that it stands still", func() bool { return strings.Count(p.stderr.String(), "level=ERROR") > seen })
		cut.restore()
	}
	if code := p.wait(patience); code != 0 {
		t.Errorf("exit code %d, want 0: the database came back\n%s", code, p.stderr.tail())
	}
	n.finished(n.open(), 0)
}

// TestDatabaseStopsDuringImport cuts the database off while an import runs.
func TestDatabaseStopsDuringImport(t *testing.T) {
	t.Parallel()
	direct := dbtest.URL(t, db.Postgres)
	cut, through := newProxy(t, direct)
	n := newNewsroom(t, settings{database: through}, sink.Options{})
	n.must("migrate")
	beside := &newsroom{t: t, dir: n.dir, database: direct}
	d := beside.open()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := n.startIn(in, "subscriber", "import", "-")
	in.Close()
	text := readersCSV(3500, func(int) []int { return []int{0} })
	if _, err := out.WriteString(text); err != nil {
		t.Fatal(err)
	}
	until(t, "three pages are stored", func() bool { return count(t, d, `SELECT COUNT(*) FROM subscribers`) == 3000 })
	cut.cut()
	out.Close()
	if code := p.wait(patience); code != 75 {
		t.Errorf("exit code %d, want 75\n%s", code, p.stderr.tail())
	}
	told := strings.Contains(p.stderr.String(), "database unavailable") && strings.Contains(p.stdout.String(), "3000 rows: 3000 added")
	unknown := strings.Contains(p.stderr.String(), "outcome unknown") && strings.Contains(p.stdout.String(), "2000 rows: 2000 added") // cut before the answer to the commit was read
	if !told && !unknown {
		t.Errorf("got %q and %q", p.stdout.String(), p.stderr.String())
	}
	cut.restore()
	n.write("readers.csv", text)
	n.must("subscriber", "import", "readers.csv").want(t, 0, `3500 rows: 500 added, 0 updated, 3000 unchanged, 0 bad`)
}
