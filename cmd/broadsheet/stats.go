package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
)

// unreliable stands wherever the numbers of pixels do.
const unreliable = "opens_unreliable"

func (e *env) statsCommand() *cobra.Command {
	return noun("stats", "Numbers about what readers do, which name none of them", e.statsClicksCommand(), e.statsOpensCommand())
}

func (e *env) statsClicksCommand() *cobra.Command {
	return e.statsVerb("clicks", "Show how often the links of mails were followed",
		"Show how often the links of mails were followed, by edition, story, position and slot, and those of\n"+
			"introductions, corrections and of what had no room by their place. Nothing tells who it was. Scanners are\n"+
			"machines that look at mails before their readers do. They are counted only while\n"+
			"count_clicks in [links] is true.",
		func(ctx context.Context, a *app.App, key string, limit int) (*list, error) {
			counts, err := a.Digests.ClickCounts(ctx, key, limit)
			out := &list{
				columns: []string{"edition", "position", "clicks", "scanners", "slot", "article", "title", "url", "place"},
				empty:   "No clicks were counted." + offUnless(a.Config.Links.CountClicks, "count_clicks"),
			}
			for _, c := range counts {
				out.add(c.Edition, c.Position, c.Clicks, c.Scanners, c.Slot, c.Article, c.Title, c.URL, string(c.Place))
			}
			return out, err
		})
}

func (e *env) statsOpensCommand() *cobra.Command {
	return e.statsVerb("opens", "Show how often mails loaded their pixel, which is unreliable",
		"Show how often mails loaded their pixel. The number is unreliable: some mail programs load it for mails that\n"+
			"nobody opens, others never do. It is counted only while pixel in [links] is true.",
		func(ctx context.Context, a *app.App, key string, limit int) (*list, error) {
			counts, err := a.Digests.OpenCounts(ctx, key, limit)
			out := &list{
				columns: []string{"edition", unreliable, "scanners"},
				empty:   "No opened mails were counted." + offUnless(a.Config.Links.Pixel, "pixel"),
			}
			for _, c := range counts {
				out.add(c.Edition, c.Opens, c.Scanners)
			}
			return out, err
		})
}

// statsVerb is a command that lists numbers of editions.
func (e *env) statsVerb(verb, short, long string, read func(ctx context.Context, a *app.App, key string, limit int) (*list, error)) *cobra.Command {
	var key string
	var limit int
	cmd := &cobra.Command{
		Use: verb, Short: short, Long: long, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				if key != "" {
					if _, err := findEdition(cmd.Context(), a, key); err != nil {
						return err
					}
				}
				out, err := read(cmd.Context(), a, key, limit)
				if err != nil {
					return err
				}
				return e.show(out)
			})
		},
	}
	cmd.Flags().StringVar(&key, "edition", "", "only of the edition with this `KEY`, such as daily/2026-11-23")
	cmd.Flags().IntVar(&limit, "limit", 10_000, "at most so many rows")
	return cmd
}

// offUnless says which key switches a count on, where it is off.
func offUnless(on bool, key string) string {
	if on {
		return ""
	}
	return fmt.Sprintf(" They are counted only while %s in [links] is true.", key)
}
