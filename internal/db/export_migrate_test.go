package db

import "context"

// MigrateTo applies the migrations of an empty database up to a version, as an
// older program did.
func (d *DB) MigrateTo(ctx context.Context, version int) error {
	return d.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE schema_migrations (
			version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
			return err
		}
		all, err := embedded(tx.dialect)
		if err != nil {
			return err
		}
		for _, m := range all[:version] {
			if err := tx.apply(ctx, &m); err != nil {
				return err
			}
		}
		return nil
	})
}
