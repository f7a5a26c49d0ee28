package subscribers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
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
	EventChanged      Event = "changed"  // by an operator
	EventErased       Event = "erased"   // what was personal is gone
	EventReturned     Event = "returned" // the reader undid a leaving
	EventReason       Event = "reason"   // the reader said why they left
	EventRestored     Event = "restored" // an operator undid what a scanner did

	// EventConfirmationSent says that a relay took the mail that asks the reader
	// to confirm. Where its answer was lost, the detail says so.
	EventConfirmationSent Event = "confirmation-sent"
)

// Consent is one entry of the append-only record of what a reader agreed to
// or ended.
type Consent struct {
	At     time.Time // entries of one subscriber have distinct, growing times
	Event  Event
	Origin string // by which way: form, one-click, command ...
	Client string // the network address it came from, or its network, if any
	Text   string // the text agreed to, if any
	Detail string // what was chosen or ended

	// These tell of the text, and are there when it was read from the record.
	TextHash     string    // SHA-256 of its language, a NUL and the text
	TextLanguage string    // BCP 47, "" for the site's
	TextVersion  int       // 1 for the first text of its language that was ever shown, and so on
	TextSince    time.Time // when it was first shown
}

// Actor is who did what the record of consent tells.
type Actor string

// The actors.
const (
	ActorReader   Actor = "reader"
	ActorOperator Actor = "operator"
	ActorImport   Actor = "import"
	ActorAPI      Actor = "api"
	ActorSystem   Actor = "system" // a relay's answer, the mail of a confirmation, an erasure
)

// Origins of entries that are no page's.
const (
	originImport    = "import"
	originPostman   = "postman"
	originErasure   = "erasure" // of records from before the way was kept
	originRetention = "retention"
)

// By is who did it, as the way tells by which it came.
func (c *Consent) By() Actor {
	way, _, _ := strings.Cut(c.Origin, ":")
	switch {
	case c.Event == EventImported || way == originImport:
		return ActorImport
	case way == "command" || way == "demo":
		return ActorOperator
	case way == "api":
		return ActorAPI
	case way == "relay" || way == originPostman || way == originErasure || way == originRetention:
		return ActorSystem
	}
	return ActorReader
}

// note is an entry about to be written.
type note struct {
	Consent
	hash  string
	quiet bool // other systems are not told
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
