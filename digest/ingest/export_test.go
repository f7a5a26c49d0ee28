package ingest

import (
	"time"

	"broadsheet/digest"
)

// ParseWith makes a poller read feeds by parse.
func (p *Poller) ParseWith(parse func(body []byte, contentType, base string) (*Feed, error)) {
	p.parse = func(_ *digest.Source, r *Response) (*Feed, error) { return parse(r.Body, r.ContentType, r.URL) }
}

// Steady makes a poller leave nothing to chance and wait for nothing.
func (p *Poller) Steady() {
	p.jitter, p.between = func(time.Duration) time.Duration { return 0 }, 0
}

// LookEvery sets how long Run waits between two looks for what is due.
func (p *Poller) LookEvery(wait time.Duration) { p.wait = wait }

// Words of addresses of stories.
var (
	HasID     = hasID
	SlugWords = slugWords
)
