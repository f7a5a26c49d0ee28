package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/digest"
)

// Limits of what one fetch of a page or a sitemap asks for besides it.
const (
	mostPages    = 20     // stories that are read with each fetch
	mostFeeds    = 3      // feeds of a page that are tried
	mostSitemaps = 3      // of an index
	mostSettled  = 10_000 // addresses that are remembered
)

// readMore reads a source whose document only leads to its stories: the feed that
// a page names, or else the stories that it links to; the sitemaps of an index.
// It reports whether the document is one.
func (p *Poller) readMore(ctx context.Context, src *digest.Source, got *reading) (leads bool, err error) {
	r := got.response
	switch src.Kind {
	case "page":
		var feeds, articles []string
		if err := within(ctx, func() { feeds, articles = PageLinks(r.Body, r.ContentType, r.URL) }); err != nil {
			return true, err
		}
		if p.readNamedFeed(ctx, src, got, feeds) || ctx.Err() != nil {
			return true, ctx.Err()
		}
		if len(articles) == 0 {
			return true, fmt.Errorf("%w: the page names no feed that can be read and links to no stories", ErrNotFeed)
		}
		return true, p.crawl(ctx, src, got, articles)
	case "sitemap":
		index, err := readSitemap(r.Body, r.ContentType)
		if err != nil || len(index.others) == 0 || len(index.urls) > 0 {
			return false, nil // its stories, or what is wrong with it
		}
		return true, p.readSitemaps(ctx, src, got, index.others)
	}
	return false, nil
}

// readNamedFeed reads the first feed of a page that has stories.
func (p *Poller) readNamedFeed(ctx context.Context, src *digest.Source, got *reading, feeds []string) bool {
	for _, address := range feeds[:min(len(feeds), mostFeeds)] {
		response, err := p.fetcher.Get(ctx, Request{URL: address, AllowPrivate: src.AllowPrivate})
		var feed *Feed
		if err == nil {
			if parseErr := within(ctx, func() {
				feed, err = p.parseSource(as(src, "feed"), response)
			}); parseErr != nil {
				return false
			}
		}
		if err != nil || len(feed.Items) == 0 {
			got.again = true // the feed may be back though the page is the same
			got.note("the feed %s that the page names cannot be used: %v", address, cmp.Or(err, errNoItems))
			continue
		}
		got.note("the page names the feed %s, which is read instead: give the source that as its url", address)
		got.stories, got.pace, got.again = feed.Items, feed.Pace, true
		got.Notes = append(got.Notes, feed.Notes...)
		return true
	}
	return false
}

// as is a source taken for one of another kind.
func as(src *digest.Source, kind string) *digest.Source {
	other := *src
	other.Kind = kind
	return &other
}

var errNoItems = errors.New("it has no stories")

// crawl reads the pages of stories that are not known yet, one after the other,
// and leaves the rest for the next fetch.
func (p *Poller) crawl(ctx context.Context, src *digest.Source, got *reading, addresses []string) error {
	unknown, untried, err := p.unknown(ctx, addresses)
	if err != nil {
		return err
	}
	read, trouble := 0, false
	for _, address := range unknown[:min(len(unknown), mostPages)] {
		if read > 0 && !p.sleep(ctx, p.between) {
			return ctx.Err()
		}
		read++
		in, lasting, err := p.page(ctx, src, address)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			got.stories = append(got.stories, in)
			if in.URL != address {
				got.renamed = append(got.renamed, address)
			}
			continue
		case lasting:
			p.settle(address)
		default:
			trouble = true
			p.tried(address)
		}
		got.note("%s: skipped, %v", address, err)
		if got.asksToWait(err) {
			break
		}
	}
	got.more = untried > read
	got.soon, got.again = got.more && !trouble, got.again || got.more || trouble
	if left := len(unknown) - read; left > 0 {
		got.note("%d more stories are left for the next fetch", left)
	}
	return nil
}

// unknown are the addresses that no article has and that were no stories before,
// and how many of them were never asked for, which come first.
func (p *Poller) unknown(ctx context.Context, addresses []string) (unknown []string, untried int, err error) {
	known := map[string]bool{}
	if p.store != nil { // a preview without a database knows none
		if known, err = p.store.KnownURLs(ctx, addresses); err != nil {
			return nil, 0, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range addresses {
		if !known[address] && !p.settled[address] {
			unknown = append(unknown, address)
			untried += 1 - min(p.tries[address], 1)
		}
	}
	slices.SortStableFunc(unknown, func(a, b string) int { return cmp.Compare(p.tries[a], p.tries[b]) })
	return unknown, untried, nil
}

// page fetches and reads one story. An error is lasting if asking again is of no
// use; trouble with the site may pass.
func (p *Poller) page(ctx context.Context, src *digest.Source, address string) (in digest.Incoming, lasting bool, err error) {
	response, err := p.fetcher.Get(ctx, Request{URL: address, AllowPrivate: src.AllowPrivate})
	if err != nil {
		var status *StatusError
		lasting = errors.As(err, &status) && (status.Code == 404 || status.Code == 410)
		return in, lasting || errors.Is(err, ErrPrivateAddress) || errors.Is(err, ErrTooLarge), err
	}
	if parseErr := within(ctx, func() {
		in, _, err = ReadPage(response.Body, response.ContentType, response.URL, PageOptions{Zone: src.Zone, Language: src.Language})
	}); parseErr != nil {
		return in, false, parseErr
	}
	if err == nil && in.URL == "" {
		in.URL = address
	}
	return in, true, err
}

// asksToWait reports whether a site says that it is asked too much, and has the
// next fetch wait for as long as it wants.
func (r *reading) asksToWait(err error) bool {
	var status *StatusError
	if !errors.As(err, &status) {
		return false
	}
	r.response.RetryAfter = max(r.response.RetryAfter, status.RetryAfter)
	return status.RetryAfter > 0 || status.Code == 429
}

// settle remembers addresses that need not be read, so that they are not asked
// for with each fetch.
func (p *Poller) settle(addresses ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range addresses {
		if len(p.settled) >= mostSettled {
			clear(p.settled)
		}
		p.settled[address] = true
	}
}

// tried remembers an address that could not be read: others come before it.
func (p *Poller) tried(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tries) >= mostSettled {
		clear(p.tries)
	}
	p.tries[address]++
}

// readSitemaps reads the sitemaps of an index that promise news: by their name,
// or else those that changed last.
func (p *Poller) readSitemaps(ctx context.Context, src *digest.Source, got *reading, others []sitemapURL) error {
	for i := range others {
		others[i].date(src.Zone)
	}
	slices.SortStableFunc(others, func(a, b sitemapURL) int {
		return cmp.Or(cmp.Compare(newsFirst(a.Loc), newsFirst(b.Loc)), b.at.Compare(a.at))
	})
	read := 0
	for _, other := range others[:min(len(others), mostSitemaps)] {
		address := strings.TrimSpace(other.Loc)
		response, err := p.fetcher.Get(ctx, Request{URL: address, AllowPrivate: src.AllowPrivate})
		var feed *Feed
		if err == nil {
			if parseErr := within(ctx, func() { feed, err = p.parseSource(as(src, "sitemap"), response) }); parseErr != nil {
				return parseErr
			}
		}
		if err != nil {
			got.note("%v", err)
			continue
		}
		read++
		got.stories, got.Notes = append(got.stories, feed.Items...), append(got.Notes, feed.Notes...)
	}
	if read == 0 {
		return fmt.Errorf("%w: none of the sitemaps of its index can be read", ErrNotFeed)
	}
	got.again = true
	got.note("it is an index of %d sitemaps, %d of which were read: better give the source that of the news", len(others), read)
	return nil
}

func (r *reading) note(format string, args ...any) {
	if len(r.Notes) < maxNotes {
		r.Notes = append(r.Notes, printable(foldSpace(shorten(fmt.Sprintf(format, args...), maxError))))
	}
}

// within does what cannot be interrupted, but returns when ctx ends, with its
// error: what is under way then is left behind, and ends with the process, as ctx
// does. Until then it is waited for, so that no more of them run than there are
// slots.
func within(ctx context.Context, do func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sleep waits, unless ctx ends before.
func (p *Poller) sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
