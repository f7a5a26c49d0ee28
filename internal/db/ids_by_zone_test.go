package db_test

import (
	"slices"
	"testing"

	"broadsheet/internal/db"
)

// TestIDsByZone migrates databases whose readers were numbered as they came: the
// counters of hours begin where none of their ids is taken.
func TestIDsByZone(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for last, want := range map[string]string{"0": "27 0 0", "134217727": "27 0 0", "134217728": "27 67108863 67108863", "900000000": "27 67108863 67108863"} {
			t.Run(string(dialect)+"/"+last, func(t *testing.T) {
				d := before(t, dialect, 8)
				must(t, d.Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), `UPDATE counters SET value = `+last+` WHERE name = 'subscriber'`)
					return err
				}))
				_, err := d.Migrate(t.Context())
				must(t, err)
				got := lines(t, d, `SELECT COUNT(*) || ' ' || MIN(value) || ' ' || MAX(value) FROM counters WHERE name LIKE 'subscriber_%'`)
				if !slices.Equal(got, []string{want}) {
					t.Errorf("counters %q, want %q", got, want)
				}
			})
		}
	}
}
