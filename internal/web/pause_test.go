package web_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/internal/web"
)

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		web.Pause(t.Context(), time.Minute)
		if got := time.Since(start); got != time.Minute {
			t.Errorf("paused for %s, want a minute", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		web.Pause(ctx, time.Minute)
		if got := time.Since(start); got != time.Second {
			t.Errorf("paused for %s after the client had left, want a second", got)
		}
	})
}

// The link of a mail may be in other hands: it lets no more come.
func TestPauseIsNotShortened(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	long := s.now().Add(180 * 24 * time.Hour).Truncate(time.Millisecond)
	s.must(s.store.Pause(t.Context(), id, 0, long, "form", ""))
	s.ask(http.MethodPost, s.u(id, ""), "confirm=1&instead=pause&weeks=1").want(t, http.StatusOK, long.Format("January 2, 2006"))
	if got := s.pausedUntil(id); !got.Equal(long) {
		t.Errorf("paused until %s, want %s as before", got, long)
	}
	s.ask(http.MethodPost, s.u(id, ""), "confirm=1&instead=pause&weeks=52").want(t, http.StatusOK)
	if got := s.pausedUntil(id); !got.After(long) {
		t.Errorf("paused until %s, want longer than %s", got, long)
	}
}
