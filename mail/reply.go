package mail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Phase is the step of a transaction that a reply answers or in which an error came.
type Phase string

// The phases, in the order in which they happen.
const (
	PhaseDial   Phase = "dial"
	PhaseBanner Phase = "banner"
	PhaseHello  Phase = "hello"
	PhaseTLS    Phase = "tls"
	PhaseAuth   Phase = "auth"
	PhaseMail   Phase = "mail"
	PhaseRcpt   Phase = "rcpt"
	PhaseData   Phase = "data"
	PhaseBody   Phase = "body" // the message is being written, its final dot is not
	PhaseDot    Phase = "dot"  // the final dot was written
)

// Reply is a server's answer. The zero Code means that there was none.
type Reply struct {
	Code int
	// Enhanced is the status code of RFC 3463, such as 5.1.1, or empty.
	Enhanced string
	// Text is what people read, without the codes: all lines joined by a space, control characters removed, valid
	// UTF-8, at most 500 octets.
	Text  string
	Phase Phase
}

// String returns the reply as a log shows it, "550 5.1.1 no such user", or the phase where there was no answer.
func (r Reply) String() string {
	if r.Code == 0 {
		return "no answer to " + string(r.Phase)
	}
	s := fmt.Sprintf("%d %s", r.Code, r.Enhanced)
	return strings.TrimSpace(strings.TrimSpace(s) + " " + r.Text)
}

const (
	maxReplyLines = 100
	maxReplyText  = 500
)

// errMalformed means that a server did not speak SMTP; the connection is of no more use.
var errMalformed = errors.New("malformed reply")

// errUnasked means that a server answers more than it is asked, so that no answer can be matched any more.
var errUnasked = errors.New("an answer to no question")

// readReply reads one reply of any number of lines (RFC 5321 section 4.2). It takes lines up to the reader's buffer
// and bare line feeds, and refuses whatever else a reply cannot be.
func readReply(r *bufio.Reader, phase Phase) (Reply, error) {
	code, lines := 0, []string(nil)
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return Reply{Phase: phase}, fmt.Errorf("%w: a line of over %d octets", errMalformed, r.Size())
		}
		if err != nil {
			if errors.Is(err, io.EOF) && (len(line) > 0 || len(lines) > 0) {
				err = io.ErrUnexpectedEOF
			}
			return Reply{Phase: phase}, err
		}
		n, text, more, ok := cutReplyLine(strings.TrimRight(string(line), "\r\n"))
		if !ok || code != 0 && n != code {
			return Reply{Phase: phase}, fmt.Errorf("%w: %.60q", errMalformed, line)
		}
		code = n
		if !more && lines == nil {
			return oneLineReply(code, text, phase), nil
		}
		lines = append(lines, text)
		if !more {
			return makeReply(code, lines, phase), nil
		}
		if len(lines) == maxReplyLines {
			return Reply{Phase: phase}, fmt.Errorf("%w: over %d lines", errMalformed, maxReplyLines)
		}
	}
}

func cutReplyLine(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, true
	}
	return code, line[4:], line[3] == '-', line[3] == '-' || line[3] == ' '
}

// oneLineReply makes the reply of one line as makeReply does, without copying where there is nothing to clean.
func oneLineReply(code int, line string, phase Phase) Reply {
	for i := range len(line) {
		if c := line[i]; c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(line)-1 || line[i-1] == ' ') {
			return makeReply(code, []string{line}, phase)
		}
	}
	enhanced, rest := cutEnhanced(code, line)
	return Reply{Code: code, Enhanced: enhanced, Text: rest[:min(len(rest), maxReplyText)], Phase: phase}
}

// makeReply joins the lines of a reply, cutting the enhanced code from the head of each.
func makeReply(code int, lines []string, phase Phase) Reply {
	enhanced, rest := cutEnhanced(code, strings.TrimSpace(lines[0]))
	words := strings.Fields(rest)
	for _, line := range lines[1:] {
		line = strings.TrimSpace(line)
		if enhanced != "" {
			if again, rest := cutEnhanced(code, line); again == enhanced {
				line = rest
			}
		}
		words = append(words, strings.Fields(line)...)
	}
	return Reply{Code: code, Enhanced: enhanced, Text: cleanText(strings.Join(words, " ")), Phase: phase}
}

// cutEnhanced cuts a status code of RFC 3463 that fits the reply code from the head of a line.
func cutEnhanced(code int, line string) (enhanced, rest string) {
	first, rest, _ := strings.Cut(line, " ")
	class, detail, _ := strings.Cut(first, ".")
	subject, detail, _ := strings.Cut(detail, ".")
	if len(class) != 1 || int(class[0]-'0') != code/100 || !isStatusNumber(subject) || !isStatusNumber(detail) {
		return "", line
	}
	return first, rest
}

func isStatusNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 3
}

// cleanText makes text safe to store and to show.
func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxReplyText {
		return s
	}
	cut := maxReplyText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
