package web_test

import (
	"context"
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
