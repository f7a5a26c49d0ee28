package preview

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"broadsheet/templates"
)

// The views of a mail.
const (
	viewLooks   = "looks"
	viewBlocked = "blocked"
	viewText    = "text"
	viewSource  = "source"
)

func views() []string { return []string{viewLooks, viewBlocked, viewText, viewSource} }

// viewNames are the views as people call them.
func viewNames() map[string]string {
	return map[string]string{viewLooks: "Light and dark", viewBlocked: "Pictures blocked", viewText: "Text", viewSource: "HTML source"}
}

const (
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

	// mailPolicy lets a mail show its styles and pictures and run nothing. It is of
	// the same origin so that the page can see how high it is.
	mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)

// Handler is all that the preview serves. address is where it listens: requests
// by another name are refused, since a page elsewhere could point its name at
// this machine and read what is here.
func (s *Server) Handler(address string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showPage)
	mux.HandleFunc("GET /mail", s.showMail)
	mux.HandleFunc("GET /spam", s.showSpam)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /picture/{file}", s.picture)
	mux.HandleFunc("GET /nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	assets := http.FileServerFS(templates.PreviewAssets())
	mux.Handle("GET /preview.css", assets)
	mux.Handle("GET /preview.js", assets)
	_, port, _ := net.SplitHostPort(address)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != address && r.Host != net.JoinHostPort("localhost", port) {
			http.Error(w, "this is a preview at http://"+address, http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}

// address is that of one of our pages, for a wish.
func (w wish) address(path string, more ...string) string {
	q := url.Values{"mail": {w.mail}, "lang": {w.language}}
	if w.view != viewLooks {
		q.Set("view", w.view)
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return path + "?" + q.Encode()
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	now, _ := s.current()
	asked := s.wished(r)
	page := &templates.PreviewPage{Theme: s.Theme, Version: now.version, Broken: now.broken, Findings: now.findings}
	s.addChoices(page, asked)
	if now.theme != nil {
		m, err := s.draw(now.theme, asked)
		if err != nil {
			page.Fault = err.Error()
		} else {
			s.addMail(page, asked, m)
		}
	}
	var b bytes.Buffer
	if err := s.page.Draw(&b, page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = b.WriteTo(w) // a visitor who left is nobody's error
}

func (s *Server) addChoices(page *templates.PreviewPage, asked wish) {
	for _, name := range s.mails() {
		shown := name
		if name == realMail {
			shown = s.Real.Name
		}
		to := asked
		to.mail = name
		page.Mails = append(page.Mails, templates.PreviewChoice{Name: shown, URL: to.address("/"), Current: name == asked.mail})
	}
	if asked.isSample() {
		for _, tag := range templates.Languages() {
			to := asked
			to.language = tag
			page.Languages = append(page.Languages, templates.PreviewChoice{Name: tag, URL: to.address("/"), Current: tag == asked.language})
		}
	}
	for _, view := range views() {
		to := asked
		to.view = view
		page.Views = append(page.Views, templates.PreviewChoice{Name: viewNames()[view], URL: to.address("/", "view", view), Current: view == asked.view})
	}
}

// isSample reports whether the mail is a made-up digest, which may have any
// language.
func (w wish) isSample() bool {
	for _, k := range templates.Kinds() {
		if w.mail == string(k) {
			return true
		}
	}
	return false
}

func (s *Server) addMail(page *templates.PreviewPage, asked wish, m Mail) {
	page.Subject, page.HTMLSize, page.TextSize = m.Subject, len(m.HTML), len(m.Text)
	if s.SpamAssassin != "" {
		page.SpamURL = asked.address("/spam")
	}
	switch asked.view {
	case viewText:
		page.Text = m.Text
	case viewSource:
		page.Source = m.HTML
	default:
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int{640, 320} {
				page.Frames = append(page.Frames, templates.PreviewFrame{
					Title: fmt.Sprintf("%d pixels, %s", width, scheme), URL: asked.address("/mail", "scheme", scheme), Width: width,
				})
			}
		}
	}
}

func (s *Server) showMail(w http.ResponseWriter, r *http.Request) {
	now, _ := s.current()
	if now.theme == nil {
		http.Error(w, "there is no mail yet", http.StatusNotFound)
		return
	}
	asked := s.wished(r)
	m, err := s.draw(now.theme, asked)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(seen(m.HTML, r.URL.Query().Get("scheme") == "dark", asked.view == viewBlocked)))
}

// stayAlive is how often a waiting page hears that it is not forgotten.
const stayAlive = 2 * time.Minute

// events tells a page that the theme is another than it was drawn with, as
// server-sent events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		http.Error(w, "this page cannot wait", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 500\n\n")
	tick := time.NewTicker(stayAlive)
	defer tick.Stop()
	for {
		now, next := s.current()
		if now.version != r.URL.Query().Get("after") {
			fmt.Fprintf(w, "event: change\ndata: %s\n\n", now.version)
		} else {
			fmt.Fprint(w, ": as it was\n\n")
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-next:
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-s.stopping:
			return
		}
	}
}

// picture serves one of the pictures that samples name.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	s.paper.Handler("/").ServeHTTP(w, r)
}
