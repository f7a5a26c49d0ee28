package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

func (e *env) digestPlanCommand() *cobra.Command {
	var at string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "plan DIGEST",
		Short: "Plan what is due without sending it, or with --dry-run count who would get what",
		Args:  exactly("DIGEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if at != "" && !dryRun {
				return usagef("digest plan: --at goes with --dry-run; without it what is due now is planned")
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				d, when, err := digestAndTime(a, args[0], at, e.now())
				if err != nil {
					return err
				}
				if dryRun {
					dry, err := a.Planner.DryRun(cmd.Context(), d, when)
					if err != nil {
						return err
					}
					return e.showDryRun(cmd.Context(), a, dry)
				}
				return e.planDue(cmd, a, d, when)
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "`TIME` after which the slots are, such as \"next monday 07:00\"")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "count, and write nothing")
	return cmd
}

func (e *env) planDue(cmd *cobra.Command, a *app.App, d *digest.Digest, now time.Time) error {
	if err := a.Refresh(cmd.Context(), now); err != nil {
		return err
	}
	if err := a.Planner.Tick(cmd.Context(), now); err != nil {
		return err
	}
	editions, err := a.OpenEditions(cmd.Context(), d)
	if err != nil {
		return err
	}
	if len(editions) == 0 {
		fmt.Fprintf(e.stdout, "nothing of %s is due\n", d.Slug)
		return nil
	}
	return e.showEditions(cmd.Context(), a, editions)
}

func (e *env) showDryRun(ctx context.Context, a *app.App, dry *digest.DryRun) error {
	out := &list{columns: []string{"zone", "hour", "slot", "due_at", "due", "would_get"}}
	for _, c := range dry.Cohorts {
		out.add(c.Zone, c.Hour, c.Slot.String(), c.DueAt, c.Due, c.WouldGet)
	}
	if e.output != outputTable {
		return e.show(out)
	}
	size, err := a.Composer.LargestHTML(ctx, dry)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s: %d readers would be due, %d would get a digest\n", dry.Digest, dry.Due, dry.WouldGet)
	for _, reason := range slices.Sorted(maps.Keys(dry.Skips)) {
		fmt.Fprintf(e.stdout, "  %d skipped: %s\n", dry.Skips[reason], reason)
	}
	fmt.Fprintf(e.stdout, "%d distinct selections", dry.Selections)
	if size > 0 {
		fmt.Fprintf(e.stdout, ", the largest of %d stories with %d KB of HTML", dry.Largest, (size+999)/1000)
	}
	fmt.Fprintln(e.stdout)
	for _, n := range slices.Sorted(maps.Keys(dry.Stories)) {
		fmt.Fprintf(e.stdout, "  %3d stories: %d readers\n", n, dry.Stories[n])
	}
	return e.show(out)
}
