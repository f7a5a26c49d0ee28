package sink

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	maxCommand  = 4096
	bufferSize  = 64 << 10
	defaultSize = 64 << 20
	idleTimeout = 5 * time.Minute
)

// errEnd ends a session without a word.
var errEnd = errors.New("session ends")

// session is one connection.
type session struct {
	server    *Server
	raw       net.Conn
	reader    *bufio.Reader
	writer    *bufio.Writer
	number    int
	message   int
	greeted   bool
	encrypted bool
	authentic bool
	mail      bool
	from      string
	to        []string
	lastSize  int    // of the message before, the likely size of the next
	reused    []byte // holds the message where none is kept
}

func newSession(s *Server, conn net.Conn, number int) *session {
	ss := &session{server: s, number: number, encrypted: s.options.Implicit}
	if s.options.Implicit && s.options.TLS != nil {
		conn = tls.Server(conn, s.options.TLS)
	}
	ss.use(conn)
	return ss
}

func (ss *session) use(conn net.Conn) {
	ss.raw = conn
	ss.reader = bufio.NewReaderSize(conn, bufferSize)
	ss.writer = bufio.NewWriter(conn)
}

func (ss *session) serve() {
	defer ss.raw.Close()
	defer func() { ss.writer.Flush() }()
	if _, err := ss.answer(PhaseBanner, "", "220 "+ss.server.options.Hostname+" ESMTP"); err != nil {
		return
	}
	for {
		if ss.reader.Buffered() == 0 && ss.writer.Flush() != nil {
			return
		}
		ss.raw.SetDeadline(time.Now().Add(idleTimeout))
		line, err := ss.reader.ReadSlice('\n')
		if err != nil || len(line) > maxCommand {
			return
		}
		if err := ss.command(strings.TrimRight(string(line), "\r\n")); err != nil {
			return
		}
	}
}

func (ss *session) command(line string) error {
	verb, argument, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if ss.server.options.NoPipelining && ss.reader.Buffered() > 0 {
		return ss.reply("503 5.5.0 improper use of pipelining")
	}
	switch verb {
	case "EHLO", "HELO":
		return ss.hello(verb, line)
	case "STARTTLS":
		return ss.startTLS(line)
	case "AUTH":
		return ss.auth(argument, line)
	case "MAIL":
		return ss.mailFrom(argument, line)
	case "RCPT":
		return ss.rcptTo(argument, line)
	case "DATA":
		return ss.data(line)
	case "RSET":
		_, err := ss.answer(PhaseReset, line, "250 2.0.0 flushed")
		ss.reset()
		return err
	case "NOOP":
		_, err := ss.answer(PhaseOther, line, "250 2.0.0 ok")
		return err
	case "QUIT":
		if _, err := ss.answer(PhaseQuit, line, "221 2.0.0 bye"); err != nil {
			return err
		}
		return errEnd
	}
	_, err := ss.answer(PhaseOther, line, "500 5.5.2 unknown command")
	return err
}

func (ss *session) reset() { ss.mail, ss.from, ss.to = false, "", nil }

func (ss *session) hello(verb, line string) error {
	o := ss.server.options
	lines := []string{o.Hostname}
	if verb == "EHLO" {
		lines = append(lines, "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "SIZE "+strconv.Itoa(o.MaxSize))
		if !o.NoPipelining {
			lines = append(lines, "PIPELINING")
		}
		if o.TLS != nil && !ss.encrypted {
			lines = append(lines, "STARTTLS")
		}
		if o.Login != nil {
			lines = append(lines, "AUTH PLAIN LOGIN")
		}
	}
	last := len(lines) - 1
	own := "250 " + lines[last]
	if last > 0 {
		own = "250-" + strings.Join(lines[:last], "\r\n250-") + "\r\n" + own
	}
	ok, err := ss.answer(PhaseHello, line, own)
	ss.greeted = ok
	ss.reset()
	return err
}

func (ss *session) startTLS(line string) error {
	if ss.server.options.TLS == nil || ss.encrypted {
		return ss.reply("502 5.5.1 not offered")
	}
	ok, err := ss.answer(PhaseStartTLS, line, "220 2.0.0 go on")
	if err != nil || !ok {
		return err
	}
	if err := ss.writer.Flush(); err != nil {
		return err
	}
	ss.use(tls.Server(ss.raw, ss.server.options.TLS))
	ss.encrypted, ss.greeted = true, false
	ss.reset()
	return nil
}

func (ss *session) auth(argument, line string) error {
	if ss.server.options.Login == nil {
		return ss.reply("502 5.5.1 not offered")
	}
	mechanism, initial, _ := strings.Cut(argument, " ")
	var user, password string
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		parts := strings.Split(ss.ask(initial, ""), "\x00")
		if len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case "LOGIN":
		user = ss.ask(initial, "Username:")
		password = ss.ask("", "Password:")
	default:
		return ss.reply("504 5.5.4 unknown mechanism")
	}
	if !ss.server.options.Login(user, password) {
		_, err := ss.answer(PhaseAuth, line, "535 5.7.8 wrong user or password")
		return err
	}
	ok, err := ss.answer(PhaseAuth, line, "235 2.7.0 welcome")
	ss.authentic = ok
	return err
}

// ask decodes an initial response, or asks for it.
func (ss *session) ask(initial, prompt string) string {
	if initial == "" {
		ss.reply("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)))
		ss.writer.Flush()
		initial, _ = ss.reader.ReadString('\n')
	}
	decoded, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(initial))
	return string(decoded)
}

func (ss *session) mailFrom(argument, line string) error {
	ss.message++
	switch {
	case !ss.greeted:
		return ss.reply("503 5.5.1 say EHLO first")
	case ss.server.options.Login != nil && !ss.authentic:
		return ss.reply("530 5.7.0 authentication required")
	case ss.mail:
		return ss.reply("503 5.5.1 nested MAIL")
	}
	from, parameters, ok := cutPath(argument, "FROM:")
	if !ok {
		return ss.reply("501 5.5.4 syntax: MAIL FROM:<address>")
	}
	own := "250 2.1.0 ok"
	for p := range strings.FieldsSeq(parameters) {
		if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(p), "SIZE=")); err == nil && n > ss.maxSize() {
			own = "552 5.3.4 message too big"
		}
	}
	ss.from = from
	ok, err := ss.answer(PhaseMail, line, own)
	ss.mail = ok
	return err
}

func (ss *session) rcptTo(argument, line string) error {
	if !ss.mail {
		return ss.reply("503 5.5.1 need MAIL first")
	}
	to, _, ok := cutPath(argument, "TO:")
	if !ok || to == "" {
		return ss.reply("501 5.5.4 syntax: RCPT TO:<address>")
	}
	ss.to = append(ss.to, to)
	ok, err := ss.answer(PhaseRcpt, line, "250 2.1.5 ok")
	if !ok {
		ss.to = ss.to[:len(ss.to)-1]
	}
	return err
}

func (ss *session) data(line string) error {
	if len(ss.to) == 0 {
		own := "503 5.5.1 need RCPT first"
		if ss.mail {
			own = "554 5.5.1 no valid recipients"
		}
		return ss.reply(own)
	}
	ok, err := ss.answer(PhaseData, line, "354 end with <CRLF>.<CRLF>")
	if err != nil || !ok {
		return err
	}
	if err := ss.writer.Flush(); err != nil {
		return err
	}
	data, tooBig, err := ss.readMessage()
	if err != nil {
		return err
	}
	ss.lastSize = len(data)
	return ss.dot(data, tooBig)
}

// dot answers to the end of a message, and takes it before it does.
func (ss *session) dot(data []byte, tooBig bool) error {
	own := "250 2.0.0 taken"
	if tooBig {
		own = "552 5.3.4 message too big"
	}
	action := ss.hook(PhaseDot, "")
	reply := own
	if action.Reply != "" {
		reply = action.Reply
	}
	if (strings.HasPrefix(reply, "2") && !action.Close && action.Raw == "") || action.Accept {
		for _, to := range ss.to {
			if err := ss.server.deliver(ss.from, to, data); err != nil {
				reply = "451 4.3.0 cannot keep it"
			}
		}
	}
	_, err := ss.perform(action, reply)
	ss.reset()
	return err
}

// endOfMessage is the line end before the final dot, the dot and its own line end.
const endOfMessage = "\r\n.\r\n"

// readMessage reads up to the line with the final dot and undoes dot-stuffing. Of a message that is too big it keeps
// nothing.
func (ss *session) readMessage() (data []byte, tooBig bool, err error) {
	raw := ss.room()
	asked := false
	for {
		if ss.reader.Buffered() == 0 {
			ss.raw.SetDeadline(time.Now().Add(idleTimeout))
		}
		if _, err := ss.reader.Peek(1); errors.Is(err, io.EOF) {
			return nil, false, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, false, err
		}
		chunk, _ := ss.reader.Peek(ss.reader.Buffered())
		searched := max(0, len(raw)-len(endOfMessage)+1)
		raw = append(raw, chunk...)
		end := bytes.Index(raw[searched:], []byte(endOfMessage))
		if end >= 0 {
			end += searched
			ss.reader.Discard(len(chunk) - (len(raw) - end - len(endOfMessage)))
			ss.reused = raw
			data = unstuff(raw[2 : end+2])
			return data, tooBig || len(data) > ss.maxSize(), ss.askAbout(&asked)
		}
		ss.reader.Discard(len(chunk))
		if len(raw) > ss.maxSize()+len(endOfMessage) {
			tooBig = true
			raw = append(raw[:0], raw[len(raw)-len(endOfMessage):]...)
		}
		if err := ss.askAbout(&asked); err != nil {
			return nil, false, err
		}
	}
}

// room returns a buffer that holds the line end before a message. Where nothing is kept it serves one message after the
// other.
func (ss *session) room() []byte {
	if ss.server.options.Keep >= 0 {
		return append(make([]byte, 0, ss.lastSize+len(endOfMessage)), "\r\n"...)
	}
	return append(ss.reused[:0], "\r\n"...)
}

// askAbout asks the hook about the body, once.
func (ss *session) askAbout(asked *bool) error {
	if *asked {
		return nil
	}
	*asked = true
	action := ss.hook(PhaseBody, "")
	if action == (Action{}) {
		return nil
	}
	if _, err := ss.perform(action, ""); err != nil {
		return err
	}
	return ss.writer.Flush()
}

// unstuff removes the dot that the client put before each line that begins with one.
func unstuff(data []byte) []byte {
	if len(data) > 0 && data[0] == '.' {
		data = data[1:]
	}
	if bytes.Contains(data, []byte("\r\n.")) {
		data = bytes.ReplaceAll(data, []byte("\r\n."), []byte("\r\n"))
	}
	return data
}

func (ss *session) maxSize() int {
	if n := ss.server.options.MaxSize; n > 0 {
		return n
	}
	return defaultSize
}

func (ss *session) hook(phase Phase, line string) Action {
	if ss.server.options.Hook == nil {
		return Action{}
	}
	event := Event{Phase: phase, Connection: ss.number, Message: ss.message, Line: line, From: ss.from}
	if len(ss.to) > 0 {
		event.To = ss.to[len(ss.to)-1]
	}
	return ss.server.options.Hook(event)
}

// answer lets the hook have its way and tells whether the answer lets the client go on.
func (ss *session) answer(phase Phase, line, own string) (ok bool, err error) {
	return ss.perform(ss.hook(phase, line), own)
}

func (ss *session) perform(a Action, own string) (ok bool, err error) {
	if a.Delay > 0 {
		ss.writer.Flush()
		select {
		case <-time.After(a.Delay):
		case <-ss.server.done:
			return false, errEnd
		}
	}
	effect, reply := own, own
	switch {
	case a.Raw != "":
		ss.writer.WriteString(a.Raw)
		effect, reply = a.Raw, ""
	case a.Reply != "":
		effect, reply = a.Reply, a.Reply
	case a.Close:
		reply = ""
	}
	if reply != "" {
		ss.reply(reply)
	}
	if a.Close {
		return false, errEnd
	}
	return strings.HasPrefix(effect, "2") || strings.HasPrefix(effect, "3"), nil
}

func (ss *session) reply(s string) error {
	_, err := ss.writer.WriteString(s + "\r\n")
	return err
}

// cutPath reads "FROM:<address> parameters".
func cutPath(argument, prefix string) (address, parameters string, ok bool) {
	if len(argument) < len(prefix) || !strings.EqualFold(argument[:len(prefix)], prefix) {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(argument[len(prefix):]), "<")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ">")
}
