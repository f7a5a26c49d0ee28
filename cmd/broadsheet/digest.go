package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

func (e *env) digestPreviewCommand() *cobra.Command {
	var address, at, html, eml string
	var text bool
	cmd := &cobra.Command{
		Use:   "preview DIGEST --for ADDR",
		Short: "Show what a reader would get next with the stories of this moment, changing nothing",
		Args:  exactly("DIGEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if address == "" {
				return usagef("digest preview: --for ADDR is missing")
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				d, when, err := digestAndTime(a, args[0], at, e.now())
				if err != nil {
					return err
				}
				detail, err := a.Subscribers.ByAddress(cmd.Context(), address)
				if err != nil {
					return fmt.Errorf("%s: %w", address, err)
				}
				p, err := a.Preview(cmd.Context(), d, detail, when)
				if errors.Is(err, digest.ErrNotSubscribed) {
					return fmt.Errorf("%s does not get %s: %w (the reader is %s)", address, d.Slug, digest.ErrNotSubscribed, detail.Shown())
				} else if err != nil {
					return err
				}
				return e.showPreview(p, html, text, eml)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "for", "", "`ADDR` of the reader")
	f.StringVar(&at, "at", "", "`TIME` of the slot, such as \"next monday 07:00\" (default: what comes next, be it a welcome or made up)")
	f.StringVar(&html, "html", "", "write the HTML part to this `FILE`, - for standard output")
	f.BoolVar(&text, "text", false, "print the text part")
	f.StringVar(&eml, "eml", "", "write the whole message to this `FILE`, - for standard output")
	return cmd
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

func (e *env) showPreview(p *app.Preview, html string, text bool, eml string) error {
	if p.Skip != "" {
		fmt.Fprintf(e.stdout, "%s would not be sent to this reader: %s\n", p.Edition.Key, p.Skip)
		return nil
	}
	wrote := false
	for _, part := range []struct{ path, content string }{{html, p.HTML}, {eml, string(p.Message)}} {
		if part.path == "" {
			continue
		}
		wrote = true
		if part.path == "-" {
			fmt.Fprint(e.stdout, part.content)
			continue
		}
		if err := writePrivate(part.path, part.content); err != nil {
			return fmt.Errorf("write preview: %w", err)
		}
		fmt.Fprintf(e.stderr, "wrote %s (%d bytes)\n", part.path, len(part.content))
	}
	if text {
		fmt.Fprint(e.stdout, p.Text)
		wrote = true
	}
	if wrote {
		return nil
	}
	fmt.Fprintf(e.stdout, "%s, due %s%s\nSubject: %s\n", p.Edition.Key, p.DueAt.Format(time.RFC1123), ofKind(p.Edition.Kind), p.Subject)
	for i, s := range p.Stories {
		fmt.Fprintf(e.stdout, "%3d. %s\n     %s\n", i+1, s.Title, s.URL)
	}
	for _, v := range p.Slots {
		fmt.Fprintln(e.stdout, "slot "+slotLine(v))
	}
	fmt.Fprintf(e.stdout, "%d bytes of HTML, %d of text; see --html, --text, --eml\n", len(p.HTML), len(p.Text))
	return nil
}

// ofKind says what an edition is that comes beside the schedule.
func ofKind(kind digest.EditionKind) string {
	switch kind {
	case digest.Welcome:
		return ", a welcome to a new reader"
	case digest.Moved:
		return ", made up for a change of zone or hour"
	}
	return ""
}

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
