package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
)

func (e *env) serveCommand() *cobra.Command {
	var only string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service: web pages, fetching, planning and delivering",
		Long:  "Run the service until SIGTERM or Ctrl-C. Messages under way are finished and recorded first;\na second signal ends it at once.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parts, err := app.ParseParts(only)
			if err != nil {
				return usagef("--only: %w", err)
			}
			return e.serve(cmd.Context(), parts)
		},
	}
	cmd.Flags().StringVar(&only, "only", "", "`PARTS` to run: web, fetch, plan, deliver, separated by commas (default: all)")
	return cmd
}

func (e *env) serve(ctx context.Context, parts []app.Part) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	a, err := app.OpenWriting(ctx, cfg, e.logger(slog.LevelInfo))
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Serve(ctx, parts)
}
