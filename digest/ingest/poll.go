package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

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
}

// NewPoller returns a poller of the sources of setup, whose ids must have been
// loaded.
func NewPoller(store *digest.Store, setup *digest.Setup, tagger *digest.Tagger, fetcher *Fetcher, log *slog.Logger, now func() time.Time) *Poller {
	return &Poller{store: store, setup: setup, tagger: tagger, fetcher: fetcher, log: log, now: now}
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

// Run fetches what is due until ctx ends. Sources are fetched one after the
// other; a failing one never keeps the others from being fetched.
func (p *Poller) Run(ctx context.Context) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		p.FetchDue(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// FetchDue fetches each source that is due once. Errors are logged and stand
// in the source's state.
func (p *Poller) FetchDue(ctx context.Context) {
	for i := range p.setup.Sources {
		if ctx.Err() != nil {
			return
		}
		src := &p.setup.Sources[i]
		got, err := p.fetch(ctx, src, false)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.log.WarnContext(ctx, "source not fetched", "source", src.Slug, "error", err)
		case got != nil && got.Result.New+got.Result.Updated > 0:
			p.log.InfoContext(ctx, "source fetched", "source", src.Slug, "new", got.Result.New, "updated", got.Result.Updated, "untagged", got.Result.Untagged)
		}
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
		got.Result, err = p.store.Put(ctx, p.tagger, src, got.stories)
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
		state.ETag, state.LastModified = validators.ETag, validators.LastModified
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
	feed, err := ParseFeed(response.Body, response.ContentType, response.URL)
	if err != nil {
		return nil, nil, err
	}
	got.stories, got.Stories, got.Notes = feed.Items, len(feed.Items), feed.Notes
	return got, response, nil
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
