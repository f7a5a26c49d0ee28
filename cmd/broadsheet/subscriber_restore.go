package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

func (e *env) subscriberRestoreCommand() *cobra.Command {
	var since, until string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "restore --since TIME", Short: "Subscribe readers again whom a link scanner has unsubscribed", Args: noArgs,
		Long: fmt.Sprintf("Undo what has the marks of a scanner: a digest was left by the page behind its link while at least %d links of the\n", subscribers.ManyLinks) +
			"mail were opened within seconds. Topics, hour and pause are what they were, and it is put on record.\n" +
			"Readers stay unsubscribed who were by one-click, or who have left anything once more since. --dry-run lists them.\n" +
			"What a leaving has of marks is known a quarter of a minute after it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since == "" {
				return usagef("subscriber restore: --since is missing")
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				from, to, err := spanOf(a, since, until)
				if err != nil {
					return err
				}
				found, err := a.Subscribers.Restorables(cmd.Context(), from, to)
				if err != nil {
					return err
				}
				if dryRun || len(found) == 0 {
					return e.show(listOfRestorables(found))
				}
				return e.restore(cmd.Context(), a, found)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "those who left since `TIME`, such as \"2026-11-23 07:00\" in the site's zone")
	f.StringVar(&until, "until", "", "those who left before `TIME` (default: now)")
	f.BoolVar(&dryRun, "dry-run", false, "list them and change nothing")
	return cmd
}

// spanOf reads two times in the site's zone.
func spanOf(a *app.App, since, until string) (from, to time.Time, err error) {
	loc, err := time.LoadLocation(a.Config.Site.Timezone)
	if err != nil {
		return from, to, err
	}
	if from, err = parseTime(since, a.Now(), loc); err != nil {
		return from, to, usagef("--since: %w", err)
	}
	if to, err = parseTime(until, a.Now(), loc); err != nil {
		return from, to, usagef("--until: %w", err)
	}
	if !from.Before(to) {
		return from, to, usagef("--since %s is not before %s", plain(from), plain(to))
	}
	return from, to, nil
}

func listOfRestorables(found []subscribers.Restorable) *list {
	out := &list{
		columns: []string{"left_at", "address", "digest", "links_opened", "machine"},
		empty:   "Nobody left with the marks of a scanner, which are known a quarter of a minute after a leaving.",
	}
	for _, one := range found {
		out.add(one.LeftAt, one.Address, one.Digest, one.Links, one.Machine)
	}
	return out
}

// restore undoes what was found, but for what has changed since.
func (e *env) restore(ctx context.Context, a *app.App, found []subscribers.Restorable) error {
	if err := e.confirm("Restore %s that scanners have ended?", count(len(found), "subscription")); err != nil {
		return err
	}
	ticker := e.newTicker()
	done, passed := 0, 0
	for i, one := range found {
		err := a.Subscribers.Restore(ctx, one, origin)
		switch {
		case errors.Is(err, subscribers.ErrNotReturnable):
			passed++
		case err != nil:
			ticker.clear()
			return errors.Join(err, partly("%s restored; run the command again for the rest", count(done, "subscription")))
		default:
			done++
		}
		ticker.show("%d of %d", i+1, len(found))
	}
	ticker.clear()
	fmt.Fprintf(e.stdout, "%s restored", count(done, "subscription"))
	if passed > 0 {
		fmt.Fprintf(e.stdout, ", %d left as they are since they have changed", passed)
	}
	fmt.Fprintln(e.stdout)
	return nil
}
