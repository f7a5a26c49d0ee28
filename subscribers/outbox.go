package subscribers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// HookEvent is what other systems are told of.
type HookEvent string

// The events that other systems are told of. Who never confirmed and is not
// known to them by an id of theirs is no event.
const (
	HookConfirmed    HookEvent = "confirmed"    // a reader became active, for the first time or again, in whatever way
	HookChanged      HookEvent = "changed"      // choices, a pause, the address; also one digest of several that ended
	HookUnsubscribed HookEvent = "unsubscribed" // nothing is left that a reader gets
	HookSuppressed   HookEvent = "suppressed"
	HookErased       HookEvent = "erased"
)

// HookEvents are all of them.
func HookEvents() []HookEvent {
	return []HookEvent{HookConfirmed, HookChanged, HookUnsubscribed, HookSuppressed, HookErased}
}

// Hook is a system that is told what becomes of readers.
type Hook struct {
	Slug   string
	Events []HookEvent
}

func (h *Hook) wants(e HookEvent) bool { return slices.Contains(h.Events, e) }

// list is the events as the database keeps them.
func (h *Hook) list() string {
	var b strings.Builder
	b.WriteByte(',')
	for _, e := range h.Events {
		b.WriteString(string(e) + ",")
	}
	return b.String()
}

// OutboxEvent is something that one system is still to be told.
type OutboxEvent struct {
	Hook       string
	Subscriber int64
	At         time.Time // when it happened
	Event      HookEvent
	Body       string // JSON; "" where the reader was erased since, and nothing is to be told
	Attempts   int    // tries so far, of a claimed one with the present one
	NextTryAt  time.Time
	Answer     string // what went wrong at the last try

	queuedAt time.Time // At, or when an operator had it told again
}

// ID names the event: the same one for each try, and for each system.
func (e *OutboxEvent) ID() string { return eventID(e.Subscriber, e.At) }

func eventID(subscriber int64, at time.Time) string {
	return fmt.Sprintf("reader_%d_%d", subscriber, db.Millis(at))
}

// happening is an event about to be written for all who want it.
type happening struct {
	record *record
	by     *note
	event  HookEvent
}

// happenings are the events that the notes of records make: of several of the
// same kind in a row, which tell the same, the last.
func happenings(recs []*record) []happening {
	var all []happening
	for _, r := range recs {
		first := len(all)
		for i := range r.notes {
			h := happening{r, &r.notes[i], r.event(&r.notes[i])}
			switch last := len(all) - 1; {
			case h.event == "":
			case last >= first && all[last].event == h.event:
				all[last] = h
			default:
				all = append(all, h)
			}
		}
	}
	return all
}

// event is what a note means to other systems, "" for nothing.
func (r *record) event(n *note) HookEvent {
	if n.quiet || r.ConfirmedAt.IsZero() && r.ExternalID == "" {
		return ""
	}
	switch {
	case n.Event == EventSignedUp || n.Event == EventConfirmationSent:
		return ""
	case n.Event == EventErased:
		return HookErased
	case n.Event == EventSuppressed:
		return HookSuppressed
	case n.Event == EventUnsubscribed && r.State == StateUnsubscribed:
		return HookUnsubscribed
	case r.State != StateActive:
		return ""
	case r.Shown() == StateActive && r.was != StateActive:
		return HookConfirmed
	}
	return HookChanged
}

// toldReader is a reader as other systems are told of one.
type toldReader struct {
	ID          int64             `json:"id"`
	ExternalID  string            `json:"external_id,omitempty"`
	Address     string            `json:"address,omitempty"` // all from here on is missing of one who was erased
	State       State             `json:"state,omitempty"`
	Name        string            `json:"name,omitempty"`
	Language    string            `json:"language,omitempty"`
	Timezone    string            `json:"timezone,omitempty"`
	Topics      []string          `json:"topics,omitempty"`
	Digests     []string          `json:"digests,omitempty"`
	Hours       []string          `json:"hours,omitempty"`
	Pauses      []string          `json:"pauses,omitempty"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	ConfirmedAt *time.Time        `json:"confirmed_at,omitempty"`
	EndedAt     *time.Time        `json:"ended_at,omitempty"`
}

// told is the body of an event.
type told struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      toldData  `json:"data"`
}

type toldData struct {
	By     Actor      `json:"by"`
	Origin string     `json:"origin"`
	Reader toldReader `json:"reader"`
}

// body writes the event: the reader as of now, and by whom it became so.
func (h *happening) body(slugs map[int64]string) (string, error) {
	r := h.record
	t := told{Type: "reader." + string(h.event), Timestamp: h.by.At.UTC(),
		Data: toldData{By: h.by.By(), Origin: cut(h.by.Origin, maxOrigin), Reader: toldReader{ID: r.ID, ExternalID: r.ExternalID}}}
	if h.event != HookErased {
		t.Data.Reader = r.told(slugs)
	}
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("write an event of reader %d: %w", r.ID, err)
	}
	return string(text), nil
}

func (r *record) told(slugs map[int64]string) toldReader {
	row := r.row(slugs)
	t := toldReader{
		ID: r.ID, ExternalID: r.ExternalID, Address: r.Address, State: r.Shown(), Name: r.Name, Language: r.Language, Timezone: r.Zone,
		Topics: row.Topics, Digests: row.Digests, Hours: row.Hours, Attributes: r.Attributes.Map(),
	}
	for _, p := range row.Pauses {
		t.Pauses = append(t.Pauses, pauseText(p.Digest, p.Until))
	}
	for _, at := range []struct {
		to   **time.Time
		from time.Time
	}{{&t.ConfirmedAt, r.ConfirmedAt}, {&t.EndedAt, r.EndedAt}} {
		if !at.from.IsZero() {
			utc := at.from.UTC()
			*at.to = &utc
		}
	}
	return t
}
