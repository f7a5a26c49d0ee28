package digest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// Alert is something that operators should know as long as it is so.
type Alert struct {
	Key      string // such as "source site-feed held"
	Text     string
	OpenedAt time.Time
}

// SyncAlerts makes the alerts that are open, but for those of themes, the ones that
// are given, and returns which of them are new and which have ended.
func (s *Store) SyncAlerts(ctx context.Context, want []Alert) (opened, ended []Alert, err error) {
	differs := false
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		open, err := loadAlerts(ctx, tx, `SELECT key, text, opened_at FROM alerts WHERE key NOT LIKE 'theme %' ORDER BY key`)
		differs = len(open) != len(want)
		for _, a := range want {
			differs = differs || open[a.Key].Text != a.Text
		}
		return err
	}); err != nil || !differs {
		return nil, nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		opened, ended, err = s.syncAlerts(ctx, tx, want)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("store alerts: %w", err)
	}
	return opened, ended, nil
}

func (s *Store) syncAlerts(ctx context.Context, tx *db.Tx, want []Alert) (opened, ended []Alert, err error) {
	open, err := loadAlerts(ctx, tx, `SELECT key, text, opened_at FROM alerts WHERE key NOT LIKE 'theme %' ORDER BY key {for update}`)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range want {
		known, there := open[a.Key]
		delete(open, a.Key)
		switch {
		case !there:
			a.OpenedAt = s.now()
			n, err := tx.Exec(ctx, `INSERT INTO alerts (key, opened_at, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, a.Key, db.Millis(a.OpenedAt), a.Text)
			if err != nil {
				return nil, nil, err
			}
			if n > 0 {
				opened = append(opened, a)
			}
		case known.Text != a.Text:
			if _, err := tx.Exec(ctx, `UPDATE alerts SET text = $1 WHERE key = $2`, a.Text, a.Key); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, a := range open {
		if _, err := tx.Exec(ctx, `DELETE FROM alerts WHERE key = $1`, a.Key); err != nil {
			return nil, nil, err
		}
		ended = append(ended, a)
	}
	return opened, ended, nil
}

func loadAlerts(ctx context.Context, tx *db.Tx, query string, args ...any) (map[string]Alert, error) {
	out := map[string]Alert{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var a Alert
		var opened int64
		err := scan(&a.Key, &a.Text, &opened)
		a.OpenedAt = db.Time(opened)
		out[a.Key] = a
		return err
	}, query, args...)
	return out, err
}

// alertLease is for how long a process that claimed alerts may take to tell of
// them. If it dies, they are told that much later.
const alertLease = 5 * time.Minute

// ClaimAlerts returns the alerts that nobody was told of yet and that no other
// process is telling of, the oldest first. Whoever has them calls AlertsTold once
// a relay took the mail, or GiveBackAlerts; who dies between the two costs a mail
// sent twice, at most.
func (s *Store) ClaimAlerts(ctx context.Context) ([]Alert, error) {
	var out []Alert
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		out = nil
		now := s.now()
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var a Alert
			var opened int64
			err := scan(&a.Key, &a.Text, &opened)
			a.OpenedAt = db.Time(opened)
			out = append(out, a)
			return err
		}, `UPDATE alerts SET claimed_until = $1 WHERE told_at = 0 AND claimed_until <= $2 RETURNING key, text, opened_at`,
			db.Millis(now.Add(alertLease)), db.Millis(now))
	})
	if err != nil {
		return nil, fmt.Errorf("claim alerts: %w", err)
	}
	slices.SortFunc(out, func(a, b Alert) int { return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

// AlertsTold marks alerts as told. One that ended meanwhile and opened anew is
// another one.
func (s *Store) AlertsTold(ctx context.Context, alerts []Alert) error {
	return s.setAlerts(ctx, alerts, db.Millis(s.now()))
}

// GiveBackAlerts has alerts told anew that nobody could be told of.
func (s *Store) GiveBackAlerts(ctx context.Context, alerts []Alert) error {
	return s.setAlerts(ctx, alerts, 0)
}

func (s *Store) setAlerts(ctx context.Context, alerts []Alert, toldAt int64) error {
	keys, opened := make([]string, len(alerts)), make([]int64, len(alerts))
	for i := range alerts {
		keys[i], opened[i] = alerts[i].Key, db.Millis(alerts[i].OpenedAt)
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecRows(ctx, `UPDATE alerts SET told_at = $1, claimed_until = 0 FROM {rows} WHERE alerts.key = v.key AND alerts.opened_at = v.opened_at`,
			[]db.Column{db.Texts("key", keys), db.Ints("opened_at", opened)}, toldAt)
		return err
	})
	if err != nil {
		return fmt.Errorf("record who was told of alerts: %w", err)
	}
	return nil
}

// AlertCount returns how many alerts are open.
func (s *Store) AlertCount(ctx context.Context) (n int, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error { return tx.Get(ctx, &n, `SELECT COUNT(*) FROM alerts`) })
	return n, err
}

// MissedFor is for how long after stories were found missing that is an alert.
const MissedFor = 24 * time.Hour

// SourceAlerts are the alerts of sources in a state: one that is gone or held,
// one that brought nothing new for longer than it should, whatever the reason,
// and one that dropped stories in the last day before they were seen.
func (s *Setup) SourceAlerts(states []SourceState, now time.Time) []Alert {
	var out []Alert
	for i := range states {
		st := &states[i]
		add := func(what, format string, args ...any) {
			out = append(out, Alert{Key: "source " + st.Slug + " " + what, Text: "Source " + st.Slug + ": " + fmt.Sprintf(format, args...)})
		}
		silentAfter := time.Duration(0)
		for _, src := range s.Sources {
			if src.ID == st.SourceID {
				silentAfter = src.SilentAfter
			}
		}
		switch {
		case !st.GoneAt.IsZero():
			add("gone", "the site answered that it is gone for good, and it is fetched no more")
		case !st.HeldAt.IsZero():
			add("held", "%s", st.HeldReason)
		case silentAfter > 0 && !st.StoryAt.IsZero() && now.Sub(st.StoryAt) > silentAfter:
			why := "it is fetched well"
			if st.Failures > 0 {
				why = "the last fetch failed: " + st.LastError
			}
			add("silent", "nothing new since %s, though something should come within %s; %s", st.StoryAt.UTC().Format("2006-01-02 15:04 MST"), silentAfter, why)
		}
		if !st.MissedAt.IsZero() && now.Sub(st.MissedAt) < MissedFor {
			add("missed", "about %d stories came and went between fetches since %s; fetch it more often, or add the site's news sitemap",
				st.MissedLately, st.MissedSince.UTC().Format("2006-01-02 15:04 MST"))
		}
	}
	return out
}
