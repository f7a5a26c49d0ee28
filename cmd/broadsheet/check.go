package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
)

func (e *env) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read and validate the configuration and the templates, changing nothing",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			if err := app.Check(cfg); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s is valid: %d topics, %d sources, %d digests, %d relays\n",
				cfg.Path, len(cfg.Topics), len(cfg.Sources), len(cfg.Digests), len(cfg.Mail.Relays))
			ahead, err := app.SlotsAhead(cfg, e.now())
			if err != nil {
				return err
			}
			e.showSlots(ahead)
			return nil
		},
	}
}
