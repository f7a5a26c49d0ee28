package digest_test

import (
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestPutOfAnEditedStoryThatMoved: the source's new address makes known a story
// whose text is the newsroom's, so that nobody else can bring it in again.
func TestPutOfAnEditedStoryThatMoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		in := ferryAt("courier", "world")
		in.GUID = "ferry"
		w.putFrom(0, in)
		edited := in
		edited.GUID, edited.Title = "", "Ferry service ends, after all"
		w.put(edited)
		in.URL = "https://courier.example/moved"
		w.putFrom(0, in)
		again := ferryAt("herald", "world")
		again.URL = in.URL
		if got := w.putFrom(1, again); got.New != 0 {
			t.Errorf("another source: got %+v, want the story that is there", got)
		}
		if got := w.article(in.URL); got.Title != edited.Title || got.URL != in.URL || got.Version != 3 {
			t.Errorf("got %+v, want the newsroom's text at the new address", got)
		}
	})
}
