package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"broadsheet/digest"
)

// maxRow is how many bytes one article may have in a file.
const maxRow = 1 << 20

// BadRow is a part of a file that did not become an article.
type BadRow struct {
	Line   int // where it begins, from 1
	Reason string
}

// ErrNotReadable is wrapped by errors about files that cannot be read at all,
// such as a CSV file without a header row.
var ErrNotReadable = errors.New("the file cannot be read")

// rows is where the readers of files deliver what they find.
type rows struct {
	each func(line int, in digest.Incoming) error
	bad  func(BadRow)
}

func (r rows) reject(line int, format string, args ...any) {
	r.bad(BadRow{Line: line, Reason: printable(foldSpace(fmt.Sprintf(format, args...)))})
}

// deliver checks a story and hands it on, or reports why not. The error is
// that of each.
func (r rows) deliver(line int, in digest.Incoming, err error) error {
	if err == nil {
		err = Check(&in)
	}
	if err != nil {
		r.reject(line, "%v", err)
		return nil
	}
	return r.each(line, in)
}

// openText skips a byte order mark and refuses UTF-16, as which some
// spreadsheets save.
func openText(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(3)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read file: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return nil, fmt.Errorf("%w: it is UTF-16, save it as UTF-8", ErrNotReadable)
	case bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}):
		if _, err := in.Discard(3); err != nil {
			return nil, fmt.Errorf("read file: %w", err)
		}
	}
	return in, nil
}
