package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// mostLately is how many mails the page of a reader lists.
const mostLately = 10

// drawPersonal draws the settings and data of a reader, as change makes the page.
// Of who has left it offers a copy and erasure alone.
func (s *Server) drawPersonal(w http.ResponseWriter, r *http.Request, p *subscribers.Personal, status int, change func(*templates.PersonalPage)) error {
	page := &templates.PersonalPage{
		Site: s.siteFor(r, p.Language), Masked: p.Masked, Name: p.Name, Action: r.URL.EscapedPath(), Now: s.Now(), Left: p.Left,
	}
	if !p.Left {
		page.Topics, page.Digests, page.Language, page.Format = p.Topics, p.Digests, p.Language, p.Format.String()
		page.Zones, page.Zone = s.offerZones(s.Catalog(), p.Zone)
		if c := p.Change; c != nil {
			page.Change = &templates.AddressMove{New: c.New, Agreed: c.Agreed, Confirmed: c.Confirmed}
		}
		if err := errors.Join(s.addRhythm(r.Context(), page, &p.View), s.addLately(r, page, p)); err != nil {
			return err
		}
	}
	change(page)
	return s.show(w, status, func(b io.Writer) error { return s.pages.Personal(b, page) })
}

// showWrongPersonal shows the page with what is wrong and what was typed, if err
// is about that. The choices of in stand in the form, if it is not nil.
func (s *Server) showWrongPersonal(w http.ResponseWriter, r *http.Request, token subscribers.Token, in *subscribers.Preferences, err error) error {
	var wrong subscribers.FieldErrors
	if !errors.As(err, &wrong) {
		return err
	}
	p, err := s.Subscribers.Personal(r.Context(), s.catalogFor(r), token)
	if err != nil {
		return err
	}
	if p.Left && wrong[templates.FieldSure].Problem == "" {
		return subscribers.ErrUnsubscribed
	}
	if in != nil {
		keepTyped(&p.View, in, wrong)
	}
	return s.drawPersonal(w, r, &p, http.StatusUnprocessableEntity, func(page *templates.PersonalPage) {
		page.Errors, page.Address = wrong.Problems(), strings.TrimSpace(r.PostForm.Get(templates.FieldAddress))
		if in != nil && in.Name != nil {
			page.Name = *in.Name
		}
	})
}

// keepTyped makes v what the form had that was sent.
func keepTyped(v *subscribers.View, in *subscribers.Preferences, wrong subscribers.FieldErrors) {
	v.Zone = in.Zone
	if _, bad := wrong[templates.FieldFormat]; in.Format != nil && !bad {
		v.Format = *in.Format
	}
	if _, bad := wrong[templates.FieldLanguage]; in.Language != nil && !bad {
		v.Language = *in.Language
	}
	for i := range v.Topics {
		v.Topics[i].Checked = slices.Contains(in.Topics, v.Topics[i].Slug)
	}
	for i := range v.Digests {
		v.Digests[i].Checked = slices.Contains(in.Digests, v.Digests[i].Slug)
	}
	for i := range v.Rhythms {
		if hour, ok := in.Hours[v.Rhythms[i].Slug]; ok {
			v.Rhythms[i].Hour = hour
		}
	}
}

// addLately lists the mails that came to a reader last.
func (s *Server) addLately(r *http.Request, page *templates.PersonalPage, p *subscribers.Personal) error {
	mails, err := s.Lately(r.Context(), p.ID, mostLately)
	if err != nil {
		return fmt.Errorf("what came lately: %w", err)
	}
	c := s.Catalog()
	zone := readerZone(c, p.Zone)
	for _, m := range mails {
		one := templates.LatelyMail{Digest: s.digestName(m.DigestID, page.Site.Language), What: m.State, At: inZone(m.At, zone)}
		if s.Publisher != nil && m.State == "sent" {
			one.URL = s.Publisher.Links().View(m.Mailing)
		}
		page.Mails = append(page.Mails, one)
	}
	return nil
}

func (s *Server) showAnswer(w http.ResponseWriter, status int, page *templates.AnswerPage) error {
	return s.show(w, status, func(b io.Writer) error { return s.pages.Answer(b, page) })
}
