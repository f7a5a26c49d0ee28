package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
	"broadsheet/mail"
)

func (e *env) deliveryCommand() *cobra.Command {
	return noun("delivery", "Single mails", e.deliveryListCommand(), e.deliveryShowCommand(), e.deliveryRetryCommand(), e.deliveryResolveCommand())
}

func (e *env) deliveryListCommand() *cobra.Command {
	var f delivery.Filter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List deliveries of an edition, in a state, or to a reader", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := checkLimit(f.Limit)
			if err != nil {
				return err
			}
			if f.State, err = delivery.ParseState(state); err != nil {
				return usagef("--state: %w", err)
			}
			if f.Address != "" {
				if f.Address, err = mail.Canonical(f.Address); err != nil {
					return usagef("--for: %w", err)
				}
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				if f.Edition != "" {
					if _, err := findEdition(cmd.Context(), a, f.Edition); err != nil {
						return err
					}
				}
				found, err := delivery.NewStore(a.DB, a.Now).List(cmd.Context(), f)
				if err != nil {
					return err
				}
				out := &list{columns: []string{"edition", "address", "state", "reason", "attempts", "next_try_at", "changed_at"}, empty: "No deliveries."}
				for _, d := range found {
					out.add(d.Edition, d.Address, string(d.State), d.Reason, d.Attempts, d.NextTryAt, d.ChangedAt)
				}
				return e.show(out)
			})
		},
	}
	cmd.Flags().StringVar(&f.Edition, "edition", "", "only of this `EDITION`")
	cmd.Flags().StringVar(&state, "state", "", "only in this `STATE`: pending, sent, failed, expired, skipped or uncertain")
	cmd.Flags().StringVar(&f.Address, "for", "", "only to the reader with this `ADDR`")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many")
	return cmd
}

func (e *env) deliveryShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show EDITION ADDR", Short: "Show one delivery with every attempt and the relay's answer", Args: exactly("EDITION", "ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := mail.Canonical(args[1])
			if err != nil {
				return usagef("%w", err)
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				if _, err := findEdition(cmd.Context(), a, args[0]); err != nil {
					return err
				}
				d, attempts, err := delivery.NewStore(a.DB, a.Now).Show(cmd.Context(), args[0], address)
				if errors.Is(err, delivery.ErrNotFound) {
					return fmt.Errorf("there is no delivery of %s to %s", args[0], address)
				} else if err != nil {
					return err
				}
				if e.output == outputTable {
					fmt.Fprintf(e.stdout, "%s to %s is %s", d.Edition, d.Address, d.State)
					if d.Reason != "" {
						fmt.Fprintf(e.stdout, " (%s)", d.Reason)
					}
					if !d.NextTryAt.IsZero() {
						fmt.Fprintf(e.stdout, ", next try %s", d.NextTryAt.Format(time.RFC3339))
					}
					fmt.Fprintln(e.stdout)
				}
				out := &list{columns: []string{"attempt", "at", "relay", "class", "phase", "code", "enhanced", "reply"}, empty: "No attempts yet."}
				for _, t := range attempts {
					out.add(t.N, t.At, t.Relay, string(t.Class), string(t.Phase), t.Code, t.Enhanced, t.Text)
				}
				return e.show(out)
			})
		},
	}
}

// choice reads which deliveries of an edition a command is about.
func choice(edition, address string) (delivery.Choice, error) {
	c := delivery.Choice{Edition: edition}
	if address == "" {
		return c, nil
	}
	var err error
	if c.Address, err = mail.Canonical(address); err != nil {
		return c, usagef("--for: %w", err)
	}
	return c, nil
}

func (e *env) deliveryRetryCommand() *cobra.Command {
	var address string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "retry EDITION", Short: "Queue failed and expired deliveries again", Args: exactly("EDITION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := choice(args[0], address)
			if err != nil {
				return err
			}
			if dryRun {
				return e.countDeliveries(cmd.Context(), c, "would be pending again", delivery.Failed, delivery.Expired)
			}
			return e.writing(cmd.Context(), false, func(a *app.App) error {
				if _, err := findEdition(cmd.Context(), a, c.Edition); err != nil {
					return err
				}
				n, err := delivery.NewStore(a.DB, a.Now).Retry(cmd.Context(), c)
				if err == nil {
					fmt.Fprintf(e.stdout, "%s %s pending again\n", count(n, "delivery"), are(n))
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&address, "for", "", "only to the reader with this `ADDR`")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "count, and change nothing")
	return cmd
}

func (e *env) countDeliveries(ctx context.Context, c delivery.Choice, what string, states ...delivery.State) error {
	return e.reading(ctx, func(a *app.App) error {
		if _, err := findEdition(ctx, a, c.Edition); err != nil {
			return err
		}
		n, err := delivery.NewStore(a.DB, a.Now).Count(ctx, c, states...)
		if err == nil {
			fmt.Fprintf(e.stdout, "%s %s\n", count(n, "delivery"), what)
		}
		return err
	})
}

func (e *env) deliveryResolveCommand() *cobra.Command {
	var address, as string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "resolve EDITION --as sent|resend", Short: "Decide about uncertain deliveries", Args: exactly("EDITION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			resolution, err := delivery.ParseResolution(as)
			if err != nil {
				return usagef("--as: %w", err)
			}
			c, err := choice(args[0], address)
			if err != nil {
				return err
			}
			if dryRun {
				return e.countDeliveries(cmd.Context(), c, "would be resolved", delivery.Uncertain)
			}
			return e.writing(cmd.Context(), false, func(a *app.App) error {
				if _, err := findEdition(cmd.Context(), a, c.Edition); err != nil {
					return err
				}
				n, err := delivery.NewStore(a.DB, a.Now).Resolve(cmd.Context(), c, resolution)
				if err == nil {
					fmt.Fprintf(e.stdout, "%s %s resolved\n", count(n, "delivery"), are(n))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "count, and change nothing")
	cmd.Flags().StringVar(&as, "as", "", "sent: count them as sent; resend: send the same bytes again")
	cmd.Flags().StringVar(&address, "for", "", "only to the reader with this `ADDR`")
	return cmd
}
