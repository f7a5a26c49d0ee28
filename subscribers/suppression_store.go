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

// insertSuppressions suppresses addresses and returns how many it touched; who
// already is keeps the first reason, unless a bounce was it and this is none.
func insertSuppressions(ctx context.Context, tx *db.Tx, addresses []string, s Suppression) (int64, error) {
	n, err := tx.ExecRows(ctx, `INSERT INTO suppressions (address, reason, detail, created_at)
		SELECT v.address, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM {rows} WHERE TRUE
		ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, created_at = excluded.created_at
		WHERE suppressions.reason IN ('hard-bounce', 'soft-bounces') AND excluded.reason NOT IN ('hard-bounce', 'soft-bounces')`,
		[]db.Column{db.Texts("address", addresses)}, s.Reason, cut(s.Detail, 500), db.Millis(s.CreatedAt))
	if err != nil {
		return 0, fmt.Errorf("insert suppressions: %w", err)
	}
	return n, nil
}

func deleteSuppressions(ctx context.Context, tx *db.Tx, addresses []string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE address {in 1}`, addresses); err != nil {
		return fmt.Errorf("delete suppressions: %w", err)
	}
	return nil
}

// suppressedFor reads a page of the addresses that were suppressed for a reason
// since a time, in their order and after one of them.
func suppressedFor(ctx context.Context, tx *db.Tx, reason string, since time.Time, after string) ([]string, error) {
	var page []string
	err := tx.Select(ctx, &page, `SELECT address FROM suppressions WHERE reason = $1 AND created_at >= $2 AND address > $3
		ORDER BY address LIMIT $4`, reason, db.Millis(since), after, pageSize)
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	return page, nil
}
