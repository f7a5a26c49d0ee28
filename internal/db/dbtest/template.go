package dbtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"broadsheet/internal/db"
)

// migratedFile returns what a migrated SQLite file holds.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "broadsheet-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrate(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // whole: closing it took in the log
})

// migratedDatabase returns the name of a migrated database on the PostgreSQL
// server, to which nobody connects. Its name goes by the migrations, so that all
// processes that know the same ones share it.
var migratedDatabase = sync.OnceValues(func() (string, error) {
	ctx, server := context.Background(), os.Getenv(Variable)
	d, err := db.Open(ctx, server)
	if err != nil {
		return "", fmt.Errorf("%s: %w", Variable, err)
	}
	defer d.Close()
	name, err := templateName(ctx, d)
	if err != nil {
		return "", err
	}
	if has, err := d.HasDatabase(ctx, name); has || err != nil {
		return name, err
	}
	return name, makeTemplate(ctx, d, server, name)
})

func templateName(ctx context.Context, d *db.DB) (string, error) {
	all, err := d.Migrations(ctx)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, m := range all {
		h.Write([]byte(m.Checksum()))
	}
	return fmt.Sprintf("broadsheet_%x", h.Sum(nil)[:8]), nil
}

// makeTemplate migrates a database under a name of its own and gives it the
// right one when it is complete. Another process may have been faster.
func makeTemplate(ctx context.Context, d *db.DB, server, name string) error {
	u, err := url.Parse(server)
	if err != nil {
		return fmt.Errorf("%s: %w", Variable, err)
	}
	own := fmt.Sprintf("%s_%d", name, os.Getpid())
	if err := d.CreateDatabase(ctx, own, "template1"); err != nil {
		return err
	}
	u.Path = "/" + own
	err = migrate(ctx, u.String())
	if err == nil {
		err = d.RenameDatabase(ctx, own, name)
	}
	if err == nil {
		return nil
	}
	err = errors.Join(err, d.DropDatabase(ctx, own))
	if has, hasErr := d.HasDatabase(ctx, name); has && hasErr == nil {
		return nil
	}
	return err
}

func migrate(ctx context.Context, url string) error {
	d, err := db.Open(ctx, url)
	if err != nil {
		return err
	}
	_, err = d.Migrate(ctx)
	return errors.Join(err, d.Close())
}
