package schedule_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/internal/schedule"
)

// tick runs Tick for the given time and returns what it logged. The clock begins
// at 00:00 and is the one of synctest.
func tick(t *testing.T, lasts time.Duration, fn func(ctx context.Context, now time.Time)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var logged bytes.Buffer
	if err := schedule.Tick(ctx, slog.New(slog.NewTextHandler(&logged, nil)), fn); err != nil {
		t.Errorf("Tick: got %v, want nil", err)
	}
	return logged.String()
}

func wantMinutes(t *testing.T, got []time.Time, want ...int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got ticks at %v, want minutes %v", got, want)
	}
	for i, now := range got {
		if want := time.Date(2000, 1, 1, 0, want[i], 0, 0, time.UTC); !now.Equal(want) {
			t.Errorf("tick %d: got %v, want %v", i, now, want)
		}
	}
}

func TestTickEachFullMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second)
		var got []time.Time
		logged := tick(t, 3*time.Minute, func(_ context.Context, now time.Time) {
			if late := time.Since(now); late != 0 {
				t.Errorf("the tick of %v came %v late", now, late)
			}
			got = append(got, now)
		})
		wantMinutes(t, got, 1, 2, 3)
		if logged != "" {
			t.Errorf("got the log %q, want none", logged)
		}
	})
}

func TestTickJustBeforeTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A clock that was slewed back while waiting: the minute of 00:01 is about to be.
		time.Sleep(time.Minute - time.Millisecond)
		var got []time.Time
		tick(t, 90*time.Second, func(_ context.Context, now time.Time) { got = append(got, now) })
		wantMinutes(t, got, 2)
	})
}

func TestTickSkipsWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []time.Time
		logged := tick(t, 5*time.Minute+time.Second, func(_ context.Context, now time.Time) {
			got = append(got, now)
			if len(got) == 1 {
				time.Sleep(150 * time.Second)
			}
		})
		wantMinutes(t, got, 1, 4, 5)
		if n := strings.Count(logged, "tick skipped"); n != 2 {
			t.Errorf("got %d skipped ticks in the log, want 2:\n%s", n, logged)
		}
	})
}

func TestTickSurvivesPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []time.Time
		logged := tick(t, 2*time.Minute+time.Second, func(_ context.Context, now time.Time) {
			got = append(got, now)
			panic("no such cohort")
		})
		wantMinutes(t, got, 1, 2)
		if n := strings.Count(logged, `panic="no such cohort"`); n != 2 || !strings.Contains(logged, "level=ERROR") || !strings.Contains(logged, "tick_test.go") {
			t.Errorf("got %d panics in the log, want 2 errors with a stack:\n%s", n, logged)
		}
	})
}

func TestTickWaitsForRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		tick(t, 90*time.Second, func(ctx context.Context, _ time.Time) {
			<-ctx.Done()
			time.Sleep(10 * time.Second)
			finished = true
		})
		if !finished {
			t.Error("Tick returned while fn was running")
		}
		if got, want := time.Now(), time.Date(2000, 1, 1, 0, 1, 40, 0, time.UTC); !got.Equal(want) {
			t.Errorf("Tick returned at %v, want %v", got.UTC(), want)
		}
	})
}

func TestTickAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tick(t, 0, func(context.Context, time.Time) { t.Error("fn was called") })
	})
}
