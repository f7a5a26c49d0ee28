package ingest

import (
	"context"
	"fmt"
	"math"
	"time"

	"broadsheet/digest"
)

// take stores what a fetch brought, unless it looks like old stories under new
// ids, and notes what the feed may have dropped in the meantime.
func (p *Poller) take(ctx context.Context, src *digest.Source, state *digest.SourceState, got *reading) (err error) {
	first, accepted := state.OKAt.IsZero(), !state.AcceptedAt.IsZero()
	var seen digest.Seen
	if !first {
		if seen, err = p.store.Seen(ctx, src.ID, got.stories); err != nil {
			return err
		}
		if got.Held = churn(src, seen, len(got.stories)); got.Held != "" && !accepted {
			if state.HeldAt.IsZero() {
				state.HeldAt = p.now()
			}
			state.HeldReason = got.Held
			return nil
		}
	}
	got.Held = ""
	if n := gap(seen, got.stories); !first && !accepted && !state.StoryAt.IsZero() && n > 0 && src.Kind == "feed" {
		got.Missed = n
		got.Notes = append(got.Notes, fmt.Sprintf("none of its stories is known: about %d may have come and gone since the last fetch; fetch it more often, or add the site's news sitemap as a source%s",
			n, p.offer(ctx, src)))
	}
	put := p.store.Put
	if first || accepted {
		put = p.store.PutFirst
	}
	if got.Result, err = put(ctx, p.tagger, src, got.stories); err != nil {
		return err // what was held stays so, and what was accepted
	}
	state.HeldAt, state.HeldReason, state.LetIn = time.Time{}, "", accepted
	if got.Missed > 0 {
		noteMissed(state, int64(got.Missed), p.now())
	}
	if got.Result.New > 0 {
		state.StoryAt = p.now()
	}
	return nil
}

// noteMissed counts stories that were dropped before they were seen.
func noteMissed(state *digest.SourceState, n int64, now time.Time) {
	if now.Sub(state.MissedAt) >= digest.MissedFor {
		state.MissedLately, state.MissedSince = 0, state.OKAt
	}
	state.Missed, state.MissedLately, state.MissedAt = state.Missed+n, state.MissedLately+n, now
}

// leastChurn is how many stories under new ids are no chance.
const leastChurn = 5

// churn says why the stories of a fetch should not be stored: most of them are
// known by URL or title, but came under new ids. "" lets them in.
func churn(src *digest.Source, seen digest.Seen, stories int) string {
	if seen.Renamed < leastChurn || 2*seen.Renamed <= stories {
		return ""
	}
	return fmt.Sprintf("%d of %d stories are known by their URL or title, but have new ids: if that is right, run broadsheet source accept %s; "+
		"if its ids change with every fetch, set ignore_ids = true for it", seen.Renamed, stories, src.Slug)
}

// mostMissed is where counting what was missed ends.
const mostMissed = 10_000

// gap estimates how many stories a feed dropped before they were seen: none if
// it still has one that is known. Else its stories came at some rate, and so
// did those between the last one known and its oldest.
func gap(seen digest.Seen, stories []digest.Incoming) int {
	if len(stories) < 2 || seen.New < len(stories) || seen.LastAt.IsZero() {
		return 0
	}
	oldest, newest, dated := time.Time{}, time.Time{}, 0
	for i := range stories {
		at := stories[i].PublishedAt
		if at.IsZero() {
			continue
		}
		if dated++; dated == 1 || at.Before(oldest) {
			oldest = at
		}
		if at.After(newest) {
			newest = at
		}
	}
	span, between := newest.Sub(oldest), oldest.Sub(seen.LastAt)
	if dated < 2 || span <= 0 {
		return 1 // nobody can tell
	}
	if between <= 0 {
		return 0 // it was never older than what is known
	}
	return max(int(math.Ceil(min(float64(dated-1)*between.Seconds()/span.Seconds(), mostMissed)))-1, 0)
}

// offer names the sitemaps of a source's site, as its robots.txt does (RFC 9309
// and sitemaps.org), "" if it names none.
func (p *Poller) offer(ctx context.Context, src *digest.Source) string {
	sitemaps := p.sitemaps(ctx, src)
	if len(sitemaps) == 0 {
		return ""
	}
	return ", such as " + sitemaps[0]
}
