package digest

import (
	"context"
	"fmt"
	"math"
	"time"

	"broadsheet/internal/db"
)

// SourceState is how fetching a source goes.
type SourceState struct {
	SourceID     int64
	Slug         string
	Kind         string
	URL          string
	ETag         string // as the server sent it
	LastModified string // as the server sent it
	NextFetchAt  time.Time
	FetchedAt    time.Time // zero if never
	OKAt         time.Time // of the last fetch without an error
	Failures     int       // in a row
	LastError    string    // of the last fetch, "" if it went well
	Articles     int64     // that came from it first
}

// SourceStates returns the state of every source that is configured.
func (s *Store) SourceStates(ctx context.Context) ([]SourceState, error) {
	var out []SourceState
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			st, err := scanSource(scan)
			out = append(out, st)
			return err
		}, `SELECT `+sourceColumns+`, COALESCE(a.n, 0) FROM sources s
			LEFT JOIN (SELECT source_id, COUNT(*) AS n FROM articles GROUP BY source_id) AS a ON a.source_id = s.id
			WHERE s.retired_at = 0 ORDER BY s.slug`)
	})
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	return out, nil
}

// SourceHealth says of a source whether it can be fetched.
type SourceHealth struct {
	Slug     string
	OKAt     time.Time // of the last fetch without an error, zero if there was none
	Failures int       // in a row since then
}

// SourceHealths returns the health of every source that is configured. Unlike
// SourceStates it counts nothing.
func (s *Store) SourceHealths(ctx context.Context) ([]SourceHealth, error) {
	var out []SourceHealth
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var h SourceHealth
			var ok int64
			err := scan(&h.Slug, &ok, &h.Failures)
			h.OKAt = db.Time(ok)
			out = append(out, h)
			return err
		}, `SELECT slug, ok_at, failures FROM sources WHERE retired_at = 0 ORDER BY slug`)
	})
	if err != nil {
		return nil, fmt.Errorf("health of sources: %w", err)
	}
	return out, nil
}

const sourceColumns = `s.id, s.slug, s.kind, s.url, s.etag, s.last_modified, s.next_fetch_at, s.fetched_at, s.ok_at, s.failures, s.last_error`

func scanSource(scan func(dest ...any) error) (SourceState, error) {
	var st SourceState
	var next, fetched, ok int64
	err := scan(&st.SourceID, &st.Slug, &st.Kind, &st.URL, &st.ETag, &st.LastModified, &next, &fetched, &ok, &st.Failures, &st.LastError, &st.Articles)
	st.NextFetchAt, st.FetchedAt, st.OKAt = db.Time(next), db.Time(fetched), db.Time(ok)
	return st, err
}

// ClaimSource takes a source for one fetch if it is due at now, or in any case
// if force is set, by moving its next fetch to until: of several processes for
// which it is due one gets it, and one that dies costs the source a single
// turn. A retired source is not claimed. The state's articles are not counted.
func (s *Store) ClaimSource(ctx context.Context, id int64, now, until time.Time, force bool) (st SourceState, claimed bool, err error) {
	latest := db.Millis(now)
	if force {
		latest = math.MaxInt64
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		claimed = false
		n, err := tx.Exec(ctx, `UPDATE sources SET next_fetch_at = $1 WHERE id = $2 AND retired_at = 0 AND next_fetch_at <= $3`,
			db.Millis(until), id, latest)
		if err != nil || n == 0 {
			return err
		}
		claimed = true
		return tx.Each(ctx, func(scan func(dest ...any) error) (err error) {
			st, err = scanSource(scan)
			return err
		}, `SELECT `+sourceColumns+`, 0 FROM sources s WHERE s.id = $1`, id)
	})
	if err != nil {
		return SourceState{}, false, fmt.Errorf("claim source %d: %w", id, err)
	}
	return st, claimed, nil
}

// RecordFetch stores how a fetch went: st has the new validators, times and
// error.
func (s *Store) RecordFetch(ctx context.Context, st SourceState) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE sources SET etag = $1, last_modified = $2, next_fetch_at = $3, fetched_at = $4, ok_at = $5,
			failures = $6, last_error = $7 WHERE id = $8 AND url = $9`,
			st.ETag, st.LastModified, db.Millis(st.NextFetchAt), db.Millis(st.FetchedAt), db.Millis(st.OKAt),
			st.Failures, st.LastError, st.SourceID, st.URL)
		return err
	})
	if err != nil {
		return fmt.Errorf("record fetch of source %s: %w", st.Slug, err)
	}
	return nil
}
