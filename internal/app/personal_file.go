package app

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"broadsheet/subscribers"
)

// personalFile is PersonalData as a reader gets it: with the names that the API
// has, in words that somebody outside can read.
type personalFile struct {
	Reader        *personalReader      `json:"reader,omitempty"`
	Asked         *personalAsked       `json:"asked,omitempty"`       // by whoever filled in the form, and not confirmed
	NewAddress    string               `json:"new_address,omitempty"` // asked for, and not accepted by both
	Subscriptions []personalChoice     `json:"subscriptions"`
	History       []personalEntry      `json:"history"`
	Suppression   *personalSuppression `json:"suppression,omitempty"`
	Mails         []personalMail       `json:"system_mails"`
	Deliveries    []personalSent       `json:"deliveries"`
}

type personalReader struct {
	ID            int64             `json:"id"`
	ExternalID    string            `json:"external_id,omitempty"`
	Address       string            `json:"address"`
	Name          string            `json:"name,omitempty"`
	State         subscribers.State `json:"state"`
	Language      string            `json:"language,omitempty"`
	Timezone      string            `json:"timezone,omitempty"`
	Format        string            `json:"mail_format"`
	Attributes    map[string]string `json:"attributes,omitempty"`
	CreatedAt     time.Time         `json:"created_at"`
	AskedAt       time.Time         `json:"asked_at,omitzero"`
	AskedOn       string            `json:"asked_on,omitempty"`
	ConfirmedAt   time.Time         `json:"confirmed_at,omitzero"`
	EndedAt       time.Time         `json:"ended_at,omitzero"`
	HardBouncedAt time.Time         `json:"hard_bounced_at,omitzero"`
	SoftBounces   int               `json:"soft_bounces"`
}

// personalAsked is what waits for the confirmation of a reader who has left.
type personalAsked struct {
	At         time.Time         `json:"asked_at"`
	On         string            `json:"asked_on,omitempty"`
	Name       string            `json:"name,omitempty"`
	Language   string            `json:"language,omitempty"`
	Timezone   string            `json:"timezone,omitempty"`
	Format     string            `json:"mail_format"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Topics     []string          `json:"topics"`
	Digests    []string          `json:"digests"`
	Hours      []string          `json:"hours,omitempty"`
}

type personalChoice struct {
	Digest      string                        `json:"digest"`
	State       subscribers.SubscriptionState `json:"state"`
	Topics      []string                      `json:"topics"` // slugs, "*" for all
	Timezone    string                        `json:"timezone,omitempty"`
	Hour        string                        `json:"hour,omitempty"`
	CreatedAt   time.Time                     `json:"created_at"`
	EndedAt     time.Time                     `json:"ended_at,omitzero"`
	PausedUntil time.Time                     `json:"paused_until,omitzero"`
}

type personalEntry struct {
	At           time.Time         `json:"at"`
	Event        subscribers.Event `json:"event"`
	By           subscribers.Actor `json:"by"`
	Origin       string            `json:"origin,omitempty"`
	Client       string            `json:"client,omitempty"`
	Detail       string            `json:"detail,omitempty"`
	Text         string            `json:"text,omitempty"`
	TextHash     string            `json:"text_hash,omitempty"`
	TextLanguage string            `json:"text_language,omitempty"`
	TextVersion  int               `json:"text_version,omitempty"`
}

type personalSuppression struct {
	Reason    string    `json:"reason"`
	Detail    string    `json:"detail,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

type personalMail struct {
	Kind      subscribers.MailKind `json:"kind"`
	State     string               `json:"state"`
	CreatedAt time.Time            `json:"created_at"`
	SentAt    time.Time            `json:"sent_at,omitzero"`
	Reply     string               `json:"reply,omitempty"`
}

type personalSent struct {
	Edition   string           `json:"edition"`
	State     string           `json:"state"`
	Reason    string           `json:"reason,omitempty"`
	ChangedAt time.Time        `json:"changed_at"`
	NextTryAt time.Time        `json:"next_try_at,omitzero"`
	Answers   []personalAnswer `json:"answers"`
}

type personalAnswer struct {
	At    time.Time `json:"at"`
	Relay string    `json:"relay,omitempty"`
	Class string    `json:"class,omitempty"`
	Code  int       `json:"code,omitempty"`
	Text  string    `json:"text,omitempty"`
}

// Write writes the data as JSON.
func (d *PersonalData) Write(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(d.file())
}

func (d *PersonalData) file() *personalFile {
	f := &personalFile{
		NewAddress: d.NewAddress, Subscriptions: []personalChoice{}, History: []personalEntry{}, Mails: []personalMail{}, Deliveries: []personalSent{},
	}
	if r := &d.Reader.Subscriber; r.ID != 0 {
		f.Reader = &personalReader{
			ID: r.ID, ExternalID: r.ExternalID, Address: r.Address, Name: r.Name, State: r.Shown(), Language: r.Language, Timezone: r.Zone,
			Format: r.Format.String(), Attributes: r.Attributes.Map(), CreatedAt: r.CreatedAt, AskedAt: r.AskedAt, AskedOn: r.AskedOn,
			ConfirmedAt: r.ConfirmedAt, EndedAt: r.EndedAt, HardBouncedAt: r.HardBouncedAt, SoftBounces: r.SoftBounces,
		}
	}
	if a := d.Reader.Asked; a != nil {
		f.Asked = &personalAsked{
			At: a.At, On: a.On, Name: a.Name, Language: a.Language, Timezone: a.Zone, Format: a.Format.String(), Attributes: a.Attributes.Map(),
			Topics: d.topicSlugs(a.Topics), Digests: a.Digests, Hours: a.Hours,
		}
	}
	for i := range d.Reader.Subscriptions {
		s := &d.Reader.Subscriptions[i]
		f.Subscriptions = append(f.Subscriptions, personalChoice{
			s.Digest, s.State, d.topicSlugs(s.Topics), s.Zone, s.Hour, s.CreatedAt, s.EndedAt, s.PausedUntil,
		})
	}
	for i := range d.Reader.Consents {
		c := &d.Reader.Consents[i]
		f.History = append(f.History, personalEntry{
			c.At, c.Event, c.By(), c.Origin, c.Client, c.Detail, c.Text, c.TextHash, c.TextLanguage, c.TextVersion,
		})
	}
	if s := d.Reader.Suppression; s != nil {
		f.Suppression = &personalSuppression{s.Reason, s.Detail, s.CreatedAt}
	}
	for _, m := range d.Mails {
		f.Mails = append(f.Mails, personalMail{m.Kind, m.State, m.CreatedAt, m.SentAt, m.Reply})
	}
	for i := range d.Deliveries {
		f.Deliveries = append(f.Deliveries, d.Deliveries[i].file())
	}
	return f
}

func (d *PersonalDelivery) file() personalSent {
	f := personalSent{d.Edition, string(d.State), d.Reason, d.ChangedAt, d.NextTryAt, []personalAnswer{}}
	for _, a := range d.Answers {
		f.Answers = append(f.Answers, personalAnswer{a.At, a.Relay, string(a.Class), a.Code, a.Text})
	}
	return f
}

// topicSlugs are the names of topics in the configuration, by number those that
// it does not have any more.
func (d *PersonalData) topicSlugs(topics subscribers.Topics) []string {
	if topics == subscribers.AllTopics {
		return []string{string(topics)}
	}
	out := []string{}
	for id := range strings.FieldsFuncSeq(string(topics), func(r rune) bool { return r == ',' }) {
		name := id
		for _, t := range d.catalog.Topics {
			if strconv.FormatInt(t.ID, 10) == id {
				name = t.Slug
			}
		}
		out = append(out, name)
	}
	return out
}
