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
	"id", "url", "title", "summary", "body", "author", "site_name", "image", "image_alt", "image_credit", "image_width", "image_height",
	"no_image", "topics", "published_at", "modified_at", "language", "priority", "access", "audience", "embargo_until",
}

// otherNames are what other systems call our fields.
var otherNames = map[string]string{
	"guid": "id", "link": "url", "href": "url", "permalink": "url", "headline": "title", "name": "title",
	"description": "summary", "excerpt": "summary", "dek": "summary", "content": "body", "text": "body", "html": "body",
	"byline": "author", "authors": "author", "creator": "author", "picture": "image", "image_url": "image", "thumbnail": "image",
	"tags": "topics", "categories": "topics", "category": "topics", "sections": "topics", "section": "topics",
	"date": "published_at", "published": "published_at", "pubdate": "published_at", "datetime": "published_at",
	"updated": "modified_at", "updated_at": "modified_at", "modified": "modified_at", "date_modified": "modified_at",
	"image_caption": "image_alt", "image_description": "image_alt", "photo_credit": "image_credit", "image_copyright": "image_credit",
	"publisher": "site_name", "publication": "site_name", "site": "site_name",
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
	case "image_alt":
		in.ImageAlt = text
	case "image_credit":
		in.ImageCredit = text
	case "image_width":
		return setNumber(&in.ImageWidth, text)
	case "image_height":
		return setNumber(&in.ImageHeight, text)
	case "no_image":
		return setTruth(&in.NoImage, text)
	case "site_name":
		in.SiteName = text
	case "topics":
		in.Topics = strings.Split(text, ";")
	case "language":
		in.Language = strings.TrimSpace(text)
	case "published_at":
		return setTime(&in.PublishedAt, text)
	case "modified_at":
		return setTime(&in.ModifiedAt, text)
	case "embargo_until":
		return setTime(&in.EmbargoUntil, text)
	case "access":
		in.Access = digest.Access(text)
	case "audience":
		if strings.TrimSpace(text) != "" {
			in.Audience = strings.Split(text, ";")
		}
	case "priority":
		problem = setNumber(&in.Priority, text)
		in.Clears.Priority = problem == "" && in.Priority == 0 && strings.TrimSpace(text) != ""
		return problem
	}
	return ""
}

func setNumber(to *int, text string) (problem string) {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Sprintf("%q is not a whole number", shorten(text, 40))
	}
	*to = number
	return ""
}

func setTruth(to *bool, text string) (problem string) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
	case "true", "yes", "1":
		*to = true
	case "false", "no", "0":
		*to = false
	default:
		return fmt.Sprintf("%q is neither true nor false", shorten(text, 40))
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
	case field == "priority" || field == "image_width" || field == "image_height":
		if kind != "a number" || setText(in, field, string(value)) != "" {
			return fmt.Sprintf("must be a whole number, not %s", shorten(string(value), 40))
		}
		return ""
	case field == "no_image":
		if kind != "true or false" {
			return "must be true or false, not " + kind
		}
		return setText(in, field, string(value))
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
