package mail

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// Outcome is what became of one message.
type Outcome struct {
	// Reply is the answer that decided; its Code is zero when there was none.
	Reply Reply
	// Err is set when no answer to the message decided: see [Dial] and [Conn.Send] for its kinds.
	Err error
	// Class says what it means.
	Class Class
	// Relay is the name of the relay, empty when none was reached for.
	Relay string
	// RetryAfter is how long the answer asks us to wait before the next try; 0 leaves that to the schedule.
	RetryAfter time.Duration
	// Took says where the time went.
	Took Took
}

// Took is how long each phase of handing over one message lasted; what did not happen is zero.
type Took struct {
	Wait time.Duration // for a rate, a slot or a relay
	Dial time.Duration // TCP, TLS, greeting and AUTH of a new connection
	Mail time.Duration // MAIL, RCPT and DATA
	Body time.Duration // writing the message up to its final dot
	Dot  time.Duration // from the final dot to its reply
}

// Reason returns what a person should read about the outcome: the reply, or the error where there was no reply.
func (o Outcome) Reason() string {
	if o.Err != nil {
		return o.Err.Error()
	}
	return o.Reply.String()
}

// LogValue implements [slog.LogValuer] with what may stand in any log: the words of a reply only where the server did not
// know the recipient yet, and no address.
func (o Outcome) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("class", string(o.Class)), slog.String("phase", string(o.Reply.Phase)), slog.Int("code", o.Reply.Code),
		slog.String("enhanced", o.Reply.Enhanced),
	}
	if o.Reply.Code == 0 || !o.Reply.isAfterMail() {
		attrs = append(attrs, slog.String("reason", MaskAddresses(o.Reason())))
	}
	return slog.GroupValue(attrs...)
}

func newOutcome(relay string, reply Reply, err error) Outcome {
	if err != nil {
		if dial := new(DialError); errors.As(err, &dial) {
			reply = dial.Reply
		}
	}
	return Outcome{Reply: reply, Err: err, Class: Classify(reply, err), Relay: relay, RetryAfter: reply.retryAfter()}
}

// mayTryElsewhere tells whether another relay may be asked: this one cannot have the message, for a reason of its own.
func (o Outcome) mayTryElsewhere() bool {
	return (o.Class.IsPath() || o.isOverSize()) && o.Reply.Phase != PhaseDot && !errors.Is(o.Err, ErrAborted)
}

// isOverSize tells whether the message is larger than this relay takes, which it said in answer to EHLO or MAIL.
func (o Outcome) isOverSize() bool { return errors.Is(o.Err, errSize) || o.Reply.refusesSize() }

// hopeful returns the outcome of two relays that leaves the message more hope: it may go later, or after somebody's repair.
func hopeful(a, b Outcome) Outcome {
	hope := func(o Outcome) int {
		return slices.Index([]Class{ClassPermanentMessage, ClassPermanentPath, ClassTemporaryPath}, o.Class)
	}
	if hope(b) > hope(a) {
		return b
	}
	return a
}

// SendOne sends one message now, over a connection of its own: for confirmations and test sends. It tries the relays
// in their order as long as the trouble is theirs and came before the final dot; if none takes it, the outcome is the one that leaves
// most hope.
func SendOne(ctx context.Context, relays []*Relay, env Envelope, msg []byte) Outcome {
	var trouble Outcome
	for _, r := range relays {
		outcome := sendOver(ctx, r, env, msg)
		if !outcome.mayTryElsewhere() || ctx.Err() != nil {
			return outcome
		}
		trouble = hopeful(trouble, outcome)
	}
	if trouble.Class == "" {
		return Outcome{Err: errNoRelay, Class: ClassTemporaryPath}
	}
	return trouble
}

var errNoRelay = errors.New("no relay to send over")

func sendOver(ctx context.Context, r *Relay, env Envelope, msg []byte) Outcome {
	conn, err := Dial(ctx, r)
	if err != nil {
		return newOutcome(r.label(), Reply{}, err)
	}
	defer conn.Close()
	reply, err := conn.Send(ctx, env, msg, nil)
	return newOutcome(r.label(), reply, err)
}
