package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed"

	"broadsheet/internal/pattern"
)

var byline = pattern.New(`(?i)^by\s+`)

// authorsOf names the authors of an item: its own, then all of Dublin Core, of
// which the parser takes the first at most.
func authorsOf(raw *gofeed.Item) string {
	people := raw.Authors
	if raw.DublinCoreExt != nil {
		for _, name := range slices.Concat(raw.DublinCoreExt.Author, raw.DublinCoreExt.Creator) {
			people = append(people, &gofeed.Person{Name: name})
		}
	}
	return joinAuthors(people)
}

// joinAuthors names people, each once; addresses are nobody's business.
func joinAuthors(people []*gofeed.Person) string {
	var names []string
	for _, person := range people {
		if person == nil {
			continue
		}
		name := byline.ReplaceAllString(foldSpace(person.Name), "")
		if name != "" && !strings.Contains(name, "@") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// summaryOf returns what an item says in short, of whatever kind.
func summaryOf(raw *gofeed.Item) string {
	media := raw.Extensions["media"]
	summary := raw.Description
	if raw.ITunesExt != nil {
		summary = cmp.Or(summary, raw.ITunesExt.Summary, raw.ITunesExt.Subtitle)
	}
	if summary == "" && raw.Content == "" {
		summary = firstValue(media, "description")
		for _, group := range media["group"] {
			summary = cmp.Or(summary, firstValue(group.Children, "description"))
		}
	}
	return summary
}

// categoriesOf adds the keywords of Media RSS to an item's categories.
func categoriesOf(raw *gofeed.Item) []string {
	media := raw.Extensions["media"]
	keywords := media["keywords"]
	for _, group := range media["group"] {
		keywords = append(keywords, group.Children["keywords"]...)
	}
	categories := raw.Categories
	for _, list := range keywords {
		for keyword := range strings.SplitSeq(list.Value, ",") {
			if keyword = strings.TrimSpace(keyword); keyword != "" {
				categories = append(categories, keyword)
			}
		}
	}
	return categories
}
