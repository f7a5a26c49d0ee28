package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
)

func (e *env) migrateCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema and the configured topics, sources and digests up to date",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dryRun {
				return e.migrateStatus(cmd)
			}
			return e.writing(cmd.Context(), false, func(a *app.App) error {
				fmt.Fprintf(e.stdout, "%s is up to date\n", a.DB)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would be applied")
	cmd.AddCommand(&cobra.Command{
		Use: "status", Short: "List the migrations and which are applied", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.migrateStatus(cmd) },
	})
	return cmd
}

func (e *env) migrateStatus(cmd *cobra.Command) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	return e.withDatabase(cmd, cfg, func(d *db.DB) error {
		all, err := d.Migrations(cmd.Context())
		if err != nil {
			return err
		}
		out := &list{columns: []string{"version", "name", "state", "applied_at"}}
		for _, m := range all {
			state := "applied"
			if m.AppliedAt.IsZero() {
				state = "pending"
			}
			out.add(m.Version, m.Name, state, m.AppliedAt)
		}
		return e.show(out)
	})
}

// withDatabase opens the database alone, whatever its schema is.
func (e *env) withDatabase(cmd *cobra.Command, cfg *config.Config, fn func(d *db.DB) error) error {
	d, err := app.OpenDatabase(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	return fn(d)
}
