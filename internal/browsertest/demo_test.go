// Package browsertest holds the tests that use the pages of the demo as a
// reader does, in headless Chromium.
package browsertest_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"testing"
	"time"

	"broadsheet/internal/demo"
)

// startDemo runs the demo on a free port of loopback until the test ends, and
// returns the URL of its web server.
func startDemo(t *testing.T) string {
	t.Helper()
	return startDemoIn(t, t.TempDir())
}

// startDemoIn is startDemo with a folder for its files.
func startDemoIn(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &screen{welcomed: make(chan string, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, demo.Options{
			Dir: dir, Listen: "127.0.0.1:0", Out: out,
			Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
	}()
	var base string
	select {
	case base = <-out.welcomed:
	case err := <-ended:
		t.Fatalf("the demo ended at its start: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the demo did not say in a minute what to open")
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v, want no error", err)
		}
	})
	return base
}

// screen reads what the demo prints, and passes on the first address that it
// says to open.
type screen struct {
	welcomed chan string

	mu   sync.Mutex
	text bytes.Buffer
	once sync.Once
}

var _ io.Writer = (*screen)(nil)

var signUpLine = regexp.MustCompile(`Sign up\s+(http://127\.0\.0\.1:\d+)/\s`)

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	if m := signUpLine.FindSubmatch(s.text.Bytes()); m != nil {
		s.once.Do(func() { s.welcomed <- string(m[1]) })
	}
	return len(p), nil
}
