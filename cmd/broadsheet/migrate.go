package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
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
	all, err := app.Migrations(cmd.Context(), cfg)
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
}
