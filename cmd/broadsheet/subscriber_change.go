package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

// changeOptions are the flags of subscriber change.
type changeOptions struct {
	zone, language string
	format         string
	hours, digests []string
	attributes     []string
	dryRun         bool
}

func (e *env) subscriberChangeCommand() *cobra.Command {
	var o changeOptions
	cmd := &cobra.Command{
		Use: "change ADDR", Short: "Change the hour, attributes, time zone, language or format of mails of a reader", Args: exactly("ADDR"),
		Long: "Change the hour, attributes, time zone, language or format of mails of a reader. What is not named stays. The change\n" +
			"is in the reader's record of consent; topics and digests are the reader's own to choose.",
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			if !slices.ContainsFunc([]string{"hour", "attribute", "timezone", "language", "format"}, given) {
				return usagef("subscriber change: say what to change, with --hour, --attribute, --timezone, --language or --format")
			}
			if given("digest") && !given("hour") {
				return usagef("subscriber change: --digest goes with --hour")
			}
			in := subscribers.Change{Attributes: o.attributes, Origin: origin}
			if given("timezone") {
				in.Zone = &o.zone
			}
			if given("language") {
				in.Language = &o.language
			}
			if given("format") {
				format, err := subscribers.ParseFormat(o.format)
				if err != nil {
					return usagef("subscriber change: %w", err)
				}
				in.Format = &format
			}
			return e.writing(cmd.Context(), o.dryRun, func(a *app.App) error { return e.changeSubscriber(cmd.Context(), a, args[0], in, &o) })
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.hours, "hour", nil, "`HOUR` such as 06:30 of the digests that offer it, daily=06:30 of one, or '' for the digest's own time")
	f.StringSliceVar(&o.digests, "digest", nil, "`SLUG` of the digest that --hour is for; may be given several times (default: all that offer it)")
	f.StringSliceVar(&o.attributes, "attribute", nil, "`NAME=VALUE` such as tier=paid; may be given several times")
	f.StringVar(&o.zone, "timezone", "", "the reader's `ZONE`, such as Europe/Berlin; '' for that of the digest")
	f.StringVar(&o.language, "language", "", "such as en or pt-BR; '' for that of the site")
	f.StringVar(&o.format, "format", "", "of mails: html or text")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

func (e *env) changeSubscriber(ctx context.Context, a *app.App, address string, in subscribers.Change, o *changeOptions) error {
	d, err := a.Subscribers.ByAddress(ctx, address)
	if err == nil && d.ID == 0 {
		err = subscribers.ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	in.Hours = o.hoursFor(d)
	change, verb := a.Subscribers.Change, "changed"
	if o.dryRun {
		change, verb = a.Subscribers.RehearseChange, "would be changed"
	}
	detail, err := change(ctx, a.Catalog, d.ID, in)
	if fields := (subscribers.FieldErrors)(nil); errors.As(err, &fields) {
		return usagef("%w", err)
	} else if err != nil {
		return fmt.Errorf("%s: %w", d.Address, err)
	}
	if detail == "" {
		fmt.Fprintf(e.stdout, "%s is so already: nothing to change\n", d.Address)
		return nil
	}
	fmt.Fprintf(e.stdout, "%s %s: %s\n", d.Address, verb, detail)
	return nil
}

// hoursFor are the hours with the digests that they are for.
func (o *changeOptions) hoursFor(d *subscribers.Detail) []string {
	var out []string
	for _, hour := range o.hours {
		digests := o.digests
		if hour == "" && len(digests) == 0 {
			for _, s := range d.Subscriptions {
				if s.State != subscribers.SubscriptionEnded {
					digests = append(digests, s.Digest)
				}
			}
		}
		if len(digests) == 0 {
			out = append(out, hour)
		}
		for _, slug := range digests {
			out = append(out, slug+"="+hour)
		}
	}
	return out
}
