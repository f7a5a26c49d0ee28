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
	StoryAt      time.Time // when it last brought a new story, or was fetched for the first time; zero before that
	Articles     int64     // that came from it first

	MovedTo    string    // where its permanent redirect leads, "" without one
	MovedTimes int       // fetches in a row that were redirected there
	AdoptedURL string    // from which it is fetched instead of URL since it moved for good
	GoneAt     time.Time // since when it is gone for good and no longer fetched; zero if it is not
	HeldAt     time.Time // since when what it sends is not stored; zero if it is
	HeldReason string
	AcceptedAt time.Time // when an operator let through what is held, zero once that came in
	LetIn      bool      // to be recorded: it came in with this fetch
	Missed     int64     // stories that its feed had dropped before they were seen, as far as one can tell
	MissedAt   time.Time // when that was last found

	MissedLately int64     // of those the ones that were found since MissedFor passed without any
	MissedSince  time.Time // the last good fetch before those
}

// Condition is how a source stands with its operators.
type Condition string

// The conditions of a source; of several that are true the first one counts.
const (
	SourceGone    Condition = "gone"    // it answered that it is gone for good
	SourceHeld    Condition = "held"    // what it sends waits for an operator
	SourceFailing Condition = "failing" // its last fetch failed
	SourceSilent  Condition = "silent"  // it brought nothing new for longer than it should
	SourceMoved   Condition = "moved"   // it is fetched from another address than the configured one
	SourceOK      Condition = "ok"
	SourceNew     Condition = "new" // never fetched
)

// Condition returns the condition of a source that should bring a new story
// within silentAfter, 0 for whenever it likes.
func (st *SourceState) Condition(now time.Time, silentAfter time.Duration) Condition {
	switch {
	case !st.GoneAt.IsZero():
		return SourceGone
	case !st.HeldAt.IsZero():
		return SourceHeld
	case st.Failures > 0:
		return SourceFailing
	case st.FetchedAt.IsZero():
		return SourceNew
	case silentAfter > 0 && !st.StoryAt.IsZero() && now.Sub(st.StoryAt) > silentAfter:
		return SourceSilent
	case st.AdoptedURL != "":
		return SourceMoved
	}
	return SourceOK
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

// SourceHealths is SourceStates without the number of articles, which takes
// long to count.
func (s *Store) SourceHealths(ctx context.Context) ([]SourceState, error) {
	var out []SourceState
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			st, err := scanSource(scan)
			out = append(out, st)
			return err
		}, `SELECT `+sourceColumns+`, 0 FROM sources s WHERE s.retired_at = 0 ORDER BY s.slug`)
	})
	if err != nil {
		return nil, fmt.Errorf("health of sources: %w", err)
	}
	return out, nil
}

const sourceColumns = `s.id, s.slug, s.kind, s.url, s.etag, s.last_modified, s.next_fetch_at, s.fetched_at, s.ok_at, s.failures, s.last_error,
	s.story_at, s.moved_to, s.moved_times, s.adopted_url, s.gone_at, s.held_at, s.held_reason, s.accepted_at, s.missed, s.missed_at,
	s.missed_lately, s.missed_since`

func scanSource(scan func(dest ...any) error) (SourceState, error) {
	var st SourceState
	var next, fetched, ok, story, gone, held, accepted, missed, since int64
	err := scan(&st.SourceID, &st.Slug, &st.Kind, &st.URL, &st.ETag, &st.LastModified, &next, &fetched, &ok, &st.Failures, &st.LastError,
		&story, &st.MovedTo, &st.MovedTimes, &st.AdoptedURL, &gone, &held, &st.HeldReason, &accepted, &st.Missed, &missed,
		&st.MissedLately, &since, &st.Articles)
	st.NextFetchAt, st.FetchedAt, st.OKAt, st.StoryAt = db.Time(next), db.Time(fetched), db.Time(ok), db.Time(story)
	st.GoneAt, st.HeldAt, st.AcceptedAt, st.MissedAt = db.Time(gone), db.Time(held), db.Time(accepted), db.Time(missed)
	st.MissedSince = db.Time(since)
	return st, err
}

// ClaimSource takes a source for one fetch if it is due at now, or in any case
// if force is set, by moving its next fetch to until: of several processes for
// which it is due one gets it, and one that dies costs the source a single
// turn. A retired source is not claimed, and one that is gone by force alone. The
// state's articles are not counted.
func (s *Store) ClaimSource(ctx context.Context, id int64, now, until time.Time, force bool) (st SourceState, claimed bool, err error) {
	latest, gone := db.Millis(now), int64(0)
	if force {
		latest, gone = math.MaxInt64, math.MaxInt64
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		claimed = false
		n, err := tx.Exec(ctx, `UPDATE sources SET next_fetch_at = $1 WHERE id = $2 AND retired_at = 0 AND next_fetch_at <= $3 AND gone_at <= $4`,
			db.Millis(until), id, latest, gone)
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
// error. What an operator accepted while the fetch was under way stays accepted.
func (s *Store) RecordFetch(ctx context.Context, st SourceState) error {
	letIn := 0
	if st.LetIn {
		letIn = 1
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE sources SET etag = $1, last_modified = $2, next_fetch_at = $3, fetched_at = $4, ok_at = $5,
			failures = $6, last_error = $7, story_at = $10, moved_to = $11, moved_times = $12, adopted_url = $13, gone_at = $14,
			held_at = $15, held_reason = $16, missed = $17, missed_at = $18, missed_lately = $21, missed_since = $22,
			accepted_at = CASE WHEN $20 = 1 AND accepted_at = $19 THEN 0 ELSE accepted_at END
			WHERE id = $8 AND url = $9`,
			st.ETag, st.LastModified, db.Millis(st.NextFetchAt), db.Millis(st.FetchedAt), db.Millis(st.OKAt),
			st.Failures, st.LastError, st.SourceID, st.URL, db.Millis(st.StoryAt), st.MovedTo, st.MovedTimes, st.AdoptedURL,
			db.Millis(st.GoneAt), db.Millis(st.HeldAt), st.HeldReason, st.Missed, db.Millis(st.MissedAt), db.Millis(st.AcceptedAt), letIn,
			st.MissedLately, db.Millis(st.MissedSince))
		return err
	})
	if err != nil {
		return fmt.Errorf("record fetch of source %s: %w", st.Slug, err)
	}
	return nil
}

// AcceptSource lets what a held source sends next through, and has a source that
// is gone fetched again. It reports whether the source was either.
func (s *Store) AcceptSource(ctx context.Context, id int64, who string) (accepted bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		now := db.Millis(s.now())
		n, err := tx.Exec(ctx, `UPDATE sources SET accepted_at = $1, gone_at = 0, next_fetch_at = 0, etag = '', last_modified = ''
			WHERE id = $2 AND retired_at = 0 AND (held_at > 0 OR gone_at > 0)`, now, id)
		if accepted = n > 0; err != nil || !accepted {
			return err
		}
		return recordChange(ctx, tx, Change{At: db.Time(now), Who: who, Noun: "source", Key: fmt.Sprint(id), Action: "accept"})
	})
	if err != nil {
		return false, fmt.Errorf("accept source %d: %w", id, err)
	}
	return accepted, nil
}
