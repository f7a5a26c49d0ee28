package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
	"broadsheet/mail"
)

func (e *env) sendDigest(ctx context.Context, a *app.App, slug string, o *sendOptions) error {
	d, err := a.Setup.DigestBySlug(slug)
	if err != nil {
		return err
	}
	restriction, err := o.restriction(ctx, a, d)
	if err != nil {
		return err
	}
	if o.letter != "" {
		return e.sendLetter(ctx, a, restriction, o)
	}
	if o.test != "" {
		return e.sendTest(ctx, a, d, o)
	}
	if o.dryRun {
		dry, err := a.Planner.DrySend(ctx, restriction, e.now())
		if err != nil {
			return err
		}
		return e.showDryRun(ctx, a, dry)
	}
	editions, err := e.planSend(ctx, a, restriction, o)
	if errors.Is(err, digest.ErrNothingDue) {
		fmt.Fprintln(e.stdout, err)
		return nil
	} else if err != nil {
		return err
	}
	return e.deliver(ctx, a, editions)
}

func (e *env) planSend(ctx context.Context, a *app.App, s digest.Send, o *sendOptions) ([]*digest.Edition, error) {
	if o.now {
		edition, err := a.Planner.SendNow(ctx, s, e.now())
		if err != nil {
			return nil, err
		}
		return e.ready(ctx, a, []*digest.Edition{edition})
	}
	if err := a.Refresh(ctx, e.now()); err != nil {
		return nil, err
	}
	if err := a.Planner.Tick(ctx, e.now(), s.Digest.ID); err != nil {
		return nil, err
	}
	editions, err := a.OpenEditions(ctx, s.Digest)
	if err != nil {
		return nil, err
	}
	if len(editions) == 0 {
		return nil, fmt.Errorf("%w: no slot of %s has come; --now sends outside the schedule", digest.ErrNothingDue, s.Digest.Slug)
	}
	return e.ready(ctx, a, editions)
}

// ready returns those of the editions whose time has come for some reader. An
// edition is planned earlier if it has a cutoff, or in quiet hours.
func (e *env) ready(ctx context.Context, a *app.App, editions []*digest.Edition) ([]*digest.Edition, error) {
	var out []*digest.Edition
	for _, edition := range editions {
		runs, err := a.Digests.Runs(ctx, edition.ID) // the earliest first
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 && runs[0].DueAt.After(e.now()) {
			slug, _, _ := strings.Cut(edition.Key, "/")
			fmt.Fprintf(e.stdout, "%s is planned and goes out at %s: broadsheet serve sends it then, or broadsheet digest send %s\n",
				edition.Key, plain(runs[0].DueAt), slug)
			continue
		}
		out = append(out, edition)
	}
	return out, nil
}

// deliver sends editions to their end and prints each one's balance.
func (e *env) deliver(ctx context.Context, a *app.App, editions []*digest.Edition) error {
	out, err := a.NewOutgoing()
	if err != nil {
		return err
	}
	defer out.Pool.Close()
	var errs []error
	for _, edition := range editions {
		began := e.now()
		balance, err := e.runEdition(ctx, a, out, edition.ID, edition.Key)
		if err != nil && balance.Due == 0 {
			return err
		}
		e.printBalance(edition.Key, balance)
		later, laterErr := e.printToCome(context.WithoutCancel(ctx), a, edition, began)
		errs = append(errs, verdict(edition.Key, balance, later, err), laterErr)
	}
	return errors.Join(errs...)
}

// runEdition sends what can be sent of an edition now, showing how far it is.
func (e *env) runEdition(ctx context.Context, a *app.App, out *app.Outgoing, id int64, key string) (delivery.Balance, error) {
	engine, err := a.NewEngine(out)
	if err != nil {
		return delivery.Balance{}, err
	}
	ticker := e.newTicker()
	defer ticker.clear()
	interrupted := ticker.onEnd(ctx, key+": finishing messages under way")
	defer interrupted()
	var ended speed
	return engine.RunEdition(ctx, id, func(p delivery.Progress) {
		ended.add(e.now(), p.Due-p.Pending)
		ticker.show("%s", progressText(key, p, ended.perSecond()))
	})
}

// printToCome says which runs of an edition were not due when its sending began,
// and returns how many deliveries wait for that.
func (e *env) printToCome(ctx context.Context, a *app.App, edition *digest.Edition, began time.Time) (int64, error) {
	d, err := a.Setup.DigestOf(edition)
	if err != nil {
		return 0, err
	}
	later, err := a.Digests.ToCome(ctx, d, edition, began)
	if err != nil || later.Runs == 0 {
		return 0, err
	}
	wait := "runs wait for their hour"
	if later.Runs == 1 {
		wait = "run waits for its hour"
	}
	fmt.Fprintf(e.stdout, "  %d %s, next at %s: broadsheet serve sends then, or broadsheet digest send %s\n", later.Runs, wait, plain(later.NextAt), d.Slug)
	return later.Deliveries, nil
}

// verdict is nil only if all of an edition went out that was due; later is how
// many of its pending deliveries are not.
func verdict(key string, b delivery.Balance, later int64, err error) error {
	switch {
	case !b.Balanced():
		return &codedError{exitFailed, fmt.Errorf("%s does not balance: please report this with the output of broadsheet edition show %s", key, key)}
	case errors.Is(err, delivery.ErrPaused), errors.Is(err, delivery.ErrRelays):
		return &codedError{exitLater, fmt.Errorf("%s: %w; %s %s pending: %s", key, err, count(b.Pending, "delivery"), are(b.Pending), remedy(key, err))}
	case err != nil:
		return err
	}
	b.Pending = max(b.Pending-later, 0)
	if b.Failed+b.Expired+b.Uncertain+b.Pending > 0 {
		return partly("%s: %d failed, %d expired, %d uncertain, %d pending: see broadsheet delivery list --edition %s", key, b.Failed, b.Expired, b.Uncertain, b.Pending, key)
	}
	return nil
}

// remedy says how an edition goes on that is paused or that no relay takes.
func remedy(key string, err error) string {
	slug, _, _ := strings.Cut(key, "/")
	later := "broadsheet serve sends them, or broadsheet digest send " + slug
	if !errors.Is(err, delivery.ErrPaused) {
		return later
	}
	if text := err.Error(); strings.Contains(text, digest.WaitsForApproval) || strings.Contains(text, digest.HeldBy) {
		return "broadsheet edition approve " + key + "; " + later
	}
	return "mend what paused it, then broadsheet edition resume " + key + "; " + later
}

func (e *env) printBalance(key string, b delivery.Balance) {
	fmt.Fprintf(e.stdout, "%s: due %d = sent %d + failed %d + expired %d + skipped %d + uncertain %d + pending %d\n",
		key, b.Due, b.Sent, b.Failed, b.Expired, b.Skipped, b.Uncertain, b.Pending)
	e.printReasons("skipped", b.SkippedBy)
	e.printReasons("failed", b.FailedBy)
}

func (e *env) printReasons(what string, by map[string]int64) {
	var reasons []string
	for r := range by {
		reasons = append(reasons, r)
	}
	slices.Sort(reasons)
	for _, r := range reasons {
		fmt.Fprintf(e.stdout, "  %s %d: %s\n", what, by[r], r)
	}
}

func (e *env) sendTest(ctx context.Context, a *app.App, d *digest.Digest, o *sendOptions) error {
	outcome, err := a.SendTest(ctx, d, o.test, e.now())
	if err != nil {
		return err
	}
	return e.showTest(d, o.test, outcome)
}

func (e *env) showTest(d *digest.Digest, address string, outcome mail.Outcome) error {
	fmt.Fprintf(e.stdout, "test of %s to %s: %s, %d %s\n", d.Slug, address, outcome.Class, outcome.Reply.Code, outcome.Reply.Text)
	if outcome.Class != app.Accepted {
		return &codedError{exitFailed, errors.New("the relay did not accept the test")}
	}
	return nil
}
