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
	if name == templates.LookAsset {
		return s.lookAsset(w, r)
	}
	if info, err := fs.Stat(files, name); err != nil || !info.Mode().IsRegular() {
		return statusError(http.StatusNotFound)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*") // for the scripts of forms on other sites
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	if name == templates.FormScript { // whose links in pages of other sites have no version
		w.Header().Set("Cache-Control", "public, max-age=3600")
	}
	if name == templates.WorkScript { // a module, which the component of other sites' pages loads as well
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}
	keepVersion(w, r)
	http.ServeFileFS(w, r, files, name)
	return nil
}

// lookAsset serves the site's own colours and fonts.
func (s *Server) lookAsset(w http.ResponseWriter, r *http.Request) error {
	css := s.Site.PageStyle()
	if css == "" {
		return statusError(http.StatusNotFound)
	}
	keepVersion(w, r)
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, err := w.Write([]byte(css))
	return err
}

// keepVersion lets what a link with a version leads to be kept for good.
func keepVersion(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("v") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
}
