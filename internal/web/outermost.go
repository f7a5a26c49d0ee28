package web

import (
	"net/http"
	"runtime/debug"
	"strings"
)

// outermost gives every answer its headers, and answers what no route does.
func (s *Server) outermost(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.secure(w.Header())
		a, fail := &answer{ResponseWriter: w}, s.showError
		if strings.HasPrefix(r.URL.EscapedPath(), s.path+"/api/") {
			fail = s.tellError
		}
		defer s.rescue(a, r, fail)
		if h, pattern := mux.Handler(r); pattern == "" {
			fail(a, r, unrouted(a, r, h))
			return
		}
		mux.ServeHTTP(a, r)
	})
}

// secure sets the headers that every answer carries.
func (s *Server) secure(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy("'none'"))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "no-store")
	if s.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// pagePolicy is the Content-Security-Policy of our pages, which those may frame
// whom ancestors lists.
func pagePolicy(ancestors string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors " + ancestors + "; base-uri 'none'"
}

// unrouted returns the status of a request that no route takes, and tells the
// methods that the path does take.
func unrouted(w http.ResponseWriter, r *http.Request, mux http.Handler) int {
	said := &unsent{header: http.Header{}}
	mux.ServeHTTP(said, r)
	if said.status != http.StatusMethodNotAllowed {
		return http.StatusNotFound
	}
	w.Header().Set("Allow", said.header.Get("Allow"))
	return said.status
}

// unsent is an answer that goes nowhere.
type unsent struct {
	header http.Header
	status int
}

func (u *unsent) Header() http.Header         { return u.header }
func (u *unsent) WriteHeader(status int)      { u.status = status }
func (u *unsent) Write(p []byte) (int, error) { return len(p), nil }

// answer knows whether it has begun.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// rescue, when deferred, turns a panic into an error page. An answer that has
// begun is cut off instead, so that half of it is not taken for the whole.
func (s *Server) rescue(a *answer, r *http.Request, fail failure) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	s.Log.ErrorContext(r.Context(), "request panicked", "pattern", r.Pattern, "panic", p, "stack", string(debug.Stack()))
	if a.begun {
		panic(http.ErrAbortHandler)
	}
	fail(a, r, http.StatusInternalServerError)
}
