package web

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"broadsheet/internal/db"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// handler answers a request, or returns an error that the adapter turns into a
// page. It has written nothing when it returns an error.
type handler func(w http.ResponseWriter, r *http.Request) error

// statusError is an error with a status that visitors may see.
type statusError int

func (e statusError) Error() string { return http.StatusText(int(e)) }

// formLimit is how many bytes a form may have.
const formLimit = 64 << 10

// handle mounts a handler below the path of PublicURL.
func (s *Server) handle(mux *http.ServeMux, pattern string, h http.HandlerFunc) {
	if s.path != "" {
		if method, path, ok := strings.Cut(pattern, " "); ok {
			pattern = method + " " + s.path + path
		} else {
			pattern = s.path + pattern
		}
	}
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.secure(w.Header())
		h(w, r)
	})
}

// secure sets the headers that every answer carries.
func (s *Server) secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(s.PublicURL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// visitor adapts a handler of a page: it bounds the body, and turns errors and
// panics into a page that says no more than a visitor needs.
func (s *Server) visitor(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		defer func() {
			if p := recover(); p != nil {
				s.Log.ErrorContext(r.Context(), "page panicked", "pattern", r.Pattern, "panic", p)
				s.showError(w, r, http.StatusInternalServerError)
			}
		}()
		if err := h(w, r); err != nil {
			status := statusOf(err)
			level := slog.LevelDebug
			if status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			s.Log.Log(r.Context(), level, "page not shown", "pattern", r.Pattern, "status", status, "error", err)
			s.showError(w, r, status)
		}
	}
}

// statusOf is the one table from errors to statuses.
func statusOf(err error) int {
	var status statusError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, subscribers.ErrBadToken), errors.Is(err, subscribers.ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, subscribers.ErrUnsubscribed), errors.Is(err, subscribers.ErrExpired):
		return http.StatusGone
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrOutcomeUnknown):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func (s *Server) showError(w http.ResponseWriter, r *http.Request, status int) {
	page := &templates.MessagePage{Site: s.Site, Status: status}
	if status == http.StatusGone {
		page.LinkURL, page.LinkText = s.Links.SignUp(), ""
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	if err := s.show(w, status, func(b io.Writer) error { return s.pages.Message(b, page) }); err != nil {
		s.Log.ErrorContext(r.Context(), "error page not drawn", "error", err)
		http.Error(w, http.StatusText(status), status)
	}
}

// show draws a page into a buffer and sends it.
func (s *Server) show(w http.ResponseWriter, status int, draw func(w io.Writer) error) error {
	var b bytes.Buffer
	if err := draw(&b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a visitor who left is nobody's error
	return nil
}

// sameOrigin refuses what another site's page makes a browser send.
func (s *Server) sameOrigin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.origin.Check(r); err != nil {
			return statusError(http.StatusForbidden)
		}
		return h(w, r)
	}
}

// redirect sends the browser to one of our pages with a GET.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, s.path+path, http.StatusSeeOther)
	return nil
}

func (s *Server) notFound(http.ResponseWriter, *http.Request) error {
	return statusError(http.StatusNotFound)
}
