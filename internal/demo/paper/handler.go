package paper

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

//go:embed paper.css
var stylesheet []byte

// policy lets the pages have their own stylesheet and pictures, and no scripts.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// site is the newspaper under one address.
type site struct {
	paper *Paper
	base  string // without a slash at the end
}

// Handler serves the newspaper: / is the front page, /section/SLUG those of one
// topic, /story/SLUG a story, /picture/SLUG.jpg its picture, and /feed.xml the
// feed, RSS 2.0 with ETag and Last-Modified (RFC 9110, section 8.8). base is
// the absolute URL under which it is mounted, such as
// http://127.0.0.1:8080/paper. The pages link to /subscribe of the same host.
func (p *Paper) Handler(base string) http.Handler {
	s := &site{paper: p, base: strings.TrimRight(base, "/")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveFront)
	mux.HandleFunc("GET /section/{slug}", s.serveSection)
	mux.HandleFunc("GET /story/{slug}", s.serveStory)
	mux.HandleFunc("GET /picture/{file}", s.servePicture)
	mux.HandleFunc("GET /feed.xml", s.serveFeed)
	mux.HandleFunc("GET /paper.css", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, file{kind: "text/css; charset=utf-8", body: stylesheet})
	})
	mux.HandleFunc("GET /", s.serveMissing)
	return mux
}

func (s *site) storyURL(st *story) string   { return s.base + "/story/" + st.slug }
func (s *site) pictureURL(st *story) string { return s.base + "/picture/" + st.slug + ".jpg" }

// file is what one address serves.
type file struct {
	kind       string // media type
	body       []byte
	modifiedAt time.Time // zero if unknown
}

// serve answers with 304 whoever has the file already.
func serve(w http.ResponseWriter, r *http.Request, f file) {
	sum := sha256.Sum256(f.body)
	h := w.Header()
	h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", f.modifiedAt, bytes.NewReader(f.body))
}

func (s *site) serveFeed(w http.ResponseWriter, r *http.Request) {
	body, changedAt, err := s.feed()
	if err != nil {
		http.Error(w, "the feed cannot be written", http.StatusInternalServerError)
		return
	}
	serve(w, r, file{kind: "application/rss+xml; charset=utf-8", body: body, modifiedAt: changedAt})
}

func (s *site) servePicture(w http.ResponseWriter, r *http.Request) {
	slug, jpeg := strings.CutSuffix(r.PathValue("file"), ".jpg")
	st := s.paper.story(slug)
	if !jpeg || st == nil || st.scene == "" {
		s.serveMissing(w, r)
		return
	}
	body, err := s.paper.gallery.picture(st)
	if err != nil {
		http.Error(w, "the picture cannot be drawn", http.StatusInternalServerError)
		return
	}
	serve(w, r, file{kind: "image/jpeg", body: body})
}

func (s *site) servePage(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Security-Policy", policy)
	serve(w, r, file{kind: "text/html; charset=utf-8", body: body})
}

func (s *site) serveFront(w http.ResponseWriter, r *http.Request) {
	s.servePage(w, r, s.frontPage())
}

func (s *site) serveSection(w http.ResponseWriter, r *http.Request) {
	for _, t := range s.paper.Topics() {
		if t.Slug == r.PathValue("slug") {
			s.servePage(w, r, s.sectionPage(t))
			return
		}
	}
	s.serveMissing(w, r)
}

func (s *site) serveStory(w http.ResponseWriter, r *http.Request) {
	st := s.paper.story(r.PathValue("slug"))
	if st == nil {
		s.serveMissing(w, r)
		return
	}
	s.servePage(w, r, s.storyPage(st))
}

func (s *site) serveMissing(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(s.missingPage()) // a visitor who left is nobody's error
}
