package subscribers_test

import (
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// FuzzImport imports anything, dry: no panic, a report that adds up, every bad
// row with a line of the file and in order, and good rows never lost behind a
// bad one.
func FuzzImport(f *testing.F) {
	for _, rows := range []string{
		"a@b.example,A,world\n", "\"a@b.example\",\"A,\n\"\"\n", "a@b.example,\"x\ny@z.example,,\n\",\n", ",,,\x00\n", "\r\n\"\r\n\r", "\"\"\"\"\"\n\"",
	} {
		f.Add([]byte(rows))
	}
	k := newDesk(f, dbtest.Open(f, db.SQLite))
	f.Fuzz(func(t *testing.T, rows []byte) {
		text := "email,name,topics\n" + string(rows) + strings.Repeat("\n", 20) + "last@example.com,,\n"
		lines, last := int64(strings.Count(text, "\n")), int64(1)
		options := subscribers.ImportOptions{DryRun: true}
		report, err := k.Import(t.Context(), k.catalog, strings.NewReader(text), options, func(b subscribers.BadRow) {
			if b.Line <= last || b.Line > lines || b.Reason == "" {
				t.Errorf("bad row %+v after line %d", b, last)
			}
			last = b.Line
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if report.Rows != report.Added+report.Bad+report.Unchanged+report.Updated || report.Added < 1 || last == lines {
			t.Errorf("report %+v of %q", report, text)
		}
	})
}
