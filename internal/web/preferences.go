package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// leaveAll is what the button that ends everything sends.
const leaveAll = "all"

// showPreferences shows what the link in every digest opens. The mail may have
// been forwarded: there is what comes to the reader and can be ended, and a button
// that mails the reader a link to the rest.
func (s *Server) showPreferences(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	v, err := s.Subscribers.View(r.Context(), s.catalogFor(r), token.Subscriber)
	if err != nil {
		return err
	}
	if isSent(r) && v.State == subscribers.StateActive {
		return s.showSent(w, r, &v, r.URL.EscapedPath())
	} else if isSent(r) && v.State == subscribers.StateUnsubscribed {
		return s.showSent(w, r, &v, "")
	}
	return s.drawPreferences(w, r, &v, http.StatusOK, func(page *templates.PreferencesPage) {
		page.Saved = r.URL.Query().Has("saved")
		// Who is suppressed is told what others are.
		page.Confirmed = r.URL.Query().Has("confirmed") && (v.State == subscribers.StateActive || v.Suppressed)
	})
}

// drawPreferences draws the page of a reader, as change makes it.
func (s *Server) drawPreferences(w http.ResponseWriter, r *http.Request, v *subscribers.View, status int, change func(*templates.PreferencesPage)) error {
	if v.State == subscribers.StateUnsubscribed {
		if status != http.StatusOK {
			status = http.StatusGone
		}
		return s.showLeft(w, status, s.siteFor(r, v.Language), r.URL.EscapedPath())
	}
	page := &templates.PreferencesPage{
		Site: s.siteFor(r, v.Language), Masked: v.Masked, Action: r.URL.EscapedPath(),
		Topics: severalOf(v.Topics), Digests: severalOf(v.Digests), Fresh: v.State == subscribers.StateActive, Pause: true,
	}
	change(page)
	return s.show(w, status, func(b io.Writer) error { return s.pages.Preferences(b, page) })
}

// severalOf are the chosen ones of choices, none ticked. To end a single one is to
// leave, for which there is another button.
func severalOf(choices []templates.Choice) []templates.Choice {
	var out []templates.Choice
	for _, c := range choices {
		if c.Checked {
			c.Checked = false
			out = append(out, c)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// postPreferences ends what the button says, or mails the reader a link. Whatever
// else a form may send changes nothing.
func (s *Server) postPreferences(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Keys.Verify(subscribers.PurposePreferences, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	f := r.PostForm
	all := subscribers.Token{Subscriber: token.Subscriber}
	switch {
	case f.Has(templates.FieldFresh):
		return s.askFresh(w, r, token.Subscriber)
	case f.Get(templates.FieldUnsubscribe) == leaveAll:
		return s.leave(w, r, all, originPage)
	case f.Get(templates.FieldInstead) == templates.InsteadPause:
		return s.pauseInstead(w, r, all)
	case f.Has(templates.FieldEnd):
		return s.endSome(w, r, token.Subscriber)
	}
	return statusError(http.StatusBadRequest) // nothing of the page
}

// endSome ends the digests and topics that are ticked, also when the client hangs
// up.
func (s *Server) endSome(w http.ResponseWriter, r *http.Request, id int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), leaveTime)
	defer cancel()
	v, err := s.Subscribers.View(ctx, s.catalogFor(r), id)
	if err != nil {
		return err
	}
	in := subscribers.Endings{Topics: r.PostForm[templates.FieldEndTopics], Digests: r.PostForm[templates.FieldEndDigests]}
	if len(in.Topics)+len(in.Digests) == 0 {
		return s.drawPreferences(w, r, &v, http.StatusUnprocessableEntity, func(page *templates.PreferencesPage) {
			field := templates.FieldEndTopics
			if len(page.Digests) > 0 {
				field = templates.FieldEndDigests
			}
			page.Errors = map[string]templates.Problem{field: templates.ProblemNothingTicked}
		})
	}
	left, err := s.Subscribers.End(ctx, s.Catalog(), id, in, originPage, s.clientText(r))
	switch {
	case errors.Is(err, subscribers.ErrLastTopic):
		return s.drawPreferences(w, r, &v, http.StatusConflict, func(page *templates.PreferencesPage) {
			page.LastTopic = true
			tick(page.Topics, in.Topics)
			tick(page.Digests, in.Digests)
		})
	case errors.Is(err, subscribers.ErrUnsubscribed):
		v.State = subscribers.StateUnsubscribed // perhaps meanwhile
		return s.drawPreferences(w, r, &v, http.StatusGone, func(*templates.PreferencesPage) {})
	case err != nil:
		return err
	case left.At != 0:
		s.Marks.left(id, left.At, s.network(r), isMachine(r))
		return s.toGoodbye(w, r, id, left)
	}
	return s.redirectBack(w, r, "saved")
}

// tick ticks those of choices that were ticked.
func tick(choices []templates.Choice, slugs []string) {
	for i := range choices {
		choices[i].Checked = slices.Contains(slugs, choices[i].Slug)
	}
}
