package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/digest"
)

// fieldNames are the fields of an article in files and the API.
var fieldNames = []string{
	"id", "url", "title", "summary", "body", "author", "image", "topics", "published_at", "language", "priority",
	"access", "audience", "embargo_until",
}

// otherNames are what other systems call our fields.
var otherNames = map[string]string{
	"guid": "id", "link": "url", "href": "url", "permalink": "url", "headline": "title", "name": "title",
	"description": "summary", "excerpt": "summary", "dek": "summary", "content": "body", "text": "body", "html": "body",
	"byline": "author", "authors": "author", "creator": "author", "picture": "image", "image_url": "image", "thumbnail": "image",
	"tags": "topics", "categories": "topics", "category": "topics", "sections": "topics", "section": "topics",
	"date": "published_at", "published": "published_at", "pubdate": "published_at", "datetime": "published_at",
	"lang": "language", "locale": "language", "weight": "priority", "rank": "priority",
	"paywall": "access", "embargo": "embargo_until", "not_before": "embargo_until", "segment": "audience", "segments": "audience",
}

// unknownField says that there is no such field, and which may be meant.
func unknownField(name string) string {
	text := fmt.Sprintf("unknown field %q", shorten(name, 40))
	if meant := meantField(name); meant != "" {
		return text + fmt.Sprintf(", did you mean %q?", meant)
	}
	return text + "; the fields are " + strings.Join(fieldNames, ", ")
}

func meantField(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if meant, ok := otherNames[name]; ok {
		return meant
	}
	if len(name) > 40 {
		return ""
	}
	best, least := "", 3
	for _, field := range fieldNames {
		if d := editDistance(name, field); d < least && d < len(field) {
			best, least = field, d
		}
	}
	return best
}

// editDistance is the least number of bytes to insert, delete or replace to
// turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// nobodys is the text that takes an audience or an embargo off a story, where a
// cell that is empty leaves it as it is.
const nobodys = "none"

// setText sets a field from text as CSV has it; empty text leaves it unset.
// Topics are separated by semicolons, and so are the parts of an audience.
func setText(in *digest.Incoming, field, text string) (problem string) {
	if (field == "audience" || field == "embargo_until") && strings.EqualFold(strings.TrimSpace(text), nobodys) {
		clearMark(in, field)
		return ""
	}
	switch field {
	case "id":
		in.GUID = text
	case "url":
		in.URL = text
	case "title":
		in.Title = text
	case "summary":
		in.Summary = text
	case "body":
		in.Body = text
	case "author":
		in.Author = text
	case "image":
		in.ImageURL = strings.TrimSpace(text)
	case "topics":
		in.Topics = strings.Split(text, ";")
	case "language":
		in.Language = strings.TrimSpace(text)
	case "published_at":
		return setTime(&in.PublishedAt, text)
	case "embargo_until":
		return setTime(&in.EmbargoUntil, text)
	case "access":
		in.Access = digest.Access(text)
	case "audience":
		if strings.TrimSpace(text) != "" {
			in.Audience = strings.Split(text, ";")
		}
	case "priority":
		if text = strings.TrimSpace(text); text == "" {
			return ""
		}
		number, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Sprintf("%q is not a whole number", shorten(text, 40))
		}
		in.Priority, in.Clears.Priority = number, number == 0
	}
	return ""
}

// clearMark takes a mark off a story that is known.
func clearMark(in *digest.Incoming, field string) {
	switch field {
	case "access":
		in.Clears.Access = true
	case "audience":
		in.Clears.Audience = true
	case "embargo_until":
		in.Clears.Embargo = true
	}
}

// setTime reads a time in any form that ParseDate knows, UTC if it names no
// zone. What is odd about it is a problem here, since whoever sent it can
// correct it.
func setTime(to *time.Time, text string) (problem string) {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	at, note, ok := ParseDate(text, DateOptions{Zone: time.UTC})
	switch {
	case !ok:
		return fmt.Sprintf("%q is not a time; write such as 2026-11-23T06:30:00-05:00, or 2026-11-23 06:30 or 2026-11-23, both UTC", shorten(text, 40))
	case note != "":
		return fmt.Sprintf("%q cannot be right: %s", shorten(text, 40), note)
	}
	*to = at
	return ""
}

// setJSON sets a field from its JSON value; null leaves it unset, and what is
// empty takes a mark off. An id may be a number, topics and audience are lists.
func setJSON(in *digest.Incoming, field string, value json.RawMessage) (problem string) {
	kind := jsonKind(value)
	switch {
	case kind == "null":
		return ""
	case field == "topics":
		if kind != "a list" || json.Unmarshal(value, &in.Topics) != nil {
			return fmt.Sprintf("must be a list of slugs, such as [\"world\", \"sport\"], not %s", kind)
		}
		return ""
	case field == "audience":
		if kind != "a list" || json.Unmarshal(value, &in.Audience) != nil {
			return fmt.Sprintf("must be a list of attributes, such as [\"tier=paid\"], not %s", kind)
		}
		in.Clears.Audience = len(in.Audience) == 0
		return ""
	case field == "priority":
		if kind != "a number" || json.Unmarshal(value, &in.Priority) != nil {
			return fmt.Sprintf("must be a whole number, not %s", shorten(string(value), 40))
		}
		in.Clears.Priority = in.Priority == 0
		return ""
	case field == "id" && kind == "a number":
		return setText(in, field, string(value))
	case kind != "text":
		return "must be text, not " + kind
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return err.Error()
	}
	if strings.TrimSpace(text) == "" {
		clearMark(in, field)
	}
	return setText(in, field, text)
}

func jsonKind(value json.RawMessage) string {
	if len(value) == 0 {
		return "nothing"
	}
	switch value[0] {
	case '"':
		return "text"
	case '[':
		return "a list"
	case '{':
		return "an object"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

func isField(name string) bool {
	return slices.Contains(fieldNames, name)
}
