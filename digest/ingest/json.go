package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"broadsheet/digest"
)

// ParseArticle reads one article as the API takes it: a JSON object with the
// fields id, url, title, summary, body, author, site_name, image, image_alt,
// image_credit, image_width, image_height, no_image, topics, published_at,
// modified_at, language, priority, access, audience and embargo_until, checked
// as by Check.
// Times are RFC 3339, or "2006-01-02 15:04:05", "2006-01-02 15:04" or
// "2006-01-02", which are UTC. The error is a FieldErrors that names every field at fault.
func ParseArticle(data []byte) (digest.Incoming, error) {
	in, err := decodeArticle(data)
	if err == nil {
		err = Check(&in)
	}
	if err != nil {
		return digest.Incoming{}, err
	}
	return in, nil
}

func decodeArticle(data []byte) (digest.Incoming, error) {
	var in digest.Incoming
	var problems FieldErrors
	data = bytes.TrimSpace(data)
	if !utf8.Valid(data) {
		problems.add("", "not valid UTF-8; save the file as UTF-8")
		return in, problems
	}
	if len(data) == 0 || data[0] != '{' {
		problems.add("", "not a JSON object, it begins with %q", shorten(string(data), 20))
		return in, problems
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		problems.add("", "%s", jsonProblem(data, err))
		return in, problems
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !isField(name) {
			problems.add("", "%s", unknownField(name))
		} else if problem := setJSON(&in, name, fields[name]); problem != "" {
			problems.add(name, "%s", problem)
		}
	}
	return in, problems.orNil()
}

// jsonProblem says where in the data a syntax error is.
func jsonProblem(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return "not JSON: " + err.Error()
	}
	before := data[:max(0, syntax.Offset-1)]
	before = before[max(0, len(before)-30):]
	return fmt.Sprintf("not JSON after %q: %s", bytes.ToValidUTF8(before, nil), syntax.Error())
}

// ReadJSON reads articles from a JSON array or from JSON lines, whichever the
// file is, with the fields of ParseArticle. It streams: each is called with the
// line that an article begins on, in order, and an error of each ends the
// reading. What is no article is reported to bad and passed over, even where
// its brackets do not match, its line has megabytes or its bytes are no text.
func ReadJSON(r io.Reader, each func(line int, in digest.Incoming) error, bad func(BadRow)) error {
	in, err := openText(r)
	if err != nil {
		return err
	}
	s := jsonSplitter{rows: rows{each, bad}, atLine: 1}
	for {
		c, err := in.ReadByte()
		if err == io.EOF {
			return s.finish()
		}
		if err != nil {
			return fmt.Errorf("read file at line %d: %w", s.atLine, err)
		}
		if err := s.take(c); err != nil {
			return err
		}
	}
}
