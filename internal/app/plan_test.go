package app_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"broadsheet/internal/app"
)

// TestPlanLoop moves the clock in steps and notes what is done at each: r for
// computing slots anew, t for planning.
func TestPlanLoop(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		moves  []time.Duration // of the clock on the wall, after the first call
		passed []time.Duration // in truth; nil: the same
		want   []string
	}{
		{"minute by minute", []time.Duration{time.Minute, time.Minute}, nil, []string{"rt", "t", "t"}},
		{"a long tick", []time.Duration{time.Hour, time.Minute}, nil, []string{"rt", "t", "t"}},
		{
			"ahead and back", []time.Duration{30 * day, -30*day + time.Minute, time.Minute},
			[]time.Duration{time.Minute, time.Minute, time.Minute},
			[]string{"rt", "", "rt", "t"},
		},
		{
			"ahead to stay", []time.Duration{30 * day, time.Minute, time.Minute},
			[]time.Duration{time.Minute, time.Minute, time.Minute},
			[]string{"rt", "", "t", "t"},
		},
		{
			"ahead twice", []time.Duration{day, day, day, time.Minute},
			[]time.Duration{time.Minute, time.Minute, time.Minute, time.Minute},
			[]string{"rt", "", "t", "", "t"},
		},
		{"back", []time.Duration{-time.Minute, time.Minute}, []time.Duration{time.Minute, time.Minute}, []string{"rt", "rt", "t"}},
		{"slewed", []time.Duration{3 * time.Minute, 0}, []time.Duration{time.Minute, time.Minute}, []string{"rt", "t", "t"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
			var did string
			note := func(what string) func(context.Context, time.Time) error {
				return func(_ context.Context, at time.Time) error {
					if !at.Equal(now) {
						t.Errorf("told it is %s, want %s", at, now)
					}
					did += what
					return nil
				}
			}
			at := app.PlanLoop(note("r"), note("t"))
			at(t.Context(), now, 0)
			got := []string{did}
			for i, move := range test.moves {
				passed := move
				if test.passed != nil {
					passed = test.passed[i]
				}
				did, now = "", now.Add(move)
				at(t.Context(), now, passed)
				got = append(got, did)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestPlanLoopRefreshesFirst: nothing is planned by slots that could not be
// computed.
func TestPlanLoopRefreshesFirst(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	failures, ticks := 2, 0
	at := app.PlanLoop(func(context.Context, time.Time) error {
		if failures--; failures >= 0 {
			return errors.New("no database")
		}
		return nil
	}, func(context.Context, time.Time) error { ticks++; return nil })
	for n := range 4 {
		at(t.Context(), now.Add(time.Duration(n)*time.Minute), time.Minute)
	}
	if failures != -1 || ticks != 2 {
		t.Errorf("%d ticks after the slots were computed, want 2", ticks)
	}
}
