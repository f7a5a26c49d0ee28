package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

func (e *env) digestCommand() *cobra.Command {
	return noun("digest", "Newsletters and what they send", e.digestListCommand(), e.digestPreviewCommand(), e.digestPlanCommand(), e.digestExplainCommand(),
		e.digestSendCommand())
}

func (e *env) digestListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the digests and when each is next due", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				out := &list{columns: []string{"slug", "name", "schedule", "hours", "timezone", "topics", "readers", "next_due_at"}, empty: "No digests are configured."}
				for i := range a.Setup.Digests {
					d := &a.Setup.Digests[i]
					s, err := a.Digests.DigestState(cmd.Context(), d.ID)
					if err != nil {
						return err
					}
					zone := d.Location.String()
					if d.LocalTime {
						zone = "each reader's own, else " + zone
					}
					times, next := d.Schedule.String(), s.NextDueAt
					switch {
					case d.Instant: // when it is due nobody knows
						times, next = "instant", time.Time{}
					case next.IsZero():
						_, next = d.Schedule.NextIn(d.Location, e.now())
					}
					out.add(d.Slug, d.Name, times, d.Hours, zone, d.Topics, s.Readers, next)
				}
				return e.show(out)
			})
		},
	}
}

// digestAndTime resolves a digest's name and a time in its zone.
func digestAndTime(a *app.App, slug, at string, now time.Time) (*digest.Digest, time.Time, error) {
	d, err := a.Setup.DigestBySlug(slug)
	if err != nil {
		return nil, time.Time{}, err
	}
	when, err := parseTime(at, now, d.Location)
	if err != nil {
		return nil, time.Time{}, usagef("--at: %w", err)
	}
	return d, when, nil
}

type sendOptions struct {
	now, dryRun bool
	topic       string
	article     string
	to          []string
	test        string
	letterOptions
}

func (e *env) digestSendCommand() *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send DIGEST",
		Short: "Send what is due, or with --now what has arrived since, and print the balance",
		Long: "Send what is due of a digest, or with --now an edition outside the schedule with the stories that\n" +
			"arrived since each reader's last one, with --article one story to all who have not got it, or\n" +
			"with --letter words of your own to all readers. Readers whose zone or hour is later get theirs then,\n" +
			"from broadsheet serve or the next digest send. Exit code 4 if something that was due failed or is\n" +
			"still pending, 75 if the relays take nothing now.",
		Args: exactly("DIGEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkLetter(); err != nil {
				return err
			}
			switch o.now = o.now || o.article != "" || o.letter != ""; {
			case (o.topic != "" || len(o.to) > 0) && !o.now:
				return usagef("digest send: --topic and --to go with --now")
			case o.letter != "" && o.article != "":
				return usagef("digest send: --article and --letter do not go together")
			case o.topic != "" && o.article != "":
				return usagef("digest send: --article and --topic do not go together")
			}
			return e.writing(cmd.Context(), o.dryRun || o.test != "", func(a *app.App) error { return e.sendDigest(cmd.Context(), a, args[0], &o) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.now, "now", false, "do not wait for the schedule")
	f.StringVar(&o.article, "article", "", "only the story with this `URL` or id, whenever it came, without waiting for the schedule")
	f.StringVar(&o.topic, "topic", "", "only stories of the topic with this `SLUG`")
	f.StringSliceVar(&o.to, "to", nil, "only to the reader with this `ADDR`; may be given several times")
	f.StringVar(&o.test, "test", "", "send one marked test to `ADDR` and record nothing")
	f.BoolVar(&o.dryRun, "dry-run", false, "count who would get what, and write nothing")
	o.addTo(cmd)
	return cmd
}

// restriction turns --topic, --article and --to into what the planner takes.
func (o *sendOptions) restriction(ctx context.Context, a *app.App, d *digest.Digest) (s digest.Send, err error) {
	s.Digest = d
	if o.article != "" {
		if s.ArticleID, err = articleID(ctx, a, o.article); err != nil {
			return s, fmt.Errorf("--article: %w", err)
		}
	}
	if o.topic != "" {
		t := a.Setup.TopicBySlug(o.topic)
		if t == nil {
			return s, usagef("unknown topic %q: see broadsheet topic list", o.topic)
		}
		s.TopicID = t.ID
	}
	for _, address := range o.to {
		detail, err := a.Subscribers.ByAddress(ctx, strings.TrimSpace(address))
		if err != nil {
			return s, fmt.Errorf("--to %s: %w", address, err)
		}
		if !hasActive(detail, d.ID) {
			return s, fmt.Errorf("--to %s: %w (the reader is %s)", address, digest.ErrNotSubscribed, detail.Shown())
		}
		s.Recipients = append(s.Recipients, detail.ID)
	}
	return s, nil
}

func hasActive(detail *subscribers.Detail, digestID int64) bool {
	for _, sub := range detail.Subscriptions {
		if sub.DigestID == digestID && sub.State == subscribers.SubscriptionActive {
			return true
		}
	}
	return false
}
