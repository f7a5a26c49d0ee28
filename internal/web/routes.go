package web

import "net/http"

// Handler returns the whole URL map, below the path of PublicURL.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, h handler) { s.handle(mux, pattern, s.visitor(h)) }
	form := func(pattern string, h handler) { s.handle(mux, pattern, s.visitor(s.sameOrigin(h))) }

	// Signing up.
	page("GET /{$}", s.showSubscribe)
	page("GET /subscribe", s.showSubscribe)
	form("POST /{$}", s.subscribe)
	form("POST /subscribe", s.subscribe)
	page("GET /subscribed", s.showCheckInbox)

	// The links in mails. An unsubscribe link takes a POST from anywhere: a
	// mailbox provider sends it without a browser (RFC 8058).
	page("GET /c/{token}", s.showConfirm)
	form("POST /c/{token}", s.confirm)
	page("GET /p/{token}", s.showPreferences)
	form("POST /p/{token}", s.savePreferences)
	page("GET /u/{token}", s.showUnsubscribe)
	page("POST /u/{token}", s.unsubscribe)

	// The API of the newsroom.
	s.handle(mux, "POST /api/v1/articles", s.api(s.postArticles))

	// The rest.
	s.handle(mux, "GET /assets/{name}", s.asset)
	s.handle(mux, "GET /robots.txt", s.robots)
	s.handle(mux, "GET /healthz", s.healthz)
	s.handle(mux, "GET /readyz", s.readyz)
	page("/", s.notFound)
	return mux
}
