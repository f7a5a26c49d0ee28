package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

func (e *env) signupCommand() *cobra.Command {
	return noun("signup", "Sign-ups, and the confirmations that wait after a burst of them",
		e.signupShowCommand(), e.signupReleaseCommand(), e.signupDropCommand())
}

// heldShown is how many domains and networks are listed.
const heldShown = 10

func (e *env) signupShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show how many sign up, and whose confirmations wait", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				b, err := a.Subscribers.Breaker(cmd.Context())
				if err != nil {
					return err
				}
				held, err := a.Subscribers.Held(cmd.Context(), heldShown)
				if err != nil {
					return err
				}
				state := "closed"
				if b.IsOpen() {
					state = "open"
				}
				out := &list{columns: []string{"breaker", "opened_at", "reason", "calm_until", "last_hour", "ceiling", "waiting", "waiting_since", "domains", "networks"}}
				out.add(state, b.OpenedAt, string(b.Reason), b.CalmUntil, b.LastHour, b.Ceiling, b.Waiting, b.Since, heldText(held.Domains), heldText(held.Networks))
				return e.showOne(out)
			})
		},
	}
}

func heldText(counts []subscribers.HeldCount) []string {
	out := []string{}
	for _, c := range counts {
		out = append(out, fmt.Sprintf("%s %d", c.Name, c.N))
	}
	return out
}

func (e *env) signupReleaseCommand() *cobra.Command {
	return e.decideCommand(&decision{
		use: "release", short: "Send the confirmations that wait", question: "Send %s now?", would: "%s would be released\n",
		done: "%s released: broadsheet serve sends them\n",
		long: "Send the confirmations that wait. Their links count from now on. New sign-ups get theirs at once for a day,\nhowever many there are.",
		act:  (*subscribers.Store).ReleaseConfirmations,
	})
}

func (e *env) signupDropCommand() *cobra.Command {
	return e.decideCommand(&decision{
		use: "drop", short: "Give up the confirmations that wait", question: "Give up %s for good?", would: "%s would be given up\n",
		done: "%s given up\n",
		long: "Give up the confirmations that wait. Who was signed up stays pending, is never mailed and vanishes like everybody\nwho does not confirm. If the burst goes on, further confirmations wait again.",
		act:  (*subscribers.Store).DropConfirmations,
	})
}

// decision is what an operator can do about the confirmations that wait.
type decision struct {
	use, short, long, question, would, done string
	act                                     func(s *subscribers.Store, ctx context.Context) (int64, error)
}

func (e *env) decideCommand(d *decision) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: d.use, Short: d.short, Long: d.long, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error { return e.decide(cmd.Context(), a, d, dryRun) })
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say how many it is about and change nothing")
	return cmd
}

// decide asks and acts, unless there is nothing to decide about. An open breaker
// of which nothing waits, because what waited was forgotten, is closed all the
// same.
func (e *env) decide(ctx context.Context, a *app.App, d *decision, dryRun bool) error {
	b, err := a.Subscribers.Breaker(ctx)
	if err != nil {
		return err
	}
	if b.Waiting == 0 && !b.IsOpen() {
		fmt.Fprintf(e.stdout, "No confirmation waits: there is nothing to %s.\n", d.use)
		return nil
	}
	waiting := count(b.Waiting, "confirmation")
	if dryRun {
		fmt.Fprintf(e.stdout, d.would, waiting)
		return nil
	}
	question := fmt.Sprintf(d.question, waiting)
	if b.Waiting == 0 {
		question = "No confirmation waits, but new ones would. Let them go out?"
	}
	if err := e.confirm("%s", question); err != nil {
		return err
	}
	n, err := d.act(a.Subscribers, ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, d.done, count(n, "confirmation"))
	return nil
}
