package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// readyz says whether the database answers and has the right schema.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.Log.WarnContext(r.Context(), "not ready", "error", err)
		retryLater(w.Header(), http.StatusServiceUnavailable)
		plain(w, http.StatusServiceUnavailable, "the database cannot be used now")
		return
	}
	plain(w, http.StatusOK, "ready")
}

// robots keeps search engines away from personal pages. They ask the root of a
// host for it; where that is another server's the header of each page remains.
func (s *Server) robots(w http.ResponseWriter, _ *http.Request) {
	text := fmt.Sprintf("User-agent: *\nDisallow: %[1]s/c/\nDisallow: %[1]s/p/\nDisallow: %[1]s/u/\nDisallow: %[1]s/b/\nDisallow: %[1]s/f/\nDisallow: %[1]s/a/\nDisallow: %[1]s/n/\nDisallow: %[1]s/v/\nDisallow: %[1]s/r/\nDisallow: %[1]s/o/\nDisallow: %[1]s/api/", s.path)
	if s.hasArchive() {
		text += "\n\nSitemap: " + s.address("/editions/sitemap.xml")
	}
	plain(w, http.StatusOK, text)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
