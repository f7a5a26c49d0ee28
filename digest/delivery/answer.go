package delivery

import (
	"math/rand/v2"
	"time"

	"broadsheet/mail"
)

// change is what one row of deliveries becomes.
type change struct {
	day, edition, subscriber int64

	state    State
	reason   string
	nextTry  time.Time
	before   int // attempts that were recorded when the worker began
	attempts int // and now
	attempt  *attempt

	mailboxRefuses bool   // some temporary answer was about the mailbox itself, where the change says that the delivery expired
	provider       string // whose mailbox it is; "" where nobody knows
	spike          bool   // the provider refuses so many recipients just now, or may, that it says little about this one

	pausedUntil time.Time // the end of its provider's pause as the worker knew it, where that puts the delivery aside

	corrects int64 // the batch that was given up for us too early, 0: this is no correction
}

// attempt is a try to keep, with the relay's answer.
type attempt struct {
	at, composedAt time.Time
	answer         Answer
}

// isFact reports whether the change holds whoever has the lease: the message is out, or may be.
func (c *change) isFact() bool { return c.state == Sent || c.state == Uncertain }

// circumstances are those of a delivery when the answer to it comes.
type circumstances struct {
	policy     Policy
	refusals   int           // temporary answers about the recipient before this one
	retryAfter time.Duration // what the answer asks for, 0 for nothing in particular
	underWay   bool          // text of the message had left us
	expiresAt  time.Time
	now        time.Time
}

// judge says what a class of answer makes of a delivery, and whether the try counts as an attempt.
func judge(class mail.Class, c circumstances) (state State, reason string, nextTry time.Time, counts bool) {
	switch class {
	case mail.ClassAccepted:
		return Sent, "", time.Time{}, true
	case mail.ClassTemporaryRecipient:
		delay := max(jitter(retryDelay(c.refusals+1)), c.retryAfter)
		return Pending, "", notAfter(c.now.Add(delay), c.expiresAt), true
	case mail.ClassTemporaryPath:
		return Pending, ReasonPath, notAfter(c.now.Add(pathDelay+rand.N(pathDelay)), c.expiresAt), c.underWay
	case mail.ClassPermanentPath:
		return Pending, "", time.Time{}, c.underWay // it stays in its batch, which the paused edition keeps
	case mail.ClassUncertain:
		switch c.policy {
		case Resend:
			return Pending, "", c.now, true
		case AssumeSent:
			return Sent, ReasonAssumed, time.Time{}, true
		}
		return Uncertain, ReasonNoReply, time.Time{}, true
	}
	return Failed, string(class), time.Time{}, true
}

// pathDelay is how long a delivery is put aside, at least, when the relays are in trouble.
const pathDelay = 30 * time.Second

// retryDelay is how long to wait after the n-th temporary answer about a recipient, n from 1.
func retryDelay(n int) time.Duration {
	delays := [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
	return delays[min(n, len(delays))-1]
}

// jitter spreads a delay by a tenth to both sides, so that what was refused together does not come back together.
func jitter(d time.Duration) time.Duration { return d*9/10 + rand.N(d/5) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func notAfter(t, limit time.Time) time.Time {
	if !limit.IsZero() && limit.Before(t) {
		return limit
	}
	return t
}

// appendFact adds what a dead or stalled worker's journal says of one message. How often the recipient's server had
// put it off is not in there; the number of the attempt is close enough for the next delay. Nor is what else its provider
// answered at that time: an unknown recipient may be one of a spike, and does not count against the reader.
func appendFact(changes []change, e Entry, policy Policy, now time.Time) []change {
	class := mail.ClassUncertain
	answer := Answer{Class: class, Phase: mail.PhaseDot}
	if e.Replied {
		class, answer = e.Answer.Class, e.Answer
		if class == "" {
			return changes // the worker stopped itself: nothing went out
		}
		if !isUnderWay(answer.Phase) {
			answer.Phase = mail.PhaseDot
		}
	}
	c := change{day: e.Day, edition: e.Edition, subscriber: e.Subscriber, before: e.N - 1, attempts: e.N}
	c.state, c.reason, c.nextTry, _ = judge(class, circumstances{policy: policy, refusals: e.N - 1, underWay: true, now: now})
	c.attempt = &attempt{at: e.At, composedAt: e.ComposedAt, answer: answer}
	c.spike = class == mail.ClassPermanentRecipient
	return append(changes, c)
}

// answerOf is what journal and database keep of an outcome: no address, for what is on its way while a reader is erased
// is recorded after that.
func answerOf(o mail.Outcome) Answer {
	text := o.Reply.Text
	if o.Err != nil {
		text = o.Err.Error()
	}
	return Answer{
		Class: o.Class, Phase: o.Reply.Phase, Code: o.Reply.Code, Enhanced: cleanText(o.Reply.Enhanced),
		Relay: cleanText(o.Relay), Text: shorten(cleanText(mail.MaskAddresses(text))),
	}
}

// maxText is how much of an answer is kept.
const maxText = 500

func shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	return cleanText(s[:maxText])
}
