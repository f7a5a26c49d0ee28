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

// TestSeenOfStoriesThatOthersBrought: a story that came by another source first is
// one that this source sent before, too, at its old address and its new one.
func TestSeenOfStoriesThatOthersBrought(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		in := ferryAt("courier", "world")
		w.put(in)
		in.GUID = "ferry"
		w.putFrom(0, in)
		old := in.URL
		in.URL += "-moved"
		w.putFrom(0, in)
		got, err := w.store.Seen(t.Context(), w.setup.Sources[0].ID, []digest.Incoming{in})
		if want := (digest.Seen{ByID: 1}); err != nil || got != want {
			t.Errorf("got %+v, error %v, want %+v", got, err, want)
		}
		known, err := w.store.KnownURLs(t.Context(), []string{old, in.URL, in.URL + "-never"})
		if err != nil || len(known) != 2 || !known[old] || !known[in.URL] {
			t.Errorf("known: %v, error %v, want the old address and the new one", known, err)
		}
	})
}
