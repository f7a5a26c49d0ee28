package mail

import (
	"bytes"
	"fmt"
	"strings"
)

// Envelope is who a message is from and to, for the relay; both are bare ASCII addresses. An empty From is the null
// sender.
type Envelope struct {
	From, To string
	// Clean promises of the message what [Body.Append] and [Signer.Sign] see to: each line ends in CRLF, the last one
	// too, and none begins with a dot. It is then not looked through before it goes out.
	Clean bool
}

func checkEnvelope(env Envelope) error {
	for _, addr := range []string{env.From, env.To} {
		if !isPrintable(addr) || strings.ContainsAny(addr, " <>") || len(addr) > maxAddress {
			return fmt.Errorf("%w: its envelope holds an address that SMTP cannot carry", ErrMessage)
		}
	}
	if env.To == "" {
		return fmt.Errorf("%w: its envelope has no recipient", ErrMessage)
	}
	return nil
}

// wireForm checks the line ends of a message and returns it dot-stuffed and ending in a line end, in a copy only where
// it is not so already.
func wireForm(msg []byte) ([]byte, error) {
	feeds, stuff := 0, len(msg) > 0 && msg[0] == '.'
	for i := 0; i < len(msg); {
		n := bytes.IndexByte(msg[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		if i < 2 || msg[i-2] != '\r' {
			return nil, fmt.Errorf("%w: it holds a line feed without a carriage return", ErrMessage)
		}
		feeds++
		stuff = stuff || i < len(msg) && msg[i] == '.'
	}
	if bytes.Count(msg, []byte{'\r'}) != feeds {
		return nil, fmt.Errorf("%w: it holds a carriage return without a line feed", ErrMessage)
	}
	if !bytes.HasSuffix(msg, []byte("\r\n")) {
		msg = append(bytes.Clone(msg), "\r\n"...)
	}
	if stuff {
		msg = bytes.ReplaceAll(append([]byte("\r\n"), msg...), []byte("\r\n."), []byte("\r\n.."))[2:]
	}
	return msg, nil
}
