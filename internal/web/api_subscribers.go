package web

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
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
	if wrong != nil {
		return nil, wrong, nil
	}
	row, err := s.Subscribers.PutExternal(r.Context(), s.Catalog(), in.external(r.PathValue("external_id"), "api:"+key))
	var fields subscribers.FieldErrors
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
	row, err := s.Subscribers.ByExternalID(r.Context(), r.PathValue("external_id"))
	if errors.Is(err, subscribers.ErrUnknown) {
		return nil, nil, nil
	}
	if err == nil && erase == "true" {
		_, err = s.Subscribers.Erase(r.Context(), row.Address, "api:"+key)
	} else if err == nil {
		err = s.Subscribers.Unsubscribe(r.Context(), row.ID, 0, "api:"+key, "")
	}
	if errors.Is(err, subscribers.ErrUnknown) { // by another request meanwhile
		err = nil
	}
	return nil, nil, err
}

func readSubscriber(r *http.Request) (*apiSubscriber, []apiError) {
	in := new(apiSubscriber)
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(in)
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
	case in.ExternalID != "" && in.ExternalID != r.PathValue("external_id"):
		return nil, []apiError{{status: http.StatusUnprocessableEntity, Field: "external_id", Error: "it is not the one in the URL: leave it out"}}
	case in.State != "" && in.State != subscribers.StateActive && in.State != subscribers.StateUnsubscribed:
		return nil, []apiError{{status: http.StatusUnprocessableEntity, Field: "state", Error: "it is active or unsubscribed"}}
	}
	return in, nil
}

func (in *apiSubscriber) external(id, origin string) subscribers.External {
	x := subscribers.External{
		ID: id, Address: in.Address, Name: in.Name, Zone: in.Timezone, Language: in.Language, Topics: in.Topics, Digests: in.Digests,
		Hours: in.Hours, Ended: in.State == subscribers.StateUnsubscribed, Origin: origin,
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		x.Attributes = append(x.Attributes, name+"="+in.Attributes[name])
	}
	if c := in.Consent; c != nil {
		x.Evidence = &subscribers.Evidence{Text: c.Text, At: c.At, Client: c.Client, Source: c.Source}
	}
	return x
}

func shownSubscriber(row *subscribers.Row) *apiSubscriber {
	out := &apiSubscriber{
		ExternalID: row.ExternalID, Address: row.Address, Name: &row.Name, Language: &row.Language, Timezone: &row.Zone,
		Topics: row.Topics, Digests: row.Digests, Hours: row.Hours, Attributes: row.Attributes.Map(), State: row.Shown(),
		CreatedAt: known(row.CreatedAt), ConfirmedAt: known(row.ConfirmedAt), EndedAt: known(row.EndedAt),
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
