package web

import (
	"io/fs"
	"net/http"

	"broadsheet/templates"
)

// asset serves a file that pages link to. Links carry the version of the
// content, so that what they lead to may be kept.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) error {
	files, name := templates.Assets(), r.PathValue("name")
	if info, err := fs.Stat(files, name); err != nil || !info.Mode().IsRegular() {
		return statusError(http.StatusNotFound)
	}
	if r.URL.Query().Has("v") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, files, name)
	return nil
}
