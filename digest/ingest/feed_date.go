package ingest

import (
	"cmp"
	"time"

	"github.com/mmcdole/gofeed"
)

// dates returns when an item was published and when it last changed, in UTC.
// Either is zero where it is missing or not understood for sure. A change at
// the hour of publication is none.
func (p *feedParser) dates(number int, raw *gofeed.Item, language string) (published, modified time.Time) {
	terms := raw.Extensions["dcterms"]
	updated := raw.Updated
	if p.kind == "rss" { // where the parser fills it from dc:date, too
		updated = firstValue(raw.Extensions["atom"], "updated")
	}
	published = p.date(number, language, raw.Published, firstValue(terms, "issued"), firstValue(terms, "created"), firstValue(terms, "date"), dcDate(raw))
	modified = p.date(number, language, updated, firstValue(terms, "modified"))
	if published.IsZero() {
		published = modified
	}
	if !modified.After(published) {
		modified = time.Time{}
	}
	if !p.now.IsZero() && modified.After(p.now) {
		modified = time.Time{} // it says nothing about when
	}
	return published, modified
}

func dcDate(raw *gofeed.Item) string {
	if raw.DublinCoreExt == nil || len(raw.DublinCoreExt.Date) == 0 {
		return ""
	}
	return raw.DublinCoreExt.Date[0]
}

// aheadUnnoted is by how much the clock of a site may be ahead.
const aheadUnnoted = 10 * time.Minute

// date returns the first of some texts that is a date.
func (p *feedParser) date(number int, language string, texts ...string) time.Time {
	unknown := ""
	for _, text := range texts {
		text = foldSpace(text)
		if text == "" || text == unknown {
			continue
		}
		at, note, ok := ParseDate(text, DateOptions{Zone: p.zone, Language: language})
		if !ok {
			unknown = cmp.Or(unknown, text)
			continue
		}
		switch {
		case note == noZone && !p.zoneNoted:
			p.zoneNoted = true
			p.note("item %d: the date %q names no zone; it is read as UTC, and so are others: give the source its zone", number, shorten(text, 60))
		case note != "" && note != noZone:
			p.note("item %d: the date %q: %s", number, shorten(text, 60), note)
		}
		if !p.now.IsZero() && at.After(p.now.Add(aheadUnnoted)) {
			p.note("item %d: the date %q is in the future, the story counts as published when it arrives", number, shorten(text, 60))
		}
		return at
	}
	if unknown != "" {
		p.note("item %d: the date %q is not understood, it counts as unknown", number, shorten(unknown, 60))
	}
	return time.Time{}
}
