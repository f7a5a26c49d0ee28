package digest

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// Lately is a mail that a reader was to get.
type Lately struct {
	DigestID int64
	Key      string // of the edition
	State    string // of the delivery, such as "sent"
	Mailing  Mailing
	At       time.Time // when the delivery came to its state
}

// latelyQuery looks at each day of which there are deliveries. It says >= and <=
// because SQLite, which keeps no statistics here, takes that for fewer rows than
// an equation, and so for fewer than all of a day.
const latelyQuery = `SELECT e.digest_id, e.key, d.state, d.edition_id, d.selection_id, d.changed_at
	FROM deliveries d JOIN editions e ON e.id = d.edition_id
	WHERE d.subscriber_id >= $1 AND d.subscriber_id <= $1 AND d.day IN (SELECT day FROM editions WHERE archived_at = 0)
	ORDER BY e.day DESC, e.id DESC LIMIT $2`

// Lately returns up to most of the mails that a subscriber was to get, the newest
// first, as far back as deliveries are kept.
func (s *Store) Lately(ctx context.Context, subscriberID int64, most int) ([]Lately, error) {
	var out []Lately
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(ctx, func(scan func(dest ...any) error) error {
			var m Lately
			var at int64
			err := scan(&m.DigestID, &m.Key, &m.State, &m.Mailing.EditionID, &m.Mailing.SelectionID, &at)
			m.At = db.Time(at)
			out = append(out, m)
			return err
		}, latelyQuery, subscriberID, most)
	})
	if err != nil {
		return nil, fmt.Errorf("mails of subscriber %d: %w", subscriberID, err)
	}
	return out, nil
}
