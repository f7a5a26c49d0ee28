package digest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// lookDelay is how long after it was written a version of a theme begins to
// count: by then it is surely committed, so that no first try is composed
// without what its retry has.
const lookDelay = time.Second

// keepLooks is how long a version is kept after another took its place: longer
// than a delivery may be tried again.
const keepLooks = 366 * 24 * time.Hour

// lookRow is a version of a theme without its files.
type lookRow struct {
	Version int64  `db:"version"`
	Hash    string `db:"hash"`
	FromAt  int64  `db:"from_at"`
}

// newestLook is the newest version of a theme, nil if there is none.
func newestLook(ctx context.Context, tx *db.Tx, name string) (*lookRow, error) {
	return lookBy(ctx, tx, name, `SELECT version, hash, from_at FROM theme_versions WHERE name = $1 ORDER BY version DESC LIMIT 1`, name)
}

func lookBy(ctx context.Context, tx *db.Tx, name, query string, args ...any) (*lookRow, error) {
	var row lookRow
	err := tx.Get(ctx, &row, query, args...)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("versions of theme %s: %w", name, err)
	}
	return &row, nil
}

// SyncLooks stores what the themes are now, of those that are without fault.
// The others get their last good version out of the database; that there is
// none is an error.
func (s *Store) SyncLooks(ctx context.Context, all []*Looks) error {
	for _, l := range all {
		source, hash := l.current()
		if source == nil {
			continue
		}
		var newest *lookRow
		if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
			newest, err = newestLook(ctx, tx, l.name)
			return err
		}); err != nil {
			return err
		}
		if newest != nil && newest.Hash == hash {
			continue
		}
		if err := s.saveLook(ctx, l.name, hash, source); err != nil {
			return fmt.Errorf("store theme %s: %w", l.name, err)
		}
	}
	return s.LoadLooks(ctx, all)
}

// saveLook adds a version, unless another process was first.
func (s *Store) saveLook(ctx context.Context, name, hash string, source *templates.Source) error {
	body, err := json.Marshal(source)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.NextIDs(ctx, "digest", 0); err != nil { // two processes sync one after the other
			return err
		}
		newest, err := newestLook(ctx, tx, name)
		if err != nil || newest != nil && newest.Hash == hash {
			return err
		}
		version, from := int64(1), db.Millis(s.now().Add(lookDelay))
		if newest != nil {
			version, from = newest.Version+1, max(from, newest.FromAt)
		}
		_, err = tx.Exec(ctx, `INSERT INTO theme_versions (name, version, hash, from_at, body) VALUES ($1, $2, $3, $4, $5)`,
			name, version, hash, from, string(body))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM theme_versions WHERE name = $1
			AND version < (SELECT MAX(w.version) FROM theme_versions w WHERE w.name = $1 AND w.from_at <= $2)`, name, db.Millis(s.now().Add(-keepLooks)))
		return err
	})
}

// lookAlertLasts is how long the alert of a theme stays after a process found it
// broken last. All of them look each minute.
const lookAlertLasts = 3 * time.Minute

// SyncLookAlerts opens the alerts of the themes that are broken here. It ends those
// of which nobody has told for minutes: another process may have other files. It
// returns which are new and which have ended.
func (s *Store) SyncLookAlerts(ctx context.Context, want []Alert) (opened, ended []Alert, err error) {
	differs := len(want) > 0
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		old, err := loadAlerts(ctx, tx, `SELECT key, text, opened_at FROM alerts WHERE key LIKE 'theme %' AND seen_at < $1`, db.Millis(s.now().Add(-lookAlertLasts)))
		differs = differs || len(old) > 0
		return err
	}); err != nil || !differs {
		return nil, nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		opened, ended = nil, nil
		now := s.now()
		for _, a := range want {
			a.OpenedAt = now
			n, err := tx.Exec(ctx, `INSERT INTO alerts (key, opened_at, text, seen_at) VALUES ($1, $2, $3, $2) ON CONFLICT DO NOTHING`, a.Key, db.Millis(now), a.Text)
			if err != nil {
				return err
			}
			if n > 0 {
				opened = append(opened, a)
				continue
			}
			if _, err := tx.Exec(ctx, `UPDATE alerts SET text = $1, seen_at = $2 WHERE key = $3`, a.Text, db.Millis(now), a.Key); err != nil {
				return err
			}
		}
		old, err := loadAlerts(ctx, tx, `DELETE FROM alerts WHERE key LIKE 'theme %' AND seen_at < $1 RETURNING key, text, opened_at`, db.Millis(now.Add(-lookAlertLasts)))
		for _, key := range slices.Sorted(maps.Keys(old)) {
			ended = append(ended, old[key])
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("store alerts of themes: %w", err)
	}
	return opened, ended, nil
}

// LoadLooks gives the themes that are broken their last good version. That
// there is none is an error.
func (s *Store) LoadLooks(ctx context.Context, all []*Looks) error {
	for _, l := range all {
		if l.Theme() != nil {
			continue
		}
		err := s.db.View(ctx, func(tx *db.Tx) error {
			newest, err := newestLook(ctx, tx, l.name)
			if err != nil || newest == nil {
				return err
			}
			theme, err := l.load(ctx, tx, newest)
			if err == nil {
				l.fallBack(theme, db.Time(newest.FromAt))
			}
			return err
		})
		if err = errors.Join(l.faultWithout(), err); err != nil {
			return fmt.Errorf("theme %s: %w", l.name, err)
		}
	}
	return nil
}

// faultWithout is the fault of a theme that has no good version.
func (l *Looks) faultWithout() error {
	if l.Theme() != nil {
		return nil
	}
	return l.Fault()
}

// load compiles a version out of the database, unless it was compiled before.
func (l *Looks) load(ctx context.Context, tx *db.Tx, row *lookRow) (*templates.Theme, error) {
	if theme := l.version(row.Hash); theme != nil {
		return theme, nil
	}
	var body string
	if err := tx.Get(ctx, &body, `SELECT body FROM theme_versions WHERE name = $1 AND version = $2`, l.name, row.Version); err != nil {
		return nil, fmt.Errorf("version %d of theme %s: %w", row.Version, l.name, err)
	}
	var source templates.Source
	if err := json.Unmarshal([]byte(body), &source); err != nil {
		return nil, fmt.Errorf("version %d of theme %s: %w", row.Version, l.name, err)
	}
	return l.add(row.Hash, &source)
}

// themeAsOf is the theme of a mail as it was at a time: a retry looks as the
// first try did. What is older than the first version has that. A mail that is
// only imagined has the theme as it is now.
func themeAsOf(ctx context.Context, tx *db.Tx, d *Digest, e *Edition, at time.Time) (*templates.Theme, error) {
	if d.Looks == nil || e.ID == 0 {
		return d.theme(), nil
	}
	row, err := lookBy(ctx, tx, d.Looks.name, `SELECT version, hash, from_at FROM theme_versions WHERE name = $1 AND from_at <= $2
		ORDER BY version DESC LIMIT 1`, d.Looks.name, db.Millis(at))
	if err == nil && row == nil {
		row, err = lookBy(ctx, tx, d.Looks.name, `SELECT version, hash, from_at FROM theme_versions WHERE name = $1 ORDER BY version LIMIT 1`, d.Looks.name)
	}
	if err != nil {
		return nil, err
	}
	if row == nil {
		return d.Looks.Theme(), nil
	}
	theme, err := d.Looks.load(ctx, tx, row)
	var faults templates.Faults
	if errors.As(err, &faults) { // it was written for an older program
		return d.Looks.Theme(), nil
	}
	return theme, err
}
