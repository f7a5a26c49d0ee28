package delivery

import "fmt"

// State is where a delivery stands.
type State string

// The states of a delivery. All but pending are final, though an operator may retry or resolve, and an uncertain one
// becomes what it truly is when its worker comes back: sent with the relay's answer, or pending if it never went out.
const (
	Pending   State = "pending"
	Sent      State = "sent" // a relay accepted it
	Failed    State = "failed"
	Expired   State = "expired"
	Skipped   State = "skipped"
	Uncertain State = "uncertain" // the final dot was written and the reply not read
)

// ParseState reads a state; the empty text is none in particular.
func ParseState(s string) (State, error) {
	switch state := State(s); state {
	case "", Pending, Sent, Failed, Expired, Skipped, Uncertain:
		return state, nil
	}
	return "", fmt.Errorf("state %q: want pending, sent, failed, expired, skipped or uncertain", s)
}

// Why a delivery was skipped after planning.
const (
	ReasonUnsubscribed = "unsubscribed"
	ReasonSuppressed   = "suppressed"
	ReasonWithdrawn    = "withdrawn" // all its stories were
	ReasonCancelled    = "cancelled" // its edition was, as balances count it
)

// Why a delivery is uncertain or how it came to be sent; a failed one has the class of the answer as its reason.
const (
	ReasonNoReply    = "no-reply"    // the connection was lost after the final dot
	ReasonWorkerLost = "worker-lost" // its worker is gone with its journal
	ReasonAssumed    = "assumed"     // sent because the policy says so
	ReasonResolved   = "resolved"    // sent because an operator says so
)

// What a pending delivery was put aside for, other than its recipient; one that expired meanwhile keeps it as its reason.
const (
	ReasonRate           = "rate"            // its provider gets no more messages a second
	ReasonProviderPaused = "provider-paused" // because it refuses us, or an operator said so
	ReasonPath           = "temporary-path"  // the relays took nothing
)

// Policy says what becomes of an uncertain delivery.
type Policy string

// The policies, as [mail] on_uncertain spells them.
const (
	Hold       Policy = "hold"        // it stays uncertain until an operator resolves it
	Resend     Policy = "resend"      // the same bytes go out again
	AssumeSent Policy = "assume-sent" // it counts as sent
)

// ParsePolicy reads a policy; the empty text is Hold.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case "":
		return Hold, nil
	case Hold, Resend, AssumeSent:
		return p, nil
	}
	return "", fmt.Errorf("policy %q: want hold, resend or assume-sent", s)
}
