package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"broadsheet/subscribers"
)

// apiSubscriber is a reader as other systems of the newsroom send and get them.
type apiSubscriber struct {
	ExternalID string            `json:"external_id,omitempty"`
	Address    string            `json:"address"`
	Name       *string           `json:"name,omitempty"`
	Language   *string           `json:"language,omitempty"`
	Timezone   *string           `json:"timezone,omitempty"`
	MailFormat *string           `json:"mail_format,omitempty"`
	Topics     []string          `json:"topics"`
	Digests    []string          `json:"digests"`
	Hours      []string          `json:"hours,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	State      subscribers.State `json:"state,omitempty"`
	Consent    *apiConsent       `json:"consent,omitempty"` // is never sent back

	// These are only sent back.
	CreatedAt   *time.Time `json:"created_at,omitempty"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	AskedAt     *time.Time `json:"asked_at,omitempty"`
}

// apiConsent is the evidence that a reader agreed.
type apiConsent struct {
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
	Client string    `json:"client,omitempty"`
	Source string    `json:"source,omitempty"`
}

// getSubscriber shows the reader whom another system knows by an id.
func (s *Server) getSubscriber(r *http.Request, _ string) (any, []apiError, error) {
	row, err := s.Subscribers.ByExternalID(r.Context(), r.PathValue("external_id"))
	if errors.Is(err, subscribers.ErrUnknown) {
		return nil, unknownReader(), nil
	}
	if err != nil {
		return nil, nil, err
	}
	return shownSubscriber(row), nil, nil
}

func unknownReader() []apiError {
	return refused(http.StatusNotFound, "no reader has this external id: PUT makes one")
}

// putSubscriber makes a reader what another system says. Sending it again
// changes nothing.
func (s *Server) putSubscriber(r *http.Request, key string) (any, []apiError, error) {
	in, wrong := readSubscriber(r)
	if in == nil {
		return nil, wrong, nil
	}
	external := in.external(r.PathValue("external_id"), "api:"+key)
	var fields subscribers.FieldErrors
	if wrong != nil {
		errors.As(external.Check(s.Catalog(), s.Now()), &fields)
		return nil, allWrong(wrong, subscriberErrors(fields)), nil
	}
	row, err := s.Subscribers.PutExternal(r.Context(), s.Catalog(), external)
	switch {
	case errors.As(err, &fields):
		return nil, subscriberErrors(fields), nil
	case errors.Is(err, subscribers.ErrSuppressed), errors.Is(err, subscribers.ErrLeftSince), errors.Is(err, subscribers.ErrOtherReader):
		return nil, refused(http.StatusConflict, "%s", err), nil
	case errors.Is(err, subscribers.ErrMailLimit):
		return nil, refused(http.StatusTooManyRequests, "%s: send evidence of consent, or wait", err), nil
	case err != nil:
		return nil, nil, err
	}
	return shownSubscriber(row), nil, nil
}

// deleteSubscriber ends everything for a reader, and forgets the reader too with
// ?erase=true. Deleting again is as good as deleting.
func (s *Server) deleteSubscriber(r *http.Request, key string) (any, []apiError, error) {
	erase := r.URL.Query().Get("erase")
	if erase != "" && erase != "true" && erase != "false" {
		return nil, refused(http.StatusBadRequest, "erase is true or false"), nil
	}
	id, by := r.PathValue("external_id"), "api:"+key
	var err error
	if erase == "true" {
		_, err = s.Subscribers.EraseExternal(r.Context(), id, by)
	} else {
		err = s.unsubscribeExternal(r.Context(), id, by)
	}
	if errors.Is(err, subscribers.ErrUnknown) {
		err = nil
	}
	return nil, nil, err
}

func (s *Server) unsubscribeExternal(ctx context.Context, id, by string) error {
	row, err := s.Subscribers.ByExternalID(ctx, id)
	if err != nil {
		return err
	}
	return s.Subscribers.Unsubscribe(ctx, row.ID, 0, by, "")
}

// readSubscriber reads the body, and tells all that is wrong with the kinds of its
// fields. A body that is no object is nil.
func readSubscriber(r *http.Request) (*apiSubscriber, []apiError) {
	body := &apiFields{}
	d := json.NewDecoder(r.Body)
	err := d.Decode(&body.raw)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			err = nil
		} else if err == nil {
			err = errors.New("something follows the object")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refused(http.StatusRequestEntityTooLarge, "send at most %d bytes at once", apiLimit)
	case err != nil:
		return nil, refused(http.StatusBadRequest, "the body is not one reader as JSON: %v", err)
	}
	in := new(apiSubscriber)
	in.read(body)
	if in.ExternalID != "" && in.ExternalID != r.PathValue("external_id") {
		body.refuse("external_id", "it is not the one in the URL: leave it out")
	}
	if in.State != "" && in.State != subscribers.StateActive && in.State != subscribers.StateUnsubscribed {
		body.refuse("state", "it is active or unsubscribed")
	}
	if f := in.MailFormat; f != nil && *f != subscribers.FormatHTML.String() && *f != subscribers.FormatText.String() {
		body.refuse("mail_format", "it is html or text")
	}
	return in, body.all()
}

func (in *apiSubscriber) read(body *apiFields) {
	const text, list = "a text", "a list of texts"
	body.read("external_id", text, &in.ExternalID)
	body.read("address", text, &in.Address)
	body.read("name", text, &in.Name)
	body.read("language", text, &in.Language)
	body.read("timezone", text, &in.Timezone)
	body.read("mail_format", text, &in.MailFormat)
	body.read("topics", list, &in.Topics)
	body.read("digests", list, &in.Digests)
	body.read("hours", list, &in.Hours)
	body.read("attributes", "an object of texts", &in.Attributes)
	body.read("state", text, &in.State)
	consent := new(apiConsent)
	if body.object("consent", "an object with text and at", func(of *apiFields) {
		of.read("text", text, &consent.Text)
		of.read("at", "a time such as 2026-11-20T09:30:00Z", &consent.At)
		of.read("client", text, &consent.Client)
		of.read("source", text, &consent.Source)
	}) {
		in.Consent = consent
	}
}

// allWrong is what is wrong in the order of the names of fields, of each once: what
// more says of a field with a mistake in some follows from that.
func allWrong(some, more []apiError) []apiError {
	for _, one := range more {
		if !slices.ContainsFunc(some, func(e apiError) bool { return e.Field == one.Field }) {
			some = append(some, one)
		}
	}
	slices.SortStableFunc(some, func(a, b apiError) int { return strings.Compare(a.Field, b.Field) })
	return some
}

func (in *apiSubscriber) external(id, origin string) subscribers.External {
	x := subscribers.External{
		ID: id, Address: in.Address, Name: in.Name, Zone: in.Timezone, Language: in.Language, Topics: in.Topics, Digests: in.Digests,
		Hours: in.Hours, Ended: in.State == subscribers.StateUnsubscribed, Origin: origin,
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		x.Attributes = append(x.Attributes, name+"="+in.Attributes[name])
	}
	if in.MailFormat != nil {
		format := subscribers.FormatHTML
		if *in.MailFormat == subscribers.FormatText.String() {
			format = subscribers.FormatText
		}
		x.Format = &format
	}
	if c := in.Consent; c != nil {
		x.Evidence = &subscribers.Evidence{Text: c.Text, At: c.At, Client: c.Client, Source: c.Source}
	}
	return x
}

func shownSubscriber(row *subscribers.Row) *apiSubscriber {
	format := row.Format.String()
	out := &apiSubscriber{
		ExternalID: row.ExternalID, Address: row.Address, Name: &row.Name, Language: &row.Language, Timezone: &row.Zone, MailFormat: &format,
		Topics: row.Topics, Digests: row.Digests, Hours: row.Hours, Attributes: row.Attributes.Map(), State: row.Shown(),
		CreatedAt: known(row.CreatedAt), ConfirmedAt: known(row.ConfirmedAt), EndedAt: known(row.EndedAt), AskedAt: known(row.WaitsSince),
	}
	if out.Topics == nil {
		out.Topics = []string{}
	}
	if out.Digests == nil {
		out.Digests = []string{}
	}
	return out
}

// known leaves a time out that is not.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// subscriberErrors tells what is wrong by the fields of the API.
func subscriberErrors(fields subscribers.FieldErrors) []apiError {
	var out []apiError
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		name := field
		switch field {
		case "zone":
			name = "timezone"
		case "hour":
			name = "hours"
		}
		out = append(out, apiError{status: http.StatusUnprocessableEntity, Field: name, Error: fields[field].Text})
	}
	return out
}
