package web

import (
	"errors"
	"io"
	"net/http"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// askAddress asks for another address of a reader. The answer and its time are
// the same whatever is known of that address.
func (s *Server) askAddress(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	start := s.Now()
	err := s.Subscribers.AskAddress(r.Context(), token, r.PostForm.Get(templates.FieldAddress), originForm, s.clientText(r))
	if err != nil {
		return s.showWrongPersonal(w, r, token, nil, err)
	}
	s.evenOut(r.Context(), start)
	return s.redirectBack(w, r, "asked")
}

// side makes the handlers of one side of a change of address.
func (s *Server) side(p subscribers.Purpose, h func(w http.ResponseWriter, r *http.Request, token subscribers.Token) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token, err := s.Keys.Verify(p, r.PathValue("token"), s.Now())
		if err == nil {
			err = h(w, r, token)
		}
		if errors.Is(err, subscribers.ErrUnsubscribed) {
			return s.showLeft(w, http.StatusGone, s.readerSite(r, token.Subscriber), "")
		}
		return err
	}
}

// showMove asks one side whether the change may be.
func (s *Server) showMove(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	v, err := s.Subscribers.AddressChange(r.Context(), token)
	if err != nil {
		return err
	}
	isOld := token.Purpose == subscribers.PurposeOldAddress
	if isOld && v.Agreed || !isOld && v.Confirmed {
		return s.showAccepted(w, r, token, &v)
	}
	page := &templates.MovePage{Site: s.siteFor(r, v.Language), Old: v.Old, New: newAddress(&v, token), IsOld: isOld, Action: r.URL.EscapedPath()}
	return s.show(w, http.StatusOK, func(b io.Writer) error { return s.pages.Move(b, page) })
}

// move accepts the change for one side, or stops it for the present address.
func (s *Server) move(w http.ResponseWriter, r *http.Request, token subscribers.Token) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	do := r.PostForm.Get(templates.FieldDo)
	switch {
	case do == "stop" && token.Purpose == subscribers.PurposeOldAddress:
		v, err := s.Subscribers.StopAddress(r.Context(), token, originPage, s.clientText(r))
		if err != nil {
			return err
		}
		return s.showAnswer(w, http.StatusOK, &templates.AnswerPage{Site: s.siteFor(r, v.Language), Answer: templates.AnswerStopped})
	case do != "accept":
		return statusError(http.StatusBadRequest)
	}
	start := s.Now()
	v, err := s.Subscribers.AcceptAddress(r.Context(), token, originPage, s.clientText(r))
	if err != nil {
		return err
	}
	s.evenOut(r.Context(), start)
	return s.showAccepted(w, r, token, &v)
}

// newAddress is the new address of a change as one side of it may see it: the
// mail to the present one has it partly hidden, and so have the pages behind it.
func newAddress(v *subscribers.ChangeView, token subscribers.Token) string {
	if token.Purpose == subscribers.PurposeOldAddress {
		return subscribers.Mask(v.New)
	}
	return v.New
}

// showAccepted thanks one side of a change and says what it waits for. A side
// that was told nothing of what is wrong with the other waits for that.
func (s *Server) showAccepted(w http.ResponseWriter, r *http.Request, token subscribers.Token, v *subscribers.ChangeView) error {
	page := &templates.AnswerPage{Site: s.siteFor(r, v.Language), Address: newAddress(v, token)}
	switch {
	case v.Done:
		page.Answer = templates.AnswerMoved
	case token.Purpose == subscribers.PurposeOldAddress:
		page.Answer = templates.AnswerLacksNew
	default:
		page.Answer = templates.AnswerLacksOld
	}
	return s.showAnswer(w, http.StatusOK, page)
}
