package delivery

import (
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// Bounces says when a reader whose mail bounces gets nothing more.
type Bounces struct {
	// HardAfter is how long after the first hard bounce the next one suppresses; 0, the first one does.
	HardAfter time.Duration
	// SoftLimit is how many soft bounces without a success between them suppress; 0, none do.
	SoftLimit int
}

// origin is how the record of consent names what relays say.
const origin = "relay"

// bounce is what a change says of its reader's mailbox.
type bounce string

const (
	bounceNone bounce = ""
	bounceHard bounce = "hard"
	bounceSoft bounce = "soft"
)

// bounce tells whether the reader's mailbox sent the mail back. A message that no server refused once it knew the
// recipient, such as one too large for the relay, says nothing about the reader.
func (c *change) bounce() bounce {
	switch {
	case c.state == Expired && c.reason == "" && c.mailboxRefuses:
		return bounceSoft
	case c.state != Failed || c.attempt == nil:
		return bounceNone
	}
	a := &c.attempt.answer
	switch a.Class {
	case mail.ClassPermanentRecipient:
		if !c.spike {
			return bounceHard
		}
	case mail.ClassSoftRecipient:
		return bounceSoft
	case mail.ClassPermanentMessage:
		if a.Code != 0 && a.Phase != mail.PhaseMail {
			return bounceSoft
		}
	}
	return bounceNone
}

// isAboutMailbox reports whether a temporary answer about a recipient says something of the mailbox. With 4.7.x
// (RFC 3463 section 3.8) a server greylists us, or puts us off for what it thinks of us, and so does Yahoo's [TSS04].
func (a *Answer) isAboutMailbox() bool {
	return a.Class == mail.ClassTemporaryRecipient && !strings.HasPrefix(a.Enhanced, "4.7.") && !strings.Contains(a.Text, "[TSS04]")
}

// isAccepted reports whether a relay took the message, as it said itself.
func (c *change) isAccepted() bool {
	return c.state == Sent && c.attempt != nil && c.attempt.answer.Class == mail.ClassAccepted
}

// verdict is what a suppression tells of the bounce that caused it.
func (c *change) verdict() string {
	if c.attempt == nil {
		return "expired after temporary answers"
	}
	a := &c.attempt.answer
	reply := mail.Reply{Code: a.Code, Enhanced: a.Enhanced, Text: a.Text, Phase: a.Phase}
	return mail.MaskAddresses(reply.String())
}

// mailbox is what is kept of a reader's bounces since the last success.
type mailbox struct {
	ID      int64 `db:"id"`
	Hard    int64 `db:"hard_bounced_at"` // when the first hard one came, in milliseconds; 0, none did
	Soft    int64 `db:"soft_bounces"`
	changed bool
}

// add counts what a change says and returns why the reader is to be suppressed, or "".
func (m *mailbox) add(c *change, limits Bounces, now time.Time) (reason string) {
	before := *m
	switch c.bounce() {
	case bounceHard:
		at := db.Millis(now)
		if c.attempt != nil && !c.attempt.at.IsZero() {
			at = db.Millis(c.attempt.at)
		}
		if m.Hard == 0 {
			m.Hard = at
		}
		if at-m.Hard >= limits.HardAfter.Milliseconds() {
			reason = subscribers.ReasonHardBounce
		}
	case bounceSoft:
		m.Soft++
		if limits.SoftLimit > 0 && m.Soft >= int64(limits.SoftLimit) {
			reason = subscribers.ReasonSoftBounces
		}
	default:
		m.Hard, m.Soft = 0, 0
	}
	m.changed = before.changed || m.Hard != before.Hard || m.Soft != before.Soft
	return reason
}

// sentence is that a reader is to be suppressed, and the change that says so.
type sentence struct {
	reason string
	by     *change
}

// judgeReaders counts changes in their order and returns whom they suppress in the end.
func judgeReaders(mailboxes map[int64]*mailbox, changes []change, limits Bounces, now time.Time) map[int64]sentence {
	out := map[int64]sentence{}
	for i := range changes {
		c := &changes[i]
		m := mailboxes[c.subscriber]
		if m == nil {
			continue // the subscriber is gone
		}
		if reason := m.add(c, limits, now); reason != "" {
			out[m.ID] = sentence{reason, c}
		} else if c.bounce() == bounceNone {
			delete(out, m.ID)
		}
	}
	return out
}

// spikeSilence is how long the log is silent about a provider that was reported.
const spikeSilence = time.Hour

// spikes remembers which providers' spikes were reported, and when.
type spikes struct{ at map[string]time.Time }

// report returns the providers of changes whose spike is to be reported now.
func (s *spikes) report(results []result, now time.Time) []string {
	var out []string
	for _, r := range results {
		if r.change == nil || !r.change.spike {
			continue
		}
		provider := r.change.provider
		if last, ok := s.at[provider]; ok && now.Sub(last) < spikeSilence {
			continue
		}
		for name, last := range s.at {
			if now.Sub(last) >= spikeSilence {
				delete(s.at, name)
			}
		}
		if s.at == nil {
			s.at = map[string]time.Time{}
		}
		s.at[provider] = now
		out = append(out, provider)
	}
	return out
}
