package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// Seen says what of the stories that a source sends it has sent before.
type Seen struct {
	ByID    int // known by an id that the source has for them, or by their URL where they have or had none
	Renamed int // known by URL or title, under another id
	New     int
	LastAt  time.Time // when the latest of those it brought was published; read only where all are new
}

// recentTitles is how many of a source's last stories are looked at for a title.
const recentTitles = 500

// Seen compares the stories of one fetch with what the source brought before.
func (s *Store) Seen(ctx context.Context, source int64, stories []Incoming) (Seen, error) {
	var out Seen
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = seen(ctx, tx, source, stories)
		return err
	})
	if err != nil {
		return Seen{}, fmt.Errorf("compare the stories of source %d with known ones: %w", source, err)
	}
	return out, nil
}

func seen(ctx context.Context, tx *db.Tx, source int64, stories []Incoming) (out Seen, err error) {
	var guids, urls []string
	for i := range stories {
		guids, urls = append(guids, stories[i].GUID), append(urls, stories[i].URL)
	}
	byGUID, err := textSet(ctx, tx, `SELECT guid FROM articles WHERE source_id = $1 AND guid <> '' AND guid {in 2}
		UNION SELECT name FROM article_aliases WHERE kind = 'id' AND source_id = $1 AND name {in 2}`, source, guids)
	if err != nil {
		return out, err
	}
	byURL, err := textSet(ctx, tx, `SELECT url FROM articles WHERE source_id = $1 AND url <> '' AND url {in 2}
		UNION SELECT l.name FROM article_aliases l JOIN articles a ON a.id = l.article_id
		WHERE l.kind = 'url' AND l.source_id = 0 AND l.name {in 2} AND a.source_id = $1`, source, urls)
	if err != nil {
		return out, err
	}
	nameless, err := textSet(ctx, tx, `SELECT url FROM articles WHERE source_id = $1 AND guid = '' AND url <> '' AND url {in 2}`, source, urls)
	if err != nil {
		return out, err
	}
	var unknown []string // titles
	for i := range stories {
		switch in := &stories[i]; {
		case byGUID[in.GUID], in.GUID == "" && byURL[in.URL], nameless[in.URL]:
			out.ByID++
		case byURL[in.URL]:
			out.Renamed++
		default:
			unknown = append(unknown, words(in.Title))
		}
	}
	if 2*(len(unknown)+out.Renamed) > len(stories) { // else titles would change nothing
		titles, err := textSet(ctx, tx, `SELECT v.title FROM articles a JOIN article_versions v ON v.article_id = a.id AND v.version = a.version
			WHERE a.source_id = $1 AND a.guid <> '' ORDER BY a.arrived_at DESC, a.id DESC LIMIT $2`, source, recentTitles)
		if err != nil {
			return out, err
		}
		known := make(map[string]bool, len(titles))
		for title := range titles {
			known[words(title)] = true
		}
		for _, title := range unknown {
			if known[title] {
				out.Renamed++
			}
		}
	}
	out.New = len(stories) - out.ByID - out.Renamed
	if out.New == len(stories) {
		var last int64
		err = tx.Get(ctx, &last, `SELECT COALESCE(MAX(published_at), 0) FROM articles WHERE source_id = $1`, source)
		out.LastAt = db.Time(last)
	}
	return out, err
}

func textSet(ctx context.Context, tx *db.Tx, query string, args ...any) (map[string]bool, error) {
	out := map[string]bool{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var text string
		err := scan(&text)
		out[text] = true
		return err
	}, query, args...)
	return out, err
}

// KnownURLs returns which of some canonical URLs are or were those of articles.
func (s *Store) KnownURLs(ctx context.Context, urls []string) (known map[string]bool, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		known, err = textSet(ctx, tx, `SELECT url FROM articles WHERE url <> '' AND url {in 1}
			UNION SELECT name FROM article_aliases WHERE kind = 'url' AND source_id = 0 AND name {in 1}`, urls)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up URLs: %w", err)
	}
	return known, nil
}
