package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/mail"
	"broadsheet/subscribers"
)

// origin is how the record of consent names this command.
const origin = "command"

func (e *env) subscriberCommand() *cobra.Command {
	return noun("subscriber", "Readers", e.subscriberAddCommand(), e.subscriberImportCommand(), e.subscriberExportCommand(),
		e.subscriberListCommand(), e.subscriberShowCommand(), e.subscriberChangeCommand(), e.subscriberPauseCommand(), e.subscriberResumeCommand(), e.subscriberUnsubscribeCommand(), e.subscriberRestoreCommand(),
		e.subscriberSuppressCommand(), e.subscriberUnsuppressCommand(), e.subscriberDataCommand(), e.subscriberEraseCommand())
}

func (e *env) subscriberAddCommand() *cobra.Command {
	in := subscribers.Add{Origin: origin}
	var dryRun bool
	cmd := &cobra.Command{
		Use: "add ADDR", Short: "Add a reader, who gets a confirmation mail unless --confirmed", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Address = args[0]
			if in.Confirmed && in.Consent == "" {
				return usagef(`subscriber add: --confirmed needs --consent "how consent was given"`)
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				add := a.Subscribers.Add
				if dryRun {
					add = a.Subscribers.RehearseAdd
				}
				var fields subscribers.FieldErrors
				err := add(cmd.Context(), a.Catalog, in)
				switch {
				case errors.As(err, &fields):
					return usagef("%w", err)
				case errors.Is(err, subscribers.ErrErased), errors.Is(err, subscribers.ErrUnsubscribed):
					return fmt.Errorf("%s: %w: %s", in.Address, err, waysBack)
				case err != nil:
					return err
				case dryRun:
					fmt.Fprintf(e.stdout, "%s can be added\n", in.Address)
				case in.Confirmed:
					fmt.Fprintf(e.stdout, "%s is active\n", in.Address)
				default:
					fmt.Fprintf(e.stdout, "%s is asked to confirm: broadsheet serve sends the mail\n", in.Address)
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Name, "name", "", "the reader's name")
	f.StringSliceVar(&in.Topics, "topic", nil, "`SLUG` of a topic; may be given several times (default: all)")
	f.StringSliceVar(&in.Digests, "digest", nil, "`SLUG` of a digest; may be given several times (default: all)")
	f.StringVar(&in.Zone, "timezone", "", "the reader's `ZONE`, such as Europe/Berlin")
	f.StringVar(&in.Language, "language", "", "such as en or pt-BR")
	f.StringSliceVar(&in.Hours, "hour", nil, "`HOUR` such as 06:30 of the digests that offer it, or daily=06:30 of one")
	f.StringSliceVar(&in.Attributes, "attribute", nil, "`NAME=VALUE` such as tier=paid; may be given several times")
	f.BoolVar(&in.Confirmed, "confirmed", false, "the reader has agreed already: active at once, no mail")
	f.StringVar(&in.Consent, "consent", "", "how consent was given, for --confirmed")
	f.BoolVar(&dryRun, "dry-run", false, "check, and change nothing")
	return cmd
}

// waysBack is how somebody who has left may come back.
const waysBack = "without --confirmed the reader gets a mail and confirms; so does who signs up at the form; " +
	"with consent that was given since, PUT /api/v1/subscribers/ID brings its text and time"

// filterFlags are the flags that pick subscribers.
func filterFlags(cmd *cobra.Command, f *subscribers.Filter) {
	cmd.Flags().StringVar((*string)(&f.State), "state", "", "only in this `STATE`: pending, active, unsubscribed or suppressed")
	cmd.Flags().StringVar(&f.Topic, "topic", "", "only readers of the topic with this `SLUG`")
	cmd.Flags().StringVar(&f.Digest, "digest", "", "only readers of the digest with this `SLUG`")
	cmd.Flags().StringVar(&f.Query, "query", "", "only where address or name has this `TEXT`")
}

// checkFilter refuses names that nothing has.
func checkFilter(a *app.App, f subscribers.Filter) error {
	switch f.State {
	case "", subscribers.StatePending, subscribers.StateActive, subscribers.StateUnsubscribed, subscribers.StateSuppressed:
	default:
		return usagef("--state %q is unknown: it is pending, active, unsubscribed or suppressed", f.State)
	}
	if f.Topic != "" && a.Setup.TopicBySlug(f.Topic) == nil {
		return usagef("unknown topic %q: see broadsheet topic list", f.Topic)
	}
	if f.Digest == "" {
		return nil
	}
	_, err := a.Setup.DigestBySlug(f.Digest)
	return err
}

func (e *env) subscriberListCommand() *cobra.Command {
	f := subscribers.Filter{}
	cmd := &cobra.Command{
		Use: "list", Short: "List readers", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				if err := errors.Join(checkLimit(f.Limit), checkFilter(a, f)); err != nil {
					return err
				}
				rows, err := a.Subscribers.List(cmd.Context(), f)
				if err != nil {
					return err
				}
				out := &list{columns: []string{"id", "address", "name", "state", "digests", "topics", "timezone", "attributes", "created_at"}, empty: "No subscribers."}
				for _, r := range rows {
					out.add(r.ID, r.Address, r.Name, string(r.Shown()), r.Digests, r.Topics, r.Zone, r.Attributes.Pairs(), r.CreatedAt)
				}
				return e.show(out)
			})
		},
	}
	filterFlags(cmd, &f)
	cmd.Flags().Int64Var(&f.After, "after", 0, "only after the reader with this `ID`, for paging")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "at most so many")
	return cmd
}

func (e *env) subscriberShowCommand() *cobra.Command {
	var history bool
	cmd := &cobra.Command{
		Use: "show ADDR", Short: "Show one reader with subscriptions and the record of consent", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				if history {
					return e.showHistory(cmd.Context(), a, args[0])
				}
				d, err := a.Subscribers.ByAddress(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return e.showSubscriber(a, d)
			})
		},
	}
	cmd.Flags().BoolVar(&history, "history", false, "only the record of consent, in full: when, what, by whom, from where, and every text that was shown; also of an erased reader")
	return cmd
}

func (e *env) showSubscriber(a *app.App, d *subscribers.Detail) error {
	var subscriptions, history []string
	for _, s := range d.Subscriptions {
		line := fmt.Sprintf("%s: %s, topics %s", s.Digest, s.State, a.TopicNames(s.Topics))
		line += ", zone " + s.Zone
		if s.Hour != "" {
			line += ", hour " + s.Hour
		}
		if s.IsPaused(a.Now()) {
			line += ", paused until " + plain(s.PausedUntil)
		}
		subscriptions = append(subscriptions, line)
	}
	for _, c := range d.Consents {
		line := fmt.Sprintf("%s %s by %s", plain(c.At), c.Event, c.Origin)
		for _, more := range []string{c.Client, c.Detail, c.Text} {
			if more != "" {
				line += ", " + more
			}
		}
		history = append(history, line)
	}
	suppression := ""
	if d.Suppression != nil {
		suppression = fmt.Sprintf("%s since %s %s", d.Suppression.Reason, plain(d.Suppression.CreatedAt), d.Suppression.Detail)
	}
	out := &list{columns: []string{"id", "address", "name", "state", "language", "timezone", "mail_format", "attributes", "created_at", "confirmed_at", "ended_at", "suppression", "hard_bounced_at", "soft_bounces", "subscriptions", "asked", "history"}}
	out.add(d.ID, d.Address, d.Name, string(d.Shown()), d.Language, d.Zone, d.Format.String(), d.Attributes.Pairs(), d.CreatedAt, d.ConfirmedAt, d.EndedAt, suppression, d.HardBouncedAt, d.SoftBounces, subscriptions, askedText(a, d.Asked), history)
	return e.showOne(out)
}

// askedText tells what waits until a reader who has left confirms.
func askedText(a *app.App, asked *subscribers.Asked) string {
	if asked == nil {
		return ""
	}
	text := fmt.Sprintf("%s, not confirmed: %s, topics %s", plain(asked.At), strings.Join(asked.Digests, ", "), a.TopicNames(asked.Topics))
	for _, more := range []struct{ what, value string }{
		{"name", asked.Name}, {"zone", asked.Zone}, {"language", asked.Language}, {"hours", strings.Join(asked.Hours, ", ")},
		{"attributes", strings.Join(asked.Attributes.Pairs(), ", ")}, {"on", asked.On},
	} {
		if more.value != "" {
			text += ", " + more.what + " " + more.value
		}
	}
	return text
}

func (e *env) subscriberUnsubscribeCommand() *cobra.Command {
	var slug string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "unsubscribe ADDR", Short: "End a reader's subscriptions, all or one digest's", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				d, err := a.Subscribers.ByAddress(cmd.Context(), args[0])
				if err == nil && d.ID == 0 {
					err = subscribers.ErrUnknown
				}
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				var id int64
				what := "all digests"
				if slug != "" {
					dig, err := a.Setup.DigestBySlug(slug)
					if err != nil {
						return err
					}
					id, what = dig.ID, slug
				}
				if dryRun {
					fmt.Fprintf(e.stdout, "%s would be unsubscribed from %s\n", d.Address, what)
					return nil
				}
				if err := e.confirm("Unsubscribe %s from %s?", d.Address, what); err != nil {
					return err
				}
				if err := a.Subscribers.Unsubscribe(cmd.Context(), d.ID, id, origin, ""); err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "%s is unsubscribed from %s\n", d.Address, what)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&slug, "digest", "", "only from the digest with this `SLUG`")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

func (e *env) subscriberSuppressCommand() *cobra.Command {
	var reason string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "suppress ADDR", Short: "Never mail this address again, known or not", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := mail.Canonical(args[0])
			if err != nil {
				return usagef("%s: %w", args[0], err)
			}
			if strings.ContainsFunc(reason, steers) {
				return usagef("--reason: it is a few words on one line")
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				if dryRun {
					fmt.Fprintf(e.stdout, "%s would be suppressed\n", address)
					return nil
				}
				if err := e.confirm("Never mail %s again?", args[0]); err != nil {
					return err
				}
				if err := a.Subscribers.Suppress(cmd.Context(), args[0], subscribers.ReasonManual, reason, origin); err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "%s is suppressed\n", args[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a few words")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}
