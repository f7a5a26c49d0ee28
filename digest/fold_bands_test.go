package digest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// storyWords are n words, as uneven in their frequency as those of a language.
func storyWords(rng *rand.Rand, n int) []string {
	zipf := rand.NewZipf(rng, 1.1, 4, 20000)
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("w%c%d", 'a'+rune(zipf.Uint64()%26), zipf.Uint64())
	}
	return out
}

// TestBandsFindWhatIsAlike: of texts with 0.4 and more of their shingles in
// common 98 in 100 share a band, of those that have nothing to do with one
// another hardly any.
func TestBandsFindWhatIsAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	alike, found, others, mistaken := 0, 0, 0, 0
	for range seeds(3000) {
		text := storyWords(rng, 45)
		edited := append([]string(nil), text...)
		for range 1 + rng.IntN(7) { // each takes up to three shingles
			edited[rng.IntN(len(edited))] = fmt.Sprint("x", rng.IntN(1e6))
		}
		story := func(words []string) digest.Incoming {
			return digest.Incoming{Title: strings.Join(words[:8], " "), Summary: strings.Join(words[8:], " ")}
		}
		if digest.Resemblance(text, edited) >= 0.4 {
			alike++
			if digest.Compare(story(text), story(edited), 1, 2).Near {
				found++
			}
		}
		others++
		if digest.Compare(story(text), story(storyWords(rng, 45)), 1, 2).Near {
			mistaken++
		}
	}
	t.Logf("%d of %d alike found, %d of %d others taken for alike", found, alike, mistaken, others)
	if alike < int(seeds(1000)) || found*100 < alike*98 || mistaken*100 > others {
		t.Errorf("%d of %d alike found, want 98 in 100; %d of %d others compared, want at most one in 100", found, alike, mistaken, others)
	}
}

// TestBandsAreDropped: what is too old to fold into leaves nothing behind.
func TestBandsAreDropped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		w.putFrom(0, ferryAt("courier", "world"))
		first := w.count(`SELECT COUNT(*) FROM article_bands`)
		w.clock.advance(80 * time.Hour)
		w.putFrom(1, ferryAt("herald", "world"))
		if got := w.count(`SELECT COUNT(*) FROM article_bands`); first == 0 || got != first {
			t.Errorf("%d bands after the old ones expired, want the %d of one story", got, first)
		}
	})
}

// TestFoldFollowsAnUpdate: a story is found by the text it has now.
func TestFoldFollowsAnUpdate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		draft := ferryAt("courier", "world")
		draft.Title, draft.Summary = "The morning in brief", strings.Join(storyWords(rand.New(rand.NewPCG(1, 1)), 40), " ")
		w.putFrom(0, draft)
		other := story(9, "world")
		other.Summary = strings.Join(storyWords(rand.New(rand.NewPCG(2, 2)), 40), " ")
		w.putFrom(1, other) // the draft's bands are read with it
		w.putFrom(0, ferryAt("courier", "world"))
		if got := w.putFrom(1, ferryAt("herald", "world")); got.Folded != 1 {
			t.Errorf("got %+v, want it to fold into the new text", got)
		}
	})
}

// BenchmarkDuplicates stores 1,000 stories, one in ten of which another source
// has already, where 100,000 of the last days are there.
func BenchmarkDuplicates(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		b.Run(string(dialect), func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, dialect), twoFeeds)
			rng := rand.New(rand.NewPCG(7, 7))
			var number int
			story := func(host string, words []string) digest.Incoming {
				number++
				return digest.Incoming{URL: at(host, number), Title: strings.Join(words[:8], " "), Summary: strings.Join(words[8:45], " "), Topics: []string{"world"}}
			}
			var there [][]string
			thousand := func(host string, again bool) (out []digest.Incoming) {
				for i := range 1000 {
					words := storyWords(rng, 45)
					if again && i%10 == 0 {
						words = append(slices.Clone(there[rng.IntN(len(there))][:44]), "again")
					}
					there = append(there, words)
					out = append(out, story(host, words))
				}
				return out
			}
			for range 100 {
				w.putFrom(0, thousand("courier", false)...)
			}
			folded := 0
			for b.Loop() {
				b.StopTimer()
				stories := thousand("herald", true)
				b.StartTimer()
				folded += w.putFrom(1, stories...).Folded
			}
			b.ReportMetric(float64(folded)/float64(b.N), "folds")
			b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "stories/s")
			if folded < b.N*90 || folded > b.N*101 {
				b.Errorf("%d stories folded in %d thousands, want about a hundred in each", folded, b.N)
			}
		})
	}
}
