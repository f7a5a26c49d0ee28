package main_test

import (
	"errors"
	"strings"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// TestServiceDropsOldDeliveries lets an edition be sixty days old.
func TestServiceDropsOldDeliveries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url}, sink.Options{})
		n.write("readers.csv", "email,topics\nada@inbox.example,\nbo@inbox.example,topic-1\n")
		n.steps([]step{
			{args: "subscriber import readers.csv --confirmed --consent list", stdout: `2 added`},
			{args: "article add --url https://courier.example/topic-0/1 --title One", stdout: `1 new`},
			{args: "digest send daily --now", stdout: `due 2 = sent 1`},
		})
		edition := n.first("edition list", "edition")
		n.backDate(60)
		service := n.serve("--only", "deliver")
		until(t, "the deliveries are dropped", func() bool { return strings.Contains(service.stderr.String(), `msg="old deliveries dropped"`) })
		service.terminate()
		if left := states(t, n.open()); len(left) != 0 {
			t.Errorf("deliveries are left: %v", left)
		}
		n.steps([]step{
			{args: "edition list", stdout: edition + ` +manual +done +2 +1 +0 +0 +1 `},
			{args: "edition show " + edition, stdout: `due 2 = sent 1 .* skipped 1 .* pending 0\n  skipped 1: nothing-new`},
			{args: "delivery list --edition " + edition, code: 1, stderr: edition + `: edition is archived: its deliveries were dropped`},
			{args: "delivery show " + edition + " ada@inbox.example", code: 1, stderr: `archived`},
			{args: "delivery retry " + edition, code: 1, stderr: `archived`},
			{args: "delivery list", stdout: `No deliveries`},
			{args: "digest preview daily --for ada@inbox.example", stdout: `nothing-new`},
		})
	})
}

// backDate makes all editions older.
func (n *newsroom) backDate(days int) {
	n.t.Helper()
	ctx := n.t.Context()
	err := n.open().Write(ctx, func(tx *db.Tx) error {
		var day int
		if err := tx.Get(ctx, &day, `SELECT MIN(day) FROM editions`); err != nil {
			return err
		}
		errs := []error{tx.EnsureDay(ctx, day-days)}
		for _, table := range []string{"editions", "batches", "deliveries", "attempts"} {
			_, err := tx.Exec(ctx, `UPDATE `+table+` SET day = day - $1`, days)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	if err != nil {
		n.t.Fatal(err)
	}
}
