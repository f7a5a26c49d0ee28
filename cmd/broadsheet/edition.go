package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
)

func (e *env) editionCommand() *cobra.Command {
	return noun("edition", "Issues of a digest, over all their runs", e.editionListCommand(), e.editionShowCommand(), e.editionEditCommand(),
		e.editionApproveCommand(), e.editionHoldCommand(),
		e.editionStateCommand("pause", "Keep what is pending from being sent", digest.EditionPaused),
		e.editionStateCommand("resume", "Send what is pending", digest.EditionSending),
		e.editionStateCommand("cancel", "Never send what is pending", digest.EditionCancelled))
}

func (e *env) editionListCommand() *cobra.Command {
	var slug string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List editions with their balance, the newest first", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				var id int64
				if slug != "" {
					d, err := a.Setup.DigestBySlug(slug)
					if err != nil {
						return err
					}
					id = d.ID
				}
				editions, err := a.Digests.Editions(cmd.Context(), id, limit)
				if err != nil {
					return err
				}
				return e.showEditions(cmd.Context(), a, editions)
			})
		},
	}
	cmd.Flags().StringVar(&slug, "digest", "", "only of the digest with this `SLUG`")
	cmd.Flags().IntVar(&limit, "limit", 20, "at most so many")
	return cmd
}

// showEditions lists editions and fails where a balance does not hold.
func (e *env) showEditions(ctx context.Context, a *app.App, editions []*digest.Edition) error {
	out := &list{columns: []string{"edition", "kind", "state", "due", "sent", "failed", "expired", "skipped", "uncertain", "pending", "created_at"}, empty: "No editions yet."}
	store := delivery.NewStore(a.DB, a.Now)
	var errs []error
	for _, ed := range editions {
		b, err := store.Balance(ctx, ed.ID)
		if err != nil {
			return err
		}
		out.add(ed.Key, string(ed.Kind), string(ed.State), b.Due, b.Sent, b.Failed, b.Expired, b.Skipped, b.Uncertain, b.Pending, ed.CreatedAt)
		if !b.Balanced() {
			errs = append(errs, fmt.Errorf("edition %s does not balance", ed.Key))
		}
	}
	return errors.Join(append(errs, e.show(out))...)
}

func (e *env) editionShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show EDITION", Short: "Show one edition: its balance, the relays' answers, its runs", Args: exactly("EDITION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error { return e.showEdition(cmd.Context(), a, args[0]) })
		},
	}
}

func findEdition(ctx context.Context, a *app.App, key string) (*digest.Edition, error) {
	ed, err := a.Digests.EditionByKey(ctx, key)
	if errors.Is(err, digest.ErrNotFound) {
		return nil, fmt.Errorf("there is no edition %s: see broadsheet edition list", key)
	}
	return ed, err
}

func (e *env) editionStateCommand(verb, short string, to digest.EditionState) *cobra.Command {
	var dryRun bool
	var by string
	cmd := &cobra.Command{
		Use: verb + " EDITION", Short: short, Args: exactly("EDITION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := e.who(by)
			if err != nil {
				return err
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				ed, err := findEdition(cmd.Context(), a, args[0])
				if err != nil {
					return err
				}
				if ed.State != digest.EditionSending && ed.State != digest.EditionPaused {
					return fmt.Errorf("edition %s is %s: there is nothing to %s", ed.Key, ed.State, verb)
				}
				if dryRun {
					fmt.Fprintf(e.stdout, "edition %s is %s and would be %s\n", ed.Key, ed.State, to)
					return nil
				}
				return e.changeState(cmd.Context(), a, ed, to, who)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
	byFlag(cmd, &by)
	return cmd
}

func (e *env) changeState(ctx context.Context, a *app.App, ed *digest.Edition, to digest.EditionState, who string) error {
	reason := ""
	switch to {
	case digest.EditionCancelled:
		if err := e.confirm("Cancel edition %s for good?", ed.Key); err != nil {
			return err
		}
	case digest.EditionPaused:
		reason = "paused by an operator"
	}
	ed, err := a.Digests.ChangeEditionState(ctx, ed.Key, to, reason, who)
	if errors.Is(err, digest.ErrEdit) {
		return fmt.Errorf("%w with broadsheet edition approve", err)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "edition %s is %s\n", ed.Key, ed.State)
	return nil
}
