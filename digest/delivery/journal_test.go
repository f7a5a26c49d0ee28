package delivery_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/mail"
)

func entry(subscriber int64, n int) delivery.Entry {
	return delivery.Entry{
		Edition: 1, Day: day, Subscriber: subscriber, Batch: 5, N: n,
		ComposedAt: time.UnixMilli(1763971200123).UTC(), At: time.UnixMilli(1763971200456).UTC(),
	}
}

func replied(e delivery.Entry, text string) delivery.Entry {
	e.Replied = true
	e.Answer = delivery.Answer{
		Class: mail.ClassAccepted, Phase: mail.PhaseDot, Code: 250, Enhanced: "2.0.0", Relay: "smtp.example:587", Text: text,
	}
	return e
}

func openJournal(t *testing.T, dir, worker string) *delivery.TestJournal {
	t.Helper()
	j, err := delivery.OpenTestJournal(dir, worker)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return j
}

func dot(t *testing.T, j *delivery.TestJournal, e delivery.Entry) int {
	t.Helper()
	g, err := j.Dot(e)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestJournalRoundTrip(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, dir, "w")
	g := dot(t, j, entry(1, 1))
	dot(t, j, entry(2, 3))
	if err := j.Reply(g, replied(entry(1, 1), "queued\tas\r\n4711 \xff\x00")); err != nil {
		t.Fatal(err)
	}
	dot(t, j, entry(3, 1))
	j.Reply(g, replied(entry(3, 1), ""))
	dot(t, j, entry(3, 1)) // tried again, without a reply this time
	got, err := delivery.ReadJournalFile(filepath.Join(dir, "w.journal"))
	if err != nil {
		t.Fatal(err)
	}
	want := []delivery.Entry{replied(entry(1, 1), "queued as  4711 \uFFFD "), entry(2, 3), entry(3, 1)}
	if !slices.Equal(got.Entries, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got.Entries, want)
	}
}

func TestJournalStaysSmall(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, dir, "w")
	kept := dot(t, j, entry(999_999, 1))
	for i := range int64(60_000) {
		g := dot(t, j, entry(i, 1))
		if err := j.Reply(g, replied(entry(i, 1), "queued")); err != nil {
			t.Fatal(err)
		}
		j.Recorded(g)
		if i == 30_000 {
			got, err := delivery.ReadJournalFile(filepath.Join(dir, "w.journal"))
			if err != nil || !slices.Contains(got.Entries, entry(999_999, 1)) {
				t.Errorf("the entry that is not recorded yet is gone: %v", err)
			}
			j.Recorded(kept)
		}
	}
	var total int64
	for _, name := range []string{"w.journal", "w.journal2"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 8<<20 {
		t.Errorf("the journal has %d octets after all is recorded, want a few megabytes", total)
	}
	last := dot(t, j, entry(1_000_000, 1))
	j.Reply(last, replied(entry(1_000_000, 1), "queued"))
	got, err := delivery.ReadJournalFile(filepath.Join(dir, "w.journal"))
	if err != nil || !slices.Contains(got.Entries, replied(entry(1_000_000, 1), "queued")) {
		t.Errorf("the last entry is not there: %v", err)
	}
}

func TestTornJournal(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, dir, "w")
	g := dot(t, j, entry(1, 1))
	j.Reply(g, replied(entry(1, 1), "queued"))
	j.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "w.journal"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
	dotEnd := len(lines[0]) + len(lines[1])
	for n := range whole {
		got, err := delivery.ReadJournal(bytes.NewReader(whole[:n]))
		if err != nil {
			t.Fatal(err)
		}
		var want []delivery.Entry
		if n >= dotEnd {
			want = []delivery.Entry{entry(1, 1)}
		}
		if !slices.Equal(got.Entries, want) {
			t.Fatalf("cut after %d octets: %+v, want %+v", n, got.Entries, want)
		}
	}
	damaged := bytes.Clone(whole)
	damaged[len(lines[0])+20] ^= 1
	if got, _ := delivery.ReadJournal(bytes.NewReader(damaged)); len(got.Entries) != 1 || !got.Entries[0].Replied {
		t.Errorf("a damaged line: %+v, want the reply alone", got.Entries)
	}
}

func TestJournalNameIsTakenOnce(t *testing.T) {
	dir := t.TempDir()
	openJournal(t, dir, "w")
	if j, err := delivery.OpenTestJournal(dir, "w"); err == nil {
		j.Close()
		t.Error("a journal was opened twice")
	}
}

func FuzzReadJournal(f *testing.F) {
	dir := f.TempDir()
	j, err := delivery.OpenTestJournal(dir, "w")
	if err != nil {
		f.Fatal(err)
	}
	g, _ := j.Dot(entry(1, 1))
	j.Reply(g, replied(entry(1, 1), "queued"))
	j.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "w.journal"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, whole)
	f.Add(whole[:len(whole)-3], []byte("R\t1\t2\n"))
	f.Add([]byte("D\t\t\t\t\t\t\t\t\t0\n"), bytes.Repeat([]byte("x"), 40_000))
	f.Add([]byte("\n\n\t\n"), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		first, err := delivery.ReadJournal(bytes.NewReader(a), bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range first.Entries {
			if !e.Replied && e.Answer != (delivery.Answer{}) {
				t.Errorf("an entry without a reply has one: %+v", e)
			}
		}
		again, err := delivery.ReadJournal(bytes.NewReader(a), bytes.NewReader(b), bytes.NewReader(a))
		if err != nil || len(again.Entries) < len(first.Entries) {
			t.Errorf("reading more gave less: %d, then %d entries, %v", len(first.Entries), len(again.Entries), err)
		}
	})
}
