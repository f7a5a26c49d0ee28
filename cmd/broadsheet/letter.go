package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

// letterOptions are the flags of digest send that belong to a letter.
type letterOptions struct {
	letter, subject, by string
}

func (o *letterOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.letter, "letter", "", "send the Markdown `FILE` (- for standard input) to all readers, in place of stories")
	f.StringVar(&o.subject, "subject", "", "subject of the letter (default: its first # heading)")
	byFlag(cmd, &o.by)
}

// checkLetter refuses what does not go with a letter, and what goes with
// nothing else.
func (o *sendOptions) checkLetter() error {
	switch {
	case o.letter == "" && (o.subject != "" || o.by != ""):
		return usagef("digest send: --subject and --by go with --letter")
	case o.letter != "" && o.topic != "":
		return usagef("digest send: --letter goes without --topic")
	}
	return nil
}

// sendLetter sends a letter to the readers of a digest or, restricted by --to,
// to some of them.
func (e *env) sendLetter(ctx context.Context, a *app.App, to digest.Send, o *sendOptions) error {
	who, err := e.who(o.by)
	if err != nil {
		return err
	}
	markdown, err := e.readMarkdown(ctx, o.letter)
	if err != nil {
		return fmt.Errorf("--letter: %w", err)
	}
	letter := digest.LetterText{Markdown: *markdown, Subject: o.subject}
	if o.test != "" {
		outcome, err := a.SendLetterTest(ctx, to.Digest, letter, o.test, e.now())
		if err != nil {
			return refusal(err)
		}
		return e.showTest(to.Digest, o.test, outcome)
	}
	send, err := a.Composer.LetterTo(to.Digest, to.Recipients, letter, who, e.now())
	if err != nil {
		return refusal(err)
	}
	if o.dryRun {
		dry, err := a.Planner.DrySend(ctx, send, e.now())
		if err != nil {
			return err
		}
		return e.showDryRun(ctx, a, dry)
	}
	editions, err := e.planSend(ctx, a, send, o)
	if errors.Is(err, digest.ErrNothingDue) {
		fmt.Fprintln(e.stdout, err)
		return nil
	} else if err != nil {
		return err
	}
	return e.deliver(ctx, a, editions)
}
