package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// Suppression says why an address must not be mailed.
type Suppression struct {
	Reason, Detail string
	CreatedAt      time.Time
}

// suppressedAt tells which of the addresses are suppressed, and since when.
func suppressedAt(ctx context.Context, tx *db.Tx, addresses []string) (map[string]time.Time, error) {
	found := map[string]time.Time{}
	err := tx.Each(ctx, func(scan func(...any) error) error {
		var address string
		var at int64
		err := scan(&address, &at)
		found[address] = db.Time(at)
		return err
	}, `SELECT address, created_at FROM suppressions WHERE address {in 1}`, addresses)
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	return found, nil
}

func suppressionOf(ctx context.Context, tx *db.Tx, address string) (*Suppression, error) {
	var row struct {
		Reason    string `db:"reason"`
		Detail    string `db:"detail"`
		CreatedAt int64  `db:"created_at"`
	}
	err := tx.Get(ctx, &row, `SELECT reason, detail, created_at FROM suppressions WHERE address = $1`, address)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the suppression: %w", err)
	}
	return &Suppression{Reason: row.Reason, Detail: row.Detail, CreatedAt: db.Time(row.CreatedAt)}, nil
}

// insertSuppressions suppresses addresses; who already is keeps the first
// reason.
func insertSuppressions(ctx context.Context, tx *db.Tx, addresses []string, s Suppression) error {
	_, err := tx.ExecRows(ctx, `INSERT INTO suppressions (address, reason, detail, created_at)
		SELECT v.address, $1, $2, CAST($3 AS BIGINT) FROM {rows} WHERE TRUE ON CONFLICT (address) DO NOTHING`,
		[]db.Column{db.Texts("address", addresses)}, s.Reason, s.Detail, db.Millis(s.CreatedAt))
	if err != nil {
		return fmt.Errorf("insert suppressions: %w", err)
	}
	return nil
}

func deleteSuppression(ctx context.Context, tx *db.Tx, address string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE address = $1`, address); err != nil {
		return fmt.Errorf("delete the suppression: %w", err)
	}
	return nil
}
