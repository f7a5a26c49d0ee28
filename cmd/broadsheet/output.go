package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// The forms that --output takes.
const (
	outputTable = "table"
	outputJSON  = "json"
	outputCSV   = "csv"
)

func (e *env) checkOutput() error {
	if !slices.Contains([]string{outputTable, outputJSON, outputCSV}, e.output) {
		return usagef("--output %q is unknown: it is table, json or csv", e.output)
	}
	return nil
}

// list is the rows of a command's answer.
type list struct {
	columns []string // as JSON keys and CSV header; shown in capitals in a table
	rows    [][]any  // strings, integers, booleans, times, string slices
	empty   string   // what a table says instead of no rows
}

func (l *list) add(cells ...any) { l.rows = append(l.rows, cells) }

// show writes the list in the form that was asked for.
func (e *env) show(l *list) error {
	switch e.output {
	case outputJSON:
		return l.writeJSON(e.stdout)
	case outputCSV:
		return l.writeCSV(e.stdout)
	}
	return l.writeTable(e.stdout)
}

// showOne writes a single thing: its fields below one another in a table.
func (e *env) showOne(l *list) error {
	switch e.output {
	case outputJSON:
		return l.writeObject(e.stdout, 0)
	case outputCSV:
		return l.writeCSV(e.stdout)
	}
	for i, name := range l.columns {
		if text := printable(plain(l.rows[0][i])); text != "" {
			fmt.Fprintf(e.stdout, "%-14s %s\n", name, strings.ReplaceAll(text, "\n", "\n               "))
		}
	}
	return nil
}

func (l *list) writeTable(w io.Writer) error {
	if len(l.rows) == 0 {
		if l.empty != "" {
			fmt.Fprintln(w, l.empty)
		}
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, strings.ToUpper(strings.ReplaceAll(strings.Join(l.columns, "\t"), "_", " ")))
	for _, row := range l.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = shorten(printable(strings.Join(strings.Fields(plain(c)), " ")), 60)
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}

func (l *list) writeCSV(w io.Writer) error {
	cw := csv.NewWriter(w)
	if err := cw.Write(l.columns); err != nil {
		return err
	}
	for _, row := range l.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = plain(c)
			if _, number := c.(int64); !number {
				cells[i] = harmless(cells[i])
			}
		}
		if err := cw.Write(cells); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

// harmless keeps a spreadsheet from running a cell as a formula, also one that
// begins with a wide sign of East Asian keyboards.
func harmless(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}

func (l *list) writeJSON(w io.Writer) error {
	if len(l.rows) == 0 {
		_, err := fmt.Fprintln(w, "[]")
		return err
	}
	for i := range l.rows {
		fmt.Fprint(w, map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		if err := l.writeObject(w, i); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "]")
	return err
}

// writeObject keeps the order of columns, which a map would not.
func (l *list) writeObject(w io.Writer, row int) error {
	var b strings.Builder
	b.WriteString("{")
	for i, name := range l.columns {
		value := l.rows[row][i]
		if t, ok := value.(time.Time); ok {
			value = plain(t)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q: %s", name, text)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// plain is a cell as text; times are UTC in RFC 3339, none is empty.
func plain(cell any) string {
	switch v := cell.(type) {
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case []string:
		return strings.Join(v, ";")
	case nil:
		return ""
	}
	return fmt.Sprint(cell)
}

// printable takes out what could steer a terminal or turn the order of letters
// around: texts of feeds, relays and readers are not to be trusted.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case steers(r):
			return '\uFFFD'
		}
		return r
	}, s)
}

func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
