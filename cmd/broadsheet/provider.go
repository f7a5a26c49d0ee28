package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
)

func (e *env) providerCommand() *cobra.Command {
	return noun("provider", "Who runs readers' mailboxes, what each gets a second and who is paused",
		e.providerListCommand(), e.providerPauseCommand(), e.providerResumeCommand())
}

func (e *env) providerListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List providers that are paused or have a rate", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error { return e.listProviders(cmd.Context(), a) })
		},
	}
}

// providerRow is a provider with its rate, 0 for none, and its pause.
type providerRow struct {
	name  string
	rate  float64
	pause delivery.ProviderPause
}

func (e *env) listProviders(ctx context.Context, a *app.App) error {
	pauses, err := delivery.NewStore(a.DB, a.Now).Pauses(ctx)
	if err != nil {
		return err
	}
	var rows []providerRow
	for _, p := range pauses {
		rows = append(rows, providerRow{p.Provider, a.Providers.Rate(p.Provider), p})
	}
	for _, p := range a.Config.Mail.Providers {
		isListed := slices.ContainsFunc(rows, func(r providerRow) bool { return r.name == p.Name })
		if rate := a.Providers.Rate(p.Name); rate > 0 && !isListed {
			rows = append(rows, providerRow{name: p.Name, rate: rate})
		}
	}
	slices.SortFunc(rows, func(a, b providerRow) int { return cmp.Compare(a.name, b.name) })
	out := &list{
		columns: []string{"provider", "state", "rate", "paused_at", "paused_until", "reason"},
		empty:   "No provider is paused, and none has a rate.",
	}
	for _, r := range rows {
		state := "open"
		if !r.pause.Until.IsZero() {
			state = "paused"
		}
		out.add(r.name, state, r.rate, r.pause.PausedAt, r.pause.Until, r.pause.Reason)
	}
	return e.show(out)
}

// providerOf is the provider that somebody means, who may name one of its domains instead.
func providerOf(a *app.App, name string) (string, error) {
	known := a.Providers.Names()
	if slices.Contains(known, name) {
		return name, nil
	}
	if !strings.Contains(name, ".") {
		return "", fmt.Errorf("there is no provider %s: name a domain, or one of %s", name, strings.Join(known, ", "))
	}
	provider, _ := a.Providers.Of("anyone@" + name)
	return provider, nil
}

func (e *env) providerPauseCommand() *cobra.Command {
	var length time.Duration
	var dryRun bool
	cmd := &cobra.Command{
		Use: "pause NAME", Short: "Send a provider or domain nothing for a while", Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if length <= 0 {
				return usagef("--for %s: want a time to come, such as 2h", length)
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				name, err := providerOf(a, args[0])
				if err != nil {
					return err
				}
				if dryRun {
					fmt.Fprintf(e.stdout, "provider %s would be paused until %s\n", name, plain(a.Now().Add(length)))
					return nil
				}
				p, err := delivery.NewStore(a.DB, a.Now).PauseProvider(cmd.Context(), name, length)
				if err == nil {
					fmt.Fprintf(e.stdout, "provider %s is paused until %s\n", name, plain(p.Until))
				}
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&length, "for", time.Hour, "how long, such as `2h`")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

func (e *env) providerResumeCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "resume NAME", Short: "End the pause of a provider or domain", Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				name, err := providerOf(a, args[0])
				if err != nil {
					return err
				}
				return e.resumeProvider(cmd.Context(), a, name, dryRun)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

func (e *env) resumeProvider(ctx context.Context, a *app.App, name string, dryRun bool) error {
	store := delivery.NewStore(a.DB, a.Now)
	notPaused := fmt.Errorf("provider %s is not paused: see broadsheet provider list", name)
	if dryRun {
		pauses, err := store.Pauses(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(pauses, func(p delivery.ProviderPause) bool { return p.Provider == name }) {
			return notPaused
		}
		fmt.Fprintf(e.stdout, "provider %s is paused and would be open\n", name)
		return nil
	}
	n, err := store.ResumeProvider(ctx, name, func(address string) bool {
		provider, _ := a.Providers.Of(address)
		return provider == name
	})
	if errors.Is(err, delivery.ErrNotFound) {
		return notPaused
	}
	if err == nil {
		fmt.Fprintf(e.stdout, "provider %s is open, %s that waited for it %s pending\n", name, count(n, "delivery"), are(n))
	}
	return err
}
