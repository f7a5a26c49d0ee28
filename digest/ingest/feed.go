package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"broadsheet/digest"
)

// MaxItems is how many items of one feed are read.
const MaxItems = 1000

// maxNotes is how many oddities of one feed are kept.
const maxNotes = 100

// Feed is what a feed says, cleaned and checked.
type Feed struct {
	Title    string // plain text, "" if it has none
	Language string // BCP 47, "" if unknown
	Items    []digest.Incoming
	Notes    []string // oddities, one line each, such as an item skipped without title
	Pace     Pace
}

// PageError says that a page came where a feed was expected.
type PageError struct {
	Feed string // the feed that the page names, "" if none
}

// Error says what to do about it.
func (e *PageError) Error() string {
	if e.Feed == "" {
		return "this is an HTML page, not a feed, and it names no feed; look for the address of the site's RSS or Atom feed"
	}
	return "this is an HTML page, not a feed; the feed it names is " + printable(e.Feed)
}

// ErrNotFeed is wrapped by errors about documents that are no feed at all.
var ErrNotFeed = errors.New("not a feed")

// FeedOptions are what is known of a feed besides its bytes. All may be zero.
type FeedOptions struct {
	ContentType string         // the header of the response
	Base        string         // the address that it came from, against which relative links are resolved
	Zone        *time.Location // of dates that name none; nil for UTC, which is noted
	Language    string         // BCP 47, of a feed that names none
	Now         time.Time      // if not zero, dates that are later are noted
}

// ParseFeed is ParseFeedWith, where no more is known than the header
// Content-Type and the address of a feed, either of which may be "".
func ParseFeed(body []byte, contentType string, base string) (*Feed, error) {
	return ParseFeedWith(body, FeedOptions{ContentType: contentType, Base: base})
}

// ParseFeedWith reads RSS, RDF, Atom or JSON Feed. Every item is checked as by
// Check; items that do not pass are left out with a note, and so is whatever
// comes after the first MaxItems. Dates are read by ParseDate; those in the
// future are noted and kept as they are, for what is stored is never dated
// later than its arrival. A web page is a *PageError, anything else that is no
// feed wraps ErrNotFeed.
func ParseFeedWith(body []byte, o FeedOptions) (*Feed, error) {
	p := newFeedParser(o)
	text, note := decodeText(body, o.ContentType)
	if note != "" {
		p.note("%s", note)
	}
	raw, err := p.parse(bytes.TrimSpace(text))
	if err != nil {
		return nil, printableError{err}
	}
	p.read(raw)
	return p.out, nil
}

func newFeedParser(o FeedOptions) *feedParser {
	address, _ := url.Parse(o.Base)
	if address == nil || !address.IsAbs() {
		address = nil
	} else {
		address.User = nil // relative links would inherit a password
	}
	return &feedParser{base: address, out: &Feed{Language: o.Language}, seen: map[string]int{}, zone: o.Zone, now: o.Now}
}

type feedParser struct {
	base    *url.URL // nil if unknown
	out     *Feed
	seen    map[string]int // identity of an item to its number
	notes   int
	authors string // of the whole feed, where its items inherit them

	zone      *time.Location // of dates that name none
	zoneNoted bool           // that it is not known
	now       time.Time      // zero if unknown
	kind      string         // rss, atom or json
	marks     []itemMarks    // of the items, where the XML says so
}

func (p *feedParser) note(format string, args ...any) {
	p.notes++
	switch {
	case p.notes < maxNotes:
		p.out.Notes = append(p.out.Notes, printable(foldSpace(shorten(fmt.Sprintf(format, args...), maxError))))
	case p.notes == maxNotes:
		p.out.Notes = append(p.out.Notes, "more oddities are not listed")
	}
}

func (p *feedParser) parse(text []byte) (*gofeed.Feed, error) {
	if len(text) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrNotFeed)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte(")]}',"))) // which keeps a script from running it
	if len(text) > 0 {
		switch text[0] {
		case '{':
			return p.parseJSONFeed(text)
		case '[':
			return nil, fmt.Errorf("%w: it is a JSON list; a JSON Feed is an object with a list of items", ErrNotFeed)
		}
	}
	return p.parseXML(cleanXML(text))
}

func (p *feedParser) parseJSONFeed(text []byte) (*gofeed.Feed, error) {
	raw, err := readRaw(text)
	if err != nil {
		mended, cut := mendJSON(text)
		again, stillBroken := readRaw(mended)
		if stillBroken != nil {
			return nil, fmt.Errorf("%w: read JSON Feed: %w", ErrNotFeed, err)
		}
		raw = again
		if cut {
			p.note("the JSON is cut off, the items before that are read")
		}
	}
	if !strings.Contains(raw.FeedVersion, "jsonfeed") && len(raw.Items) == 0 {
		return nil, fmt.Errorf("%w: it is JSON, but has no items and no version of JSON Feed", ErrNotFeed)
	}
	return raw, nil
}

func (p *feedParser) parseXML(text []byte) (*gofeed.Feed, error) {
	root, ok := feedRoot(text)
	if !ok {
		return nil, p.notFeed(text, root)
	}
	if before := bytes.TrimSpace(text[:root.start]); isGarbage(before) {
		p.note("what stands before the feed is left out: %q", shorten(string(before[:min(len(before), 400)]), 80))
	}
	text = mendXML(dropBadReferences(text[root.start:]))
	if err := checkShape(text); err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	raw, err := readRaw(text)
	if err == nil {
		p.addMarks(raw, text)
		return raw, nil
	}
	closed, cut := closeXML(text)
	if !cut {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	raw, again := readRaw(closed)
	if again != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	p.note("the XML is cut off, what was there of it is read")
	p.addMarks(raw, closed)
	return raw, nil
}

func (p *feedParser) read(raw *gofeed.Feed) {
	p.out.Title = cutText(plainTitle(raw.Title), MaxTitle)
	p.out.Pace = readPace(raw.Custom)
	p.kind = raw.FeedType
	if raw.Language != "" {
		language, ok := languageTag(raw.Language)
		if ok {
			p.out.Language = language
		} else {
			p.note("the feed's language %q is not a language tag", shorten(raw.Language, 40))
		}
	}
	if p.base == nil {
		if link, err := url.Parse(strings.TrimSpace(raw.Link)); err == nil && link.IsAbs() {
			p.base = link
		}
	}
	if raw.FeedType != "rss" { // in RSS it is the webmaster
		p.authors = joinAuthors(raw.Authors)
	}
	if len(raw.Items) == 0 {
		p.note("the feed has no items")
	}
	items := raw.Items
	if len(items) > MaxItems {
		p.note("the feed has %d items, only the first %d are read", len(items), MaxItems)
		items = items[:MaxItems]
	}
	for i, item := range items {
		p.item(i+1, item)
	}
}
