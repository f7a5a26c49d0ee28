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

func (e *env) subscriberExportCommand() *cobra.Command {
	var o subscribers.ExportOptions
	var to string
	var notAdmitted bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write readers as CSV that import reads", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				if err := checkFilter(a, o.Filter); err != nil {
					return err
				}
				if o.For != "" && !slices.Contains(subscribers.ForeignTools(), o.For) {
					return usagef("--for %q is unknown: it is %s", o.For, toolNames())
				}
				if notAdmitted {
					since, err := a.Ramp.Waiting(cmd.Context())
					if err != nil {
						return err
					}
					o.NotAdmittedSince = &since
				}
				return e.exportSubscribers(cmd.Context(), a, o, to)
			})
		},
	}
	filterFlags(cmd, &o.Filter)
	cmd.Flags().StringVar(&to, "to", "", "`FILE` to write (default: standard output)")
	cmd.Flags().StringVar(&o.For, "for", "", "write what the import of this `TOOL` reads, only active readers unless --state is given: "+toolNames())
	cmd.Flags().BoolVar(&notAdmitted, "not-admitted", false, "only active readers whom [mail.ramp] has not admitted yet, for the tool that serves them until then")
	return cmd
}

func (e *env) exportSubscribers(ctx context.Context, a *app.App, o subscribers.ExportOptions, to string) error {
	if to == "" || to == "-" {
		_, err := a.Subscribers.Export(ctx, a.Catalog, e.stdout, o)
		return err
	}
	file, err := createPrivate(to)
	if err != nil {
		return err
	}
	n, err := a.Subscribers.Export(ctx, a.Catalog, file, o)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s written to %s\n", count(n, "reader"), to)
	return nil
}
