package db

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// What this file does is for tests, each of which gets a schema or a database
// of its own on a PostgreSQL server.

// CreateSchema creates an empty schema in the PostgreSQL database behind d. It
// is used through the search_path of a URL.
func (d *DB) CreateSchema(ctx context.Context, name string) error {
	return d.admin(ctx, `CREATE SCHEMA `+pq.QuoteIdentifier(name))
}

// DropSchema drops a schema with all that is in it.
func (d *DB) DropSchema(ctx context.Context, name string) error {
	return d.admin(ctx, `DROP SCHEMA IF EXISTS `+pq.QuoteIdentifier(name)+` CASCADE`)
}

// HasDatabase reports whether the server has a database of that name.
func (d *DB) HasDatabase(ctx context.Context, name string) (bool, error) {
	var n int
	if err := d.write.GetContext(ctx, &n, `SELECT count(*) FROM pg_database WHERE datname = $1`, name); err != nil {
		return false, fmt.Errorf("look for database %s: %w", name, err)
	}
	return n > 0, nil
}

// CreateDatabase creates a database as a copy of another, to which nobody may be
// connected meanwhile.
func (d *DB) CreateDatabase(ctx context.Context, name, like string) error {
	return d.admin(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(name)+` TEMPLATE `+pq.QuoteIdentifier(like))
}

// RenameDatabase gives a database another name, which must be free.
func (d *DB) RenameDatabase(ctx context.Context, name, to string) error {
	return d.admin(ctx, `ALTER DATABASE `+pq.QuoteIdentifier(name)+` RENAME TO `+pq.QuoteIdentifier(to))
}

// DropDatabase drops a database and ends all connections to it.
func (d *DB) DropDatabase(ctx context.Context, name string) error {
	return d.admin(ctx, `DROP DATABASE IF EXISTS `+pq.QuoteIdentifier(name)+` WITH (FORCE)`)
}

func (d *DB) admin(ctx context.Context, statement string) error {
	// No transaction: PostgreSQL makes and drops databases outside of them only.
	if _, err := d.write.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
