package subscribers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits that keep one broken row from costing more than itself.
const (
	maxRecord  = 64 << 10 // octets
	maxQuoting = 16       // lines over which a quoted value is followed
)

// csvReader reads rows of comma-separated values (RFC 4180) from files that may
// be broken in places: every error of next is about one row, and reading goes
// on behind it. encoding/csv gives up on the rest of a file at a lone quote.
// Values may not have line breaks in them: a quoted value that runs over lines
// makes its row bad, and takes the lines it covers with it only where they
// form one well-made row, so that nobody's name can pass for rows of its own.
type csvReader struct {
	r      *bufio.Reader
	line   int64    // the last one read
	ahead  []rawRow // lines read but not used
	fields int      // how many a row has, 0 for any
	out    []string
	// acrossLines accepts quoted values that run over lines, such as the notes
	// of other tools, where they form one well-made row.
	acrossLines bool
}

// rawRow is a line of a file.
type rawRow struct {
	number  int64
	text    string
	tooLong bool
}

// rowError says what is wrong with a row.
type rowError struct {
	line   int64
	reason error
	text   string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.reason) }

var (
	errTooLong   = fmt.Errorf("the row is longer than %d octets", maxRecord)
	errNUL       = errors.New("the row contains a NUL octet")
	errNotUTF8   = errors.New("the row is not valid UTF-8, save the file as UTF-8")
	errLoneQuote = errors.New("a quote is not closed")
	errBadQuote  = errors.New("a quote stands in the middle of a value")
)

func newCSVReader(r io.Reader) *csvReader {
	return &csvReader{r: bufio.NewReaderSize(r, maxRecord)}
}

// next returns the next row and the line it begins at, skipping empty lines.
// The fields are valid until the next call. The error is io.EOF at the end, a
// *rowError for a bad row, and otherwise that of the reader.
func (c *csvReader) next() (fields []string, line int64, err error) {
	for {
		row, err := c.take()
		if err != nil {
			return nil, c.line, err
		}
		if row.text == "" && !row.tooLong {
			continue
		}
		fields, err := c.parse(row)
		if err == nil && c.fields > 0 && len(fields) != c.fields {
			err = fmt.Errorf("the row has another number of values than the first: %d, want %d", len(fields), c.fields)
		}
		if err != nil {
			var failed *readError
			if errors.As(err, &failed) {
				return nil, row.number, failed.err
			}
			return nil, row.number, &rowError{row.number, err, row.text}
		}
		return fields, row.number, nil
	}
}

// readError is one of the underlying reader, met while looking ahead.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

func (c *csvReader) parse(row rawRow) ([]string, error) {
	switch {
	case row.tooLong:
		return nil, errTooLong
	case strings.IndexByte(row.text, 0) >= 0:
		return nil, errNUL
	case !utf8.ValidString(row.text):
		return nil, errNotUTF8
	}
	var err error
	c.out, err = splitRow(c.out[:0], row.text)
	if errors.Is(err, errLoneQuote) {
		return c.follow(row)
	}
	return c.out, err
}

// follow reads a row in which a quote is open at the line's end, or says what is
// wrong with it. Where the lines after it close the quote and make one row of
// it all, they are part of it.
func (c *csvReader) follow(row rawRow) ([]string, error) {
	text := row.text
	for n := range maxQuoting - 1 {
		if n == len(c.ahead) {
			more, err := c.read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, &readError{err}
			}
			c.ahead = append(c.ahead, more)
		}
		if c.ahead[n].tooLong {
			break
		}
		if text += "\n" + c.ahead[n].text; len(text) > maxRecord {
			break
		}
		fields, err := splitRow(nil, text)
		if errors.Is(err, errLoneQuote) {
			continue
		}
		if err != nil || len(fields) != c.fields {
			break
		}
		last := c.ahead[n].number
		c.ahead = c.ahead[n+1:]
		if c.acrossLines && utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
			return fields, nil
		}
		return nil, fmt.Errorf("a quoted value runs on to line %d: is a quote missing or one too many?", last)
	}
	return nil, errLoneQuote
}

// splitRow appends the values of a row to dst.
func splitRow(dst []string, s string) ([]string, error) {
	for {
		var value string
		if strings.HasPrefix(s, `"`) {
			end := closingQuote(s)
			if end < 0 {
				return dst, errLoneQuote
			}
			value, s = strings.ReplaceAll(s[1:end], `""`, `"`), s[end+1:]
			if s != "" && s[0] != ',' {
				return dst, errBadQuote
			}
		} else {
			end := strings.IndexByte(s, ',')
			if end < 0 {
				end = len(s)
			}
			value, s = s[:end], s[end:]
			if strings.IndexByte(value, '"') >= 0 {
				return dst, errBadQuote
			}
		}
		dst = append(dst, value)
		if s == "" {
			return dst, nil
		}
		s = s[1:]
	}
}

// closingQuote returns where the quote closes that s begins with, -1 if it
// does not.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 == len(s) || s[i+1] != '"' {
			return i
		}
		i++
	}
	return -1
}

// take returns the next line, one that was looked at before if there is one.
func (c *csvReader) take() (rawRow, error) {
	if len(c.ahead) > 0 {
		row := c.ahead[0]
		c.ahead = c.ahead[1:]
		return row, nil
	}
	return c.read()
}

// read reads a line without its end. Of one that is too long it keeps the
// beginning and skips the rest.
func (c *csvReader) read() (rawRow, error) {
	raw, err := c.r.ReadSlice('\n')
	if err == io.EOF && len(raw) == 0 {
		return rawRow{}, io.EOF
	}
	c.line++
	row := rawRow{number: c.line}
	if c.line == 1 {
		raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	}
	if err == bufio.ErrBufferFull {
		row.tooLong, row.text = true, string(raw[:maxShort])
		for err == bufio.ErrBufferFull {
			_, err = c.r.ReadSlice('\n')
		}
	} else {
		row.text = string(bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r")))
	}
	if err != nil && err != io.EOF {
		return rawRow{}, err
	}
	return row, nil
}
