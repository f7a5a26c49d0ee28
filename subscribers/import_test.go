package subscribers_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

var confirmed = subscribers.ImportOptions{Confirmed: true, Consent: "on paper", Origin: "command"}

// imports imports text and returns the report with the bad rows as strings.
func (k *desk) imports(text string, o subscribers.ImportOptions) (string, error) {
	var bad []string
	report, err := k.Import(k.t.Context(), k.catalog, strings.NewReader(text), o, func(b subscribers.BadRow) {
		bad = append(bad, fmt.Sprintf("\n%d: %s", b.Line, b.Reason))
	}, nil)
	if report.Rows != report.Added+report.Updated+report.Unchanged+report.Bad {
		k.t.Errorf("the report %+v does not add up", report)
	}
	return fmt.Sprintf("+%d ~%d =%d -%d", report.Added, report.Updated, report.Unchanged, report.Bad) + strings.Join(bad, ""), err
}

func (k *desk) wantImport(text string, o subscribers.ImportOptions, want string) {
	k.t.Helper()
	got, err := k.imports(text, o)
	k.must(err)
	if got != want {
		k.t.Errorf("import of %.200q\n got %s\nwant %s", text, got, want)
	}
	k.checkStates()
}

func TestImport(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		file := "\ufeffTopics,Email, name ,timezone,language,digests,status\r\n" +
			"world; sport,Ann@Example.com,\"B., \"\"Ann\"\"\",Europe/Paris,de,daily;weekly,active\r\n" +
			"\r\n" +
			"*,bob@example.com,,,,,\r\n" +
			"arts,cat@example.com,,,,,confirmed\r\n" +
			",dan@example.com,,,,,pending\r\n" +
			",eve@example.com,,,,,unsubscribed\r\n" +
			",fay@example.com,,,,,Suppressed"
		dry := confirmed
		dry.DryRun = true
		k.wantImport(file, dry, "+6 ~0 =0 -0")
		if n := k.count(`SELECT count(*) FROM subscribers`); n != 0 {
			t.Errorf("a dry run added %d subscribers", n)
		}
		k.wantImport(file, confirmed, "+6 ~0 =0 -0")
		k.wantImport(file, confirmed, "+0 ~0 =6 -0")
		for address, want := range map[string]string{
			"ann@example.com": "active | daily=active Europe/Paris ,1,2, | weekly=active Europe/Berlin ,1,2,",
			"bob@example.com": "active | daily=active America/New_York * | weekly=active Europe/Berlin *",
			"cat@example.com": "active | daily=active America/New_York ,3,",
			"dan@example.com": "pending | daily=pending America/New_York * | weekly=pending Europe/Berlin *",
			"eve@example.com": "unsubscribed",
			"fay@example.com": "active+suppressed | daily=suppressed America/New_York * | weekly=suppressed Europe/Berlin *",
		} {
			k.wantPicture(address, want)
		}
		d := k.detail("ann@example.com")
		if d.Name != `B., "Ann"` || d.Language != "de" || d.Consents[0].Text != "on paper" || d.Consents[0].Event != subscribers.EventImported {
			t.Errorf("ann = %+v", d)
		}
		if n := k.count(`SELECT count(*) FROM system_mails`); n != 0 {
			t.Errorf("an import queued %d mails", n)
		}
	})
}

func TestImportUnconfirmed(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		file := "email,status\nann@example.com,active\nbob@example.com,\n"
		k.wantImport(file, subscribers.ImportOptions{}, "+2 ~0 =0 -0")
		k.wantPicture("ann@example.com", "pending | daily=pending America/New_York * | weekly=pending Europe/Berlin *")
		k.wantImport(file, subscribers.ImportOptions{}, "+0 ~0 =2 -0")
		k.wantImport(file, confirmed, "+0 ~2 =0 -0")
		k.wantPicture("ann@example.com", "active | daily=active America/New_York * | weekly=active Europe/Berlin *")
		if _, err := k.imports(file, subscribers.ImportOptions{Confirmed: true, Consent: " "}); !errors.Is(err, subscribers.ErrNoConsent) {
			t.Errorf("confirmed without consent = %v, want ErrNoConsent", err)
		}
		if n := k.count(`SELECT count(*) FROM system_mails`); n != 0 {
			t.Errorf("an import queued %d mails", n)
		}
	})
}

func TestImportOfKnownReaders(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("ann@example.com")
		left := k.activate("left@example.com")
		k.must(k.Unsubscribe(t.Context(), left, 0, "page", ""))
		k.activate("bad@example.com")
		k.must(k.Suppress(t.Context(), "bad@example.com", subscribers.ReasonHardBounce, "", "report"))
		k.must(k.Suppress(t.Context(), "never@example.com", subscribers.ReasonHardBounce, "", "report"))
		k.wantImport("email,topics\nann@example.com,\nleft@example.com,*\nbad@example.com,*\nnever@example.com,*\n", confirmed, "+0 ~0 =4 -0")
		k.wantPicture("left@example.com", "unsubscribed | daily=ended Europe/Paris ,1,")
		k.wantPicture("bad@example.com", "active+suppressed | daily=suppressed Europe/Paris ,1,")

		k.wantImport("email,topics,timezone,name\nann@example.com,arts,Asia/Tokyo,Ann\n", subscribers.ImportOptions{}, "+0 ~1 =0 -0")
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,3,")
		k.wantImport("email,name,digests\nann@example.com,A,weekly\n", subscribers.ImportOptions{}, "+0 ~0 =0 -1\n2: The Weekly has none of the chosen topics")
		k.wantPicture("ann@example.com", "active | daily=active Asia/Tokyo ,3,")
		k.wantImport("email,digests,topics\nann@example.com,weekly,*\n", subscribers.ImportOptions{}, "+0 ~1 =0 -0")
		k.wantPicture("ann@example.com", "active | daily=ended Asia/Tokyo ,3, | weekly=active Europe/Berlin *")
	})
}

func TestImportOfOptOuts(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.activate("ann@example.com")
		k.activate("bob@example.com")
		file := "email,status\nann@example.com,unsubscribed\nbob@example.com,suppressed\n"
		k.wantImport(file, subscribers.ImportOptions{Origin: "command"}, "+0 ~2 =0 -0")
		k.wantImport(file, subscribers.ImportOptions{Origin: "command"}, "+0 ~0 =2 -0")
		k.wantPicture("ann@example.com", "unsubscribed | daily=ended Europe/Paris ,1,")
		k.wantPicture("bob@example.com", "active+suppressed | daily=suppressed Europe/Paris ,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventUnsubscribed)
		k.wantEvents("bob@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventSuppressed)
		k.wantImport("email\nann@example.com\nbob@example.com\n", confirmed, "+0 ~0 =2 -0")
	})
}

func TestImportTakesTheLastOfOneAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,name\nann@example.com,A\nANN@example.com,B\nann@example.com,B\n", confirmed, "+1 ~1 =1 -0")
		if d := k.detail("ann@example.com"); d.Name != "B" || len(d.Consents) != 1 {
			t.Errorf("name %q with %d consents, want B with 1", d.Name, len(d.Consents))
		}
	})
}

func TestImportOfHostileFiles(t *testing.T) {
	long := strings.Repeat("x", 2<<20)
	row := func(n int) string { return fmt.Sprintf("r%d@example.com,R,world\n", n) }
	const quote = `is a quote missing or one too many?`
	for name, c := range map[string]struct{ rows, want string }{
		"NUL":                {row(1) + "a\x00b@example.com,,\n" + row(2), "+2 ~0 =0 -1\n3: the row contains a NUL octet"},
		"broken UTF-8":       {row(1) + "ann@example.com,\xff\xfe,\n" + row(2), "+2 ~0 =0 -1\n3: the row is not valid UTF-8, save the file as UTF-8"},
		"Latin-1 between":    {row(1) + "b@example.com,M\xfcller,\nc@example.com,Müller,\nd@example.com,\x93M\x94,\n" + row(2), "+3 ~0 =0 -2\n3: the row is not valid UTF-8, save the file as UTF-8\n5: the row is not valid UTF-8, save the file as UTF-8"},
		"UTF-16 between":     {row(1) + "b\x00@\x00e\x00.\x00d\x00e\x00,\x00,\x00\n" + row(2), "+2 ~0 =0 -1\n3: the row contains a NUL octet"},
		"UTF-8 in two ways":  {row(1) + "b@example.com,\xc0\xaf,\nc@example.com,\xed\xa0\x80,\n" + row(2), "+2 ~0 =0 -2\n3: the row is not valid UTF-8, save the file as UTF-8\n4: the row is not valid UTF-8, save the file as UTF-8"},
		"marks between":      {row(1) + "\ufeffb@example.com,,\n" + row(2), "+2 ~0 =0 -1\n3: the part before the @ may only have English letters, digits and signs"},
		"2 MB of commas":     {row(1) + strings.Repeat(",", 2<<20) + "\n" + row(2), "+2 ~0 =0 -1\n3: the row is longer than 65536 octets"},
		"64 KB of commas":    {row(1) + strings.Repeat(",", 60<<10) + "\n" + row(2), "+2 ~0 =0 -1\n3: the row has another number of values than the first: 61441, want 3"},
		"2 MB line":          {row(1) + long + "@example.com,,\n" + row(2), "+2 ~0 =0 -1\n3: the row is longer than 65536 octets"},
		"2 MB at the end":    {row(1) + long, "+1 ~0 =0 -1\n3: the row is longer than 65536 octets"},
		"2 MB of quotes":     {row(1) + `"` + long + "\"\"\n" + row(2), "+2 ~0 =0 -1\n3: the row is longer than 65536 octets"},
		"bad addresses":      {"ann,,\n" + row(1) + "@example.com,,\n", "+1 ~0 =0 -2\n2: the address has no @, as in name@example.com\n4: nothing stands before the @"},
		"no address":         {",Ann,\n", "+0 ~0 =0 -1\n2: the address is empty"},
		"unknown topic":      {"a@example.com,,wrld\n" + row(1), "+1 ~0 =0 -1\n2: unknown topic \"wrld\", did you mean \"world\"?"},
		"too few values":     {"a@example.com,A\n" + row(1), "+1 ~0 =0 -1\n2: the row has another number of values than the first: 2, want 3"},
		"too many values":    {"a@example.com,A,,\n" + row(1), "+1 ~0 =0 -1\n2: the row has another number of values than the first: 4, want 3"},
		"lone quote":         {row(1) + "a@example.com,\"A,\n" + row(2) + row(3), "+3 ~0 =0 -1\n3: a quote is not closed"},
		"lone quote, last":   {row(1) + "a@example.com,\"A,", "+1 ~0 =0 -1\n3: a quote is not closed"},
		"quote at the start": {"\"a@example.com,A,\n" + row(1), "+1 ~0 =0 -1\n2: a quote is not closed"},
		"quote in a value":   {"a@example.com,A\"B,\n" + row(1), "+1 ~0 =0 -1\n2: a quote stands in the middle of a value"},
		"text after a quote": {"a@example.com,\"A\"B,\n" + row(1), "+1 ~0 =0 -1\n2: a quote stands in the middle of a value"},
		"two lone quotes": {"a@example.com,\"A,\n" + row(1) + "b@example.com,\"B,\n" + row(2),
			"+2 ~0 =0 -2\n2: a quote is not closed\n4: a quote is not closed"},
		"far apart": {"a@example.com,\"A\n" + row(1) + strings.Repeat("\n", 20) + "b@example.com,\",\n", "+1 ~0 =0 -2\n2: a quote is not closed\n24: a quote is not closed"},
		// A reader of the old tool called herself this, to have others imported.
		"rows in a name": {"a@example.com,\"A\nvictim@example.com,V,world\nB\",world\n" + row(1), "+1 ~0 =0 -1\n2: a quoted value runs on to line 4: " + quote},
		"zone":           {row(1), "+1 ~0 =0 -0"},
		"empty lines":    {"\n\r\n" + row(1) + "\n\n", "+1 ~0 =0 -0"},
		"long name":      {"a@example.com," + strings.Repeat("n", 101) + ",\n" + row(1), "+1 ~0 =0 -1\n2: the name is longer than 100 characters"},
		"only a quote":   {"\"\n" + row(1), "+1 ~0 =0 -1\n2: a quote is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newDesk(t, dbtest.Open(t, db.SQLite))
			k.wantImport("email,name,topics\n"+c.rows, confirmed, c.want)
			if n := k.count(`SELECT count(*) FROM subscribers WHERE address = 'victim@example.com'`); n != 0 {
				t.Error("a reader was imported from the name of another")
			}
		})
	}
}

func TestImportRowErrors(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	k.wantImport("email,status,digests,timezone,language\n"+
		"a@example.com,subscribed,,,\n"+
		"b@example.com,,dialy,,\n"+
		"c@example.com,,,Europe/Berln,\n"+
		"d@example.com,,,,english language\n"+
		"e@example.com,,,,\n", confirmed, "+1 ~0 =0 -4"+
		"\n2: unknown status \"subscribed\", want active, confirmed, pending, unsubscribed, suppressed or nothing"+
		"\n3: unknown digest \"dialy\", did you mean \"daily\"?"+
		"\n4: unknown time zone \"Europe/Berln\", want a name such as Europe/Berlin"+
		"\n5: the language is not a tag such as en or pt-BR")
}

func TestImportHeader(t *testing.T) {
	k := newDesk(t, dbtest.Open(t, db.SQLite))
	for name, c := range map[string]struct{ file, want string }{
		"empty":     {"", "import: the file is empty"},
		"misspelt":  {"email,topcs\n", `unknown column "topcs", did you mean "topics"?`},
		"no email":  {"name,topics\n", "there is no column email"},
		"twice":     {"email,email\n", "the column email is there twice"},
		"no header": {"ann@example.com,Ann\n", `the first row must name the columns, such as email,name,topics, and has "ann@example.com"`},
		"UTF-16":    {"\xff\xfee\x00m\x00\n\x00", "UTF-16"},
		"binary":    {"\x00\x01\x02\n", "NUL"},
		"quotes":    {"\"email\n", "a quote is not closed"},
		"endless":   {strings.Repeat("e", 1<<20), "longer than"},

		"UTF-16, big end first": {"\xfe\xff\x00e\x00m\x00\n", "UTF-16"},
		"UTF-16, no mark":       {"e\x00m\x00a\x00i\x00l\x00\n\x00", "NUL"},
		"UTF-32":                {"\xff\xfe\x00\x00e\x00\x00\x00\n\x00\x00\x00", "UTF-16"},
		"Latin-1":               {"email,pr\xe9nom\n", "not valid UTF-8"},
		"old Macintosh":         {"email,name\rann@example.com,Ann\r", "carriage returns"},
		"semicolons":            {"email;name\nann@example.com;Ann\n", "semicolons"},
		"tabs":                  {"email\tname\nann@example.com\tAnn\n", "tabs"},
	} {
		_, err := k.imports(c.file, confirmed)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: import = %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestImportReadError(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		boom := errors.New("disk gone")
		var file bytes.Buffer
		file.WriteString("email\n")
		for i := range 1500 {
			fmt.Fprintf(&file, "r%d@example.com\n", i)
		}
		r := io.MultiReader(&file, errorReader{boom})
		report, err := k.Import(t.Context(), k.catalog, r, confirmed, nil, nil)
		if !errors.Is(err, boom) || report.Added != 1000 || k.count(`SELECT count(*) FROM subscribers`) != 1000 {
			t.Errorf("Import of a broken file = %+v, %v, want the first thousand and the error", report, err)
		}
	})
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// crowd writes a file of n readers in several zones with several choices.
func crowd(n int) []byte {
	zones := []string{"", "Europe/Paris", "Asia/Tokyo", "America/Chicago"}
	topics := []string{"", "world", "world;sport", "arts;sport"}
	var file bytes.Buffer
	file.WriteString("email,name,status,topics,digests,timezone,language\n")
	for i := range n {
		fmt.Fprintf(&file, "reader.%d@mail%d.example.com,Reader %d,active,%s,daily,%s,en\n", i, i%100, i, topics[i%4], zones[i%3])
	}
	return file.Bytes()
}

func TestImportMany(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		const n = 20_000 / fewer
		file := crowd(n)
		for _, want := range []subscribers.Report{{Rows: n, Added: n}, {Rows: n, Unchanged: n}} {
			steps := 0
			got, err := k.Import(t.Context(), k.catalog, bytes.NewReader(file), confirmed, nil, func(subscribers.Report) { steps++ })
			k.must(err)
			if got.Rows != want.Rows || got.Added != want.Added || got.Unchanged != want.Unchanged || steps < n/1000 {
				t.Errorf("Import = %+v with %d reports of progress, want %+v", got, steps, want)
			}
		}
		if got := k.count(`SELECT count(*) FROM subscriptions WHERE state = 'active'`); got != n {
			t.Errorf("%d active subscriptions, want %d", got, n)
		}
		k.checkStates()
	})
}

func TestExportAndImport(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,name,status,topics,digests,timezone,language\n"+
			"'+ann@example.com,\"'=HYPERLINK(\"\"x\"\"), Ann\",active,world,daily,Europe/Paris,de\n"+
			"'-bob@example.com,''@b,active,*,,,\n"+
			"'''+x@example.com,'plain,active,arts;world,daily,Asia/Tokyo,\n"+
			"cat@example.com,,pending,sport,weekly,,\n"+
			"dan@example.com,,unsubscribed,,,,\n"+
			"eve@example.com,,suppressed,world,daily,,\n", confirmed, "+6 ~0 =0 -0")
		if d := k.detail("+ann@example.com"); d.Name != `=HYPERLINK("x"), Ann` {
			t.Errorf("name = %q", d.Name)
		}
		export := func(k *desk, f subscribers.Filter) string {
			var out bytes.Buffer
			n, err := k.Export(t.Context(), k.catalog, &out, subscribers.ExportOptions{Filter: f})
			k.must(err)
			if lines := strings.Count(out.String(), "\n"); int64(lines) != n+1 {
				t.Errorf("Export says %d rows and wrote %d lines", n, lines)
			}
			return out.String()
		}
		first := export(k, subscribers.Filter{})
		for line := range strings.Lines(first) {
			for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
				if cell = strings.Trim(cell, `"`); cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
					t.Errorf("the export holds a formula: %s", line)
				}
			}
		}
		k.wantImport(first, confirmed, "+0 ~0 =6 -0")
		other := newDesk(t, dbtest.Open(t, k.db.Dialect()))
		other.wantImport(first, confirmed, "+6 ~0 =0 -0")
		if second := export(other, subscribers.Filter{}); second != first {
			t.Errorf("exported, imported and exported again:\n%s\nwant\n%s", second, first)
		}
		if got := export(k, subscribers.Filter{State: subscribers.StatePending}); !strings.HasSuffix(got, "language,mail_format,paused_until\ncat@example.com,,pending,sport,weekly,,,,\n") {
			t.Errorf("export of pending readers:\n%s", got)
		}
		if got := export(k, subscribers.Filter{Limit: 2}); strings.Count(got, "\n") != 3 {
			t.Errorf("export of two readers:\n%s", got)
		}
	})
}

func TestExportMany(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		_, err := k.Import(t.Context(), k.catalog, bytes.NewReader(crowd(2500)), confirmed, nil, nil)
		k.must(err)
		var out bytes.Buffer
		if n, err := k.Export(t.Context(), k.catalog, &out, subscribers.ExportOptions{}); err != nil || n != 2500 {
			t.Fatalf("Export = %d, %v, want 2500", n, err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if slices.Sort(lines); len(slices.Compact(lines)) != 2501 {
			t.Error("the export repeats or lacks readers")
		}
		if n, err := k.Export(t.Context(), k.catalog, &out, subscribers.ExportOptions{Filter: subscribers.Filter{Limit: 1200}}); err != nil || n != 1200 {
			t.Errorf("Export of 1200 = %d, %v", n, err)
		}
		if _, err := k.Export(t.Context(), k.catalog, brokenWriter{}, subscribers.ExportOptions{}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("Export to a full disk = %v", err)
		}
	})
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestListAndCount(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,name,status,topics,digests,timezone\n"+
			"ann@example.com,Ann,active,world,daily,UTC\n"+
			"bob@example.com,Bob 100%,active,*,daily;weekly,UTC\n"+
			"cat@example.com,,pending,sport;arts,daily,UTC\n"+
			"dan_x@example.com,,unsubscribed,,,UTC\n"+
			"eve@example.com,,suppressed,world,weekly,UTC\n", confirmed, "+5 ~0 =0 -0")
		for name, c := range map[string]struct {
			f    subscribers.Filter
			want string
		}{
			"all":          {subscribers.Filter{}, "ann bob cat dan_x eve"},
			"active":       {subscribers.Filter{State: subscribers.StateActive}, "ann bob"},
			"suppressed":   {subscribers.Filter{State: subscribers.StateSuppressed}, "eve"},
			"unsubscribed": {subscribers.Filter{State: subscribers.StateUnsubscribed}, "dan_x"},
			"sport":        {subscribers.Filter{Topic: "sport"}, "bob cat"},
			"weekly":       {subscribers.Filter{Digest: "weekly"}, "bob eve"},
			"both":         {subscribers.Filter{Digest: "weekly", Topic: "world", State: subscribers.StateActive}, "bob"},
			"query":        {subscribers.Filter{Query: "ANN"}, "ann"},
			"name":         {subscribers.Filter{Query: "100%"}, "bob"},
			"wildcards":    {subscribers.Filter{Query: "_"}, "dan_x"},
			"nothing":      {subscribers.Filter{Query: `\`}, ""},
			"page":         {subscribers.Filter{After: k.detail("bob@example.com").ID, Limit: 2}, "cat dan_x"},
		} {
			rows, err := k.List(t.Context(), c.f)
			k.must(err)
			var got []string
			for _, r := range rows {
				local, _, _ := strings.Cut(r.Address, "@")
				got = append(got, local)
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("%s: List(%+v) = %q, want %q", name, c.f, g, c.want)
			}
		}
		rows, err := k.List(t.Context(), subscribers.Filter{Query: "cat"})
		k.must(err)
		if r := rows[0]; !slices.Equal(r.Topics, []string{"sport", "arts"}) || !slices.Equal(r.Digests, []string{"daily"}) || r.Shown() != subscribers.StatePending {
			t.Errorf("row = %+v", r)
		}
		counts, err := k.Count(t.Context())
		k.must(err)
		if got, want := fmt.Sprint(counts), "map[active:2 pending:1 suppressed:1 unsubscribed:1]"; got != want {
			t.Errorf("Count = %s, want %s", got, want)
		}
	})
}

func BenchmarkImport(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			const n = 50000
			file := crowd(n)
			k := newDesk(b, dbtest.Open(b, dialect))
			round := 0
			for b.Loop() {
				text := bytes.ReplaceAll(file, []byte("reader."), fmt.Appendf(nil, "r%d.", round))
				if _, err := k.Import(b.Context(), k.catalog, bytes.NewReader(text), confirmed, nil, nil); err != nil {
					b.Fatal(err)
				}
				round++
			}
			b.ReportMetric(float64(n*round)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
