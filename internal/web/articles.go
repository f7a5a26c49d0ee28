package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

// mostArticles is how many articles one request may have.
const mostArticles = 500

// putAnswer says what became of the articles.
type putAnswer struct {
	New       int `json:"new"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
}

// postArticles takes one article or an array of them and stores all or, if
// anything is wrong with any, none. Sending them again changes nothing.
func (s *Server) postArticles(r *http.Request, key string) (any, []apiError, error) {
	raw, wrong := readArticles(r.Body)
	if wrong != nil {
		return nil, wrong, nil
	}
	stories, wrong := s.parseArticles(raw)
	if wrong != nil {
		return nil, wrong, nil
	}
	result, err := s.Articles(r.Context(), key, stories)
	if err != nil {
		return nil, nil, err
	}
	if result.New+result.Updated > 0 {
		s.Log.InfoContext(r.Context(), "articles received", "key", key, "new", result.New, "updated", result.Updated, "untagged", result.Untagged)
	}
	return putAnswer{result.New, result.Updated, result.Unchanged}, nil, nil
}

func (s *Server) parseArticles(raw []json.RawMessage) ([]digest.Incoming, []apiError) {
	var stories []digest.Incoming
	var wrong []apiError
	for i, one := range raw {
		story, err := ingest.ParseArticle(one)
		if err == nil {
			err = s.CheckArticle(&story)
		}
		if err != nil {
			wrong = append(wrong, articleErrors(i, err)...)
			continue
		}
		stories = append(stories, story)
	}
	return stories, wrong
}

// readArticles takes an array apart, or makes a single object one.
func readArticles(r io.Reader) ([]json.RawMessage, []apiError) {
	body, err := io.ReadAll(r)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refused(http.StatusRequestEntityTooLarge, "send at most %d bytes at once", apiLimit)
	} else if err != nil {
		return nil, refused(http.StatusBadRequest, "the body could not be read")
	}
	body = bytes.TrimSpace(body)
	if !json.Valid(body) {
		return nil, refused(http.StatusBadRequest, "the body is not JSON: send one article as an object, or an array of them")
	}
	if body[0] != '[' {
		return []json.RawMessage{body}, nil
	}
	var raw []json.RawMessage
	array := json.NewDecoder(bytes.NewReader(body))
	_, err = array.Token() // the bracket
	for err == nil && array.More() {
		if len(raw) == mostArticles {
			return nil, refused(http.StatusBadRequest, "send at most %d articles at once", mostArticles)
		}
		var one json.RawMessage
		err = array.Decode(&one)
		raw = append(raw, one)
	}
	if err != nil {
		return nil, refused(http.StatusBadRequest, "the body is not JSON: %v", err)
	}
	return raw, nil
}

func articleErrors(index int, err error) []apiError {
	var fields ingest.FieldErrors
	if !errors.As(err, &fields) {
		return []apiError{{status: http.StatusUnprocessableEntity, Index: &index, Error: err.Error()}}
	}
	var out []apiError
	for _, f := range fields {
		out = append(out, apiError{status: http.StatusUnprocessableEntity, Index: &index, Field: f.Field, Error: f.Problem})
	}
	return out
}
