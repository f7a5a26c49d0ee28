package web

import (
	"encoding/base64"
	"hash/maphash"
	"net/http"

	"broadsheet/digest"
)

// follow leads to where a link of a mail belongs. It tells nobody who asked: the
// link names no reader, and only how often it was followed is counted.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) error {
	if s.Publisher == nil {
		return statusError(http.StatusNotFound)
	}
	click, target, err := s.Publisher.Follow(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if s.Clicks != nil {
		s.Clicks.Add(click, s.visit(r))
	}
	http.Redirect(w, r, target, http.StatusFound)
	return nil
}

// pixelGIF is a picture of one transparent pixel.
const pixelGIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

// pixel sends the picture that tells that a mail was opened.
func (s *Server) pixel(w http.ResponseWriter, r *http.Request) error {
	if s.Publisher == nil {
		return statusError(http.StatusNotFound)
	}
	edition, err := s.Publisher.Links().ReadOpen(r.PathValue("name"))
	if err != nil {
		return err
	}
	picture, err := base64.StdEncoding.DecodeString(pixelGIF)
	if err != nil {
		return err
	}
	if s.Opens != nil {
		s.Opens.AddOpen(edition, s.visit(r))
	}
	w.Header().Set("Content-Type", "image/gif")
	_, _ = w.Write(picture) // a visitor who left is nobody's error
	return nil
}

// visit is what counting may know of a request: the network as a number that
// means something in this process only, and whether a machine sent it.
func (s *Server) visit(r *http.Request) digest.Visit {
	return digest.Visit{Scanner: isScanner(r), Network: s.network(r)}
}

// network is the network that a request came from, as a number that means
// something in this process only; 0 if it is not known.
func (s *Server) network(r *http.Request) uint64 {
	addr := s.client(r)
	if !addr.IsValid() {
		return 0
	}
	_, around := networks(addr)
	return maphash.Comparable(s.seed, around)
}
