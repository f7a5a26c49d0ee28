package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Limits of one request and of what is told about it.
const (
	apiLimit   = 5 << 20 // bytes
	mostErrors = 100
)

// apiError is an error as the API tells it.
type apiError struct {
	status int
	Index  *int   `json:"index,omitempty"` // of the article in the array
	Field  string `json:"field,omitempty"`
	Error  string `json:"error"`
}

// APIKey is who may use the API for what.
type APIKey struct {
	Name   string
	Scopes []string
}

// The scopes of keys.
const (
	scopeArticles    = "articles"
	scopeSubscribers = "subscribers"
)

// api lets in whoever has a key with a scope, and answers in JSON. A request
// without a body needs no content type.
func (s *Server) api(scope string, h func(r *http.Request, key string) (any, []apiError, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key, ok := s.key(r)
		switch {
		case !ok:
			w.Header().Set("WWW-Authenticate", `Bearer realm="broadsheet"`)
			writeJSON(w, http.StatusUnauthorized, errorList{{Error: "send Authorization: Bearer KEY with a key of web.api_keys_file"}})
			return
		case !slices.Contains(key.Scopes, scope):
			writeJSON(w, http.StatusForbidden, errorList{{Error: fmt.Sprintf("the key has not the scope %s: write %s[%s]:KEY into web.api_keys_file", scope, key.Name, scope)}})
			return
		case r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodDelete:
			s.answer(w, r, key.Name, h)
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			writeJSON(w, http.StatusUnsupportedMediaType, errorList{{Error: "send Content-Type: application/json"}})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, apiLimit)
		s.answer(w, r, key.Name, h)
	}
}

// answer writes what a handler of the API returns; nil is an empty answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, key string, h func(r *http.Request, key string) (any, []apiError, error)) {
	answer, wrong, err := h(r, key)
	switch {
	case err != nil:
		s.failed(w, r, err, s.tellError)
	case len(wrong) > 0:
		writeJSON(w, wrong[0].status, errorList(wrong[:min(len(wrong), mostErrors)]))
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusOK, answer)
	}
}

// tellError is showError for programs.
func (s *Server) tellError(w http.ResponseWriter, _ *http.Request, status int) {
	retryLater(w.Header(), status)
	writeJSON(w, status, errorList{{Error: http.StatusText(status)}})
}

// key returns the key that a request has. It is looked up by its hash, so that
// the time taken says nothing about how much of it was right.
func (s *Server) key(r *http.Request) (k APIKey, ok bool) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return APIKey{}, false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(key)))
	k, ok = s.APIKeys[hex.EncodeToString(sum[:])]
	return k, ok
}

// refused is one error about a whole request.
func refused(status int, format string, args ...any) []apiError {
	return []apiError{{status: status, Error: fmt.Sprintf(format, args...)}}
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
