package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// The kinds of failure of [Conn.Send]; errors.Is tells them apart.
var (
	// ErrLost means that the connection failed before the final dot was written: the message was not handed over.
	ErrLost = errors.New("connection lost before the final dot")
	// ErrUncertain means that the final dot was written and no reply to it was read.
	ErrUncertain = errors.New("no reply to the final dot")
	// ErrAborted means that beforeDot refused; its error is in the chain. The message was not handed over.
	ErrAborted = errors.New("stopped before the final dot")
	// ErrMessage means that this message or envelope cannot be sent over this relay, today or later; nothing was sent.
	ErrMessage = errors.New("message cannot be sent")
)

// errSize is the ErrMessage of a message that only this relay finds too large.
var errSize = fmt.Errorf("%w: it is too large", ErrMessage)

// A connection is worn after so many messages or so long.
const (
	wornCount = 100
	wornAge   = 5 * time.Minute
)

const (
	blockSize = 64 << 10
	tailSize  = 1024 // octets held back to travel with the final dot
)

// Conn is one connection to a relay that carries one message after the other. It is not safe for concurrent use.
type Conn struct {
	relay      *Relay
	timeouts   Timeouts
	raw        net.Conn
	reader     *bufio.Reader
	writer     *bufio.Writer
	pipelining bool
	sizeParam  bool
	maxSize    int // 0 for no announced limit
	openedAt   time.Time
	until      time.Time   // the deadline that is set
	interrupt  func()      // ends reading and writing at once
	peek       func() bool // tells whether the server has sent something, or closed
	took       Took        // of the last message
	count      int
	open       bool // a transaction may be open that RSET must end
	broken     bool
	closed     bool
}

func newConn(r *Relay, t Timeouts, raw net.Conn, client *smtp.Client) *Conn {
	c := &Conn{
		relay: r, timeouts: t, raw: raw, reader: client.Text.R, writer: client.Text.W, openedAt: time.Now(),
	}
	c.interrupt = func() { c.raw.SetDeadline(time.Unix(1, 0)) }
	c.peek = newPeeker(raw)
	c.pipelining, _ = client.Extension("PIPELINING")
	var size string
	c.sizeParam, size = client.Extension("SIZE")
	c.maxSize, _ = strconv.Atoi(size)
	return c
}

// Relay returns the relay at the other end.
func (c *Conn) Relay() *Relay { return c.relay }

// Usable tells whether another message may be sent.
func (c *Conn) Usable() bool { return !c.broken && !c.closed }

// Count returns how many messages were tried on the connection.
func (c *Conn) Count() int { return c.count }

// Age returns how old the connection is.
func (c *Conn) Age(now time.Time) time.Duration { return now.Sub(c.openedAt) }

// Took says how long the phases of the last message took: Mail, Body and Dot. What beforeDot took is in none of them.
func (c *Conn) Took() Took { return c.took }

// Worn tells whether the connection has served long enough to be replaced: 100 messages or 5 minutes.
func (c *Conn) Worn(now time.Time) bool { return c.count >= wornCount || c.Age(now) >= wornAge }

// Close says QUIT, waits a moment for the answer and closes. One that is not usable is closed already. It may be
// called twice.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if c.broken {
		return nil
	}
	c.raw.SetDeadline(time.Now().Add(c.timeouts.Quit))
	c.writer.WriteString("QUIT\r\n")
	if c.writer.Flush() == nil {
		readReply(c.reader, PhaseHello) // what it says is of no interest any more
	}
	return c.raw.Close()
}

// Send hands over one message and returns the reply that decided: the first one that refuses, or that to the final dot.
// msg is complete, with CRLF line ends; a message without a line that begins with a dot is not copied, and one that env
// calls clean is not even looked through.
//
// beforeDot, which may be nil, is called immediately before the write that holds the final dot; its error aborts and
// nothing was handed over. Until then trouble is [ErrLost] or [ErrAborted], from then on [ErrUncertain]; [ErrMessage]
// is for what is not worth a try. A nil error means that a reply was read; see [Classify]. Cancelling ctx abandons the
// message at any time, after the dot as well: to drain, use a context that outlives the messages under way.
func (c *Conn) Send(ctx context.Context, env Envelope, msg []byte, beforeDot func() error) (Reply, error) {
	c.took = Took{}
	msg, err := c.check(ctx, env, msg)
	if err != nil {
		return Reply{Phase: PhaseMail}, err
	}
	c.count++
	stop := context.AfterFunc(ctx, c.interrupt)
	reply, err := c.transact(ctx, env, msg, beforeDot)
	if !stop() {
		c.abandon() // the deadline that cancelling sets could hit the next message
	}
	if c.reader.Buffered() > 0 {
		c.abandon() // an answer that nobody asked for: what comes next could not be matched
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return reply, err
}

// check returns the message as it goes over the wire, or why none of it can.
func (c *Conn) check(ctx context.Context, env Envelope, msg []byte) ([]byte, error) {
	if !c.Usable() {
		return nil, fmt.Errorf("%w: it is closed already", ErrLost)
	}
	err := checkEnvelope(env)
	if err == nil && !env.Clean {
		msg, err = wireForm(msg)
	}
	if err != nil {
		return nil, err
	}
	if c.maxSize > 0 && len(msg) > c.maxSize {
		return nil, fmt.Errorf("%w: it has %d octets, relay %s takes %d", errSize, len(msg), c.relay.label(), c.maxSize)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	return msg, nil
}

func (c *Conn) transact(ctx context.Context, env Envelope, msg []byte, beforeDot func() error) (Reply, error) {
	began := time.Now()
	reply, err := c.begin(ctx, env, len(msg))
	c.took.Mail = time.Since(began)
	if err != nil || reply.Code/100 != 3 {
		return reply, err
	}
	if c.reader.Buffered() > 0 {
		return c.lost(PhaseData, errUnasked)
	}
	tail := len(msg) - min(len(msg), tailSize)
	reply, err = c.body(ctx, msg[:tail])
	c.took.Body = time.Since(began) - c.took.Mail
	if err != nil || reply.Code != 0 {
		return reply, err
	}
	if reply, err := c.early(ctx); err != nil || reply.Code != 0 {
		return reply, err
	}
	if beforeDot != nil {
		if err := beforeDot(); err != nil {
			c.abandon()
			return Reply{Phase: PhaseBody}, fmt.Errorf("%w: %w", ErrAborted, err)
		}
	}
	began = time.Now()
	reply, err = c.dot(ctx, msg[tail:])
	c.took.Dot = time.Since(began)
	return reply, err
}

// command is one line of a transaction and the first digit of the reply that lets it go on.
type command struct {
	verb  string
	phase Phase
	want  int
}

// say puts the line of a command into the buffer.
func (c *Conn) say(cmd command, env Envelope, size int) {
	c.writer.WriteString(cmd.verb)
	switch cmd.verb {
	case "MAIL":
		c.writer.WriteString(" FROM:<")
		c.writer.WriteString(env.From)
		c.writer.WriteByte('>')
		if c.sizeParam {
			c.writer.WriteString(" SIZE=")
			c.writer.Write(strconv.AppendInt(c.writer.AvailableBuffer(), int64(size), 10))
		}
	case "RCPT":
		c.writer.WriteString(" TO:<")
		c.writer.WriteString(env.To)
		c.writer.WriteByte('>')
	}
	c.writer.WriteString("\r\n")
}

// begin sends MAIL, RCPT and DATA. It returns the 354 or the first reply that refuses.
func (c *Conn) begin(ctx context.Context, env Envelope, size int) (Reply, error) {
	all := [...]command{{"RSET", PhaseMail, 2}, {"MAIL", PhaseMail, 2}, {"RCPT", PhaseRcpt, 2}, {"DATA", PhaseData, 3}}
	commands := all[:]
	if !c.open {
		commands = all[1:]
	}
	c.open = true
	if !c.pipelining {
		return c.oneByOne(ctx, commands, env, size)
	}
	for _, cmd := range commands {
		c.say(cmd, env, size)
	}
	if err := c.flush(ctx, c.timeouts.Command); err != nil {
		return c.lost(PhaseMail, err)
	}
	var refusal Reply
	for _, cmd := range commands {
		reply, err := c.answer(ctx, cmd)
		switch {
		case refusal.Code == 0 && (err != nil || c.broken || cmd.phase == PhaseData):
			return reply, err
		case refusal.Code == 0 && reply.Code/100 != cmd.want:
			refusal = reply
		case refusal.Code != 0 && err == nil && reply.Code/100 == 3:
			c.abandon() // the server waits for a message that must not be sent
		}
		if c.broken {
			break // the first refusal stands, whatever became of the connection
		}
	}
	return refusal, nil
}

func (c *Conn) oneByOne(ctx context.Context, commands []command, env Envelope, size int) (reply Reply, err error) {
	for _, cmd := range commands {
		c.say(cmd, env, size)
		if err := c.flush(ctx, c.timeouts.Command); err != nil {
			return c.lost(cmd.phase, err)
		}
		reply, err = c.answer(ctx, cmd)
		if err != nil || reply.Code/100 != cmd.want {
			break
		}
		if c.reader.Buffered() > 0 {
			return c.lost(cmd.phase, errUnasked)
		}
	}
	return reply, err
}

// answer reads the reply to a command. One that neither goes on nor refuses is as good as a lost connection.
func (c *Conn) answer(ctx context.Context, cmd command) (Reply, error) {
	reply, err := c.read(ctx, cmd.phase)
	if err == nil && reply.Code < 400 && reply.Code/100 != cmd.want {
		err = fmt.Errorf("%w: %s", errMalformed, reply)
	}
	if err != nil {
		return c.lost(cmd.phase, err)
	}
	if reply.Code == 421 {
		c.abandon() // the server closes now
	}
	return reply, nil
}

// body writes the message up to its tail. A server that will not have it may answer before the end: that reply is
// returned, with a zero Code when there was none.
func (c *Conn) body(ctx context.Context, msg []byte) (Reply, error) {
	for len(msg) > 0 {
		n := min(len(msg), blockSize)
		if err := c.deadline(ctx, c.timeouts.Block); err != nil {
			return c.lost(PhaseBody, err)
		}
		if _, err := c.writer.Write(msg[:n]); err != nil {
			return c.earlyReply(ctx, err)
		}
		msg = msg[n:]
	}
	if err := c.flush(ctx, c.timeouts.Block); err != nil {
		return c.earlyReply(ctx, err)
	}
	return Reply{Phase: PhaseBody}, nil
}

// dot writes the tail with the final dot in one write and reads the reply.
func (c *Conn) dot(ctx context.Context, tail []byte) (Reply, error) {
	if err := c.deadline(ctx, c.timeouts.Block); err != nil {
		return c.lost(PhaseBody, err)
	}
	c.writer.Write(tail)
	c.writer.WriteString(".\r\n")
	if err := c.writer.Flush(); err != nil {
		if c.writer.Buffered() > 0 {
			return c.lost(PhaseBody, err) // the end of the dot's line never left this process
		}
		return c.uncertain(err)
	}
	reply, err := c.read(ctx, PhaseDot)
	if err != nil {
		return c.uncertain(err)
	}
	if reply.Code/100 == 3 {
		return c.uncertain(fmt.Errorf("%w: %s", errMalformed, reply))
	}
	c.open = reply.Code/100 != 2 // Postfix keeps a transaction open that its end-of-data restrictions refused
	if reply.Code == 421 {
		c.abandon()
	}
	return reply, nil
}

func (c *Conn) read(ctx context.Context, phase Phase) (Reply, error) {
	timeout := c.timeouts.Command
	switch phase {
	case PhaseData:
		timeout = c.timeouts.Data
	case PhaseDot:
		timeout = c.timeouts.Dot
	}
	if err := c.deadline(ctx, timeout); err != nil {
		return Reply{Phase: phase}, err
	}
	return readReply(c.reader, phase)
}

func (c *Conn) flush(ctx context.Context, timeout time.Duration) error {
	if err := c.deadline(ctx, timeout); err != nil {
		return err
	}
	return c.writer.Flush()
}

// deadline gives the next step its time; a deadline that comes but a little earlier is left as it is. It looks at ctx
// after setting it, because what cancelling did may have been undone.
func (c *Conn) deadline(ctx context.Context, timeout time.Duration) error {
	until := time.Now().Add(timeout)
	if more := until.Sub(c.until); more < 0 || more > timeout/64 {
		if err := c.raw.SetDeadline(until); err != nil {
			return err
		}
		c.until = until
	}
	return ctx.Err()
}

func (c *Conn) lost(phase Phase, err error) (Reply, error) {
	c.abandon()
	return Reply{Phase: phase}, fmt.Errorf("%w: relay %s: %s: %w", ErrLost, c.relay.label(), phase, err)
}

func (c *Conn) uncertain(err error) (Reply, error) {
	c.abandon()
	return Reply{Phase: PhaseDot}, fmt.Errorf("%w: relay %s: %w", ErrUncertain, c.relay.label(), err)
}

// abandon closes the socket without another word: anything said now could end a half-written message.
func (c *Conn) abandon() {
	c.broken = true
	c.raw.Close()
}
