package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

type readFunc func(io.Reader, func(int, digest.Incoming) error, func(ingest.BadRow)) error

// readAll returns what is read from a file as "line title" and "line reason".
func readAll(read readFunc, file string) (good, bad []string, err error) {
	err = read(strings.NewReader(file), func(line int, in digest.Incoming) error {
		good = append(good, fmt.Sprintf("%d %s", line, in.Title))
		return nil
	}, func(row ingest.BadRow) {
		bad = append(bad, fmt.Sprintf("%d %s", row.Line, row.Reason))
	})
	return good, bad, err
}

func object(title string) string {
	return fmt.Sprintf(`{"id": %q, "title": %q}`, title, title)
}

var long = strings.Repeat("x", 2<<20)

func TestReadJSON(t *testing.T) {
	a, b, c := object("A"), object("B"), object("C")
	for _, test := range []struct {
		name, file string
		good, bad  []string // bad are beginnings
	}{
		{"empty file", "", nil, nil},
		{"blank file", " \n\n", nil, nil},
		{"lines", a + "\n" + b + "\n\n" + c, []string{"1 A", "2 B", "4 C"}, nil},
		{"lines with carriage returns", a + "\r\n" + b + "\r\n", []string{"1 A", "2 B"}, nil},
		{"byte order mark", "\xef\xbb\xbf" + a, []string{"1 A"}, nil},
		{"one after the other", a + b + " " + c, []string{"1 A", "1 B", "1 C"}, nil},
		{"lines with commas", a + ",\n" + b + ",\n", []string{"1 A", "2 B"}, nil},
		{"one object over lines", "{\n  \"id\": 1,\n  \"title\": \"A\",\n  \"topics\": [\n    \"world\"\n  ]\n}\n", []string{"1 A"}, nil},
		{"array on one line", "[" + a + "," + b + "]", []string{"1 A", "1 B"}, nil},
		{"array over lines", "\n[\n  " + a + ",\n  " + b + "\n]\n", []string{"3 A", "4 B"}, nil},
		{"array of objects over lines", "[\n  {\n    \"id\": 1,\n    \"title\": \"A\"\n  },\n  {\n    \"id\": 2,\n    \"title\": \"B\"\n  }\n]", []string{"2 A", "6 B"}, nil},
		{"empty array", "[ ]", nil, nil},
		{"brackets and quotes within text", "[" + object(`A ]}, [{ " \ `) + "," + b + "]", []string{`1 A ]}, [{ " \`, "1 B"}, nil},
		{"broken line", a + "\n{\"title\": }\n" + c, []string{"1 A", "3 C"}, []string{"2 not JSON after "}},
		{"line that is no object", a + "\nhello, world\n\"text\"\n12\n" + c, []string{"1 A", "5 C"},
			[]string{"2 not a JSON object, it begins with \"hello\"", "2 not a JSON object, it begins with \"world\"", "3 not a JSON object", "4 not a JSON object"}},
		{"line without its end", a + "\n{\"id\": \"1\", \"title\": \"x\"\n" + c, []string{"1 A", "3 C"}, []string{"2 not JSON after "}},
		{"quote without its end", a + "\n{\"id\": \"1\", \"title\": \"x}\n" + c, []string{"1 A", "3 C"}, []string{"2 not JSON"}},
		{"element without its end", "[\n" + a + ",\n{\"title\": \"x\",\n" + c + "\n]", []string{"2 A", "4 C"}, []string{"3 not JSON"}},
		{"list without its end", "[\n" + a + ",\n{\"topics\": [\"x\"},\n" + c + "\n]", []string{"2 A", "4 C"}, []string{"3 not JSON"}},
		{"list without its end on one line", "[" + a + ",{\"topics\": [\"x\"}," + c + "]", []string{"1 A", "1 C"}, []string{"1 not JSON"}},
		{"one bracket too many", a + "}\n" + c, []string{"1 A", "2 C"}, []string{"1 not a JSON object"}},
		{"list among the elements", "[" + a + ",[1,{\"b\":2}]," + c + "]", []string{"1 A", "1 C"}, []string{"1 not a JSON object"}},
		{"array without its end", "[\n" + a + ",\n" + c + "\n", []string{"2 A", "3 C"}, []string{"4 the file ends before its array does"}},
		{"array cut within an element", "[\n" + a + ",\n{\"title\": \"x", []string{"2 A"}, []string{"3 not JSON after ", "3 the file ends before its array does"}},
		{"element that never ends before the array does", "[" + a + ", {\"title\": \"x\" ]\n", []string{"1 A"}, []string{"1 not JSON"}},
		{"text after the array", "[" + a + "]\nand more\n", []string{"1 A"}, []string{"2 text after the end of the array: \"and more\""}},
		{"unknown field", `{"id": "1", "titel": "A"}` + "\n" + c, []string{"2 C"}, []string{`1 unknown field "titel", did you mean "title"?`}},
		{"long line", a + "\n" + object(long) + "\n" + c, []string{"1 A", "3 C"}, []string{"2 longer than 1048576 bytes"}},
		{"long element", "[" + a + "," + object(long) + "," + c + "]", []string{"1 A", "1 C"}, []string{"1 longer than 1048576 bytes"}},
		{"long garbage", a + "\n" + long + "\n" + c, []string{"1 A", "3 C"}, []string{"2 longer than"}},
		{"NUL byte", a + "\n{\"title\": \"x\x00\"}\n\x00\n" + c, []string{"1 A", "4 C"}, []string{"2 not JSON", "3 not a JSON object"}},
		{"escaped NUL", `{"id": "1", "title": "A\u0000B"}`, []string{"1 AB"}, nil},
		{"invalid UTF-8", a + "\n{\"id\": \"1\", \"title\": \"Espa\xf1a\"}\n" + c, []string{"1 A", "3 C"}, []string{"2 not valid UTF-8; save the file as UTF-8"}},
		{"no title", a + "\n{\"id\": \"1\"}\n" + c, []string{"1 A", "3 C"}, []string{"2 title: missing"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			good, bad, err := readAll(ingest.ReadJSON, test.file)
			if err != nil {
				t.Fatal(err)
			}
			compareRows(t, good, test.good, bad, test.bad)
		})
	}
}

func compareRows(t *testing.T, good, wantGood, bad, wantBad []string) {
	t.Helper()
	if !slices.Equal(good, wantGood) {
		t.Errorf("got %q, want %q", good, wantGood)
	}
	if !slices.EqualFunc(bad, wantBad, strings.HasPrefix) {
		t.Errorf("got bad rows %q, want %q", bad, wantBad)
	}
}

func TestReadCSV(t *testing.T) {
	for _, test := range []struct {
		name, file string
		good, bad  []string // bad are beginnings
	}{
		{"header alone", "id,title\n", nil, nil},
		{"rows", "id,title\n1,A\n2,B", []string{"2 A", "3 B"}, nil},
		{"other order and case", " Title ,URL\r\nA,https://a.example/\r\n", []string{"2 A"}, nil},
		{"byte order mark", "\xef\xbb\xbfid,title\n1,A\n", []string{"2 A"}, nil},
		{"blank rows", "id,title\n\n1,A\n,\n \n2,B\n", []string{"3 A", "6 B"}, nil},
		{"quoted comma and quote", "id,title\n1,\"A, \"\"B\"\"\"\n2,C\n", []string{`2 A, "B"`, "3 C"}, nil},
		{"quoted lines", "id,title\n1,\"A\nB\n\nC\"\n2,D\n", []string{"2 A B C", "6 D"}, nil},
		{"too many columns", "id,title\n1,A,B\n2,C\n", []string{"3 C"}, []string{"2 has 3 columns, the header row has 2"}},
		{"too few columns", "id,title\n1\n2,C\n", []string{"3 C"}, []string{"2 has 1 columns"}},
		{"bare quote", "id,title\n1,A \"B\" C\n2,C\n", []string{"3 C"}, []string{"2 column "}},
		{"quote never closed", "id,title\n1,\"A\n2,B\n3,C\n", []string{"3 B", "4 C"}, []string{"2 a quote is opened and never closed"}},
		{"two quotes never closed", "id,title\n1,\"A\n2,B\n3,\"C\n4,D\n", []string{"3 B", "5 D"}, []string{"2 column ", "4 a quote is opened"}},
		{"long line", "id,title\n1,A\n2," + long + "\n3,C\n", []string{"2 A", "4 C"}, []string{"3 longer than 1048576 bytes"}},
		{"long line in quotes", "id,title\n1,A\n2,\"" + long + "\"\n3,C\n", []string{"2 A", "4 C"}, []string{"3 longer than 1048576 bytes"}},
		{"quote never closed before a long line", "id,title\n1,\"A\n2,B\n3," + long + "\n4,D\n", []string{"3 B", "5 D"}, []string{"2 a quote", "4 longer"}},
		{"NUL byte", "id,title\n1,A\x00B\n2,C\n", []string{"3 C"}, []string{"2 has a NUL byte in it"}},
		{"invalid UTF-8", "id,title\n1,Espa\xf1a\n2,C\n", []string{"3 C"}, []string{"2 not valid UTF-8; save the file as UTF-8"}},
		{"no title", "id,title\n1,\n2,C\n", []string{"3 C"}, []string{"2 title: missing"}},
		{"bad values", "id,title,priority,published_at\n1,A,high,yesterday\n2,C,,\n", []string{"3 C"},
			[]string{`2 priority: "high" is not a whole number; published_at: "yesterday" is not a time; write such as`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			good, bad, err := readAll(ingest.ReadCSV, test.file)
			if err != nil {
				t.Fatal(err)
			}
			compareRows(t, good, test.good, bad, test.bad)
		})
	}
}

func TestReadCSVFindsItsWayAfterAMegabyteInQuotes(t *testing.T) {
	const rows = 1_200
	file := "title,id\n\"A,1\n" + strings.Repeat(strings.Repeat("y", 999)+",2\n", rows)
	good, bad, err := readAll(ingest.ReadCSV, file)
	if err != nil || len(good) != rows || !slices.Equal(bad, []string{"2 a quote is opened and never closed"}) {
		t.Errorf("got %d articles, bad rows %q, error %v, want %d and the one with the quote", len(good), bad, err, rows)
	}
}

func TestReadCSVReadsEveryField(t *testing.T) {
	file := "embargo_until,audience,access,priority,language,published_at,topics,image,author,body,summary,title,url,id\n" +
		`2026-11-24 06:30,tier=paid; tier=free;,paid,-5,en-gb,2026-11-23 06:30,world; sport;,https://img.example/a.jpg,Ada,"<p>One.</p><p>Two.</p>",Sum &amp; up,"A, B",https://a.example/?utm_source=x,77` + "\n"
	want := digest.Incoming{
		GUID: "77", URL: "https://a.example/", Title: "A, B", Summary: "Sum & up", Body: "One.\n\nTwo.", Author: "Ada",
		ImageURL: "https://img.example/a.jpg", Language: "en-GB", Topics: []string{"world", "sport"}, Priority: -5,
		PublishedAt: time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC), EmbargoUntil: time.Date(2026, 11, 24, 6, 30, 0, 0, time.UTC),
		Access: digest.AccessPaid, Audience: []string{"tier=free", "tier=paid"},
	}
	err := ingest.ReadCSV(strings.NewReader(file), func(_ int, got digest.Incoming) error {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		return nil
	}, func(row ingest.BadRow) { t.Errorf("bad row %+v", row) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadCSVRefusesHeaders(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"empty file", "", "it is empty"},
		{"unknown column", "id,titel\n", `unknown field "titel", did you mean "title"?`},
		{"foreign column", "guid,title\n", `unknown field "guid", did you mean "id"?`},
		{"column twice", "id,title,ID\n", `column "id" is there twice`},
		{"no title", "id,url\n", "title and one of url and id are needed, it has id, url"},
		{"no identity", "title,summary\n", "title and one of url and id are needed"},
		{"semicolons", "id;title;url\n", "columns are separated by commas"},
		{"no header", "1,https://a.example/\n", `unknown field "1"`},
		{"UTF-16", "\xff\xfei\x00d\x00", "it is UTF-16, save it as UTF-8"},
		{"broken quotes", "id,\"title\n", "a quote is opened and never closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := readAll(ingest.ReadCSV, c.file)
			if !errors.Is(err, ingest.ErrNotReadable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestReadersPassErrorsOn(t *testing.T) {
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		read readFunc
		file string
	}{
		"JSON":       {ingest.ReadJSON, object("A") + "\n" + object("B")},
		"JSON array": {ingest.ReadJSON, "[" + object("A") + "," + object("B") + "]"},
		"CSV":        {ingest.ReadCSV, "id,title\n1,A\n2,B\n"},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			err := c.read(strings.NewReader(c.file), func(int, digest.Incoming) error { calls++; return stop }, func(ingest.BadRow) {})
			if !errors.Is(err, stop) || calls != 1 {
				t.Errorf("got error %v after %d calls, want %v after 1", err, calls, stop)
			}
			broken := io.MultiReader(strings.NewReader(c.file), iotest.ErrReader(stop))
			err = c.read(broken, func(int, digest.Incoming) error { return nil }, func(ingest.BadRow) {})
			if !errors.Is(err, stop) {
				t.Errorf("got error %v from a broken file, want %v", err, stop)
			}
		})
	}
}

func TestParseArticle(t *testing.T) {
	got, err := ingest.ParseArticle([]byte(` {"id": 77, "url": "https://a.example/?utm_source=x", "title": "A &amp; B", "summary": null, "body": "<p>One.</p>",
		"author": "Ada", "image": "https://img.example/a.jpg", "topics": ["world", "World"], "published_at": "2026-11-23T06:30:00-05:00", "language": "en", "priority": 3,
		"access": "paid", "audience": ["tier=paid"], "embargo_until": "2026-11-24T06:30:00-05:00"} `))
	want := digest.Incoming{
		GUID: "77", URL: "https://a.example/", Title: "A & B", Summary: "One.", Body: "One.", Author: "Ada", ImageURL: "https://img.example/a.jpg",
		Language: "en", Topics: []string{"world"}, Priority: 3, PublishedAt: time.Date(2026, 11, 23, 11, 30, 0, 0, time.UTC),
		Access: digest.AccessPaid, Audience: []string{"tier=paid"}, EmbargoUntil: time.Date(2026, 11, 24, 11, 30, 0, 0, time.UTC),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

// TestMarksAreClearedByWord: a mark is cleared by saying so, and by nothing else.
func TestMarksAreClearedByWord(t *testing.T) {
	all := digest.Marks{Priority: true, Access: true, Audience: true, Embargo: true}
	csv := func(row string) func() (digest.Incoming, error) {
		return func() (in digest.Incoming, err error) {
			read := ingest.ReadCSV(strings.NewReader("id,title,priority,access,audience,embargo_until\n"+row+"\n"),
				func(_ int, one digest.Incoming) error { in = one; return nil }, func(b ingest.BadRow) { err = errors.New(b.Reason) })
			return in, errors.Join(err, read)
		}
	}
	json := func(fields string) func() (digest.Incoming, error) {
		return func() (digest.Incoming, error) {
			return ingest.ParseArticle([]byte(`{"id": "1", "title": "A"` + fields + `}`))
		}
	}
	for _, test := range []struct {
		name string
		read func() (digest.Incoming, error)
		want digest.Marks
	}{
		{"JSON without them", json(""), digest.Marks{}},
		{"JSON null", json(`, "priority": null, "access": null, "audience": null, "embargo_until": null`), digest.Marks{}},
		{"JSON empty", json(`, "priority": 0, "access": "", "audience": [], "embargo_until": ""`), all},
		{"JSON blank", json(`, "priority": 0, "access": " ", "audience": [""], "embargo_until": " "`), all},
		{"JSON in words", json(`, "priority": 0, "access": "Free", "audience": [], "embargo_until": "none"`), all},
		{"JSON given", json(`, "priority": 1, "access": "paid", "audience": ["a=b"], "embargo_until": "2026-11-24"`), digest.Marks{}},
		{"CSV empty", csv(`1,A,,,,`), digest.Marks{}},
		{"CSV in words", csv(`1,A,0,free,none,none`), all},
		{"CSV given", csv(`1,A,-1,paid,a=b,2026-11-24`), digest.Marks{}},
	} {
		got, err := test.read()
		if err != nil || got.Clears != test.want {
			t.Errorf("%s: clears %+v, error %v, want %+v", test.name, got.Clears, err, test.want)
		}
		if test.want == all && (got.Priority != 0 || got.Access != digest.AccessFree || len(got.Audience) > 0 || !got.EmbargoUntil.IsZero()) {
			t.Errorf("%s: has marks: %+v", test.name, got)
		}
	}
}

func TestParseArticleReadsTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-23T06:30:00Z":          "2026-11-23T06:30:00Z",
		"2026-11-23T06:30:00.25+02:00":  "2026-11-23T04:30:00.25Z",
		"2026-11-23T06:30:00":           "2026-11-23T06:30:00Z",
		"2026-11-23 06:30:05":           "2026-11-23T06:30:05Z",
		"2026-11-23 06:30:05+01:00":     "2026-11-23T05:30:05Z",
		" 2026-11-23 06:30 ":            "2026-11-23T06:30:00Z",
		"2026-11-23":                    "2026-11-23T00:00:00Z",
		"":                              "0001-01-01T00:00:00Z",
		"23.11.2026":                    "2026-11-23T00:00:00Z",
		"Mon, 23 Nov 2026 06:30:00 EST": "2026-11-23T11:30:00Z",
		"Tue, 23 Nov 2026 06:30:00 EST": "",
		"12/11/2026":                    "",
		"1970-01-01":                    "",
		"2026-11-23 25:00":              "",
	} {
		in, err := ingest.ParseArticle(fmt.Appendf(nil, `{"id": "1", "title": "A", "published_at": %q}`, text))
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "published_at: ") {
				t.Errorf("%q is read as %s, error %v, want one that names published_at", text, in.PublishedAt, err)
			}
			continue
		}
		if got := in.PublishedAt.Format(time.RFC3339Nano); err != nil || got != want {
			t.Errorf("%q is read as %s, error %v, want %s", text, got, err, want)
		}
	}
}

func TestParseArticleRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", `not a JSON object, it begins with ""`},
		{"list", `[{"id": "1"}]`, "not a JSON object, it begins with"},
		{"cut", `{"id": "1"`, "not JSON after "},
		{"two", `{"id": "1"} {}`, `not JSON after "{\"id\": \"1\"} ": invalid character '{' after top-level value`},
		{"foreign field", `{"id": "1", "title": "A", "headline": "B"}`, `unknown field "headline", did you mean "title"?`},
		{"other case", `{"id": "1", "Title": "A"}`, `unknown field "Title", did you mean "title"?`},
		{"no such field", `{"id": "1", "title": "A", "x": 1}`, `unknown field "x"; the fields are id, url, title,`},
		{"title is a number", `{"id": "1", "title": 5}`, "title: must be text, not a number"},
		{"summary is a list", `{"id": "1", "title": "A", "summary": []}`, "summary: must be text, not a list"},
		{"topics are text", `{"id": "1", "title": "A", "topics": "world"}`, `topics: must be a list of slugs, such as ["world", "sport"], not text`},
		{"topics are numbers", `{"id": "1", "title": "A", "topics": [1]}`, "topics: must be a list of slugs"},
		{"audience is text", `{"id": "1", "title": "A", "audience": "tier=paid"}`, `audience: must be a list of attributes, such as ["tier=paid"], not text`},
		{"embargo is no time", `{"id": "1", "title": "A", "embargo_until": "soon"}`, `embargo_until: "soon" is not a time`},
		{"foreign access", `{"id": "1", "title": "A", "paywall": "paid"}`, `unknown field "paywall", did you mean "access"?`},
		{"priority is text", `{"id": "1", "title": "A", "priority": "3"}`, `priority: must be a whole number, not "3"`},
		{"priority is a fraction", `{"id": "1", "title": "A", "priority": 1.5}`, "priority: must be a whole number, not 1.5"},
		{"two fields", `{"title": true, "priority": {}}`, "priority: must be a whole number, not {}; title: must be text, not true or false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := ingest.ParseArticle([]byte(c.data))
			var fields ingest.FieldErrors
			if !errors.As(err, &fields) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %+v, error %v, want %s", in, err, c.want)
			}
		})
	}
}

func TestReadJSONReadsManyWithLittleMemory(t *testing.T) {
	count := 0
	in := io.MultiReader(strings.NewReader("["), &repeater{text: []byte(object("A") + ","), times: 20_000}, strings.NewReader("]"))
	err := ingest.ReadJSON(in, func(int, digest.Incoming) error { count++; return nil }, func(row ingest.BadRow) { t.Error(row) })
	if err != nil || count != 20_000 {
		t.Errorf("got %d articles, error %v, want 20000", count, err)
	}
}

// repeater reads a text over and over.
type repeater struct {
	text  []byte
	rest  []byte
	times int
}

func (r *repeater) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.times--; r.times < 0 {
			return 0, io.EOF
		}
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func fuzzReader(f *testing.F, read readFunc) {
	f.Fuzz(func(t *testing.T, file []byte) {
		last, lines := 0, bytes.Count(file, []byte("\n"))+1
		err := read(bytes.NewReader(file), func(line int, in digest.Incoming) error {
			if line < last || line > lines || in.Title == "" || in.URL == "" && in.GUID == "" {
				t.Errorf("line %d after %d of %d: %+v", line, last, lines, in)
			}
			last = line
			return nil
		}, func(row ingest.BadRow) {
			if row.Line < 1 || row.Line > lines || row.Reason == "" || strings.Contains(row.Reason, "\n") {
				t.Errorf("bad row %+v of %d lines", row, lines)
			}
		})
		if err != nil && !errors.Is(err, ingest.ErrNotReadable) {
			t.Error(err)
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{object("A") + "\n" + object("B"), "[" + object("A") + ",", "[{\"a\": [\"\\\"\n]}}]x", "{{[[\x00"} {
		f.Add([]byte(seed))
	}
	fuzzReader(f, ingest.ReadJSON)
}

func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{"id,title\n1,A\n", "id,title\n\"1,\"A\n\n2,\"B\n", "\"id\",\"title\"\r\n1,\"\"\"\"\r\n,,\x00", "url,title\nhttps://a.example/,\xff\n"} {
		f.Add([]byte(seed))
	}
	fuzzReader(f, ingest.ReadCSV)
}
