package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"broadsheet/digest"
)

// watchSize composes as before, and tells operators once an edition that its mail comes near the size at which Gmail
// hides the end, with the link that unsubscribes.
func watchSize(compose Compose, log *slog.Logger) Compose {
	var mu sync.Mutex
	told := map[string]bool{}
	return func(ctx context.Context, editionID, selectionID int64, asOf time.Time) (*digest.Composed, error) {
		composed, err := compose(ctx, editionID, selectionID, asOf)
		if err != nil || composed.Body == nil || composed.Body.HTMLSize() < digest.NearlyClipped {
			return composed, err
		}
		mu.Lock()
		known := told[composed.EditionKey]
		told[composed.EditionKey] = true
		mu.Unlock()
		if !known {
			log.WarnContext(ctx, "mail is nearly clipped", "edition", composed.EditionKey, "selection", selectionID,
				"octets", composed.Body.HTMLSize(), "shortened", composed.Shortened)
		}
		return composed, nil
	}
}
