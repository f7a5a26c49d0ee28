package ingest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"broadsheet/digest"
)

// ReadCSV reads articles from CSV (RFC 4180) with the fields of ParseArticle.
// The first row names them, in any order; topics are separated by semicolons.
// It streams: each is called with the line that a row begins on, in order, and
// an error of each ends the reading. A row that is no article is reported to
// bad and passed over; where a quote goes wrong, that is its first line alone,
// so that it does not take the rows after it along. A file without a usable header row wraps ErrNotReadable.
func ReadCSV(r io.Reader, each func(line int, in digest.Incoming) error, bad func(BadRow)) error {
	in, err := openText(r)
	if err != nil {
		return err
	}
	records := csvSplitter{in: in}
	header, err := readHeader(&records)
	if err != nil {
		return err
	}
	out := rows{each, bad}
	for {
		record, err := records.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		in, err := csvArticle(header, record)
		if errors.As(err, new(rowError)) {
			records.reread(record)
		}
		if err := out.deliver(record.line, in, err); err != nil {
			return err
		}
	}
}

// readHeader reads the names of the columns.
func readHeader(records *csvSplitter) ([]string, error) {
	record, err := records.next()
	if err == io.EOF {
		return nil, fmt.Errorf("%w: it is empty; the first row names the columns, such as url,title,summary", ErrNotReadable)
	}
	if err != nil {
		return nil, err
	}
	header, err := record.fields()
	if err != nil {
		return nil, fmt.Errorf("%w: header row: %w", ErrNotReadable, err)
	}
	seen := map[string]bool{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		switch header[i] = name; {
		case !isField(name) && len(header) == 1 && strings.ContainsAny(name, ";\t"):
			return nil, fmt.Errorf("%w: header row %q: columns are separated by commas", ErrNotReadable, shorten(name, 80))
		case !isField(name):
			return nil, fmt.Errorf("%w: header row: %s", ErrNotReadable, unknownField(name))
		case seen[name]:
			return nil, fmt.Errorf("%w: header row: column %q is there twice", ErrNotReadable, name)
		}
		seen[name] = true
	}
	if !seen["title"] || !seen["url"] && !seen["id"] {
		return nil, fmt.Errorf("%w: header row: title and one of url and id are needed, it has %s", ErrNotReadable, strings.Join(header, ", "))
	}
	return header, nil
}

func csvArticle(header []string, record csvRecord) (digest.Incoming, error) {
	var in digest.Incoming
	values, err := record.fields()
	if err != nil {
		return in, rowError{err.Error()}
	}
	if len(values) != len(header) {
		return in, rowError{fmt.Sprintf("has %d columns, the header row has %d; quote texts that hold commas", len(values), len(header))}
	}
	var problems FieldErrors
	for i, value := range values {
		if problem := setText(&in, header[i], value); problem != "" {
			problems.add(header[i], "%s", problem)
		}
	}
	return in, problems.orNil()
}

// rowError says that a row does not even have the right columns.
type rowError struct{ problem string }

// Error returns the problem.
func (e rowError) Error() string { return e.problem }

// csvRecord is the text of one row.
type csvRecord struct {
	text  []byte
	first int // length of its first line
	line  int // where it begins, from 1
	long  bool
	open  bool // a quote is never closed
}

func (r csvRecord) fields() ([]string, error) {
	switch {
	case r.long:
		return nil, fmt.Errorf("longer than %d bytes, which no article is", maxRow)
	case r.open:
		return nil, errors.New("a quote is opened and never closed")
	case bytes.IndexByte(r.text, 0) >= 0:
		return nil, errors.New("has a NUL byte in it")
	case !utf8.Valid(r.text):
		return nil, errors.New("not valid UTF-8; save the file as UTF-8")
	}
	reader := csv.NewReader(bytes.NewReader(r.text))
	reader.FieldsPerRecord = -1
	values, err := reader.Read()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return nil, fmt.Errorf("column %d: %w", parse.Column, parse.Err)
	}
	return values, err
}

// csvSplitter cuts a file into rows. A row is the lines up to the one where
// its quotes are even.
type csvSplitter struct {
	in      *bufio.Reader
	line    int    // lines given out so far
	pending []byte // lines read again, after a quote that was never closed
}

// next returns the next row that has a value, io.EOF after the last.
func (s *csvSplitter) next() (csvRecord, error) {
	for {
		record := csvRecord{line: s.line + 1}
		first, long, err := s.readLine()
		if err != nil {
			return csvRecord{}, err
		}
		record.text, record.first, record.long = first, len(first), long
		if !long && bytes.Count(first, []byte{'"'})%2 == 1 {
			err = s.complete(&record)
		}
		if err != nil || record.long || len(bytes.Trim(record.text, " \t\r\n,")) > 0 {
			return record, err
		}
	}
}

// complete adds the lines that belong to a row with an open quote.
func (s *csvSplitter) complete(record *csvRecord) error {
	for {
		line, long, err := s.readLine()
		if err != nil && err != io.EOF {
			return err
		}
		record.text = append(record.text, line...)
		if err == io.EOF || long || len(record.text) > maxRow {
			record.open = true
			return nil
		}
		if bytes.Count(line, []byte{'"'})%2 == 1 {
			return nil
		}
	}
}

// reread gives out the lines of a row once more, but for its first.
func (s *csvSplitter) reread(record csvRecord) {
	if rest := record.text[record.first:]; len(rest) > 0 {
		s.line = record.line
		s.pending = append(bytes.Clone(rest), s.pending...)
	}
}

// readLine returns a line of its own memory with its line feed, and whether it
// has more than maxRow bytes, of which only the first are given.
func (s *csvSplitter) readLine() (line []byte, long bool, err error) {
	if len(s.pending) > 0 {
		end := bytes.IndexByte(s.pending, '\n') + 1
		if end == 0 {
			end = len(s.pending)
		}
		line, s.pending = s.pending[:end:end], s.pending[end:]
		s.line++
		return line, len(line) > maxRow, nil
	}
	for {
		part, err := s.in.ReadSlice('\n')
		if room := maxRow + 1 - len(line); len(part) > room {
			part = part[:room]
		}
		line = append(line, part...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(line) == 0:
			return nil, false, io.EOF
		case err != nil && err != io.EOF:
			return nil, false, fmt.Errorf("read file after line %d: %w", s.line, err)
		}
		s.line++
		return line, len(line) > maxRow, nil
	}
}
