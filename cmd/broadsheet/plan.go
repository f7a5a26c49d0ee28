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

// showDryRun shows what planning would come to: in CSV the cohorts only.
func (e *env) showDryRun(ctx context.Context, a *app.App, dry *digest.DryRun) error {
	cohorts := &list{columns: []string{"zone", "hour", "slot", "due_at", "due", "would_get"}}
	for _, c := range dry.Cohorts {
		cohorts.add(c.Zone, c.Hour, c.Slot.String(), c.DueAt, c.Due, c.WouldGet)
	}
	if e.output == outputCSV {
		return e.show(cohorts)
	}
	size, err := a.Composer.LargestHTML(ctx, dry)
	if err != nil {
		return err
	}
	if e.output == outputJSON {
		return dryObject(dry, size).writeObject(e.stdout, 0)
	}
	fmt.Fprintf(e.stdout, "%s: %s would be due, %d would get a digest\n", dry.Digest, count(dry.Due, "reader"), dry.WouldGet)
	for _, reason := range slices.Sorted(maps.Keys(dry.Skips)) {
		fmt.Fprintf(e.stdout, "  %d skipped: %s\n", dry.Skips[reason], reason)
	}
	fmt.Fprint(e.stdout, count(dry.Selections, "distinct selection"))
	if size > 0 {
		fmt.Fprintf(e.stdout, ", the largest of %s with %d KB of HTML", count(dry.Largest, "story"), (size+999)/1000)
	}
	fmt.Fprintln(e.stdout)
	for _, n := range slices.Sorted(maps.Keys(dry.Stories)) {
		fmt.Fprintf(e.stdout, "  %11s: %s\n", count(n, "story"), count(dry.Stories[n], "reader"))
	}
	return e.show(cohorts)
}

// dryCohort is a cohort of a dry run in JSON.
type dryCohort struct {
	Zone     string `json:"zone"`
	Hour     string `json:"hour"`
	Slot     string `json:"slot"`
	DueAt    string `json:"due_at"`
	Due      int64  `json:"due"`
	WouldGet int64  `json:"would_get"`
}

// dryObject is a dry run as one thing. stories says how many readers would get how
// many.
func dryObject(dry *digest.DryRun, size int) *list {
	cohorts := []dryCohort{}
	for _, c := range dry.Cohorts {
		cohorts = append(cohorts, dryCohort{c.Zone, c.Hour, c.Slot.String(), plain(c.DueAt), c.Due, c.WouldGet})
	}
	out := &list{columns: []string{"digest", "due", "would_get", "skipped", "selections", "stories", "largest_stories", "largest_html_bytes", "cohorts"}}
	out.add(dry.Digest, dry.Due, dry.WouldGet, dry.Skips, dry.Selections, dry.Stories, dry.Largest, size, cohorts)
	return out
}
