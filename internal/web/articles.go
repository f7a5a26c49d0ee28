package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

// Limits of one request with articles.
const (
	articlesLimit = 5 << 20 // bytes
	mostArticles  = 500
)

// apiError is an error as the API tells it.
type apiError struct {
	status int
	Index  *int   `json:"index,omitempty"` // of the article in the array
	Field  string `json:"field,omitempty"`
	Error  string `json:"error"`
}

// api lets in whoever has a key, and answers in JSON.
func (s *Server) api(h func(r *http.Request) (any, []apiError, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.hasKey(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="broadsheet"`)
			writeJSON(w, http.StatusUnauthorized, errorList{{Error: "send Authorization: Bearer KEY with a key of web.api_keys_file"}})
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			writeJSON(w, http.StatusUnsupportedMediaType, errorList{{Error: "send Content-Type: application/json"}})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, articlesLimit)
		answer, wrong, err := h(r)
		switch {
		case err != nil:
			s.Log.ErrorContext(r.Context(), "api request failed", "pattern", r.Pattern, "error", err)
			status := statusOf(err)
			writeJSON(w, status, errorList{{Error: http.StatusText(status)}})
		case len(wrong) > 0:
			writeJSON(w, wrong[0].status, errorList(wrong))
		default:
			writeJSON(w, http.StatusOK, answer)
		}
	}
}

// hasKey looks the key up by its hash, so that the time taken says nothing
// about how much of it was right.
func (s *Server) hasKey(r *http.Request) bool {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(key)))
	_, ok = s.APIKeys[hex.EncodeToString(sum[:])]
	return ok
}

type errorList []apiError

// MarshalJSON puts the list into an object, which can grow.
func (l errorList) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]apiError{"errors": l})
}

func writeJSON(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"errors":[{"error":"Internal Server Error"}]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a client that left is nobody's error
}

// putAnswer says what became of the articles.
type putAnswer struct {
	New       int `json:"new"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
}

// postArticles takes one article or an array of them and stores all or, if
// anything is wrong with any, none. Sending them again changes nothing.
func (s *Server) postArticles(r *http.Request) (any, []apiError, error) {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, []apiError{{status: http.StatusRequestEntityTooLarge, Error: fmt.Sprintf("send at most %d bytes at once", articlesLimit)}}, nil
	} else if err != nil {
		return nil, []apiError{{status: http.StatusBadRequest, Error: "the body could not be read"}}, nil
	}
	raw, wrong := splitArticles(body)
	if wrong != nil {
		return nil, wrong, nil
	}
	var stories []digest.Incoming
	for i, one := range raw {
		story, err := ingest.ParseArticle(one)
		if err != nil {
			wrong = append(wrong, articleErrors(i, err)...)
			continue
		}
		for _, slug := range s.UnknownTopics(story.Topics) {
			wrong = append(wrong, apiError{status: http.StatusUnprocessableEntity, Index: &i, Field: "topics", Error: fmt.Sprintf("unknown topic %q", slug)})
		}
		stories = append(stories, story)
	}
	if wrong != nil {
		return nil, wrong, nil
	}
	result, err := s.Articles(r.Context(), stories)
	return putAnswer{result.New, result.Updated, result.Unchanged}, nil, err
}

// splitArticles takes an array apart, or makes a single object one.
func splitArticles(body []byte) ([]json.RawMessage, []apiError) {
	fail := func(format string, args ...any) ([]json.RawMessage, []apiError) {
		return nil, []apiError{{status: http.StatusBadRequest, Error: fmt.Sprintf(format, args...)}}
	}
	body = bytes.TrimSpace(body)
	if !bytes.HasPrefix(body, []byte("[")) {
		if !json.Valid(body) {
			return fail("the body is not JSON: send one article as an object, or an array of them")
		}
		return []json.RawMessage{body}, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return fail("the body is not JSON: %v", err)
	}
	if len(raw) > mostArticles {
		return fail("%d articles in one request: send at most %d", len(raw), mostArticles)
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
