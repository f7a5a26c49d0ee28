//go:build unix

package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"broadsheet/mail"
)

// drainVariable makes the test binary the server at the other end of the benchmarks, in a process of its own so that
// its work is not counted as ours.
const drainVariable = "BROADSHEET_BENCH_DRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(drainVariable) != "" {
		drain()
		return
	}
	os.Exit(m.Run())
}

// drain accepts every message as fast as it can and looks at none. It prints its port and ends with its input.
func drain() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go drainOne(conn)
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}

func drainOne(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReaderSize(conn, 128<<10), bufio.NewWriter(conn)
	out.WriteString("220 drain.localhost ESMTP\r\n")
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch verb := string(line[:min(4, len(line))]); verb {
		case "EHLO":
			out.WriteString("250-drain.localhost\r\n250-PIPELINING\r\n250 SIZE 52428800\r\n")
		case "DATA":
			out.WriteString("354 go on\r\n")
			if out.Flush() != nil || skipMessage(in) != nil {
				return
			}
			out.WriteString("250 2.0.0 taken\r\n")
		default:
			out.WriteString("250 2.0.0 ok\r\n")
		}
	}
}

// skipMessage reads up to the final dot, after which a client waits.
func skipMessage(in *bufio.Reader) error {
	end := []byte("\r\n.\r\n")
	tail := make([]byte, 0, 2*len(end))
	for !bytes.HasSuffix(tail, end) {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		chunk, _ := in.Peek(in.Buffered())
		tail = append(tail, chunk[len(chunk)-min(len(chunk), len(end)):]...)
		tail = tail[:copy(tail, tail[len(tail)-min(len(tail), len(end)):])]
		in.Discard(len(chunk))
	}
	return nil
}

// startDrain runs drain in another process until the benchmark ends.
func startDrain(b *testing.B) *mail.Relay {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), drainVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		b.Fatal(err)
	}
	return &mail.Relay{Name: "drain", Host: "127.0.0.1", Port: port, TLS: mail.TLSOff, HELO: "worker.example"}
}

// realParts are the 40 KB of HTML and 8 KB of text of a digest, with the reader's links in each and the name.
func realParts() (html, text string) {
	u, p, n := markers.Of(mail.SlotUnsubscribe), markers.Of(mail.SlotPreferences), markers.Of(mail.SlotName)
	line := "The bridge over the river opens on Monday after six years, the city said = <b>finally</b>.\n"
	return "<p>" + n + "</p>\n" + strings.Repeat(line, 440) + "<a href=\"" + u + "\">leave</a> <a href=\"" + p + "\">choose</a>\n",
		strings.Repeat("The bridge over the river opens on Monday.\n", 186) + n + "\n" + u + "\n" + p + "\n"
}

func realBody(b *testing.B) *mail.Body {
	b.Helper()
	html, text := realParts()
	body, err := mail.Compile(html, text, markers)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// cpu returns what this process has used, in user and system mode.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// each calls what start returns b.N times in all, from so many goroutines, and reports rate and CPU time.
func each(b *testing.B, goroutines int, start func() (send func() error)) {
	b.Helper()
	sends := make([]func() error, goroutines)
	for i := range sends {
		sends[i] = start()
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu(b)
	var group sync.WaitGroup
	for _, send := range sends {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := send(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/msg")
}

// atConnections runs a benchmark over one connection, and over more than there are processors.
func atConnections(b *testing.B, start func(b *testing.B, relay *mail.Relay) (send func() error)) {
	for _, n := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			relay := startDrain(b)
			each(b, n, func() func() error { return start(b, relay) })
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	html, text := realParts()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mail.Compile(html, text, markers); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	body := realBody(b)
	h, p, dst := newHeader(), newPersonal(), make([]byte, 0, body.Size())
	boundary := body.Boundary()
	each(b, 1, func() func() error {
		return func() (err error) {
			dst, err = body.Append(dst[:0], h, boundary, p)
			return err
		}
	})
}

func BenchmarkSender(b *testing.B) {
	v := mail.NewVERP([]byte("key"), "bounce.courier.example")
	each(b, 1, func() func() error {
		subscriber := int64(0)
		return func() error {
			subscriber++
			v.Sender(1234, subscriber)
			return nil
		}
	})
}

func BenchmarkSign(b *testing.B) {
	signer, _ := newSigner(b)
	body := realBody(b)
	msg, err := body.Append(nil, newHeader(), body.Boundary(), newPersonal())
	if err != nil {
		b.Fatal(err)
	}
	sideBySide(b, func() func() error {
		var field []byte
		return func() (err error) {
			field, err = signer.AppendField(field[:0], msg, body)
			return err
		}
	})
}

// BenchmarkRawRSA is what the arithmetic of signatures alone takes, one at a time and two side by side.
func BenchmarkRawRSA(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256([]byte("message"))
	sideBySide(b, func() func() error {
		return func() error {
			_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
			return err
		}
	})
}

func sideBySide(b *testing.B, start func() func() error) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprintf("at-once=%d", n), func(b *testing.B) { each(b, n, start) })
	}
}

func BenchmarkSend(b *testing.B) {
	msg := compose(b, realBody(b), newHeader(), newPersonal())
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	env := envelope
	env.Clean = true
	atConnections(b, func(b *testing.B, relay *mail.Relay) func() error {
		conn := dial(b, relay)
		return func() error {
			_, err := conn.Send(ctx, env, msg, func() error { return nil })
			return err
		}
	})
}

// BenchmarkRawSend writes prebuilt bytes in two writes and reads the replies, the least that the protocol needs.
func BenchmarkRawSend(b *testing.B) {
	commands := []byte("MAIL FROM:<" + envelope.From + "> SIZE=52000\r\nRCPT TO:<" + envelope.To + ">\r\nDATA\r\n")
	msg := append(compose(b, realBody(b), newHeader(), newPersonal()), ".\r\n"...)
	atConnections(b, func(b *testing.B, relay *mail.Relay) func() error {
		conn, err := net.Dial("tcp", relay.Address())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		in := bufio.NewReader(conn)
		ask := func(out []byte, lines int) error {
			_, err := conn.Write(out)
			for ; err == nil && lines > 0; lines-- {
				_, err = in.ReadSlice('\n')
			}
			return err
		}
		if err := ask([]byte("EHLO worker.example\r\n"), 4); err != nil {
			b.Fatal(err)
		}
		return func() error {
			if err := ask(commands, 3); err != nil {
				return err
			}
			return ask(msg, 1)
		}
	})
}

// BenchmarkGoMailSend sends the same parts the library's own way.
func BenchmarkGoMailSend(b *testing.B) {
	html, text := realParts()
	atConnections(b, func(b *testing.B, relay *mail.Relay) func() error {
		client, err := gomail.NewClient(relay.Host, gomail.WithPort(relay.Port), gomail.WithTLSPolicy(gomail.NoTLS))
		if err != nil {
			b.Fatal(err)
		}
		conn, err := client.DialToSMTPClientWithContext(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { client.CloseWithSMTPClient(conn) })
		m := gomail.NewMsg()
		if err := m.From(envelope.From); err != nil {
			b.Fatal(err)
		}
		if err := m.To(envelope.To); err != nil {
			b.Fatal(err)
		}
		m.Subject("The Morning Courier")
		m.SetBodyString(gomail.TypeTextPlain, text)
		m.AddAlternativeString(gomail.TypeTextHTML, html)
		return func() error { return client.SendWithSMTPClient(conn, m) }
	})
}
