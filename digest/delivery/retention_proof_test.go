package delivery_test

import (
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestRetentionKeepsProof keeps the days on which it depends what readers get: their window stayed open although they had a
// mail, or a story that they may have had is in their next window under another number.
func TestRetentionKeepsProof(t *testing.T) {
	const (
		carried = `UPDATE runs SET carried = 1`
		again   = `UPDATE articles SET again = 1`
		put     = `INSERT INTO corrections (id, article_id, seq, at, note) VALUES (1, 1, 12, 1, 'It was two.')`
		waiting = `UPDATE subscriptions SET joined_seq = 4, joined_runs = 1 WHERE subscriber_id = 1`
		later   = `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
			VALUES (9, 7, '2026-12-24 07:00', 'daily/2026-12-24', 'scheduled', 20811, 'sending', 2)`
	)
	for name, c := range map[string]struct {
		changes []string
		kept    bool
	}{
		"nothing":                          {nil, false},
		"a window that stayed open":        {[]string{carried, waiting}, true},
		"a window open for too few":        {[]string{waiting}, false},
		"a window that closed":             {[]string{carried}, false},
		"released and not planned yet":     {[]string{again}, true},
		"released and planned":             {[]string{again, `UPDATE cohorts SET last_seq = 12`}, false},
		"released and waited for":          {[]string{again, `UPDATE cohorts SET last_seq = 12`, waiting}, true},
		"released and being planned":       {[]string{again, `UPDATE cohorts SET last_seq = 12`, later, `INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number) VALUES (99, 9, 3, 1, 1, 9, 12, 1)`}, true},
		"released and the run is planned":  {[]string{again, `UPDATE cohorts SET last_seq = 12`, later}, false},
		"released and withdrawn":           {[]string{again, `UPDATE articles SET withdrawn_at = 1`}, false},
		"released, of a later day":         {[]string{again, `UPDATE articles SET arrived_at = 99999999`}, false},
		"released, the digest has retired": {[]string{again, `UPDATE digests SET retired_at = 1`}, false},
		"released, nobody reads":           {[]string{again, `UPDATE subscriptions SET state = 'ended'`}, false},
		"corrected":                        {[]string{put}, true},
		"corrected and told":               {[]string{put, `UPDATE cohorts SET last_seq = 12`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := decided(t, d)
				w.exec(`UPDATE cohorts SET last_seq = 9, runs = 1`)
				w.exec(`INSERT INTO topics (id, slug, name) VALUES (5, 'world', 'World')`)
				w.exec(`INSERT INTO articles (id, url, published_at, arrived_at) VALUES (1, 'https://courier.example/1', 1, 1)`)
				w.exec(`INSERT INTO article_topics (article_id, topic_id, seq) VALUES (1, 5, 12)`)
				for _, change := range c.changes {
					w.exec(change)
				}
				w.grow(keep + 37*time.Hour)
				w.drop()
				if kept := w.count(`SELECT COUNT(*) FROM deliveries WHERE day = 20781`) > 0; kept != c.kept {
					t.Errorf("the day is kept: %t, want %t", kept, c.kept)
				}
			})
		})
	}
}
