package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/app"
)

// deskCall is one order at the editor's desk, as flags give it.
type deskCall struct {
	action digest.DeskAction
	until  string // "": none
	note   string
	by     string
	dryRun bool
}

func (c *deskCall) flags(cmd *cobra.Command) {
	byFlag(cmd, &c.by)
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "say what would change and change nothing")
}

func (e *env) articlePinCommand() *cobra.Command {
	call := deskCall{action: digest.DeskPin}
	var off bool
	cmd := &cobra.Command{
		Use: "pin URL|ID", Short: "Put an article before all others until a time, or no longer with --off", Args: exactly("URL|ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if off == (call.until != "") {
				return usagef("article pin: give one of --until TIME and --off")
			}
			if off {
				call.action = digest.DeskUnpin
			}
			return e.desk(cmd, args[0], call)
		},
	}
	cmd.Flags().StringVar(&call.until, "until", "", "`TIME` in the site's zone, such as \"next monday 07:00\"")
	cmd.Flags().BoolVar(&off, "off", false, "end the pin now")
	call.flags(cmd)
	return cmd
}

func (e *env) articleHoldCommand() *cobra.Command {
	call := deskCall{action: digest.DeskHold}
	cmd := &cobra.Command{
		Use: "hold URL|ID", Short: "Keep an article out of digests that are not planned yet", Args: exactly("URL|ID"),
		Long: "Keep an article out of digests that are not planned yet, until it is released or, with --until, until that time.\n" +
			"Digests that are planned already keep it: article withdraw takes it out of those that are not sent.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("until") && strings.TrimSpace(call.until) == "" {
				return usagef("article hold: --until is empty; without it the article is held back until it is released")
			}
			return e.desk(cmd, args[0], call)
		},
	}
	cmd.Flags().StringVar(&call.until, "until", "", "`TIME` in the site's zone at which it is released by itself")
	call.flags(cmd)
	return cmd
}

func (e *env) articleReleaseCommand() *cobra.Command {
	call := deskCall{action: digest.DeskRelease}
	cmd := &cobra.Command{
		Use: "release URL|ID", Short: "End a hold or an embargo, or let a folded article stand for itself", Args: exactly("URL|ID"),
		Long: "End a hold or an embargo: the article is in the next digest of all its readers but those who got it before.\n" +
			"An article that was folded into another one stands for itself, as if it had just arrived.",
		RunE: func(cmd *cobra.Command, args []string) error { return e.desk(cmd, args[0], call) },
	}
	call.flags(cmd)
	return cmd
}

func (e *env) articleWithdrawCommand() *cobra.Command {
	call := deskCall{action: digest.DeskWithdraw}
	cmd := &cobra.Command{
		Use: "withdraw URL|ID", Short: "Take an article out of all that is not sent yet, for good", Args: exactly("URL|ID"),
		RunE: func(cmd *cobra.Command, args []string) error { return e.desk(cmd, args[0], call) },
	}
	call.flags(cmd)
	return cmd
}

func (e *env) articleCorrectCommand() *cobra.Command {
	call := deskCall{action: digest.DeskCorrect}
	cmd := &cobra.Command{
		Use: "correct URL|ID --note TEXT", Short: "Tell those who got an article what was wrong with it", Args: exactly("URL|ID"),
		Long: "Tell those who got an article until now what was wrong with it, in their next digest.\n" +
			"The text itself is corrected by article add, or by its source.",
		RunE: func(cmd *cobra.Command, args []string) error { return e.desk(cmd, args[0], call) },
	}
	cmd.Flags().StringVar(&call.note, "note", "", "`TEXT` that readers see")
	call.flags(cmd)
	return cmd
}

// findArticle finds an article by its id or its URL, however that is spelled. The
// error is digest.ErrNotFound if there is none.
func findArticle(ctx context.Context, a *app.App, text string) (*digest.Article, error) {
	id, url := int64(0), text
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		id, url = n, ""
	} else if canonical, err := ingest.CanonicalURL(text); err == nil {
		url = canonical
	}
	art, err := a.Digests.Article(ctx, id, url)
	if errors.Is(err, digest.ErrNotFound) {
		return nil, noArticle(text)
	}
	return art, err
}

// desk carries an order out, after asking where it cannot be taken back.
func (e *env) desk(cmd *cobra.Command, name string, call deskCall) error {
	ctx := cmd.Context()
	who, err := e.who(call.by)
	if err != nil {
		return err
	}
	return e.writing(ctx, call.dryRun, func(a *app.App) error {
		art, err := findArticle(ctx, a, name)
		if err != nil {
			return err
		}
		order := digest.DeskOrder{Action: call.action, Note: call.note, Who: who}
		if order.Until, err = e.until(a, call.until); err != nil {
			return err
		}
		result, err := a.Digests.Rehearse(ctx, art.ID, order)
		if err != nil {
			return deskError(err)
		}
		if call.dryRun || !result.Changed {
			fmt.Fprintln(e.stdout, deskText(art, call.action, result, call.dryRun))
			return nil
		}
		if call.action == digest.DeskWithdraw {
			if err := e.confirm("Withdraw article %d, %q, for good?", art.ID, printable(art.Title)); err != nil {
				return err
			}
		}
		if result, err = a.Digests.Edit(ctx, art.ID, order); err != nil {
			return deskError(err)
		}
		fmt.Fprintln(e.stdout, deskText(art, call.action, result, false))
		return nil
	})
}

// until reads the time of --until in the site's zone.
func (e *env) until(a *app.App, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	loc, err := time.LoadLocation(a.Config.Site.Timezone)
	if err != nil {
		return time.Time{}, err
	}
	at, err := parseTime(text, a.Now(), loc)
	if err != nil {
		return time.Time{}, usagef("--until: %w", err)
	}
	return at.Truncate(time.Millisecond), nil
}

// deskError tells a slip of who typed from what an article does not allow.
func deskError(err error) error {
	switch {
	case errors.Is(err, digest.ErrPast):
		return usagef("--until: %w", err)
	case errors.Is(err, digest.ErrNote):
		return usagef("--note: %w", err)
	}
	return err
}

// deskText says what became of an order.
func deskText(art *digest.Article, action digest.DeskAction, r digest.DeskResult, dryRun bool) string {
	participle := map[digest.DeskAction]string{
		digest.DeskPin: "pinned", digest.DeskUnpin: "no longer pinned", digest.DeskHold: "held back",
		digest.DeskRelease: "released", digest.DeskWithdraw: "withdrawn", digest.DeskCorrect: "corrected",
	}[action]
	subject := fmt.Sprintf("article %d, %q,", art.ID, printable(shorten(art.Title, 60)))
	detail := strings.TrimSpace(" " + printable(r.Detail))
	if detail != "" && !strings.HasPrefix(detail, "until ") {
		detail = ": " + detail
	} else if detail != "" {
		detail = " " + detail
	}
	switch {
	case !r.Changed && action == digest.DeskRelease:
		return subject + " is not held back: there is nothing to release"
	case !r.Changed && action == digest.DeskUnpin:
		return subject + " is not pinned"
	case !r.Changed:
		return subject + " is already " + participle + detail
	case dryRun:
		return subject + " would be " + participle + detail
	}
	return subject + " is " + participle + detail
}
