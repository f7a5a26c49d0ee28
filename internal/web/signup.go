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
}

// verdict is what becomes of a sign-up. The zero verdict is that of one that
// was taken, and says nothing about the address.
type verdict struct {
	problems map[string]templates.Problem // by field: it is to be corrected
	refusal  *refusal                     // it is beyond the limits
}

// takeSignUp is what every sign-up passes, by whichever way it comes: the trap
// for machines, the signed form time, the limits, and the checks of its fields.
// What fell into the trap is dropped and gets the verdict of one that was taken.
func (s *Server) takeSignUp(r *http.Request, in *subscribers.SignUp, p proof, now time.Time) (verdict, error) {
	if p.website != "" {
		return verdict{}, nil
	}
	if !s.formIsFresh(p.form, now) {
		return verdict{problems: map[string]templates.Problem{templates.FieldForm: templates.ProblemFormExpired}}, nil
	}
	if no := s.signUps.admit(s.client(r), now); no != nil {
		if no.first {
			s.Log.WarnContext(r.Context(), "sign-ups refused, too many over all networks in a minute", "limit", s.signUps.total)
		}
		return verdict{refusal: no}, nil
	}
	site := s.siteFor(r, in.Language)
	in.Client, in.Language, in.Text = s.clientText(r), site.Language, templates.ConsentText(site)
	var wrong subscribers.FieldErrors
	if err := s.Subscribers.SignUp(r.Context(), s.Catalog(), *in); errors.As(err, &wrong) {
		return verdict{problems: wrong.Problems()}, nil
	} else if err != nil {
		return verdict{}, err
	}
	return verdict{}, nil
}
