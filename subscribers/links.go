package subscribers

import (
	"strings"
	"time"
)

// Links makes the personal links that stand in mails. It is safe for
// concurrent use.
type Links struct {
	base string
	keys *Keys
}

// NewLinks returns links below publicURL, signed with the newest of k.
func NewLinks(publicURL string, k *Keys) *Links {
	return &Links{base: strings.TrimRight(publicURL, "/"), keys: k}
}

// Unsubscribe returns the link that ends one digest, or all of them if digest
// is 0. It is at most 47 characters longer than the public URL.
func (l *Links) Unsubscribe(subscriber, digest int64) string {
	return l.link(Token{Purpose: PurposeUnsubscribe, Subscriber: subscriber, Digest: digest})
}

// Preferences returns the link to a subscriber's choices.
func (l *Links) Preferences(subscriber int64) string {
	return l.link(Token{Purpose: PurposePreferences, Subscriber: subscriber})
}

// Confirm returns the link that confirms a sign-up asked for at the given time.
func (l *Links) Confirm(subscriber int64, at time.Time) string {
	return l.link(Token{Purpose: PurposeConfirm, Subscriber: subscriber, IssuedAt: at})
}

// Fresh returns the link to what is personal, asked for at the given time.
func (l *Links) Fresh(subscriber int64, at time.Time) string {
	return l.link(Token{Purpose: PurposeFresh, Subscriber: subscriber, IssuedAt: at})
}

// OldAddress returns the link by which the old address agrees to a change or
// stops it.
func (l *Links) OldAddress(subscriber, change int64, at time.Time) string {
	return l.link(Token{Purpose: PurposeOldAddress, Subscriber: subscriber, Change: change, IssuedAt: at})
}

// NewAddress returns the link by which the new address confirms a change.
func (l *Links) NewAddress(subscriber, change int64, at time.Time) string {
	return l.link(Token{Purpose: PurposeNewAddress, Subscriber: subscriber, Change: change, IssuedAt: at})
}

// SignUp returns the address of the sign-up form.
func (l *Links) SignUp() string { return l.base + "/subscribe" }

func (l *Links) link(t Token) string {
	return l.base + "/" + string(rune(t.Purpose)) + "/" + l.keys.Sign(t)
}
