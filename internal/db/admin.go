package db

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// CreateDatabase creates an empty database on the PostgreSQL server behind d.
// Like DropDatabase it exists for tests and benchmarks, which make databases
// of their own; PostgreSQL allows neither inside a transaction.
func (d *DB) CreateDatabase(ctx context.Context, name string) error {
	if _, err := d.write.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(name)+` TEMPLATE template0`); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// DropDatabase drops a database of the server, ending its connections.
func (d *DB) DropDatabase(ctx context.Context, name string) error {
	if _, err := d.write.ExecContext(ctx, `DROP DATABASE IF EXISTS `+pq.QuoteIdentifier(name)+` WITH (FORCE)`); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}
