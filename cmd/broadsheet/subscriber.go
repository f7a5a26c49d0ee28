package main

import (
	"context"
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
		e.subscriberListCommand(), e.subscriberShowCommand(), e.subscriberChangeCommand(), e.subscriberPauseCommand(), e.subscriberResumeCommand(), e.subscriberUnsubscribeCommand(),
		e.subscriberSuppressCommand(), e.subscriberUnsuppressCommand())
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
				if dryRun {
					if err := in.Check(a.Catalog); err != nil {
						return usagef("%w", err)
					}
					fmt.Fprintf(e.stdout, "%s can be added\n", in.Address)
					return nil
				}
				var fields subscribers.FieldErrors
				err := a.Subscribers.Add(cmd.Context(), a.Catalog, in)
				switch {
				case errors.As(err, &fields):
					return usagef("%w", err)
				case err != nil:
					return err
				case in.Confirmed:
					fmt.Fprintf(e.stdout, "%s is active\n", in.Address)
				default:
					fmt.Fprintf(e.stdout, "%s is pending: broadsheet serve sends the confirmation mail\n", in.Address)
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

func (e *env) subscriberImportCommand() *cobra.Command {
	o := subscribers.ImportOptions{Origin: origin}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import readers from a CSV file of any size; - reads standard input",
		Long: "Import readers from a CSV file with the columns email, name, status, topics, digests, timezone, language,\n" +
			"hour, paused_until and one for each [[attribute]], in any order; topics and digests are separated by\n" +
			"semicolons. A pause is a date, or daily=2026-12-24 of one digest. No mail is sent. The good rows are\n" +
			"imported; each bad one is reported with its line, and the exit code is 4. Who has left or is suppressed\n" +
			"here stays so.",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Confirmed && o.Consent == "" {
				return usagef(`subscriber import: --confirmed needs --consent "how consent was given"`)
			}
			return e.writing(cmd.Context(), o.DryRun, func(a *app.App) error { return e.importSubscribers(cmd, a, args[0], o) })
		},
	}
	cmd.Flags().BoolVar(&o.Confirmed, "confirmed", false, "the readers have agreed already: active at once")
	cmd.Flags().StringVar(&o.Consent, "consent", "", "how consent was given, for --confirmed")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "check the file and change nothing")
	return cmd
}

func (e *env) importSubscribers(cmd *cobra.Command, a *app.App, path string, o subscribers.ImportOptions) error {
	in, name, err := e.open(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer in.Close()
	ticker := e.newTicker()
	report, err := a.Subscribers.Import(cmd.Context(), a.Catalog, in, o, func(b subscribers.BadRow) {
		ticker.clear()
		fmt.Fprintf(e.stderr, "%s:%d: %s\n", name, b.Line, printable(b.Reason+": "+b.Value))
	}, func(r subscribers.Report) {
		ticker.show("%d rows", r.Rows)
	})
	ticker.clear()
	if err != nil && report.Rows == 0 {
		return fmt.Errorf("%s: %w", name, err)
	}
	verb := ""
	if o.DryRun {
		verb = " (nothing was stored)"
	}
	fmt.Fprintf(e.stdout, "%d rows: %d added, %d updated, %d unchanged, %d bad%s\n", report.Rows, report.Added, report.Updated, report.Unchanged, report.Bad, verb)
	if err != nil {
		return fmt.Errorf("%s: %w; what was counted is stored, and the file can be imported again", name, err)
	}
	if report.Bad > 0 {
		return partly("%d of %d rows of %s are bad and were left out", report.Bad, report.Rows, name)
	}
	return nil
}

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

func (e *env) subscriberExportCommand() *cobra.Command {
	var f subscribers.Filter
	var to string
	var notAdmitted bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write readers as CSV that import reads", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				if err := checkFilter(a, f); err != nil {
					return err
				}
				if notAdmitted {
					since, err := a.Ramp.Waiting(cmd.Context())
					if err != nil {
						return err
					}
					f.NotAdmittedSince = &since
				}
				return e.exportSubscribers(cmd.Context(), a, f, to)
			})
		},
	}
	filterFlags(cmd, &f)
	cmd.Flags().StringVar(&to, "to", "", "`FILE` to write (default: standard output)")
	cmd.Flags().BoolVar(&notAdmitted, "not-admitted", false, "only active readers whom [mail.ramp] has not admitted yet, for the tool that serves them until then")
	return cmd
}

func (e *env) exportSubscribers(ctx context.Context, a *app.App, f subscribers.Filter, to string) error {
	if to == "" || to == "-" {
		_, err := a.Subscribers.Export(ctx, a.Catalog, e.stdout, f)
		return err
	}
	file, err := createPrivate(to)
	if err != nil {
		return err
	}
	n, err := a.Subscribers.Export(ctx, a.Catalog, file, f)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%d readers written to %s\n", n, to)
	return nil
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
	return &cobra.Command{
		Use: "show ADDR", Short: "Show one reader with subscriptions and the record of consent", Args: exactly("ADDR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				d, err := a.Subscribers.ByAddress(cmd.Context(), args[0])
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return e.showSubscriber(a, d)
			})
		},
	}
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
	out := &list{columns: []string{"id", "address", "name", "state", "language", "timezone", "attributes", "created_at", "confirmed_at", "ended_at", "suppression", "hard_bounced_at", "soft_bounces", "subscriptions", "history"}}
	out.add(d.ID, d.Address, d.Name, string(d.Shown()), d.Language, d.Zone, d.Attributes.Pairs(), d.CreatedAt, d.ConfirmedAt, d.EndedAt, suppression, d.HardBouncedAt, d.SoftBounces, subscriptions, history)
	return e.showOne(out)
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
