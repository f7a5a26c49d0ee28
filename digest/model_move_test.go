package digest_test

import (
	"strings"
	"time"
)

// makeUp gives readers who moved what was sent where they live now before they
// came, unless they had that date's edition elsewhere.
func (m *model) makeUp(now time.Time) {
	for id, r := range m.readers {
		local := now.In(m.zones[r.zone].loc)
		slot := time.Date(local.Year(), local.Month(), local.Day(), 7, 0, 0, 0, local.Location())
		date := slot.Format(time.DateOnly)
		if r.moved && !slot.After(now) && !r.editions["daily/"+date] {
			m.deliver(id, "moved/"+date, now, m.fit(r, ""))
		}
		r.moved = false
	}
}

// madeUp reports whether a reader had the edition of a key from makeUp.
func (r *modelReader) madeUp(key string) bool {
	return r.editions[strings.Replace(key, "daily/", "moved/", 1)]
}

// modelKeys names the editions that made up for a move as the model does.
func (w *modelWorld) modelKeys(mails []string) {
	w.t.Helper()
	for _, key := range w.rows(`SELECT key FROM editions WHERE kind = 'moved'`, nil) {
		date, _, _ := strings.Cut(strings.TrimPrefix(key, "daily/"), "T")
		for i := range mails {
			if reader, ok := strings.CutPrefix(mails[i], key+" "); ok {
				mails[i] = "moved/" + date + " " + reader
			}
		}
	}
}
