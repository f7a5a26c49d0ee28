package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// TLSMode says how a connection to a relay is encrypted.
type TLSMode string

// The modes; the empty one is TLSStartTLS.
const (
	TLSStartTLS TLSMode = "starttls" // required, never fallen back from
	TLSImplicit TLSMode = "implicit" // from the first octet, port 465
	TLSOff      TLSMode = "off"
)

// Relay is an SMTP server that mail is handed to. Several goroutines may read it; nobody changes it.
type Relay struct {
	Name string // for logs and outcomes; Address is used when empty
	Host string
	Port int
	TLS  TLSMode
	// User and Password authenticate; no user, no AUTH.
	User, Password string
	// Connections is how many a pool opens at most, at least 1.
	Connections int
	// Rate is how many messages a second a pool sends here; 0 is no limit.
	Rate float64
	// Unsigned says that this relay signs by itself: it gets messages without our DKIM signature.
	Unsigned bool
	// UnsignedFields names header fields that this relay replaces, so that our signature must leave them out.
	UnsignedFields []string
	// Weight is the share of the mail next to other relays', at least 1.
	Weight int
	// HELO is how we introduce ourselves, this host's name when empty.
	HELO string
	// TLSConfig replaces the default one, which verifies Host with the system's roots and asks for TLS 1.2.
	TLSConfig *tls.Config
	// Timeouts replaces those of RFC 5321 where it is not zero.
	Timeouts Timeouts
}

// Address returns host:port.
func (r *Relay) Address() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

func (r *Relay) label() string { return cmp.Or(r.Name, r.Address()) }

// Timeouts bounds each phase of a connection; zero means the value in brackets (RFC 5321 section 4.5.3.2).
type Timeouts struct {
	Dial    time.Duration // TCP and, where implicit, TLS handshake [30 s]
	Hello   time.Duration // banner, EHLO, STARTTLS and AUTH, each [5 min]
	Command time.Duration // the reply to MAIL and RCPT [5 min]
	Data    time.Duration // the reply to DATA [2 min]
	Block   time.Duration // writing 64 KiB of the message [3 min]
	Dot     time.Duration // the reply to the final dot [10 min]
	Quit    time.Duration // the reply to QUIT [2 s]
}

func (t Timeouts) withDefaults() Timeouts {
	return Timeouts{
		Dial:    cmp.Or(t.Dial, 30*time.Second),
		Hello:   cmp.Or(t.Hello, 5*time.Minute),
		Command: cmp.Or(t.Command, 5*time.Minute),
		Data:    cmp.Or(t.Data, 2*time.Minute),
		Block:   cmp.Or(t.Block, 3*time.Minute),
		Dot:     cmp.Or(t.Dot, 10*time.Minute),
		Quit:    cmp.Or(t.Quit, 2*time.Second),
	}
}

// ErrRelaySetup means that a relay cannot be used as it is configured: no STARTTLS, a certificate that does not verify,
// no way to authenticate. Waiting does not help.
var ErrRelaySetup = errors.New("relay cannot be used as configured")

// DialError is the error of [Dial].
type DialError struct {
	Relay string
	// Reply has the server's answer, where there was one, and the phase.
	Reply Reply
	Err   error
}

// Error names the relay and the phase.
func (e *DialError) Error() string {
	return fmt.Sprintf("relay %s: %s: %v", e.Relay, e.Reply.Phase, e.Err)
}

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// Dial connects to a relay, encrypts and authenticates. The error is a *[DialError]. Cancelling ctx ends the attempt;
// once it is connected, ctx has no more part in it.
func Dial(ctx context.Context, r *Relay) (*Conn, error) {
	d := dialer{relay: r, timeouts: r.Timeouts.withDefaults()}
	conn, err := d.connect(ctx)
	if err == nil {
		return conn, nil
	}
	if d.raw != nil {
		d.raw.Close()
	}
	reply := Reply{Phase: d.phase}
	if answer := new(textproto.Error); errors.As(err, &answer) && answer.Code != 0 {
		reply = makeReply(answer.Code, strings.Split(answer.Msg, "\n"), d.phase)
		err = errors.New(reply.String())
	}
	err = describeTLS(err)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return nil, &DialError{Relay: r.label(), Reply: reply, Err: err}
}

// dialer is one attempt to connect.
type dialer struct {
	relay    *Relay
	timeouts Timeouts
	phase    Phase
	raw      net.Conn // the TCP connection, under TLS where there is any
}

func (d *dialer) connect(ctx context.Context) (*Conn, error) {
	stream, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { d.raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := d.enter(ctx, PhaseBanner); err != nil {
		return nil, err
	}
	client, err := smtp.NewClient(stream, d.relay.Host)
	if err != nil {
		return nil, err
	}
	if client.Text.R.Buffered() > 0 {
		return nil, errUnasked
	}
	if err := d.enter(ctx, PhaseHello); err != nil {
		return nil, err
	}
	if err := d.hello(client); err != nil {
		return nil, err
	}
	if err := d.startTLS(ctx, client); err != nil {
		return nil, err
	}
	if err := d.authenticate(ctx, client); err != nil {
		return nil, err
	}
	if !stop() {
		return nil, ctx.Err()
	}
	return newConn(d.relay, d.timeouts, d.raw, client), nil
}

// hello introduces us. A server that does not know EHLO gets HELO; one that has no time for EHLO has none for us, whatever
// it says to HELO: what it can do would stay unknown.
func (d *dialer) hello(client *smtp.Client) error {
	var refused ehloRefusal
	client.ErrorHandlerRegistry.RegisterHandler(d.relay.Host, "ehlo", &refused)
	if err := client.Hello(d.relay.helo()); err != nil {
		return err
	}
	if refused.answer != nil && refused.answer.Code/100 == 4 {
		return refused.answer
	}
	return nil
}

// ehloRefusal keeps the answer that refuses EHLO, which a HELO that succeeds would hide.
type ehloRefusal struct{ answer *textproto.Error }

// HandleError implements [smtp.ResponseErrorHandler].
func (r *ehloRefusal) HandleError(_, _ string, _ *textproto.Conn, err error) error {
	errors.As(err, &r.answer)
	return err
}

// enter begins a phase with a deadline of its own. A context cancelled before or since is an error.
func (d *dialer) enter(ctx context.Context, phase Phase) error {
	d.phase = phase
	if err := d.raw.SetDeadline(time.Now().Add(d.timeouts.Hello)); err != nil {
		return err
	}
	return ctx.Err()
}

func (d *dialer) open(ctx context.Context) (net.Conn, error) {
	d.phase = PhaseDial
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Dial)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", d.relay.Address())
	if err != nil {
		return nil, err
	}
	d.raw = raw
	if d.relay.TLS != TLSImplicit {
		return raw, nil
	}
	d.phase = PhaseTLS
	stream := tls.Client(raw, d.relay.tlsConfig())
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return stream, nil
}

func (d *dialer) startTLS(ctx context.Context, client *smtp.Client) error {
	switch d.relay.TLS {
	case TLSOff, TLSImplicit:
		return nil
	case TLSStartTLS, "":
	default:
		return fmt.Errorf("%w: unknown TLS mode %q", ErrRelaySetup, d.relay.TLS)
	}
	if err := d.enter(ctx, PhaseTLS); err != nil {
		return err
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return fmt.Errorf("%w: it does not offer STARTTLS", ErrRelaySetup)
	}
	return client.StartTLS(d.relay.tlsConfig())
}

func (d *dialer) authenticate(ctx context.Context, client *smtp.Client) error {
	if d.relay.User == "" {
		return nil
	}
	if err := d.enter(ctx, PhaseAuth); err != nil {
		return err
	}
	offered, mechanisms := client.Extension("AUTH")
	if !offered {
		return fmt.Errorf("%w: it does not offer AUTH, but a user is set", ErrRelaySetup)
	}
	var secured *tls.ConnectionState
	if state, ok := client.TLSConnectionState(); ok {
		secured = &state
	}
	auth := d.relay.auth(strings.Fields(mechanisms), secured)
	if auth == nil {
		return fmt.Errorf("%w: it offers AUTH %s, of which none can be used here", ErrRelaySetup, cleanText(mechanisms))
	}
	err := client.Auth(auth)
	if errors.Is(err, smtp.ErrUnencrypted) {
		return fmt.Errorf("%w: %w", ErrRelaySetup, err)
	}
	return err
}

// auth picks a mechanism: the plainest one under TLS, one that hides the password otherwise. go-mail refuses to send a
// password in the clear to another host. With XOAUTH2, which is for servers that take nothing else, the password is an
// access token. state is nil without TLS.
func (r *Relay) auth(offered []string, state *tls.ConnectionState) smtp.Auth {
	choice := []string{"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"}
	if state != nil {
		choice = []string{
			"PLAIN", "LOGIN", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "CRAM-MD5", "XOAUTH2",
		}
	}
	for _, mechanism := range choice {
		if slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, mechanism) }) {
			return r.authBy(mechanism, state)
		}
	}
	return nil
}

func (r *Relay) authBy(mechanism string, state *tls.ConnectionState) smtp.Auth {
	switch mechanism {
	case "PLAIN":
		return smtp.PlainAuth("", r.User, r.Password, r.Host, false)
	case "LOGIN":
		return smtp.LoginAuth(r.User, r.Password, r.Host, false)
	case "SCRAM-SHA-256-PLUS":
		return smtp.ScramSHA256PlusAuth(r.User, r.Password, state)
	case "SCRAM-SHA-256":
		return smtp.ScramSHA256Auth(r.User, r.Password)
	case "SCRAM-SHA-1-PLUS":
		return smtp.ScramSHA1PlusAuth(r.User, r.Password, state)
	case "SCRAM-SHA-1":
		return smtp.ScramSHA1Auth(r.User, r.Password)
	case "XOAUTH2":
		return smtp.XOAuth2Auth(r.User, r.Password)
	}
	return smtp.CRAMMD5Auth(r.User, r.Password)
}

func (r *Relay) tlsConfig() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.TLSConfig != nil {
		config = r.TLSConfig.Clone()
	}
	config.ServerName = cmp.Or(config.ServerName, r.Host)
	return config
}

func (r *Relay) helo() string {
	if r.HELO != "" {
		return r.HELO
	}
	if name, err := os.Hostname(); err == nil && isLabel(strings.ReplaceAll(name, ".", "")) {
		return name
	}
	return "localhost"
}

// describeTLS marks what no waiting repairs: that we do not trust the relay's certificate, or it refuses ours or our TLS.
// TLS 1.3 tells of our certificate only with the first answer after the handshake.
func describeTLS(err error) error {
	if certificate := new(tls.CertificateVerificationError); errors.As(err, &certificate) {
		return fmt.Errorf("%w: %w", ErrRelaySetup, err)
	}
	alert := new(net.OpError)
	if !errors.As(err, &alert) || alert.Op != "remote error" {
		return err
	}
	// Package tls keeps the type of the other side's alerts to itself; their names are those of RFC 5246 section 7.2.
	for _, lasting := range []string{"certificate", "handshake failure", "protocol version"} {
		if strings.Contains(alert.Err.Error(), lasting) {
			return fmt.Errorf("%w: %w", ErrRelaySetup, err)
		}
	}
	return err
}
