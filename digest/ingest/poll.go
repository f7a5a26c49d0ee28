package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"broadsheet/digest"
)

// Poller fetches the configured sources on their schedules and stores what
// they bring.
type Poller struct {
	store   *digest.Store
	setup   *digest.Setup
	tagger  *digest.Tagger
	fetcher *Fetcher
	log     *slog.Logger
	now     func() time.Time
	wait    time.Duration // between two looks for what is due
	parse   func(body []byte, contentType, base string) (*Feed, error)

	slots    chan struct{} // one for each fetch under way
	mu       sync.Mutex
	fetching map[int64]bool // ids of the sources that Run or FetchDue is at
}

// sideBySide is how many sources are fetched at once.
const sideBySide = 4

// NewPoller returns a poller of the sources of setup, whose ids must have been
// loaded.
func NewPoller(store *digest.Store, setup *digest.Setup, tagger *digest.Tagger, fetcher *Fetcher, log *slog.Logger, now func() time.Time) *Poller {
	return &Poller{
		store: store, setup: setup, tagger: tagger, fetcher: fetcher, log: log, now: now, wait: pollEvery, parse: ParseFeed,
		slots: make(chan struct{}, sideBySide), fetching: map[int64]bool{},
	}
}

// Fetched is what one fetch of a source came to.
type Fetched struct {
	Source      string
	NotModified bool
	Stories     int      // in the document
	Notes       []string // oddities
	Result      digest.PutResult
}

// pollEvery is how often Run looks for sources that are due.
const pollEvery = 5 * time.Second

// Run fetches what is due until ctx ends, and then waits for the fetches under
// way, which end soon. Four sources are fetched side by side and none twice at
// a time; one that fails or takes long never keeps the others from being
// fetched.
func (p *Poller) Run(ctx context.Context) error {
	var fetches sync.WaitGroup
	defer fetches.Wait()
	ticker := time.NewTicker(p.wait)
	defer ticker.Stop()
	for {
		p.startDue(ctx, &fetches)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// FetchDue fetches each source that is due once, and returns when that is
// done. Errors are logged and stand in the source's state.
func (p *Poller) FetchDue(ctx context.Context) {
	var fetches sync.WaitGroup
	p.startDue(ctx, &fetches)
	fetches.Wait()
}

// startDue begins to fetch what is due as slots come free, but for the sources
// that are still being fetched.
func (p *Poller) startDue(ctx context.Context, fetches *sync.WaitGroup) {
	for i := range p.setup.Sources {
		src := &p.setup.Sources[i]
		if !p.begin(src) {
			continue
		}
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			p.end(src)
			return
		}
		fetches.Go(func() {
			p.fetchDue(ctx, src)
			p.end(src)
			<-p.slots
		})
	}
}

// begin reports whether the source is free to be fetched, and marks it.
func (p *Poller) begin(src *digest.Source) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fetching[src.ID] {
		return false
	}
	p.fetching[src.ID] = true
	return true
}

func (p *Poller) end(src *digest.Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.fetching, src.ID)
}

func (p *Poller) fetchDue(ctx context.Context, src *digest.Source) {
	got, err := p.fetch(ctx, src, false)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.log.WarnContext(ctx, "source not fetched", "source", src.Slug, "error", err)
	case got != nil && got.Result.New+got.Result.Updated > 0:
		p.log.InfoContext(ctx, "source fetched", "source", src.Slug, "new", got.Result.New, "updated", got.Result.Updated, "untagged", got.Result.Untagged)
	}
}

// Fetch fetches a source now, whether or not it is due.
func (p *Poller) Fetch(ctx context.Context, src *digest.Source) (*Fetched, error) {
	got, err := p.fetch(ctx, src, true)
	if err == nil && got == nil {
		return nil, fmt.Errorf("source %s has been retired: start broadsheet serve or run broadsheet migrate to take the configuration over", src.Slug)
	}
	return got, err
}

// fetch returns nil if the source was not due or another process has it.
func (p *Poller) fetch(ctx context.Context, src *digest.Source, force bool) (*Fetched, error) {
	now := p.now()
	state, claimed, err := p.store.ClaimSource(ctx, src.ID, now, now.Add(src.Every), force)
	if err != nil || !claimed {
		return nil, err
	}
	got, validators, err := p.read(ctx, src, state)
	if err == nil && !got.NotModified {
		put := p.store.Put
		if state.OKAt.IsZero() {
			put = p.store.PutFirst
		}
		got.Result, err = put(ctx, p.tagger, src, got.stories)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // the claim passes with its interval
	}
	state.FetchedAt = now
	state.NextFetchAt = now.Add(src.Every)
	if err != nil {
		state.Failures++
		state.LastError = err.Error()
		state.NextFetchAt = now.Add(backOff(src.Every, state.Failures, err))
	} else {
		state.Failures, state.LastError, state.OKAt = 0, "", now
		state.ETag, state.LastModified = storable(validators.ETag), storable(validators.LastModified)
		if validators.RetryAfter > src.Every {
			state.NextFetchAt = now.Add(validators.RetryAfter)
		}
	}
	if recordErr := p.store.RecordFetch(ctx, state); recordErr != nil {
		return nil, errors.Join(err, recordErr)
	}
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", src.Slug, err)
	}
	return &got.Fetched, nil
}

type reading struct {
	Fetched
	stories []digest.Incoming
}

func (p *Poller) read(ctx context.Context, src *digest.Source, state digest.SourceState) (*reading, *Response, error) {
	response, err := p.fetcher.Get(ctx, Request{
		URL: src.URL, ETag: state.ETag, LastModified: state.LastModified, AllowPrivate: src.AllowPrivate,
	})
	if err != nil {
		return nil, nil, err
	}
	got := &reading{Fetched: Fetched{Source: src.Slug, NotModified: response.NotModified}}
	if response.NotModified {
		return got, response, nil
	}
	feed, err := p.parseWithin(ctx, response)
	if err != nil {
		return nil, nil, err
	}
	got.stories, got.Stories, got.Notes = feed.Items, len(feed.Items), feed.Notes
	return got, response, nil
}

// parseWithin parses a feed, but returns when ctx ends. Parsing cannot be
// interrupted: what is under way then is left behind, and ends with the
// process, as ctx does. Until then it is waited for, so that no more of them
// run than there are slots.
func (p *Poller) parseWithin(ctx context.Context, response *Response) (*Feed, error) {
	var feed *Feed
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed, err = p.parse(response.Body, response.ContentType, response.URL)
	}()
	select {
	case <-done:
		return feed, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// storable returns a validator, or "" for one whose bytes are no text: a
// database does not take it, and without it the feed is merely fetched whole.
func storable(validator string) string {
	if !utf8.ValidString(validator) || strings.ContainsRune(validator, 0) {
		return ""
	}
	return validator
}

// mostBackOff is the longest pause between two tries of a failing source.
const mostBackOff = 6 * time.Hour

// backOff doubles the interval with each failure in a row, up to six hours or
// the source's own interval if that is longer, and obeys Retry-After.
func backOff(every time.Duration, failures int, err error) time.Duration {
	wait := every
	for range min(failures-1, 20) {
		wait = min(2*wait, max(every, mostBackOff))
	}
	var status *StatusError
	if errors.As(err, &status) {
		wait = max(wait, status.RetryAfter)
	}
	return wait
}

// Preview fetches a source and returns what it holds, storing nothing.
func (p *Poller) Preview(ctx context.Context, src *digest.Source) (*Fetched, []digest.Incoming, error) {
	got, _, err := p.read(ctx, src, digest.SourceState{})
	if err != nil {
		return nil, nil, fmt.Errorf("source %s: %w", src.Slug, err)
	}
	return &got.Fetched, got.stories, nil
}
