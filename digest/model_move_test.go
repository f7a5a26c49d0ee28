package digest_test

import (
	"strings"
	"time"
)

// makeUp gives readers who moved what was sent where they live now before they
// came, unless they had that date's edition elsewhere.
func (m *model) makeUp(now time.Time) {
	for id, r := range m.readers {
		if key := m.missed(r, now); key != "" {
			m.deliver(id, key, now, m.fit(r, ""))
		}
		r.moved = false
	}
}

// missed is the key of what makes up for the slot of today that a reader missed
// by a move, "" for none.
func (m *model) missed(r *modelReader, now time.Time) string {
	local := now.In(m.zones[r.zone].loc)
	slot := time.Date(local.Year(), local.Month(), local.Day(), m.hour, 0, 0, 0, local.Location())
	date := slot.Format(time.DateOnly)
	if !r.moved || slot.After(now) || r.editions[m.name+"/"+date] {
		return ""
	}
	return m.name + "-moved/" + date
}

// madeUp reports whether a reader had the edition of a key from makeUp.
func (r *modelReader) madeUp(key string) bool {
	return r.editions[strings.Replace(key, "/", "-moved/", 1)]
}

// modelKeys names the editions that made up for a move as the model does.
func (w *modelWorld) modelKeys(mails []string) {
	w.t.Helper()
	for _, key := range w.rows(`SELECT key FROM editions WHERE kind = 'moved'`, nil) {
		name, slot, _ := strings.Cut(key, "/")
		date, _, _ := strings.Cut(slot, "T")
		for i := range mails {
			if reader, ok := strings.CutPrefix(mails[i], key+" "); ok {
				mails[i] = name + "-moved/" + date + " " + reader
			}
		}
	}
}
