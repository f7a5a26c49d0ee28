package delivery_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest/delivery"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// TestSpikeSuppressesNobody lets a provider deny all its readers: once that is clear, no more of them are counted, but
// those of another provider are.
func TestSpikeSuppressesNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 61, 1)
		w.exec(`UPDATE subscribers SET address = 'r61@y.example' WHERE id = 61`)
		w.exec(`UPDATE subscribers SET soft_bounces = 1 WHERE id <= 60`)
		w.relay.set(func(_ context.Context, _ string, _ int, _ []byte, beforeDot func() error) *mail.Outcome {
			return refuse(mail.ClassPermanentRecipient, 550, "5.1.1", mail.PhaseRcpt, beforeDot)
		})
		if b := w.mustSend(func(o *delivery.Options) { o.Lanes = 1 }); b.Failed != 61 {
			t.Errorf("%+v, want all failed", b)
		}
		const counted = 20 // so many it takes to see
		if got := w.count(`SELECT count(*) FROM suppressions WHERE address LIKE '%@x.example'`); got >= counted || got < counted-2 {
			t.Errorf("%d of its readers are suppressed, want fewer than %d", got, counted)
		}
		if got := w.count(`SELECT count(*) FROM subscribers WHERE id <= 60 AND hard_bounced_at = 0 AND soft_bounces = 1 AND suppressed_at = 0`); got <= 60-counted {
			t.Errorf("%d of its readers are untouched, want over %d", got, 60-counted)
		}
		if got := w.count(`SELECT count(*) FROM suppressions WHERE address = 'r61@y.example'`); got != 1 {
			t.Error("the other provider's reader is not suppressed")
		}
		const event = `level=ERROR msg="hard bounces spike, nobody is suppressed" provider=x.example`
		if got := strings.Count(w.log.String(), event); got != 1 {
			t.Errorf("the log has the spike %d times, want once", got)
		}
	})
}

func TestSpikeIsReportedEachHour(t *testing.T) {
	var s delivery.TestSpikes
	now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		wait      time.Duration
		providers string
		want      string
	}{
		{0, "google google", "google"},
		{time.Minute, "google yahoo", "yahoo"},
		{58 * time.Minute, "google yahoo", ""},
		{time.Minute, "google yahoo", "google"},
		{time.Hour, "yahoo google", "yahoo google"},
	} {
		now = now.Add(step.wait)
		if got := s.Report(now, strings.Fields(step.providers)...); !slices.Equal(got, strings.Fields(step.want)) {
			t.Errorf("after %s: %v, want %v", step.wait, got, step.want)
		}
	}
}
