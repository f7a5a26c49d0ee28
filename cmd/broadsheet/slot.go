package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
)

func (e *env) slotCommand() *cobra.Command {
	return noun("slot", "What sponsors and the house say in mails", e.slotListCommand(), e.slotReportCommand())
}

func (e *env) slotListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the slots and whether they run in the next editions", Args: noArgs,
		Long: "List the slots and, for each digest, whether the slot runs in its next edition, for a reader of whom\n" +
			"nothing is known, or which rule keeps it out.",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			ahead, err := app.SlotsAhead(cfg, e.now())
			if err != nil {
				return err
			}
			out := &list{
				columns: []string{"slug", "position", "sponsor", "priority", "digests", "audience", "from", "until", "fallback", "next"},
				empty:   "No slots are configured.",
			}
			for _, s := range cfg.Slots {
				var next []string
				for _, f := range ahead {
					if v := verdictOf(f.Slots, s.Slug); v.Rule != digest.SlotDigest {
						next = append(next, fmt.Sprintf("%s/%s %s", f.Digest, f.Date, ranOr(v)))
					}
				}
				out.add(s.Slug, s.Position, cmp.Or(s.Sponsor, "(house)"), s.Priority, s.Digests, s.Audience, s.From, s.Until, s.Fallback, next)
			}
			return e.show(out)
		},
	}
}

func verdictOf(verdicts []digest.SlotVerdict, slug string) digest.SlotVerdict {
	for _, v := range verdicts {
		if v.Slug == slug {
			return v
		}
	}
	return digest.SlotVerdict{}
}

// ranOr is where a slot runs, or the rule that keeps it out.
func ranOr(v digest.SlotVerdict) string {
	if v.Chosen {
		return "at " + string(v.Position)
	}
	return "not: " + string(v.Rule)
}

// reportDays is how far back a report of slots looks unless it is told.
const reportDays = 30

func (e *env) slotReportCommand() *cobra.Command {
	var key, since string
	cmd := &cobra.Command{
		Use: "report", Short: "Show how many mails had each slot, and how often its links were followed", Args: noArgs,
		Long: "Show by edition and slot how many mails a relay accepted that had the slot in them, and how often its\n" +
			"links were followed where [links] count_clicks is on. The numbers outlive the deliveries. For a\n" +
			"spreadsheet: --output csv.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if key != "" && since != "" {
				return usagef("slot report: --edition and --since do not go together")
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				from, err := e.reportFrom(a, since)
				if err != nil {
					return err
				}
				if key != "" {
					if _, err := findEdition(cmd.Context(), a, key); err != nil {
						return err
					}
				}
				counts, err := delivery.NewStore(a.DB, a.Now).SlotCounts(cmd.Context(), key, from)
				if err != nil {
					return err
				}
				out := &list{columns: []string{"edition", "digest", "date", "slot", "sponsor", "sent", "clicks", "scanners"}, empty: "No mail had a slot."}
				for _, c := range counts {
					out.add(c.Edition, c.Digest, c.Date, c.Slot, c.Sponsor, c.Sent, c.Clicks, c.Scanners)
				}
				return e.show(out)
			})
		},
	}
	cmd.Flags().StringVar(&key, "edition", "", "only of the edition with this `KEY`, such as daily/2026-11-23")
	cmd.Flags().StringVar(&since, "since", "", "editions of this `DATE` and later, such as 2026-11-01 (default: of the last 30 days)")
	return cmd
}

// reportFrom is the local date from which on editions are reported.
func (e *env) reportFrom(a *app.App, since string) (string, error) {
	zone, err := time.LoadLocation(a.Config.Site.Timezone)
	if err != nil {
		return "", err
	}
	from := e.now().In(zone).AddDate(0, 0, -reportDays)
	if since != "" {
		if from, err = parseTime(since, e.now(), zone); err != nil {
			return "", usagef("--since: %w", err)
		}
	}
	return from.In(zone).Format(time.DateOnly), nil
}

// showSlots writes which slots run next, and what keeps the others out.
func (e *env) showSlots(ahead []app.SlotForecast) {
	for _, f := range ahead {
		fmt.Fprintf(e.stdout, "slots of %s on %s, for a reader of whom nothing is known:\n", f.Digest, f.Date)
		for _, v := range f.Slots {
			fmt.Fprintln(e.stdout, "  "+slotLine(v))
		}
	}
}

// slotLine tells of one slot in a line.
func slotLine(v digest.SlotVerdict) string {
	if v.Chosen {
		return printable(fmt.Sprintf("%s runs at %s: %s", v.Slug, v.Position, v.Detail))
	}
	return printable(fmt.Sprintf("%s does not run: %s, %s", v.Slug, v.Rule, v.Detail))
}
