package db

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// CreateSchema creates an empty schema in the PostgreSQL database behind d.
// Like DropSchema it exists for tests, each of which gets a schema of its own
// through the search_path of its URL.
func (d *DB) CreateSchema(ctx context.Context, name string) error {
	return d.admin(ctx, `CREATE SCHEMA `+pq.QuoteIdentifier(name))
}

// DropSchema drops a schema with all that is in it.
func (d *DB) DropSchema(ctx context.Context, name string) error {
	return d.admin(ctx, `DROP SCHEMA IF EXISTS `+pq.QuoteIdentifier(name)+` CASCADE`)
}

func (d *DB) admin(ctx context.Context, statement string) error {
	err := d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
