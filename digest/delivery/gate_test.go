package delivery_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"broadsheet/digest/delivery"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := delivery.NewTestGate(3)
		defer g.Stop()
		began := time.Now()
		for range 3 {
			g.Try(t.Context(), false)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("three failures took %s, want no waiting yet", took)
		}
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			began := time.Now()
			probe, err := g.Try(t.Context(), false)
			if took := time.Since(began); took != want*time.Second || !probe || err != nil {
				t.Errorf("try %d came after %s (probe %t, %v), want a probe after %d s", i+1, took, probe, err, want)
			}
			if got, want := g.Stuck(), i >= 2; got != want {
				t.Errorf("stuck = %t after %d failed probes, want %t", got, i+1, want)
			}
		}
		g.Try(t.Context(), true)
		began = time.Now()
		for range 2 {
			g.Try(t.Context(), false)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("after a success two failures took %s, want no waiting", took)
		}
	})
}

func TestGateLetsOneProbeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := delivery.NewTestGate(1)
		defer g.Stop()
		g.Try(t.Context(), false)
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		tried := make(chan struct{}, 10)
		for range 5 {
			go func() {
				if _, err := g.Try(ctx, false); err == nil {
					tried <- struct{}{}
				}
			}()
		}
		<-ctx.Done()
		synctest.Wait()
		if got := len(tried); got != 2 {
			t.Errorf("%d messages passed a closed gate in 3.5 s, want the probes after 1 s and 3 s", got)
		}
	})
}
