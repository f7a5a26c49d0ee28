package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/subscribers"
)

func (e *env) keysCommand() *cobra.Command {
	return noun("keys", "The keys that sign links in mails", e.keysListCommand(), e.keysRotateCommand())
}

func (e *env) keysListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys, newest first, without their secrets", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			keys, err := subscribers.OpenKeys(cfg.Security.KeysFile, e.now)
			if err != nil {
				return err
			}
			return e.show(listOfKeys(keys.List(), e.now()))
		},
	}
}

func listOfKeys(keys []subscribers.KeyInfo, now time.Time) *list {
	out := &list{columns: []string{"key", "use", "signs_from"}}
	for _, k := range keys {
		use := "verifies"
		switch {
		case k.Signs:
			use = "signs"
		case k.From.After(now):
			use = "waits"
		}
		out.add(k.ID, use, k.From)
	}
	return out
}

func (e *env) keysRotateCommand() *cobra.Command {
	var in time.Duration
	var dryRun bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Put a new key above the others, which go on to verify links", Args: noArgs,
		Long: "Put a new key into the key file of [security], above the others. It signs from --in on: until then every host\n" +
			"that serves must have the new file. Processes read it by themselves. The old keys stay in the file, for links in\n" +
			"old mails must work for years; take one out only if it was stolen.",
		RunE: func(*cobra.Command, []string) error {
			if in < 0 {
				return usagef("keys rotate: --in %s: want a time to come, such as 1h, or 0s", in)
			}
			cfg, err := e.config()
			if err != nil {
				return err
			}
			from := e.now().Add(in).Truncate(time.Second)
			if dryRun {
				if _, err := subscribers.OpenKeys(cfg.Security.KeysFile, e.now); err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "a new key would sign from %s on\n", plain(from))
				return nil
			}
			keys, err := subscribers.RotateKeys(cfg.Security.KeysFile, from, e.now)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "key %s signs from %s on; copy %s to every other host before that\n", keys[0].ID, plain(from), cfg.Security.KeysFile)
			return nil
		},
	}
	cmd.Flags().DurationVar(&in, "in", time.Hour, "sign with the new key after so `LONG`, such as 24h; 0s for at once")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}
