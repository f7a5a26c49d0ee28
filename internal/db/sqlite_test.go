package db_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"broadsheet/internal/db"
)

// TestOpenWaitsForANewFile opens a file that another process is about to write
// for the first time, before it is in WAL mode: there SQLite itself does not wait.
func TestOpenWaitsForANewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if d, err := db.Open(ctx, "sqlite:"+path); err == nil {
		d.Close()
		t.Fatal("opened a file that is locked")
	} else if ctx.Err() == nil {
		t.Errorf("got %v at once, want patience", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
