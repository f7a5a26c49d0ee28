package mail

import (
	"errors"
	"strings"
	"time"
)

// Class says what an answer means for the delivery, and whom it is about.
type Class string

// The classes. Only those with "recipient" in them, and ClassPermanentMessage softly, count against a recipient.
const (
	// ClassAccepted: the relay took the message.
	ClassAccepted Class = "accepted"
	// ClassTemporaryRecipient: try this delivery again later, until it expires.
	ClassTemporaryRecipient Class = "temporary-recipient"
	// ClassTemporaryPath: the relay or the way to it is in trouble; the delivery goes back to the queue uncounted.
	ClassTemporaryPath Class = "temporary-path"
	// ClassPermanentRecipient: no such mailbox, a hard bounce.
	ClassPermanentRecipient Class = "permanent-recipient"
	// ClassSoftRecipient: the mailbox is there but takes nothing now, such as a full one.
	ClassSoftRecipient Class = "soft-recipient"
	// ClassPermanentSender: we are refused for who we are or what we send; the recipient is not touched.
	ClassPermanentSender Class = "permanent-sender"
	// ClassPermanentPath: the relay will not serve us until someone repairs something; the run pauses.
	ClassPermanentPath Class = "permanent-path"
	// ClassPermanentMessage: this message is refused.
	ClassPermanentMessage Class = "permanent-message"
	// ClassUncertain: the final dot was written and its reply not read.
	ClassUncertain Class = "uncertain"
)

// IsPath tells whether the class is about the relay, so that another relay may do better.
func (c Class) IsPath() bool { return c == ClassTemporaryPath || c == ClassPermanentPath }

// Classify says what the outcome of one try means. err is that of [Dial] or [Conn.Send], or nil; where both are given
// the error's kind decides and then the reply. No answer at all is trouble of the path.
func Classify(r Reply, err error) Class {
	switch {
	case errors.Is(err, ErrUncertain):
		return ClassUncertain
	case errors.Is(err, ErrMessage):
		return ClassPermanentMessage
	case errors.Is(err, ErrRelaySetup):
		return ClassPermanentPath
	case errors.Is(err, ErrLost):
		return ClassTemporaryPath
	}
	switch r.Code / 100 {
	case 2:
		if r.Phase == PhaseDot {
			return ClassAccepted
		}
	case 3:
		if r.Phase == PhaseDot {
			return ClassUncertain // it answers no question of ours, so it may mean anything
		}
	case 4:
		return classifyTemporary(r)
	case 5:
		return classifyPermanent(r)
	}
	return ClassTemporaryPath
}

func classifyTemporary(r Reply) Class {
	switch {
	case !r.isAfterMail():
		return ClassTemporaryPath
	case r.isDeferredByYahoo():
		return ClassTemporaryRecipient // passed on, 421 and all, by a relay that is well
	case r.Code == 421:
		return ClassTemporaryPath
	}
	return ClassTemporaryRecipient
}

// yahooDeferral is how long Yahoo's [TSS04] asks senders to wait.
const yahooDeferral = 2 * time.Hour

// isDeferredByYahoo tells whether Yahoo finds that it gets too much from us, or too many complaints about us.
func (r Reply) isDeferredByYahoo() bool { return r.Code/100 == 4 && r.says("[tss04]") }

func (r Reply) retryAfter() time.Duration {
	if r.isDeferredByYahoo() {
		return yahooDeferral
	}
	return 0
}

func classifyPermanent(r Reply) Class {
	switch {
	case r.refusesSize():
		return ClassPermanentMessage
	case !r.isAfterMail(), r.Code == 503, r.Code == 530, r.Code == 535, r.deniesRelaying():
		return ClassPermanentPath
	case strings.HasPrefix(r.Enhanced, "5.7."):
		return ClassPermanentSender
	case r.namesUnknownRecipient():
		return ClassPermanentRecipient
	case r.Enhanced == "5.2.2", r.Code == 552 && (r.Enhanced == "" || strings.HasPrefix(r.Enhanced, "5.2.")):
		return ClassSoftRecipient
	case r.says("spam", "blocked", "blocklist", "blacklist", "policy", "dmarc"):
		return ClassPermanentSender
	}
	return ClassPermanentMessage
}

// refusesSize tells whether the SIZE we declared is too large (RFC 1870 section 6.1).
func (r Reply) refusesSize() bool {
	return r.Phase == PhaseMail && (r.Code == 552 || r.Enhanced == "5.3.4")
}

// isAfterMail tells whether the recipient was known to the server when it answered.
func (r Reply) isAfterMail() bool {
	switch r.Phase {
	case PhaseRcpt, PhaseData, PhaseBody, PhaseDot:
		return true
	}
	return false
}

// deniesRelaying tells whether a relay takes us for a stranger, whatever code it says so with. A relay that asks the
// recipient's server quotes what that said: the same words are not about us then.
func (r Reply) deniesRelaying() bool {
	if r.Phase != PhaseRcpt || r.Enhanced != "" && !strings.HasPrefix(r.Enhanced, "5.7.") || r.says(" said:") {
		return false
	}
	return r.says("relay access denied", "relaying denied", "relay not permitted",
		"unable to relay", "not permitted to relay", "authentication required")
}

// namesUnknownRecipient tells whether the answer says that there is no such mailbox, by its code or, where providers
// use another one, by their words.
func (r Reply) namesUnknownRecipient() bool {
	switch r.Enhanced {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1":
		return true
	case "5.5.0": // Outlook.com
		return r.Code == 550 && r.says("mailbox unavailable", "invalid recipient")
	case "5.4.1": // Microsoft 365
		return r.Code == 550 && r.says("recipient address rejected", "access denied")
	case "":
		return r.says("dd this user doesn't have") || // Yahoo
			r.Phase == PhaseRcpt && r.says("user unknown", "unknown user", "no such user", "no such mailbox",
				"mailbox not found", "recipient not found", "does not exist", "invalid recipient")
	}
	return false
}

func (r Reply) says(phrases ...string) bool {
	text := strings.ToLower(MaskAddresses(r.Text)) // the server may repeat an address that has the words in it
	for _, p := range phrases {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}
