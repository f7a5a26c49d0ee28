package subscribers

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Event is what happened in the record of consent.
type Event string

// The events.
const (
	EventSignedUp     Event = "signed-up"
	EventConfirmed    Event = "confirmed"
	EventPreferences  Event = "preferences"
	EventUnsubscribed Event = "unsubscribed"
	EventSuppressed   Event = "suppressed"
	EventUnsuppressed Event = "unsuppressed"
	EventAdded        Event = "added"
	EventImported     Event = "imported"
	EventPaused       Event = "paused"
	EventResumed      Event = "resumed"
	EventChanged      Event = "changed" // by an operator
	EventErased       Event = "erased"  // what was personal is gone
)

// Consent is one entry of the append-only record of what a reader agreed to
// or ended.
type Consent struct {
	At     time.Time // entries of one subscriber have distinct, growing times
	Event  Event
	Origin string // by which way: form, one-click, command ...
	Client string // the network address it came from, if any
	Text   string // the text agreed to, if any
	Detail string // what was chosen or ended
}

// note is an entry about to be written.
type note struct {
	Consent
	hash string
}

func (n note) at(t time.Time) note {
	n.At = t
	return n
}

// consentText is a text that was shown, stored once under its hash.
type consentText struct{ hash, language, text string }

func newConsentText(language, text string) consentText {
	if text == "" {
		return consentText{}
	}
	sum := sha256.Sum256([]byte(language + "\x00" + text))
	return consentText{hash: hex.EncodeToString(sum[:]), language: language, text: text}
}
