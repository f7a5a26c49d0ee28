package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"broadsheet/digest"
)

// reading is what one fetch of a source brought.
type reading struct {
	Fetched
	stories  []digest.Incoming
	response *Response
	pace     Pace
	more     bool     // stories are left that were never asked for
	soon     bool     // the next fetch should come soon
	again    bool     // the document has to be read again, changed or not
	renamed  []string // URLs of stories that say that they have another one
}

func (p *Poller) fetchDue(ctx context.Context, src *digest.Source) {
	got, err := p.fetch(ctx, src, false)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.log.WarnContext(ctx, "source not fetched", "source", src.Slug, "error", err)
	case got == nil:
	case got.Held != "":
		p.log.WarnContext(ctx, "source held", "source", src.Slug, "reason", got.Held)
	case got.Result.New+got.Result.Updated > 0:
		p.log.InfoContext(ctx, "source fetched", "source", src.Slug, "new", got.Result.New, "updated", got.Result.Updated,
			"untagged", got.Result.Untagged, "folded", got.Result.Folded, "missed", got.Missed)
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
	got, err := p.read(ctx, src, &state)
	if err == nil && !got.NotModified {
		if err = p.take(ctx, src, &state, got); err == nil && got.Held == "" {
			p.settle(got.renamed...)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // the claim passes with its interval
	}
	state.FetchedAt = now
	if state.StoryAt.IsZero() {
		state.StoryAt = now // silence counts from the first fetch
	}
	if err != nil {
		p.failed(src, &state, err)
	} else {
		p.succeeded(src, &state, got)
	}
	if recordErr := p.store.RecordFetch(ctx, state); recordErr != nil {
		return nil, errors.Join(err, recordErr)
	}
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", src.Slug, err)
	}
	return &got.Fetched, nil
}

// adoptAfter is how many permanent redirects in a row make a source be fetched
// from where they lead: one may be a mistake of the site.
const adoptAfter = 3

func (p *Poller) succeeded(src *digest.Source, state *digest.SourceState, got *reading) {
	r := got.response
	state.Failures, state.LastError, state.GoneAt = 0, "", time.Time{}
	if !got.more || !state.OKAt.IsZero() { // the first fetch ends when all is read
		state.OKAt = state.FetchedAt
	}
	state.ETag, state.LastModified = storable(r.ETag), storable(r.LastModified)
	pace := p.paceOf(src, got)
	state.NextFetchAt = pace.next(state.FetchedAt, src.Every, r)
	if got.soon {
		state.NextFetchAt = state.FetchedAt.Add(min(src.Every, soon))
	}
	if got.again || got.Held != "" {
		state.ETag, state.LastModified = "", ""
	}
	switch moved := storable(r.MovedTo); {
	case moved == "":
		state.MovedTo, state.MovedTimes = "", 0
	case moved == state.MovedTo:
		state.MovedTimes++
	default:
		state.MovedTo, state.MovedTimes = moved, 1
	}
	if state.MovedTimes >= adoptAfter {
		state.AdoptedURL, state.MovedTo, state.MovedTimes = state.MovedTo, "", 0
	}
}

// paceOf is how often a source asks to be fetched; one that did not change asks
// what it asked before.
func (p *Poller) paceOf(src *digest.Source, got *reading) Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !got.NotModified {
		p.paces[src.ID] = got.pace
	}
	return p.paces[src.ID]
}

// soon is when a source is fetched again of which not all could be read.
const soon = time.Minute

func (p *Poller) failed(src *digest.Source, state *digest.SourceState, err error) {
	state.Failures++
	state.LastError = err.Error()
	wait := backOff(src.Every, state.Failures, err)
	state.NextFetchAt = state.FetchedAt.Add(wait + p.jitter(wait/5+1))
	var status *StatusError
	if errors.As(err, &status) && status.IsGone() {
		state.GoneAt = state.FetchedAt
	}
	if state.AdoptedURL != "" && (state.Failures >= adoptAfter || !state.GoneAt.IsZero()) { // it may have moved back
		state.AdoptedURL, state.ETag, state.LastModified, state.GoneAt = "", "", "", time.Time{}
	}
}

// read fetches a source and reads what it brings.
func (p *Poller) read(ctx context.Context, src *digest.Source, state *digest.SourceState) (*reading, error) {
	address := src.URL
	if state.AdoptedURL != "" {
		address = state.AdoptedURL
	}
	response, err := p.fetcher.Get(ctx, Request{
		URL: address, ETag: state.ETag, LastModified: state.LastModified, AllowPrivate: src.AllowPrivate,
	})
	if err != nil {
		return nil, err
	}
	got := &reading{Fetched: Fetched{Source: src.Slug, NotModified: response.NotModified}, response: response}
	if response.NotModified {
		return got, nil
	}
	as := *src
	as.Kind = kindOf(src, response)
	got.Kind = as.Kind
	leads, err := p.readMore(ctx, &as, got)
	if err == nil && !leads {
		err = p.parseWithin(ctx, &as, got)
	}
	if err != nil {
		return nil, err
	}
	if src.IgnoreIDs {
		for i := range got.stories {
			if got.stories[i].URL != "" {
				got.stories[i].GUID = ""
			}
		}
	}
	resizePictures(src, got)
	got.Stories = len(got.stories)
	return got, nil
}

func (p *Poller) parseWithin(ctx context.Context, src *digest.Source, got *reading) error {
	var feed *Feed
	var err error
	if ended := within(ctx, func() { feed, err = p.parse(src, got.response) }); ended != nil {
		return ended
	}
	if err != nil {
		return err
	}
	got.stories, got.Notes, got.pace = feed.Items, feed.Notes, feed.Pace
	return nil
}

// parseSource reads the document of a source of a kind.
func (p *Poller) parseSource(src *digest.Source, r *Response) (*Feed, error) {
	o := FeedOptions{ContentType: r.ContentType, Base: r.URL, Zone: src.Zone, Language: src.Language, Now: p.now()}
	if src.Kind == "sitemap" {
		return ParseSitemap(r.Body, o)
	}
	return ParseFeedWith(r.Body, o)
}

// kindOf is the kind of a source, found out where none is given.
func kindOf(src *digest.Source, r *Response) string {
	if src.Kind != "" {
		return src.Kind
	}
	text, _ := decodeText(r.Body, r.ContentType)
	root, _ := rootTag(bytes.TrimSpace(text))
	switch strings.ToLower(string(root.name)) {
	case "urlset", "sitemapindex":
		return "sitemap"
	case "html":
		return "page"
	}
	if bytes.HasPrefix(r.Body, []byte{0x1f, 0x8b}) { // as only sitemaps are
		return "sitemap"
	}
	return "feed"
}

// storable returns a text, or "" for one whose bytes are no text: a database
// does not take it, and without it the document is merely fetched whole.
func storable(text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	return text
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
	got, err := p.read(ctx, src, &digest.SourceState{})
	if err != nil {
		return nil, nil, fmt.Errorf("source %s: %w", src.Slug, err)
	}
	return &got.Fetched, got.stories, nil
}

// pictureWidth is how wide the site is asked to make pictures, in pixels: twice the
// width of a mail.
const pictureWidth = 1200

// resizePictures has pictures from the resizer of the source's site, if it has one.
func resizePictures(src *digest.Source, got *reading) {
	if src.PictureURL == "" {
		return
	}
	for i := range got.stories {
		in := &got.stories[i]
		if in.ImageURL == "" {
			continue
		}
		resized, err := ResizeURL(src.PictureURL, in.ImageURL, pictureWidth)
		if err != nil {
			got.note("%s: %v", itemName(*in), err)
			continue
		}
		if resized != in.ImageURL && in.ImageWidth > pictureWidth {
			in.ImageWidth, in.ImageHeight = pictureWidth, in.ImageHeight*pictureWidth/in.ImageWidth
		}
		in.ImageURL = resized
	}
}
