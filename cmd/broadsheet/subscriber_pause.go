package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

// rest is which digests of a reader are paused or resumed.
type rest struct {
	reader *subscribers.Detail
	digest int64
	what   string
}

// restOf finds the reader and the digest, all of them if slug is "".
func restOf(ctx context.Context, a *app.App, address, slug string) (rest, error) {
	d, err := a.Subscribers.ByAddress(ctx, address)
	if err == nil && d.ID == 0 {
		err = subscribers.ErrUnknown
	}
	if err != nil {
		return rest{}, fmt.Errorf("%s: %w", address, err)
	}
	r := rest{reader: d, what: "all digests"}
	if slug != "" {
		dig, err := a.Setup.DigestBySlug(slug)
		if err != nil {
			return rest{}, err
		}
		r.digest, r.what = dig.ID, slug
	}
	for _, s := range d.Subscriptions {
		if s.State != subscribers.SubscriptionEnded && (r.digest == 0 || s.DigestID == r.digest) {
			return r, nil
		}
	}
	return rest{}, fmt.Errorf("%s, %s: %w", address, r.what, subscribers.ErrNotSubscribed)
}

func (e *env) subscriberPauseCommand() *cobra.Command {
	var until, slug string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "pause ADDR", Short: "Send a reader nothing until a date", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if until == "" {
				return usagef("subscriber pause: say until when with --until DATE")
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				r, err := restOf(cmd.Context(), a, args[0], slug)
				if err != nil {
					return err
				}
				at, err := pauseEnd(a, r.reader, until)
				if err != nil {
					return err
				}
				if dryRun {
					fmt.Fprintf(e.stdout, "%s would be paused until %s: %s\n", r.reader.Address, plain(at), r.what)
					return nil
				}
				if err := a.Subscribers.Pause(cmd.Context(), r.reader.ID, r.digest, at, origin, ""); err != nil {
					return fmt.Errorf("%s, %s: %w", args[0], r.what, err)
				}
				fmt.Fprintf(e.stdout, "%s is paused until %s: %s\n", r.reader.Address, plain(at), r.what)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&until, "until", "", "`DATE`, such as 2026-12-24, in the reader's time zone")
	cmd.Flags().StringVar(&slug, "digest", "", "only the digest with this `SLUG`")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

// pauseEnd reads until when, in the zone of the reader or else of the site.
func pauseEnd(a *app.App, reader *subscribers.Detail, text string) (time.Time, error) {
	loc, err := time.LoadLocation(cmp.Or(reader.Zone, a.Config.Site.Timezone))
	if err != nil {
		return time.Time{}, err
	}
	at, err := parseTime(text, a.Now(), loc)
	if err != nil {
		return time.Time{}, usagef("--until: %w", err)
	}
	if !at.After(a.Now()) {
		return time.Time{}, usagef("--until %s: %w", text, subscribers.ErrPauseOver)
	}
	return at, nil
}

func (e *env) subscriberResumeCommand() *cobra.Command {
	var slug string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "resume ADDR", Short: "End a reader's pause", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				r, err := restOf(cmd.Context(), a, args[0], slug)
				if err != nil {
					return err
				}
				if dryRun {
					fmt.Fprintf(e.stdout, "%s would not be paused: %s\n", r.reader.Address, r.what)
					return nil
				}
				if err := a.Subscribers.Resume(cmd.Context(), r.reader.ID, r.digest, origin, ""); err != nil {
					return fmt.Errorf("%s, %s: %w", args[0], r.what, err)
				}
				fmt.Fprintf(e.stdout, "%s is not paused: %s\n", r.reader.Address, r.what)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&slug, "digest", "", "only the digest with this `SLUG`")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}
