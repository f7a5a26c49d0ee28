package web_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/internal/web"
)

// pipes is a listener whose connections stay inside the test, so that its
// clock decides about time-outs.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialled:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.dialled <- theirs
	return ours
}

// serving runs a handler in a bubble until stop is called, which returns what
// Serve did.
func serving(t *testing.T, h http.HandlerFunc) (p *pipes, stop func() error) {
	t.Helper()
	p = newPipes()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, p, h, slog.New(slog.DiscardHandler)) }()
	return p, func() error {
		cancel()
		return <-done
	}
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func TestSlowClients(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}
	tests := []struct {
		name, sent string
		handler    http.HandlerFunc
		reads      bool
		within     time.Duration
	}{
		{"says nothing", "", read, true, 10 * time.Second},
		{"headers without end", "GET / HTTP/1.1\r\nHost: x\r\nX-", read, true, 10 * time.Second},
		{"a body without end", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345", read, true, 30 * time.Second},
		{"does not read", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 1<<20))
		}, false, time.Minute},
		{"stays idle", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", read, true, 2 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := serving(t, tt.handler)
				c := p.dial()
				defer c.Close()
				began := time.Now()
				if tt.sent != "" {
					say(t, c, tt.sent)
				}
				if tt.reads {
					_, _ = io.Copy(io.Discard, c) // ends when the server hangs up
				} else {
					time.Sleep(2 * time.Minute) // of the bubble's time
					if n, err := io.Copy(io.Discard, c); n > 100<<10 || err != nil {
						t.Errorf("%d bytes came after two minutes (%v), want the connection cut", n, err)
					}
				}
				if took := time.Since(began); tt.reads && (took < tt.within-time.Second || took > tt.within+time.Second) {
					t.Errorf("the client was cut off after %s, want %s", took, tt.within)
				}
				if err := stop(); err != nil {
					t.Errorf("Serve = %v", err)
				}
			})
		})
	}
}

func TestLargeHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := serving(t, func(http.ResponseWriter, *http.Request) {})
		c := p.dial()
		go func() {
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("a", 100<<10)+"\r\n\r\n") // cut off in the middle
		}()
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("answer = %v (%v), want 431", res, err)
		}
		c.Close()
		if err := stop(); err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

func TestServeDrains(t *testing.T) {
	tests := []struct {
		name   string
		takes  time.Duration
		status int // 0: cut off
	}{
		{"a request under way ends", 9 * time.Second, http.StatusNoContent},
		{"one that takes too long is cut off", time.Hour, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := make(chan struct{})
				p, stop := serving(t, func(w http.ResponseWriter, r *http.Request) {
					close(begun)
					select {
					case <-time.After(tt.takes):
						w.WriteHeader(http.StatusNoContent)
					case <-r.Context().Done():
					}
				})
				c := p.dial()
				defer c.Close()
				say(t, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				<-begun
				status := make(chan int, 1)
				go func() {
					res, err := http.ReadResponse(bufio.NewReader(c), nil)
					if err != nil {
						status <- 0
						return
					}
					status <- res.StatusCode
				}()
				began := time.Now()
				if err := stop(); err != nil {
					t.Errorf("Serve = %v, want nil after an orderly end", err)
				}
				if took := time.Since(began); took > 11*time.Second {
					t.Errorf("Serve took %s to end", took)
				}
				if got := <-status; got != tt.status {
					t.Errorf("status = %d, want %d", got, tt.status)
				}
				select {
				case <-p.closed:
				default:
					t.Error("the listener is open")
				}
			})
		})
	}
}

func TestServeBrokenListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	err = web.Serve(t.Context(), ln, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("Serve = %v, want the address and that it is closed", err)
	}
}

// A real client over a real connection sees the same as the others.
func TestServeReal(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, ln, s.handler, slog.New(slog.DiscardHandler)) }()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	base := "http://" + ln.Addr().String() + "/mail"
	for path, want := range map[string]int{"/subscribe": 200, s.p(id): 200, "/p/x": 404, "/healthz": 200, "/assets/pages.css": 200} {
		res, err := client.Head(base + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("HEAD %s = %d, want %d", path, res.StatusCode, want)
		}
	}
	res, err := client.Post(base+s.u(id, "daily"), "application/x-www-form-urlencoded", strings.NewReader(oneClick))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("one-click = %d, want 200", res.StatusCode)
	}
	large, err := client.Post(base+"/subscribe", "application/x-www-form-urlencoded", strings.NewReader("name="+strings.Repeat("n", 70<<10)))
	if err != nil {
		t.Fatal(err)
	}
	large.Body.Close()
	if large.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form = %d, want 413", large.StatusCode)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve = %v", err)
	}
}
