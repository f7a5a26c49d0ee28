package ingest

import (
	"net/url"
	"slices"
	"strings"
)

// ldObject is an object of JSON-LD. Its methods take a property as any of the
// kinds of value that pages write it as.
type ldObject map[string]any

// linkedData is what the JSON-LD of a page says.
type linkedData struct {
	objects []ldObject          // in the order of the page, outer before inner
	byID    map[string]ldObject // those that others refer to by @id
	broken  int                 // scripts that could not be read even after repairs
	mended  int
}

// maxLinkedObjects is how many objects of a page's JSON-LD are looked at.
const maxLinkedObjects = 2000

func readLinkedData(scripts []string) *linkedData {
	data := &linkedData{byID: map[string]ldObject{}}
	for _, script := range scripts {
		values, mended, err := decodeLinkedData(script)
		switch {
		case err != nil:
			data.broken++
			continue
		case mended:
			data.mended++
		}
		for _, value := range values {
			data.collect(value, 0)
		}
	}
	return data
}

// collect remembers an object and those within it. Others that a page only
// mentions, such as the stories of a list, are not its own.
func (d *linkedData) collect(value any, depth int) {
	if depth > 16 || len(d.objects) >= maxLinkedObjects {
		return
	}
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			d.collect(element, depth+1)
		}
	case map[string]any:
		object := ldObject(value)
		d.objects = append(d.objects, object)
		if id := object.text("@id"); id != "" && len(value) > 1 && d.byID[id] == nil {
			d.byID[id] = object
		}
		for _, property := range [...]string{"@graph", "mainEntity", "mainEntityOfPage", "hasPart", "about", "subjectOf"} {
			switch inner := value[property].(type) {
			case map[string]any, []any:
				if property != "about" || d.isStoryIn(inner) {
					d.collect(inner, depth+1)
				}
			}
		}
	}
}

func (d *linkedData) isStoryIn(value any) bool {
	object, ok := value.(map[string]any)
	return ok && ldObject(object).storyRank() > 0
}

// resolve returns the object that a reference of the kind {"@id": "..."} means.
func (d *linkedData) resolve(value any) any {
	object, ok := value.(map[string]any)
	if !ok || len(object) > 2 {
		return value
	}
	if known := d.byID[ldObject(object).text("@id")]; known != nil && len(known) > len(object) {
		return map[string]any(known)
	}
	return value
}

// types returns the types of an object, without the vocabulary's address.
func (o ldObject) types() []string {
	var types []string
	for _, text := range texts(o["@type"]) {
		text = text[strings.LastIndexAny(text, "/#:")+1:]
		types = append(types, text)
	}
	return types
}

// storyRank says how surely an object is a story, 0 if it is none.
func (o ldObject) storyRank() int {
	rank := 0
	for _, kind := range o.types() {
		switch {
		case kind == "LiveBlogPosting", strings.HasSuffix(kind, "NewsArticle"):
			rank = max(rank, 4)
		case kind == "Article", kind == "Report", strings.HasSuffix(kind, "Article"):
			rank = max(rank, 3)
		case strings.HasSuffix(kind, "BlogPosting"), kind == "SocialMediaPosting", kind == "Review":
			rank = max(rank, 2)
		}
	}
	return rank
}

// story returns the object of the story on the page, nil if there is none: one
// that names the page's address before others, then the surest type, then the
// first.
func (d *linkedData) story(addresses []string) ldObject {
	var best ldObject
	most := 0
	for _, object := range d.objects {
		rank := object.storyRank()
		if rank == 0 {
			continue
		}
		if object.isAt(addresses) {
			rank += 10
		}
		if rank > most {
			best, most = object, rank
		}
	}
	return best
}

// isAt says whether an object gives one of the addresses as its own.
func (o ldObject) isAt(addresses []string) bool {
	for _, property := range [...]string{"url", "mainEntityOfPage", "@id"} {
		for _, own := range append(texts(o[property]), ldTexts(o[property], "@id", "url")...) {
			if u, err := url.Parse(own); err == nil && slices.Contains(addresses, samePage(u)) {
				return true
			}
		}
	}
	return false
}

// samePage is what two addresses of one page have in common.
func samePage(u *url.URL) string {
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") + strings.TrimSuffix(u.Path, "/")
}

// webPage returns the object that describes the page as such.
func (d *linkedData) webPage() ldObject {
	for _, object := range d.objects {
		if slices.Contains(object.types(), "WebPage") {
			return object
		}
	}
	return nil
}

// names returns the names in a value that holds texts, objects or both, such
// as the authors of a story.
func (d *linkedData) names(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var out []string
	for _, element := range list {
		element = d.resolve(element)
		if object, ok := element.(map[string]any); ok && object["@value"] == nil {
			out = append(out, d.nameOf(object)...)
		} else {
			out = append(out, texts(element)...)
		}
	}
	return out
}

func (d *linkedData) nameOf(object ldObject) []string {
	if names := texts(object["name"]); len(names) > 0 {
		return names
	}
	if list, ok := object["name"].([]any); ok { // authors as {"name": [{"name": "..."}]}
		return ldTexts(list, "name")
	}
	name := strings.TrimSpace(object.text("givenName") + " " + object.text("familyName"))
	if name == "" {
		return nil
	}
	return []string{name}
}

// isPaid says whether a story, or a part of it, is for those only who pay.
func (o ldObject) isPaid() bool {
	isFree := func(object ldObject) bool {
		return !slices.ContainsFunc(texts(object["isAccessibleForFree"]), func(text string) bool {
			text = strings.ToLower(text[strings.LastIndex(text, "/")+1:])
			return text == "false" || text == "no" || text == "0"
		})
	}
	return !isFree(o) || slices.ContainsFunc(ldObjects(o["hasPart"]), func(part ldObject) bool { return !isFree(part) })
}

// keywords splits keywords that are one text, and takes lists, and the names
// of defined terms.
func (d *linkedData) keywords(value any) []string {
	var out []string
	for _, text := range d.names(value) {
		out = append(out, splitKeywords(text)...)
	}
	return out
}

func splitKeywords(text string) []string {
	separator := ","
	if !strings.Contains(text, ",") && strings.Contains(text, ";") {
		separator = ";"
	}
	var out []string
	for part := range strings.SplitSeq(text, separator) {
		if part = foldSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
