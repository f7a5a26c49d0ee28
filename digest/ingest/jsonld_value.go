package ingest

import (
	"html"
	"strconv"
	"strings"
)

// text returns the first text of a property, "" if it has none.
func (o ldObject) text(properties ...string) string {
	for _, property := range properties {
		for _, text := range texts(o[property]) {
			return text
		}
	}
	return ""
}

// texts returns the texts in a value: of a text, of a list, of {"@value": "..."}.
func texts(value any) []string {
	switch value := value.(type) {
	case string:
		if text := strings.TrimSpace(value); text != "" {
			return []string{text}
		}
	case float64:
		return []string{strconv.FormatFloat(value, 'f', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(value)}
	case []any:
		var out []string
		for _, element := range value {
			if _, nested := element.([]any); !nested {
				out = append(out, texts(element)...)
			}
		}
		return out
	case map[string]any:
		return texts(value["@value"])
	}
	return nil
}

// ldTexts returns the named properties of the objects in a value.
func ldTexts(value any, properties ...string) []string {
	var out []string
	for _, object := range ldObjects(value) {
		if text := object.text(properties...); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// ldObjects returns the objects in a value, which may be one or a list.
func ldObjects(value any) []ldObject {
	switch value := value.(type) {
	case map[string]any:
		return []ldObject{value}
	case []any:
		var out []ldObject
		for _, element := range value {
			if object, ok := element.(map[string]any); ok {
				out = append(out, object)
			}
		}
		return out
	}
	return nil
}

// maxUpdates is how many updates of a live blog become its text.
const maxUpdates = 50

// body returns the text of a story as plain text, "" if it has none: of a live
// blog that of its updates.
func (o ldObject) body() string {
	if text := o.text("articleBody"); text != "" {
		return plainBody(text)
	}
	var parts []string
	updates := ldObjects(o["liveBlogUpdate"])
	for _, update := range updates[:min(len(updates), maxUpdates)] {
		for _, text := range [...]string{plainTitle(update.text("headline")), plainBody(update.text("articleBody"))} {
			if text != "" {
				parts = append(parts, text)
			}
		}
	}
	return strings.Join(parts, "\n\n")
}

// plainBody reads a text that may be HTML, HTML with its tags escaped, or
// plain with a line for each paragraph.
func plainBody(text string) string {
	if !strings.Contains(text, "<") {
		if strings.Contains(text, "&lt;p") || strings.Contains(text, "&lt;div") {
			return PlainText(html.UnescapeString(text))
		}
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r", "\n"), "\n", "\n\n")
	}
	return PlainText(text)
}
