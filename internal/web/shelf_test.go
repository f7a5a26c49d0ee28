package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broadsheet/internal/web"
)

// A crowd that wants the same pages has each drawn about once, and few at a time.
func TestShelfUnderACrowd(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	shelf := web.NewShelf(func() time.Time { return now })
	var drawn, atOnce, most atomic.Int64
	var crowd sync.WaitGroup
	for n := range 400 {
		crowd.Go(func() {
			key := fmt.Sprint(n % 4)
			body, err := shelf.Get(t.Context(), key, func(w io.Writer) error {
				drawn.Add(1)
				now := atOnce.Add(1)
				for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
				}
				defer atOnce.Add(-1)
				_, err := io.WriteString(w, "page "+key)
				return err
			})
			if err != nil || body != "page "+key {
				t.Errorf("%s is %q, %v", key, body, err)
			}
		})
	}
	crowd.Wait()
	if n := drawn.Load(); n < 4 || n > 8 {
		t.Errorf("drawn %d times, want 4 to 8", n)
	}
	if n := most.Load(); n > 2 {
		t.Errorf("%d were drawn at once, want 2 at most", n)
	}
}

func TestShelfKeepsPagesForAMinute(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	shelf := web.NewShelf(func() time.Time { return now })
	edition := 0
	get := func() string {
		t.Helper()
		body, err := shelf.Get(t.Context(), "x", func(w io.Writer) error { _, err := fmt.Fprint(w, edition); return err })
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for i, step := range []struct {
		after time.Duration
		want  string
	}{{0, "1"}, {59 * time.Second, "1"}, {time.Second, "3"}, {-time.Hour, "4"}, {time.Minute, "5"}} {
		edition++
		now = now.Add(step.after)
		if got := get(); got != step.want {
			t.Errorf("step %d: got %s, want %s", i+1, got, step.want)
		}
	}
	if _, err := shelf.Get(t.Context(), "y", func(io.Writer) error { return errors.New("no") }); err == nil {
		t.Error("an error was kept back")
	}
	if _, err := shelf.Get(t.Context(), "y", func(io.Writer) error { return nil }); err != nil {
		t.Errorf("an error was kept: %v", err)
	}
}

func TestShelfIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	shelf := web.NewShelf(func() time.Time { return now })
	for n := range 700 {
		size := 100
		if n >= 600 {
			size = 1 << 20
		}
		if _, err := shelf.Get(t.Context(), fmt.Sprint(n), func(w io.Writer) error { _, err := io.WriteString(w, strings.Repeat("x", size)); return err }); err != nil {
			t.Fatal(err)
		}
		if pages, octets := shelf.Kept(); pages > 500 || octets > 32<<20 {
			t.Fatalf("it keeps %d pages of %d octets", pages, octets)
		}
	}
	now = now.Add(time.Hour)
	if _, err := shelf.Get(t.Context(), "last", func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Fatal(err)
	}
	if pages, octets := shelf.Kept(); pages != 1 || octets != 1 {
		t.Errorf("it keeps %d pages of %d octets that are too old", pages, octets)
	}
}

// Who leaves while others are drawn does not wait.
func TestShelfLetsVisitorsLeave(t *testing.T) {
	shelf := web.NewShelf(time.Now)
	enter, leave := make(chan struct{}), make(chan struct{})
	var busy sync.WaitGroup
	for n := range 2 {
		busy.Go(func() {
			_, _ = shelf.Get(t.Context(), fmt.Sprint(n), func(io.Writer) error { enter <- struct{}{}; <-leave; return nil })
		})
		<-enter
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := shelf.Get(ctx, "x", func(io.Writer) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	close(leave)
	busy.Wait()
}
