package ingest

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"broadsheet/digest"
)

// StoryReader reads single stories, wherever they stand.
type StoryReader struct {
	Fetcher  *Fetcher
	Zone     *time.Location // of dates that name none, nil for UTC
	Language string         // BCP 47, of what names none
	Now      func() time.Time
}

// Page fetches a page and reads its story. Private and loopback addresses are
// refused but for those of the given networks.
func (r *StoryReader) Page(ctx context.Context, address string, allowPrivate []netip.Prefix) (digest.Incoming, []Taken, error) {
	response, err := r.Fetcher.Get(ctx, Request{URL: address, AllowPrivate: allowPrivate})
	if err != nil {
		return digest.Incoming{}, nil, err
	}
	in, taken, err := ReadPage(response.Body, response.ContentType, response.URL, PageOptions{Zone: r.Zone, Language: r.Language})
	if err != nil {
		return in, taken, fmt.Errorf("%s: %w", printable(response.URL), err)
	}
	if in.URL == "" && in.GUID == "" {
		in.URL, err = CanonicalURL(response.URL)
	}
	return in, taken, err
}

// HTML reads the story of a page that was saved; address is where it stands, ""
// if that is not known.
func (r *StoryReader) HTML(page []byte, address string) (digest.Incoming, []Taken, error) {
	return ReadPage(page, "", address, PageOptions{Zone: r.Zone, Language: r.Language})
}

// Text reads a story from plain text; address is where it stands, "" if it
// stands nowhere.
func (r *StoryReader) Text(text []byte, address string) (digest.Incoming, []Taken, error) {
	return ReadText(text, TextOptions{URL: address, Zone: r.Zone, Now: r.Now(), Language: r.Language})
}

// StoryFormat is how a file of one story is written.
type StoryFormat string

// The formats of files with one story or many.
const (
	FormatJSON StoryFormat = "json" // an array, or an article a line
	FormatCSV  StoryFormat = "csv"
	FormatHTML StoryFormat = "html" // a page with one story
	FormatText StoryFormat = "text" // the copy of a page, or wire copy
)

// GuessFormat tells the format of a file by its name or, if that says nothing, by
// how it begins.
func GuessFormat(name string, head []byte) StoryFormat {
	switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
	case "csv":
		return FormatCSV
	case "json", "jsonl", "ndjson":
		return FormatJSON
	case "html", "htm", "xhtml":
		return FormatHTML
	case "txt", "text":
		return FormatText
	}
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte{0xef, 0xbb, 0xbf}))
	switch {
	case len(head) == 0, head[0] == '[', head[0] == '{':
		return FormatJSON
	case isPage(head), head[0] == '<':
		return FormatHTML
	case isHeader(head):
		return FormatCSV
	}
	return FormatText
}

// isHeader reports whether a file begins with names of columns.
func isHeader(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	names := strings.Split(strings.ToLower(string(line)), ",")
	if len(names) < 2 {
		return false
	}
	for _, name := range names {
		if name = strings.Trim(strings.TrimSpace(name), `"`); !isField(name) && otherNames[name] == "" {
			return false
		}
	}
	return true
}
