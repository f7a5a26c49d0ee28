package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
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
			e.warn(cfg)
			ahead, err := app.SlotsAhead(cfg, e.now())
			if err != nil {
				return err
			}
			e.showSlots(ahead)
			return nil
		},
	}
}

// warn tells what of a valid configuration is hardly meant.
func (e *env) warn(cfg *config.Config) {
	for _, text := range cfg.Warnings() {
		fmt.Fprintf(e.stderr, "Warning: %s\n", text)
	}
}
