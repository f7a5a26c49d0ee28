package digest_test

import (
	"testing"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestSeenOfStoriesThatGetIDs: a source that begins to send ids has renamed nothing.
func TestSeenOfStoriesThatGetIDs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		in := ferryAt("courier", "world")
		w.putFrom(0, in)
		in.GUID = "ferry"
		got, err := w.store.Seen(t.Context(), w.setup.Sources[0].ID, []digest.Incoming{in})
		if want := (digest.Seen{ByID: 1}); err != nil || got != want {
			t.Errorf("got %+v, error %v, want %+v", got, err, want)
		}
	})
}
