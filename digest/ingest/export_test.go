package ingest

import "time"

// ParseWith makes a poller read feeds by parse.
func (p *Poller) ParseWith(parse func(body []byte, contentType, base string) (*Feed, error)) {
	p.parse = parse
}

// LookEvery sets how long Run waits between two looks for what is due.
func (p *Poller) LookEvery(wait time.Duration) { p.wait = wait }
