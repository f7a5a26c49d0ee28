package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/subscribers"
)

func (e *env) webhookCommand() *cobra.Command {
	return noun("webhook", "Systems that are told what becomes of readers ([[webhook_out]])", e.webhookListCommand(), e.webhookRetryCommand())
}

// webhookOut finds a system by its slug.
func webhookOut(a *app.App, slug string) (*config.WebhookOut, error) {
	i := slices.IndexFunc(a.Config.WebhooksOut, func(w config.WebhookOut) bool { return w.Slug == slug })
	if i < 0 {
		return nil, usagef("there is no [[webhook_out]] %q: see broadsheet webhook list", slug)
	}
	return &a.Config.WebhooksOut[i], nil
}

func (e *env) webhookListCommand() *cobra.Command {
	var most int
	cmd := &cobra.Command{
		Use: "list [SLUG]", Short: "List the systems that are told, or what one of them is still to be told",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("webhook list takes one SLUG, or none")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				if err := checkLimit(most); err != nil {
					return err
				}
				if len(args) == 0 {
					return e.listWebhooks(cmd.Context(), a)
				}
				return e.listEvents(cmd.Context(), a, args[0], most)
			})
		},
	}
	cmd.Flags().IntVar(&most, "limit", 50, "at most so many events")
	return cmd
}

func (e *env) listWebhooks(ctx context.Context, a *app.App) error {
	states, err := a.Subscribers.HookStates(ctx)
	if err != nil {
		return err
	}
	out := &list{
		columns: []string{"slug", "host", "state", "waiting", "oldest_at", "given_up", "told", "told_at", "failing_since", "next_try_at", "last_error", "events"},
		empty:   "No [[webhook_out]] is configured.",
	}
	for i := range states {
		s := &states[i]
		state, events := "works", []string{}
		switch {
		case s.Failing():
			state = "failing"
		case s.Failures > 0:
			state = "trouble"
		}
		for _, event := range s.Events {
			events = append(events, string(event))
		}
		out.add(s.Slug, hostOf(a, s.Slug), state, s.Waiting, s.OldestAt, s.GivenUp, s.Told, s.ToldAt, s.FailingSince, s.WaitUntil, s.LastError, events)
	}
	return e.show(out)
}

// hostOf is where a system is; the rest of its URL may be a secret.
func hostOf(a *app.App, slug string) string {
	w, err := webhookOut(a, slug)
	if err != nil {
		return ""
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

func (e *env) listEvents(ctx context.Context, a *app.App, slug string, most int) error {
	if _, err := webhookOut(a, slug); err != nil {
		return err
	}
	events, err := a.Subscribers.Events(ctx, slug, most)
	if err != nil {
		return err
	}
	out := &list{columns: []string{"id", "at", "event", "reader", "state", "attempts", "next_try_at", "answer"}, empty: slug + " was told everything."}
	for i := range events {
		ev := &events[i]
		state := "waiting"
		if ev.NextTryAt.IsZero() {
			state = "given up"
		}
		out.add(ev.ID(), ev.At, string(ev.Event), ev.Subscriber, state, ev.Attempts, ev.NextTryAt, ev.Answer)
	}
	return e.show(out)
}

func (e *env) webhookRetryCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "retry SLUG", Short: "Have a system told at once what waits for it or was given up", Args: exactly("SLUG"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				if _, err := webhookOut(a, args[0]); err != nil {
					return err
				}
				if dryRun {
					return e.rehearseRetry(cmd.Context(), a, args[0])
				}
				n, err := a.Subscribers.RetryEvents(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "%s for %s: broadsheet serve tells it now\n", count(n, "event"), args[0])
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say how many events that are and change nothing")
	return cmd
}

func (e *env) rehearseRetry(ctx context.Context, a *app.App, slug string) error {
	states, err := a.Subscribers.HookStates(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(states, func(s subscribers.HookState) bool { return s.Slug == slug })
	if i < 0 {
		return errors.New("it was not told anything yet: start broadsheet serve first")
	}
	fmt.Fprintf(e.stdout, "%s for %s, of which %s given up\n", count(states[i].Waiting+states[i].GivenUp, "event"), slug, count(states[i].GivenUp, "event"))
	return nil
}
