package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// handler answers a request, or returns an error that the adapter turns into a
// page. It has written nothing when it returns an error.
type handler func(w http.ResponseWriter, r *http.Request) error

// failure answers a request that went wrong, in words for whoever sent it.
type failure func(w http.ResponseWriter, r *http.Request, status int)

// statusError is an error with a status that visitors may see.
type statusError int

func (e statusError) Error() string { return http.StatusText(int(e)) }

// formLimit is how many bytes a form may have.
const formLimit = 64 << 10

// visitor adapts a handler of a page: it bounds the body, knows no path that is no
// text, and turns an error into a page that says no more than a visitor needs.
func (s *Server) visitor(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !isText(r.URL.Path) {
			s.failed(w, r, statusError(http.StatusNotFound), s.showError)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		if len(s.Site.Languages) > 0 {
			w.Header().Add("Vary", "Accept-Language")
		}
		if err := h(w, r); err != nil {
			s.failed(w, r, err, s.showError)
		}
	}
}

// isText reports whether both databases take it for one: PostgreSQL has no NUL.
func isText(path string) bool { return utf8.ValidString(path) && !strings.ContainsRune(path, 0) }

// failed logs an error and answers with its status. The log names the route
// and not the path, in which a token may stand.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error, fail failure) {
	status := statusOf(err)
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError && r.Context().Err() == nil { // otherwise the client left
		level = slog.LevelError
	}
	s.Log.Log(r.Context(), level, "request failed", "pattern", r.Pattern, "status", status, "error", err)
	fail(w, r, status)
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
	case errors.Is(err, subscribers.ErrBadToken), errors.Is(err, subscribers.ErrUnknown), errors.Is(err, digest.ErrBadLink), errors.Is(err, digest.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, subscribers.ErrUnsubscribed), errors.Is(err, subscribers.ErrExpired), errors.Is(err, digest.ErrGone):
		return http.StatusGone
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrOutcomeUnknown),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// retryLater is the header of an answer that another try may change.
func retryLater(h http.Header, status int) {
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "60")
	}
}

func (s *Server) showError(w http.ResponseWriter, r *http.Request, status int) {
	page := &templates.MessagePage{Site: s.siteFor(r, ""), Status: status}
	switch status { // which have no words of their own
	case http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge:
		page.Status = http.StatusUnprocessableEntity
	case http.StatusMethodNotAllowed:
		page.Status = http.StatusNotFound
	}
	retryLater(w.Header(), status)
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

// redirectBack sends the browser to the page of the request with a GET, with a
// word about what happened.
func (s *Server) redirectBack(w http.ResponseWriter, r *http.Request, word string) error {
	http.Redirect(w, r, r.URL.EscapedPath()+"?"+word+"=1", http.StatusSeeOther)
	return nil
}

// redirect sends the browser to one of our pages with a GET.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, s.path+path, http.StatusSeeOther)
	return nil
}
