package subscribers

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	// ErrUnknown says that there is no such subscriber.
	ErrUnknown = errors.New("unknown subscriber")
	// ErrUnsubscribed says that the reader has left, and must sign up and
	// confirm anew.
	ErrUnsubscribed = errors.New("unsubscribed: the reader must sign up and confirm anew")
	// ErrSuppressed says that the address must not be mailed.
	ErrSuppressed = errors.New("suppressed: the address must not be mailed")
)

// State is where a subscriber stands.
type State string

// The states of a subscriber. StateSuppressed is never stored as one: lists,
// counts and files show it in place of the state beneath.
const (
	StatePending      State = "pending" // asked, not confirmed
	StateActive       State = "active"
	StateUnsubscribed State = "unsubscribed"
	StateSuppressed   State = "suppressed"
)

// Subscriber is a person's address with us.
type Subscriber struct {
	ID           int64
	Address      string // canonical, as mail.Canonical returns it
	ExternalID   string // by which another system of the newsroom knows the reader, if one does
	Name         string
	State        State
	Language     string // BCP 47, empty for the site's
	Zone         string // IANA name, empty for each digest's own
	Format       Format // how mails come
	Attributes   Attributes
	CreatedAt    time.Time
	AskedAt      time.Time // when the address was last signed up or brought in
	AskedOn      string    // the site whose page had the form, an origin; "" for our own
	ConfirmedAt  time.Time // zero before the first confirmation
	EndedAt      time.Time // when the reader last left; zero once confirmed again
	SuppressedAt time.Time // zero unless the address is suppressed
	// HardBouncedAt is when the first hard bounce since the last success came,
	// zero if none did; SoftBounces is how many soft ones have come since then.
	HardBouncedAt time.Time
	SoftBounces   int
}

// Suppressed reports whether the address must not be mailed.
func (s *Subscriber) Suppressed() bool { return !s.SuppressedAt.IsZero() }

// HasLeft reports whether the reader once left and has not confirmed since,
// even if somebody signed the address up again. Nobody's word but the reader's
// own confirmation makes such a reader active.
func (s *Subscriber) HasLeft() bool { return !s.EndedAt.IsZero() }

// Shown returns the state that lists and files show: suppressed wins.
func (s *Subscriber) Shown() State {
	if s.Suppressed() {
		return StateSuppressed
	}
	return s.State
}

// Mask hides most of an address, for pages that a forwarded link may open:
// "jane@example.com" becomes "j•••@e•••.com".
func Mask(address string) string {
	const hidden = "•••"
	local, domain, ok := strings.Cut(address, "@")
	if !ok {
		return hidden
	}
	masked := firstRune(local) + hidden + "@" + firstRune(domain) + hidden
	if dot := strings.LastIndexByte(domain, '.'); dot > 0 {
		masked += domain[dot:]
	}
	return masked
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
