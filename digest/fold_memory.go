package digest

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"sync"

	"broadsheet/internal/db"
)

// foldMemory has the bands of the stories of the last days, so that each
// transaction reads only those that came since: article ids follow commits.
// Bands that another process replaced meanwhile are those of the old text here,
// which at most keeps a story from folding.
type foldMemory struct {
	mu      sync.Mutex
	last    int64 // the highest id that was read
	stories []bandStory
}

// bandStory is the bands of a story, of which a story of 30 words has 128 bytes.
type bandStory struct {
	id, storedAt int64
	bands        []uint32
}

// catchUp reads the stories that came since, and forgets those that came before
// a time.
func (m *foldMemory) catchUp(ctx context.Context, tx *db.Tx, since int64) error {
	old := 0
	for old < len(m.stories) && m.stories[old].storedAt <= since {
		old++
	}
	m.stories = m.stories[old:]
	return tx.Each(ctx, func(scan func(dest ...any) error) error {
		var s bandStory
		var text string
		if err := scan(&s.id, &s.storedAt, &text); err != nil {
			return err
		}
		raw, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("bands of article %d: %w", s.id, err)
		}
		s.bands = make([]uint32, len(raw)/4)
		for i := range s.bands {
			s.bands[i] = binary.BigEndian.Uint32(raw[4*i:])
		}
		m.stories, m.last = append(m.stories, s), s.id
		return nil
	}, `SELECT article_id, stored_at, bands FROM article_bands WHERE article_id > $1 ORDER BY article_id`, m.last)
}

// replace gives stories the bands of their new texts, once those are committed.
func (m *foldMemory) replace(bands map[int64][]uint32) {
	if len(bands) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.stories {
		if keys, ok := bands[m.stories[i].id]; ok {
			m.stories[i].bands = keys
		}
	}
}

// bandFilter tells bands that nobody looks for from those that somebody may.
type bandFilter [1 << 13]uint64

func (f *bandFilter) add(band uint32) { f[band>>6%(1<<13)] |= 1 << (band % 64) }

func (f *bandFilter) has(band uint32) bool { return f[band>>6%(1<<13)]&(1<<(band%64)) != 0 }

// collect finds the articles that have one of the bands that f looks for.
func (m *foldMemory) collect(f *foldIndex) {
	var filter bandFilter
	for band := range f.articles {
		filter.add(band)
	}
	for i := range m.stories {
		for _, band := range m.stories[i].bands {
			if filter.has(band) {
				f.find(band, m.stories[i].id)
			}
		}
	}
}
