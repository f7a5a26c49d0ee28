package delivery_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/mail"
)

// TestNearlyClippedMailsAreTold: once an edition, and not for those that are small.
func TestNearlyClippedMailsAreTold(t *testing.T) {
	var log strings.Builder
	size := 0
	compose := delivery.WatchSize(func(_ context.Context, edition, _ int64, _ time.Time) (*digest.Composed, error) {
		body, err := mail.Compile(strings.Repeat("x", size), "text", mail.Markers{})
		return &digest.Composed{Body: body, EditionKey: fmt.Sprintf("daily/%d", edition), Shortened: true}, err
	}, slog.New(slog.NewTextHandler(&log, nil)))
	for _, tc := range []struct {
		edition int64
		size    int
		told    bool
	}{
		{1, 79_000, false}, {1, 80_000, true}, {1, 90_000, false}, {2, 79_000, false}, {2, 94_000, true},
	} {
		log.Reset()
		size = tc.size
		if c, err := compose(t.Context(), tc.edition, 7, time.Time{}); err != nil || c.EditionKey == "" {
			t.Fatalf("got %v, %v, want the mail", c, err)
		}
		said := strings.Contains(log.String(), fmt.Sprintf("edition=daily/%d", tc.edition))
		if said != tc.told || strings.Contains(log.String(), "shortened=true") != tc.told {
			t.Errorf("edition %d with %d octets: log %q, want something: %v", tc.edition, tc.size, log.String(), tc.told)
		}
	}
}
