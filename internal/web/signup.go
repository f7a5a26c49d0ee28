package web

import (
	"errors"
	"net/http"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// proof is what a sign-up brings to show that a person filled in a form of ours.
type proof struct {
	form    string // the signed form time
	website string // what is in the field that people do not see
	work    string // the proof of work, where it was asked for
}

// verdict is what becomes of a sign-up. The zero verdict is that of one that
// was taken, and says nothing about the address.
type verdict struct {
	problems map[string]templates.Problem // by field: it is to be corrected
	refusal  *refusal                     // it is beyond the limits
	step     string                       // an effort is to be made first: the token of the form for it
}

// takeSignUp is what every sign-up passes, by whichever way it comes: the gate,
// and the checks of its fields. What fell into the trap is dropped and gets the
// verdict of one that was taken.
func (s *Server) takeSignUp(r *http.Request, in *subscribers.SignUp, p proof, now time.Time) (verdict, error) {
	stale := verdict{problems: map[string]templates.Problem{templates.FieldForm: templates.ProblemFormExpired}}
	g := s.gate(r, p, now)
	switch g.pass {
	case passTrapped:
		return verdict{}, nil
	case passBare:
		return verdict{problems: map[string]templates.Problem{templates.FieldForm: templates.ProblemFormIncomplete}}, nil
	case passStale:
		return stale, nil
	case passLimited:
		return verdict{refusal: g.refusal}, nil
	case passChallenge:
		return verdict{step: g.step}, nil
	}
	site := s.siteFor(r, in.Language)
	in.Client, in.Language, in.Text, in.Form = s.clientText(r), site.Language, templates.ConsentText(site), g.form
	var wrong subscribers.FieldErrors
	switch err := s.Subscribers.SignUp(r.Context(), s.Catalog(), *in); {
	case errors.As(err, &wrong):
		return verdict{problems: wrong.Problems()}, nil
	case errors.Is(err, subscribers.ErrFormUsed):
		return stale, nil
	case err != nil:
		return verdict{}, err
	}
	return verdict{}, nil
}
