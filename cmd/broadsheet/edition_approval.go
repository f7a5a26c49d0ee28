package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

// approval is approving or holding an edition.
type approval struct {
	verb, short string
	change      func(ctx context.Context, s *digest.Store, d *digest.Digest, ed *digest.Edition, who string) (*digest.Edition, error)
	rehearse    func(s *digest.Store, d *digest.Digest, ed *digest.Edition, who string) (*digest.Edition, error)
}

func (e *env) editionApproveCommand() *cobra.Command {
	return e.approvalCommand(approval{
		"approve", "Let an edition go that its digest wants approved, once for all its runs",
		func(ctx context.Context, s *digest.Store, d *digest.Digest, ed *digest.Edition, who string) (*digest.Edition, error) {
			return s.ApproveEdition(ctx, d, ed, who)
		},
		func(s *digest.Store, d *digest.Digest, ed *digest.Edition, _ string) (*digest.Edition, error) {
			return s.ApprovedEdition(d, ed)
		},
	})
}

func (e *env) editionHoldCommand() *cobra.Command {
	return e.approvalCommand(approval{
		"hold", "Keep an edition back until it is approved, once for all its runs",
		func(ctx context.Context, s *digest.Store, d *digest.Digest, ed *digest.Edition, who string) (*digest.Edition, error) {
			return s.HoldEdition(ctx, d, ed, who)
		},
		func(s *digest.Store, d *digest.Digest, ed *digest.Edition, who string) (*digest.Edition, error) {
			return s.HeldEdition(d, ed, who)
		},
	})
}

func (e *env) approvalCommand(do approval) *cobra.Command {
	var by string
	var dryRun bool
	cmd := &cobra.Command{
		Use: do.verb + " EDITION", Short: do.short, Args: exactly("EDITION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := e.who(by)
			if err != nil {
				return err
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				ed, d, err := editableEdition(cmd.Context(), a, args[0])
				if err != nil {
					return err
				}
				if dryRun {
					return e.rehearseApproval(cmd.Context(), a, do, d, ed, who)
				}
				if ed, err = do.change(cmd.Context(), a.Digests, d, ed, who); err != nil {
					return refusal(err)
				}
				fmt.Fprintf(e.stdout, "edition %s %s\n", ed.Key, standing(ed))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change, and for whom, and change nothing")
	byFlag(cmd, &by)
	return cmd
}

// rehearseApproval says what approving or holding would change, whom that
// concerns and what happens without it.
func (e *env) rehearseApproval(ctx context.Context, a *app.App, do approval, d *digest.Digest, ed *digest.Edition, who string) error {
	after, err := do.rehearse(a.Digests, d, ed, who)
	if err != nil {
		return refusal(err)
	}
	reach, err := a.Digests.Reach(ctx, d, ed)
	if err != nil {
		return err
	}
	from, to := standing(ed), standing(after)
	if from == to {
		fmt.Fprintf(e.stdout, "would %s edition %s: nothing new, it %s\n", do.verb, ed.Key, from)
	} else {
		fmt.Fprintf(e.stdout, "would %s edition %s: it %s, and then %s\n", do.verb, ed.Key, from, to)
	}
	fmt.Fprintf(e.stdout, "  concerns %s with %s pending, and %s to come with %s\n",
		count(reach.Runs, "run"), count(reach.Pending, "reader"), count(reach.Later, "run"), count(reach.Readers, "reader"))
	fmt.Fprintf(e.stdout, "  without that %s\n", unattended(d, ed))
	return nil
}

// unattended says what becomes of an edition to which its editors do nothing more.
func unattended(d *digest.Digest, ed *digest.Edition) string {
	what := "it goes out at its slot"
	if ed.State == digest.EditionPaused {
		what = fmt.Sprintf("it stays back, and what it has expires %s after the slot", span(d.ExpireAfter))
	}
	if ed.Kind != digest.Scheduled {
		return what
	}
	if d.Cutoff > 0 {
		return fmt.Sprintf("it takes stories until its cut-off, %s before its slot; then %s", span(d.Cutoff), what)
	}
	return "it takes stories until its slot; then " + what
}

// span is a length of time without the parts that are none, such as "1h30m".
func span(d time.Duration) string {
	text := d.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// standing says in words how an edition stands with its editors.
func standing(ed *digest.Edition) string {
	words := "is " + string(ed.State)
	if ed.Reason != "" {
		words += ": " + printable(ed.Reason)
	}
	switch ed.Approval {
	case digest.ApprovalApproved:
		words += ", approved"
	case digest.ApprovalWanted:
		words += ", not approved"
	}
	return words
}
