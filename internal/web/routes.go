package web

import (
	"net/http"
	"strings"

	"broadsheet/subscribers"
)

// Handler returns the whole URL map, below the path of PublicURL.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	plain := func(pattern string, h http.HandlerFunc) { mux.HandleFunc(s.below(pattern), h) }
	page := func(pattern string, h handler) { plain(pattern, s.visitor(h)) }
	form := func(pattern string, h handler) { page(pattern, s.sameOrigin(h)) }

	// Signing up.
	page("GET /{$}", s.showSubscribe)
	page("GET /subscribe", s.showSubscribe)
	page("POST /{$}", s.subscribe)
	page("POST /subscribe", s.subscribe)
	page("GET /subscribed", s.showCheckInbox)

	// The same in a frame of another site's page, and by its script.
	page("GET /subscribe/embed", s.framed(s.showEmbed))
	page("POST /subscribe/embed", s.framed(s.sameOrigin(s.subscribeFramed)))
	page("GET /subscribed/embed", s.framed(s.showEmbedInbox))
	plain("GET /api/v1/subscribe", s.crossOrigin(s.getSignUp))
	plain("POST /api/v1/subscribe", s.crossOrigin(s.postSignUp))
	plain("OPTIONS /api/v1/subscribe", s.crossOrigin(s.preflight))

	// The links in mails. An unsubscribe link takes a POST from anywhere: a
	// mailbox provider sends it without a browser (RFC 8058).
	page("GET /c/{token}", s.showConfirm)
	form("POST /c/{token}", s.confirm)
	page("GET /p/{token}", s.watchReader(subscribers.PurposePreferences, s.showPreferences))
	form("POST /p/{token}", s.postPreferences)
	page("GET /p/{token}/topic/{slug}", s.watchReader(subscribers.PurposePreferences, s.showTopic))
	form("POST /p/{token}/topic/{slug}", s.dropTopic)
	page("GET /f/{token}", s.showFresh)
	form("POST /f/{token}", s.postFresh)
	page("GET /a/{token}", s.side(subscribers.PurposeOldAddress, s.showMove))
	form("POST /a/{token}", s.side(subscribers.PurposeOldAddress, s.move))
	page("GET /n/{token}", s.side(subscribers.PurposeNewAddress, s.showMove))
	form("POST /n/{token}", s.side(subscribers.PurposeNewAddress, s.move))
	page("GET /u/{token}", s.watchReader(subscribers.PurposeUnsubscribe, s.showUnsubscribe))
	page("POST /u/{token}", s.unsubscribe)
	page("GET /b/{token}", s.showReturn)
	form("POST /b/{token}", s.postReturn)

	// Mails as pages, and the links in them that name no reader.
	page("GET /v/{token}", s.watchNetwork(s.showView))
	page("GET /r/{token}", s.watchNetwork(s.follow))
	page("GET /o/{name}", s.pixel)

	// The public archive.
	page("GET /editions", s.showEditions)
	page("GET /editions/{digest}", s.showEditions)
	page("GET /editions/{digest}/{date}", s.showEdition)
	page("GET /editions/feed.xml", s.editionsFeed)
	page("GET /editions/{digest}/feed.xml", s.editionsFeed)
	page("GET /editions/sitemap.xml", s.sitemap)

	// The API of the newsroom.
	plain("POST /api/v1/articles", s.api(scopeArticles, s.postArticles))
	plain("GET /api/v1/subscribers/{external_id}", s.api(scopeSubscribers, s.getSubscriber))
	plain("PUT /api/v1/subscribers/{external_id}", s.api(scopeSubscribers, s.putSubscriber))
	plain("DELETE /api/v1/subscribers/{external_id}", s.api(scopeSubscribers, s.deleteSubscriber))
	plain("GET /api/v1/openapi.json", s.openAPI)
	plain("POST /api/v1/webhooks/{name}", s.postWebhook)

	// The rest.
	page("GET /assets/{name}", s.asset)
	plain("GET /robots.txt", s.robots)
	plain("GET /healthz", s.healthz)
	plain("GET /readyz", s.readyz)
	if s.path != "" { // who watches the process asks it directly
		mux.HandleFunc("GET /healthz", s.healthz)
		mux.HandleFunc("GET /readyz", s.readyz)
	}
	return s.outermost(mux)
}

// below moves a pattern below the path of PublicURL.
func (s *Server) below(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	return method + " " + s.path + path
}
