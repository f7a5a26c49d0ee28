package mail

import (
	"context"
	"errors"
	"os"
	"time"
)

// earlyTimeout is how long the rest of an answer may take that came before the final dot.
const earlyTimeout = time.Second

// early returns what the server answered before the final dot. After the dot it would be taken for the answer to that.
func (c *Conn) early(ctx context.Context) (Reply, error) {
	if !c.peek() {
		return Reply{}, nil
	}
	if err := c.deadline(ctx, min(earlyTimeout, c.timeouts.Block)); err != nil {
		return c.lost(PhaseBody, err)
	}
	if _, err := c.reader.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		return Reply{}, nil // it was something between the two ends of TLS
	} else if err != nil {
		return c.lost(PhaseBody, err)
	}
	return c.earlyReply(ctx, errUnasked)
}

// earlyReply looks for the answer of a server that hung up while the message was written.
func (c *Conn) earlyReply(ctx context.Context, cause error) (Reply, error) {
	if c.deadline(ctx, min(earlyTimeout, c.timeouts.Block)) == nil {
		reply, err := readReply(c.reader, PhaseBody)
		if err == nil && reply.Code >= 400 {
			c.abandon()
			return reply, nil
		}
	}
	return c.lost(PhaseBody, cause)
}
