package sink

import "time"

// Phase is a step of a session at which a [Hook] is asked.
type Phase string

// The phases. Commands that are not listed are PhaseOther.
const (
	PhaseBanner   Phase = "banner"
	PhaseHello    Phase = "hello"
	PhaseStartTLS Phase = "starttls"
	PhaseAuth     Phase = "auth"
	PhaseMail     Phase = "mail"
	PhaseRcpt     Phase = "rcpt"
	PhaseData     Phase = "data"
	PhaseBody     Phase = "body" // the first line of the message has come; only Close, Delay and Reply matter
	PhaseDot      Phase = "dot"
	PhaseReset    Phase = "rset"
	PhaseQuit     Phase = "quit"
	PhaseOther    Phase = "other"
)

// Event is what a hook is told.
type Event struct {
	Phase Phase
	// Connection counts from 1, Message counts the MAIL commands of the connection from 1.
	Connection, Message int
	// Line is the command as it came; empty at the banner, the body and the dot.
	Line string
	// From and To are the envelope so far, To the last recipient.
	From, To string
}

// Action is what a hook wants; the zero value leaves the server its own answer.
type Action struct {
	// Reply is written instead of the server's own answer: one or more lines joined by CRLF, without the last one. A
	// refusal has its effect on the session. At the dot a reply of 2xx takes the message, any other does not.
	Reply string
	// Raw is written as it is, instead of a reply, and has its effect on the session by how it begins.
	Raw string
	// Delay comes before the answer and ends early when the server is closed.
	Delay time.Duration
	// Close cuts the connection, after Reply or Raw if there is one and without an answer if not. At the dot the
	// message is then not taken, unless Accept is set.
	Close bool
	// Accept, at the dot, takes the message whatever is answered.
	Accept bool
}
