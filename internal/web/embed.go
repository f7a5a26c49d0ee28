package web

import (
	"io"
	"net/http"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// framed lets the pages of the allowed origins frame what h shows, errors
// included. No other page of ours may be framed.
func (s *Server) framed(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Security-Policy", pagePolicy(s.ancestors()))
		return h(w, r)
	}
}

// showEmbed shows the form as it stands in a frame.
func (s *Server) showEmbed(w http.ResponseWriter, r *http.Request) error {
	return s.showForm(w, r, http.StatusOK, &signUpForm{in: &subscribers.SignUp{Site: s.siteOf(r)}, framed: true})
}

// subscribeFramed answers the form of a frame, within the frame.
func (s *Server) subscribeFramed(w http.ResponseWriter, r *http.Request) error {
	in, err := parseSignUp(r)
	if err != nil {
		return err
	}
	in.Origin, in.Site = originFrame, s.siteOf(r)
	return s.takeForm(w, r, &signUpForm{in: in, framed: true})
}

func (s *Server) showEmbedInbox(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, http.StatusOK, func(b io.Writer) error {
		return s.pages.CheckInbox(b, &templates.CheckInboxPage{Site: s.siteFor(r, ""), Framed: true})
	})
}
