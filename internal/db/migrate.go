package db

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations
var migrationFiles embed.FS

// ErrSchemaNewer says that a newer Broadsheet has migrated this database; this
// one must not touch it.
var ErrSchemaNewer = errors.New("the database schema is newer than this program")

// ErrSchemaOlder says that migrations are pending.
var ErrSchemaOlder = errors.New("the database schema is older than this program")

// Migration is one numbered step of the schema.
type Migration struct {
	Version   int
	Name      string
	AppliedAt time.Time // zero while pending
	text      string
}

// Checksum tells this text of the migration from any other.
func (m Migration) Checksum() string {
	sum := sha256.Sum256([]byte(m.text))
	return hex.EncodeToString(sum[:])
}

// Migrate applies all pending migrations in one transaction under a lock, so
// that any number of processes may start at once, and returns those that this
// call applied. It refuses a schema that is newer than the program or that was
// made by an edited migration.
func (d *DB) Migrate(ctx context.Context) ([]Migration, error) {
	var done []Migration
	err := d.Write(ctx, func(tx *Tx) error {
		done = nil
		if err := tx.lockSchema(ctx); err != nil {
			return fmt.Errorf("lock the schema: %w", err)
		}
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
			version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
			return err
		}
		all, err := tx.migrations(ctx)
		if err != nil {
			return err
		}
		for _, m := range all {
			if !m.AppliedAt.IsZero() {
				continue
			}
			if err := tx.apply(ctx, &m); err != nil {
				return fmt.Errorf("migration %04d_%s: %w", m.Version, m.Name, err)
			}
			done = append(done, m)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", d, err)
	}
	return done, nil
}

// Migrations lists every migration that the program or the database knows, in
// order. It changes nothing.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	var all []Migration
	err := d.View(ctx, func(tx *Tx) error {
		exists, err := tx.hasTable(ctx, "schema_migrations")
		if err != nil {
			return err
		}
		if exists {
			all, err = tx.migrations(ctx)
		} else {
			all, err = embedded(tx.dialect)
		}
		return err
	})
	return all, err
}

// CheckSchema returns nil if the schema is the program's own, or
// ErrSchemaNewer or ErrSchemaOlder.
func (d *DB) CheckSchema(ctx context.Context) error {
	all, err := d.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.AppliedAt.IsZero() {
			return fmt.Errorf("%w: run broadsheet migrate", ErrSchemaOlder)
		}
	}
	return nil
}

func (t *Tx) lockSchema(ctx context.Context) error {
	if t.dialect == SQLite {
		return nil // the transaction began as IMMEDIATE
	}
	_, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock(7236512004)`)
	return err
}

func (t *Tx) hasTable(ctx context.Context, name string) (bool, error) {
	query := `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1`
	if t.dialect == SQLite {
		query = `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1`
	}
	var n int
	err := t.Get(ctx, &n, query, name)
	return n > 0, err
}

func (t *Tx) apply(ctx context.Context, m *Migration) error {
	for statement := range strings.SplitSeq(withoutComments(m.text), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := t.Exec(ctx, statement); err != nil {
			return err
		}
	}
	now, err := t.Now(ctx)
	if err != nil {
		return err
	}
	m.AppliedAt = now
	_, err = t.Exec(ctx, `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`,
		m.Version, m.Name, m.Checksum(), Millis(now))
	return err
}

// withoutComments drops the lines that are comments: one may end in the
// semicolon at which statements are cut apart.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// migrations merges the program's migrations with what the database recorded.
func (t *Tx) migrations(ctx context.Context) ([]Migration, error) {
	all, err := embedded(t.dialect)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Version   int    `db:"version"`
		Name      string `db:"name"`
		Checksum  string `db:"checksum"`
		AppliedAt int64  `db:"applied_at"`
	}
	if err := t.Select(ctx, &rows, `SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version`); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Version > len(all) {
			return nil, fmt.Errorf("%w: it has migration %04d_%s, the newest known here is %04d: use a newer broadsheet",
				ErrSchemaNewer, row.Version, row.Name, len(all))
		}
		m := &all[row.Version-1]
		if m.Checksum() != row.Checksum {
			return nil, fmt.Errorf("migration %04d_%s was applied with another text than this program has", m.Version, m.Name)
		}
		m.AppliedAt = Time(row.AppliedAt)
	}
	return all, nil
}

// embedded reads the dialect's migrations, numbered from 1 without a gap.
func embedded(dialect Dialect) ([]Migration, error) {
	dir := path.Join("migrations", string(dialect))
	files, err := fs.ReadDir(migrationFiles, dir)
	if err != nil {
		return nil, err
	}
	var all []Migration
	for i, f := range files {
		number, name, ok := strings.Cut(strings.TrimSuffix(f.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != i+1 {
			return nil, fmt.Errorf("migration file %s: want %04d_name.sql", f.Name(), i+1)
		}
		text, err := fs.ReadFile(migrationFiles, path.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, Migration{Version: version, Name: name, text: string(text)})
	}
	return all, nil
}
