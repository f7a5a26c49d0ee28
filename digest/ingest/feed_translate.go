package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	jsonfeed "github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"
)

// readRaw runs the parser. The search for pictures in the text is left to us:
// the parser's own takes tracking pixels. Should a feed be found on which the
// parser panics, that is the end of this feed and not of the whole service.
func readRaw(text []byte) (raw *gofeed.Feed, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the parser gave up: %v", reason)
		}
	}()
	parser := gofeed.NewParser()
	parser.AtomTranslator = atomTranslator{}
	parser.RSSTranslator = rssTranslator{gofeed.DefaultRSSTranslator{DisableContentImageScan: true}}
	parser.JSONTranslator = jsonTranslator{}
	return parser.Parse(bytes.NewReader(text))
}

// Keys of the custom fields in which translators keep what the parser's own
// drop. Elements of a feed have no space in their names.
const (
	customSource  = "its source"  // the title of the feed that an item is from
	customContent = "its content" // the address of an item's text
)

// keep adds a custom field to an item.
func keep(item *gofeed.Item, key, value string) {
	if value == "" {
		return
	}
	if item.Custom == nil {
		item.Custom = map[string]string{}
	}
	item.Custom[key] = value
}

// rssTranslator keeps what RSS says about its pace and where its items are
// from.
type rssTranslator struct{ gofeed.DefaultRSSTranslator }

// Translate is called by the parser.
func (t rssTranslator) Translate(feed any) (*gofeed.Feed, error) {
	out, err := t.DefaultRSSTranslator.Translate(feed)
	raw, ok := feed.(*rss.Feed)
	if !ok || err != nil {
		return out, err
	}
	out.Custom = map[string]string{
		"ttl": raw.TTL, "skipHours": strings.Join(raw.SkipHours, ","), "skipDays": strings.Join(raw.SkipDays, ","),
	}
	for i, item := range raw.Items[:min(len(raw.Items), len(out.Items))] {
		if item.Source != nil {
			keep(out.Items[i], customSource, item.Source.Title)
		}
	}
	return out, nil
}

// atomTranslator keeps where entries and their texts are from.
type atomTranslator struct{ gofeed.DefaultAtomTranslator }

// Translate is called by the parser.
func (t atomTranslator) Translate(feed any) (*gofeed.Feed, error) {
	out, err := t.DefaultAtomTranslator.Translate(feed)
	raw, ok := feed.(*atom.Feed)
	if !ok || err != nil {
		return out, err
	}
	for i, entry := range raw.Entries[:min(len(raw.Entries), len(out.Items))] {
		if entry.Source != nil {
			keep(out.Items[i], customSource, entry.Source.Title)
		}
		if entry.Content != nil {
			keep(out.Items[i], customContent, entry.Content.Src)
		}
	}
	return out, nil
}

// jsonTranslator drops the items and authors that are null, on which the
// parser's own translator panics, and keeps the languages of the items, which
// that drops.
type jsonTranslator struct{ gofeed.DefaultJSONTranslator }

// Translate is called by the parser.
func (t jsonTranslator) Translate(feed any) (*gofeed.Feed, error) {
	if raw, ok := feed.(*jsonfeed.Feed); ok {
		raw.Items = withoutNil(raw.Items)
		raw.Authors = withoutNil(raw.Authors)
		for _, item := range raw.Items {
			item.Authors = withoutNil(item.Authors)
		}
	}
	out, err := t.DefaultJSONTranslator.Translate(feed)
	if raw, ok := feed.(*jsonfeed.Feed); ok && err == nil && len(out.Items) == len(raw.Items) {
		for i, item := range raw.Items {
			out.Items[i].DublinCoreExt = &ext.DublinCoreExtension{Language: []string{item.Language}}
		}
	}
	return out, err
}

func withoutNil[T any](list []*T) []*T {
	return slices.DeleteFunc(list, func(one *T) bool { return one == nil })
}
