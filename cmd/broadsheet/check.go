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
			fmt.Fprintf(e.stdout, "%s is valid: %s, %s, %s, %s\n", cfg.Path,
				count(len(cfg.Topics), "topic"), count(len(cfg.Sources), "source"), count(len(cfg.Digests), "digest"), count(len(cfg.Mail.Relays), "relay"))
			ahead, err := app.SlotsAhead(cfg, e.now())
			if err != nil {
				return err
			}
			e.showSlots(ahead)
			return nil
		},
	}
}
