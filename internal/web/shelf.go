package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"sync"
	"time"
)

// freshFor is how long a page that is the same for everybody is kept: as long it
// may show what was withdrawn meanwhile.
const freshFor = time.Minute

const (
	mostDrawn   = 2        // pages at once: the readers' own pages come first
	mostShelved = 500      // pages
	shelfSize   = 32 << 20 // octets of all pages
)

// shelf keeps pages that are the same for everybody, so that a crowd costs no
// more than one visitor.
type shelf struct {
	now func() time.Time

	drawing chan struct{} // holds a token for each page that is being drawn

	mu    sync.Mutex
	pages map[string]shelved
	size  int
}

// shelved is a page as it is sent.
type shelved struct {
	kind string // Content-Type
	body []byte
	tag  string // ETag
	at   time.Time
}

func newShelf(now func() time.Time) *shelf {
	return &shelf{now: now, drawing: make(chan struct{}, mostDrawn), pages: map[string]shelved{}}
}

// get returns a page that is on the shelf, or draws it when it is its turn.
// Errors are not kept.
func (s *shelf) get(ctx context.Context, key, kind string, draw func(w io.Writer) error) (shelved, error) {
	if page, ok := s.find(key); ok {
		return page, nil
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return shelved{}, ctx.Err()
	}
	if page, ok := s.find(key); ok { // who was before us wanted the same
		return page, nil
	}
	now := s.now() // what changes from here on is not on the page
	var b bytes.Buffer
	if err := draw(&b); err != nil {
		return shelved{}, err
	}
	sum := sha256.Sum256(b.Bytes())
	page := shelved{kind: kind, body: b.Bytes(), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, at: now}
	s.put(key, page)
	return page, nil
}

func (s *shelf) find(key string) (shelved, bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	page, ok := s.pages[key]
	return page, ok && now.Sub(page.at).Abs() < freshFor
}

func (s *shelf) put(key string, page shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(key)
	for other, p := range s.pages {
		if page.at.Sub(p.at).Abs() >= freshFor {
			s.drop(other)
		}
	}
	for other := range s.pages { // whichever comes first
		if len(s.pages) < mostShelved && s.size+len(page.body) <= shelfSize {
			break
		}
		s.drop(other)
	}
	s.pages[key] = page
	s.size += len(page.body)
}

func (s *shelf) drop(key string) {
	s.size -= len(s.pages[key].body)
	delete(s.pages, key)
}

// serve sends a page that browsers and caches may keep for as long as we do.
func (p shelved) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.kind)
	h.Set("ETag", p.tag)
	h.Set("Cache-Control", "public, max-age=60")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
}
