package subscribers

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"broadsheet/mail"
)

// Columns of a file, in the order in which Export writes them.
const (
	columnEmail = iota
	columnName
	columnStatus
	columnTopics
	columnDigests
	columnZone
	columnLanguage
	columnFormat
	columnHour
	columnPaused
	columnCount
)

func columnNames() []string {
	return []string{"email", "name", "status", "topics", "digests", "timezone", "language", "mail_format", "hour", "paused_until"}
}

// CheckAttributeName says, as what an attribute's name is, that it cannot be one:
// files of readers have a column of that name.
func CheckAttributeName(name string) error {
	if slices.Contains(columnNames(), name) {
		return errors.New("a column of every file of readers: it needs another")
	}
	return nil
}

// allColumns are those of every file and one for each declared attribute.
func (c *Catalog) allColumns() []string { return append(columnNames(), c.attributeNames()...) }

// importStatus is what a row says about its reader.
type importStatus int

const (
	statusActive importStatus = iota // or nothing
	statusPending
	statusUnsubscribed
	statusSuppressed
)

// importRow is a checked row.
type importRow struct {
	line                          int64
	address, name, zone, language string
	status                        importStatus
	format                        *Format // nil where the row says nothing
	choices
	attributes            Attributes
	pauses                pauses
	hasTopics, hasDigests bool // whether the row said something about them
	dates                 importDates
	evidence, client      string // of another tool's file: where consent came from
}

// importDates are what a row says of the reader's past; zero where nothing.
type importDates struct{ asked, confirmed, ended, active time.Time }

// rowReader reads checked rows. It remembers the answers to questions that
// most rows ask.
type rowReader struct {
	csv     *csvReader
	catalog *Catalog
	columns []int       // where each of the catalog's columns is, -1 if it is not there
	foreign *foreignRow // of a file of another tool
	labels  *labels
	options *ImportOptions
	zones   map[string]error
	chosen  map[[2]string]chosenCells
}

type chosenCells struct {
	choices
	err error
}

// Bounds on the memory that a hostile file can take: entries, and octets of a
// cell that is remembered.
const (
	mostRemembered    = 4096
	longestRemembered = 256
)

func newRowReader(c *Catalog, r io.Reader, o *ImportOptions) (*rowReader, error) {
	l, err := newLabels(c, o.Mapping)
	if err != nil {
		return nil, err
	}
	if _, err := c.lenient(o.Topics, o.Digests); err != nil {
		return nil, err
	}
	return &rowReader{csv: newCSVReader(r), catalog: c, labels: l, options: o, zones: map[string]error{}, chosen: map[[2]string]chosenCells{}}, nil
}

// next returns the next row. The error is io.EOF at the end, a *rowError for a
// bad row, and otherwise one about the whole file.
func (rr *rowReader) next() (importRow, error) {
	if rr.csv.fields == 0 {
		if err := rr.header(); err != nil {
			return importRow{}, err
		}
	}
	fields, line, err := rr.csv.next()
	if err != nil {
		return importRow{}, err
	}
	row, err := rr.check(fields)
	if err != nil {
		return importRow{}, &rowError{line, err, strings.Join(fields, ",")}
	}
	row.line = line
	return row, nil
}

func (rr *rowReader) header() error {
	names, _, err := rr.csv.next()
	if err == io.EOF {
		return errors.New("the file is empty, want a first row that names the columns, such as email,name,topics")
	}
	var wrong *rowError
	if errors.As(err, &wrong) {
		if strings.HasPrefix(wrong.text, "\xff\xfe") || strings.HasPrefix(wrong.text, "\xfe\xff") {
			return errors.New("the file is UTF-16, save it as UTF-8")
		}
		return fmt.Errorf("the first row must name the columns: %w", wrong.reason)
	}
	if err != nil {
		return err
	}
	rr.csv.fields = len(names)
	if err := judgeHeader(names); err != nil {
		return err
	}
	if found, err := rr.recognise(names); found || err != nil {
		return err
	}
	known := rr.catalog.allColumns()
	rr.columns = slices.Repeat([]int{-1}, len(known))
	for at, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		column := slices.Index(known, name)
		switch {
		case column < 0 && strings.Contains(name, "@"):
			return fmt.Errorf("the first row must name the columns, such as email,name,topics, and has %q", shorten(name))
		case column < 0:
			return fmt.Errorf("unknown column %q%s; the columns are %s: rename it, or take it out", shorten(name), DidYouMean(name, known), strings.Join(known, ", "))
		}
		if rr.columns[column] >= 0 {
			return fmt.Errorf("the column %s is there twice", name)
		}
		rr.columns[column] = at
	}
	if rr.columns[columnEmail] < 0 {
		return errors.New("there is no column email")
	}
	return nil
}

// judgeHeader tells files that spreadsheets write in other ways from those with
// odd columns.
func judgeHeader(names []string) error {
	if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "\r") }) {
		return errors.New("the lines of the file end with carriage returns alone, save it with line feeds")
	}
	if len(names) > 1 {
		return nil
	}
	for separator, called := range map[string]string{";": "semicolons", "\t": "tabs"} {
		if strings.Contains(names[0], separator) {
			return fmt.Errorf("the values of the file are separated by %s, save it with commas", called)
		}
	}
	return nil
}

// recognise finds out whether another tool wrote a file with these columns.
func (rr *rowReader) recognise(names []string) (bool, error) {
	columns := make([]string, len(names))
	for at, name := range names {
		columns[at] = strings.ToLower(strings.TrimSpace(name))
	}
	var f *foreign
	known := rr.catalog.allColumns()
	if rr.options.From == "" {
		if slices.ContainsFunc(columns, func(name string) bool { return !slices.Contains(known, name) }) {
			f = recognise(columns)
		}
	} else if f = foreignNamed(rr.options.From); f == nil {
		return false, fmt.Errorf("unknown tool %q%s; there are %s", rr.options.From, DidYouMean(rr.options.From, ForeignTools()), strings.Join(ForeignTools(), ", "))
	} else if !f.wrote(columns) {
		return false, fmt.Errorf("the columns are not those of an export of %s, which has %s", f.name, f.needs())
	}
	if f == nil {
		return false, nil
	}
	rr.csv.acrossLines = true
	rr.foreign = &foreignRow{foreign: f, columns: map[string]int{}}
	for at, name := range columns {
		if _, twice := rr.foreign.columns[name]; !twice {
			rr.foreign.columns[strings.Clone(name)] = at
		}
	}
	return true, nil
}

// check reads a row of our own columns or of another tool's.
func (rr *rowReader) check(fields []string) (importRow, error) {
	if rr.foreign == nil {
		return rr.checkCells(func(column int) string {
			if at := rr.columns[column]; at >= 0 {
				return defuse(strings.TrimSpace(fields[at]))
			}
			return ""
		})
	}
	rr.foreign.fields = fields
	status, err := rr.foreign.status(rr.foreign.cell)
	if err != nil {
		return importRow{}, err
	}
	dates, err := rr.foreign.dates()
	if err != nil {
		return importRow{}, err
	}
	row, err := rr.checkCells(rr.translated())
	row.status, row.dates, row.evidence = status, dates, rr.foreign.evidence(dates)
	row.client = cut(rr.foreign.cell(rr.foreign.from...), maxShort)
	return row, err
}

// translated gives the cells of our own columns as another tool's row has them.
func (rr *rowReader) translated() func(column int) string {
	f := rr.foreign
	topics, digests, attributes := rr.labels.translate(f.tags())
	values := f.more()
	for i := range rr.catalog.Attributes {
		a := &rr.catalog.Attributes[i]
		if value := values[strings.ToLower(a.Name)]; value != "" && attributes[a.Name] == "" && a.check(value) == nil {
			attributes[a.Name] = value
		}
	}
	zone := f.cell(f.zone...)
	if rr.checkZone(zone) != nil {
		zone = "" // as the other tool calls it
	}
	return func(column int) string {
		switch column {
		case columnEmail:
			return f.cell(f.email...)
		case columnName:
			return f.readerName()
		case columnTopics:
			return strings.Join(topics, ";")
		case columnDigests:
			return strings.Join(digests, ";")
		case columnZone:
			return zone
		}
		if column >= columnCount {
			return attributes[rr.catalog.Attributes[column-columnCount].Name]
		}
		return ""
	}
}

func (rr *rowReader) checkCells(cell func(column int) string) (importRow, error) {
	var row importRow
	var err error
	if row.address, err = mail.Canonical(cell(columnEmail)); err != nil {
		return row, err
	}
	if row.name, err = cleanName(cell(columnName)); err != nil {
		return row, err
	}
	if row.status, err = parseStatus(cell(columnStatus)); err != nil {
		return row, err
	}
	row.zone = cell(columnZone)
	if err = rr.checkZone(row.zone); err != nil {
		return row, err
	}
	row.language = cell(columnLanguage)
	if err = checkLanguage(row.language); err != nil {
		return row, err
	}
	if row.format, err = formatOf(cell(columnFormat)); err != nil {
		return row, err
	}
	topics := cmp.Or(cell(columnTopics), strings.Join(rr.options.Topics, ";"))
	digests := cmp.Or(cell(columnDigests), strings.Join(rr.options.Digests, ";"))
	row.hasTopics, row.hasDigests = topics != "", digests != ""
	if row.choices, err = rr.choose(topics, digests); err != nil {
		return row, err
	}
	if row.hours, err = rr.hours(cell(columnHour), &row); err != nil {
		return row, err
	}
	if row.pauses, err = rr.pauses(cell(columnPaused), &row); err != nil {
		return row, err
	}
	row.attributes, err = rr.attributes(cell)
	return row, err
}

// formatOf reads a cell, nil if it is empty.
func formatOf(cell string) (*Format, error) {
	if cell == "" {
		return nil, nil
	}
	format, err := ParseFormat(cell)
	return &format, err
}

// hours reads a cell such as "06:30" or "daily=06:30;weekly=18:00".
func (rr *rowReader) hours(text string, row *importRow) (hours, error) {
	if text == "" {
		return nil, nil
	}
	return rr.catalog.hoursOf(splitSlugs(text), rr.digests(row))
}

// digests are those that a row may say something about: of a known reader who
// keeps what was, it is not known here which.
func (rr *rowReader) digests(row *importRow) []*Digest {
	if !row.hasDigests {
		return rr.catalog.allDigests()
	}
	return row.digests
}

func (rr *rowReader) attributes(cell func(column int) string) (Attributes, error) {
	var found Attributes
	for i := range rr.catalog.Attributes {
		a := &rr.catalog.Attributes[i]
		value := cell(columnCount + i)
		if value == "" {
			continue
		}
		if err := a.check(value); err != nil {
			return "", err
		}
		found = found.with(a.Name, value)
	}
	return found, nil
}

func parseStatus(s string) (importStatus, error) {
	switch strings.ToLower(s) {
	case "", "active", "confirmed":
		return statusActive, nil
	case "pending":
		return statusPending, nil
	case "unsubscribed":
		return statusUnsubscribed, nil
	case "suppressed":
		return statusSuppressed, nil
	}
	return 0, fmt.Errorf("unknown status %q, want active, confirmed, pending, unsubscribed, suppressed or nothing", shorten(s))
}

func (rr *rowReader) checkZone(zone string) error {
	err, known := rr.zones[zone]
	if !known {
		err = checkZone(zone)
		if len(rr.zones) < mostRemembered && len(zone) <= longestRemembered {
			rr.zones[strings.Clone(zone)] = err
		}
	}
	return err
}

func (rr *rowReader) choose(topics, digests string) (choices, error) {
	key := [2]string{topics, digests}
	found, known := rr.chosen[key]
	if !known {
		found.choices, found.err = rr.catalog.lenient(splitSlugs(topics), splitSlugs(digests))
		if len(rr.chosen) < mostRemembered && len(topics)+len(digests) <= longestRemembered {
			rr.chosen[[2]string{strings.Clone(topics), strings.Clone(digests)}] = found
		}
	}
	return found.choices, found.err
}

func splitSlugs(cell string) []string {
	var slugs []string
	for slug := range strings.SplitSeq(cell, ";") {
		if slug = strings.TrimSpace(slug); slug != "" {
			slugs = append(slugs, slug)
		}
	}
	return slugs
}

// arm keeps a value from being taken for a formula by a spreadsheet, by a
// quote before it. Values that have quotes and then a formula get one more, so
// that defuse always returns what was there.
func arm(s string) string {
	if isFormula(s) {
		return "'" + s
	}
	return s
}

// defuse undoes arm.
func defuse(s string) string {
	if strings.HasPrefix(s, "'") && isFormula(s) {
		return s[1:]
	}
	return s
}

// isFormula says whether a spreadsheet would take a value for one, also by the
// wide signs of East Asian keyboards.
func isFormula(s string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "'"))
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", first)
}
