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
	return l.UnsubscribeAsOf(l.keys.clock(), subscriber, digest)
}

// UnsubscribeAsOf returns what Unsubscribe returned at a time, even if the keys
// were rotated since: a message that is tried again stays what it was.
func (l *Links) UnsubscribeAsOf(at time.Time, subscriber, digest int64) string {
	return l.link(Token{Purpose: PurposeUnsubscribe, Subscriber: subscriber, Digest: digest}, at)
}

// Preferences returns the link to what comes to a subscriber, where it can be
// ended and a fresh link be asked for.
func (l *Links) Preferences(subscriber int64) string {
	return l.PreferencesAsOf(l.keys.clock(), subscriber)
}

// PreferencesAsOf returns what Preferences returned at a time, as UnsubscribeAsOf
// does.
func (l *Links) PreferencesAsOf(at time.Time, subscriber int64) string {
	return l.link(Token{Purpose: PurposePreferences, Subscriber: subscriber}, at)
}

// Confirm returns the link that confirms a sign-up asked for at the given time,
// and is worth nothing once the subscriber has another address.
func (l *Links) Confirm(subscriber int64, address string, at time.Time) string {
	return l.link(ConfirmToken(subscriber, address, at), at)
}

// Fresh returns the link to settings and data, asked for at the given time and
// worth nothing once the subscriber has another address.
func (l *Links) Fresh(subscriber int64, address string, at time.Time) string {
	return l.link(FreshToken(subscriber, address, at), at)
}

// OldAddress returns the link by which the old address agrees to a change or
// stops it.
func (l *Links) OldAddress(subscriber, change int64, at time.Time) string {
	return l.link(Token{Purpose: PurposeOldAddress, Subscriber: subscriber, Change: change, IssuedAt: at}, at)
}

// NewAddress returns the link by which the new address confirms a change.
func (l *Links) NewAddress(subscriber, change int64, at time.Time) string {
	return l.link(Token{Purpose: PurposeNewAddress, Subscriber: subscriber, Change: change, IssuedAt: at}, at)
}

// SignUp returns the address of the sign-up form.
func (l *Links) SignUp() string { return l.base + "/subscribe" }

func (l *Links) link(t Token, at time.Time) string {
	return l.base + "/" + string(rune(t.Purpose)) + "/" + l.keys.signAsOf(t, at)
}
