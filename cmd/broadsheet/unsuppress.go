package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

// revert is what the flags of unsuppress pick when no address is given.
type revert struct{ reason, since, provider string }

func (e *env) subscriberUnsuppressCommand() *cobra.Command {
	var many revert
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "unsuppress ADDR | --reason hard-bounce --since TIME",
		Short: "Lift a suppression, or all that bounces have caused since a time",
		Long: "Lift the suppression of one address, or with --reason and --since those that bounces have caused since then,\n" +
			"where a mailbox provider has denied its readers by mistake. What has bounced before is forgotten.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if many == (revert{}) {
				if err := exactly("ADDR")(cmd, args); err != nil {
					return err
				}
				return e.writing(cmd.Context(), dryRun, func(a *app.App) error { return e.unsuppress(cmd, a, args[0], dryRun) })
			}
			if err := noArgs(cmd, args); err != nil {
				return err
			}
			if err := many.check(); err != nil {
				return err
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error { return e.unsuppressAll(cmd, a, many, dryRun) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&many.reason, "reason", "", "those with this `REASON`: hard-bounce or soft-bounces")
	f.StringVar(&many.since, "since", "", "those since `TIME`, such as \"2026-11-23 07:00\" in the site's zone")
	f.StringVar(&many.provider, "provider", "", "only mailboxes of the provider, or the domain, with this `NAME`")
	f.BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

func (r revert) check() error {
	switch {
	case r.reason != subscribers.ReasonHardBounce && r.reason != subscribers.ReasonSoftBounces:
		return usagef("subscriber unsuppress: --reason is hard-bounce or soft-bounces; lift any other one address at a time")
	case r.since == "":
		return usagef("subscriber unsuppress: --since is missing")
	}
	return nil
}

func (e *env) unsuppress(cmd *cobra.Command, a *app.App, address string, dryRun bool) error {
	if dryRun {
		fmt.Fprintf(e.stdout, "the suppression of %s would be lifted\n", address)
		return nil
	}
	if err := a.Subscribers.Unsuppress(cmd.Context(), address, origin); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	fmt.Fprintf(e.stdout, "%s is not suppressed\n", address)
	return nil
}

func (e *env) unsuppressAll(cmd *cobra.Command, a *app.App, many revert, dryRun bool) error {
	loc, err := time.LoadLocation(a.Config.Site.Timezone)
	if err != nil {
		return err
	}
	since, err := parseTime(many.since, a.Now(), loc)
	if err != nil {
		return usagef("--since: %w", err)
	}
	if since.After(a.Now()) {
		return usagef("--since: %s is still to come", plain(since))
	}
	r := subscribers.Revert{Reason: many.reason, Since: since}
	if many.provider != "" {
		provider, err := providerOf(a, many.provider)
		if err != nil {
			return usagef("--provider: %w", err)
		}
		r.Picks = func(address string) bool {
			name, _ := a.Providers.Of(address)
			return name == provider
		}
	}
	n, err := a.Subscribers.CountReverted(cmd.Context(), r)
	if err != nil {
		return err
	}
	if dryRun || n == 0 {
		fmt.Fprintf(e.stdout, "%s for %s since %s would be lifted\n", count(n, "suppression"), many.reason, plain(since))
		return nil
	}
	if err := e.confirm("Lift %s for %s since %s?", count(n, "suppression"), many.reason, plain(since)); err != nil {
		return err
	}
	ticker := e.newTicker()
	done, err := a.Subscribers.UnsuppressAll(cmd.Context(), r, origin, func(done int64) { ticker.show("%d of %d lifted", done, n) })
	ticker.clear()
	fmt.Fprintf(e.stdout, "%s lifted\n", count(done, "suppression"))
	if err != nil && done > 0 {
		return errors.Join(err, partly("what was counted is done; run the command again for the rest"))
	}
	return err
}
