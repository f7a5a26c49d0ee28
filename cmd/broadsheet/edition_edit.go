package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

// mostMarkdown is how much of a file is read; what is longer is refused anyway.
const mostMarkdown = 1 << 20

// editOptions are the flags of edition edit.
type editOptions struct {
	intro, subject, preheader, by string
	order, headlines, clear       []string
	dryRun                        bool
}

func (e *env) editionEditCommand() *cobra.Command {
	var o editOptions
	cmd := &cobra.Command{
		Use:   "edit EDITION",
		Short: "Give an edition an introduction, a subject, an order or headlines of its own",
		Long: "Give an edition an introduction, a subject, a preheader, an order of its stories or headlines of\n" +
			"its own. EDITION is a key such as daily/2026-11-26, and may be one to come. Mails that went out\n" +
			"stay as they were, and so do their retries. What is not named stays as it is.",
		Args: exactly("EDITION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := e.who(o.by)
			if err != nil {
				return err
			}
			edit, err := o.edit(cmd)
			if err != nil {
				return err
			}
			if o.intro != "" {
				if edit.Intro, err = e.readMarkdown(cmd.Context(), o.intro); err != nil {
					return fmt.Errorf("--intro: %w", err)
				}
			}
			return e.writing(cmd.Context(), o.dryRun, func(a *app.App) error {
				return e.editEdition(cmd.Context(), a, args[0], edit, &o, who)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.intro, "intro", "", "Markdown `FILE` of the introduction, - for standard input")
	f.StringVar(&o.subject, "subject", "", "subject, as it is: no template")
	f.StringVar(&o.preheader, "preheader", "", "what an inbox shows beside the subject")
	f.StringArrayVar(&o.order, "order", nil, "stories that come first, as `URL|ID,...`; may be given several times. A URL with commas has one of its own, or quotes")
	f.StringArrayVar(&o.headlines, "headline", nil, "headline of a story in this edition, as `URL|ID=TEXT`; may be given several times")
	f.StringSliceVar(&o.clear, "clear", nil, "take back a `FIELD`: intro, subject, preheader, order, headlines")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would change and change nothing")
	byFlag(cmd, &o.by)
	return cmd
}

// edit is what the flags ask for, but for what needs the database or a file.
func (o *editOptions) edit(cmd *cobra.Command) (digest.EditionEdit, error) {
	var edit digest.EditionEdit
	none := ""
	for _, field := range o.clear {
		switch field {
		case "intro":
			edit.Intro = &none
		case "subject":
			edit.Subject = &none
		case "preheader":
			edit.Preheader = &none
		case "order":
			edit.Order = []int64{}
		case "headlines":
			edit.Plain = true
		default:
			return edit, usagef("--clear %q is unknown: it is intro, subject, preheader, order or headlines", field)
		}
	}
	if cmd.Flags().Changed("subject") {
		edit.Subject = &o.subject
	}
	if cmd.Flags().Changed("preheader") {
		edit.Preheader = &o.preheader
	}
	if len(o.clear)+len(o.order)+len(o.headlines) == 0 && edit.Subject == nil && edit.Preheader == nil && o.intro == "" {
		return edit, usagef("edition edit: say what to change, with --intro, --subject, --preheader, --order, --headline or --clear")
	}
	return edit, nil
}

func (e *env) readMarkdown(ctx context.Context, path string) (*string, error) {
	in, _, err := e.open(ctx, path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(in, mostMarkdown))
	if err := errors.Join(err, in.Close()); err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(b), "\ufeff"), "\r\n", "\n")
	return &text, nil
}

func (e *env) editEdition(ctx context.Context, a *app.App, key string, edit digest.EditionEdit, o *editOptions, who string) error {
	ed, d, err := editableEdition(ctx, a, key)
	if err != nil {
		return err
	}
	if err := o.stories(ctx, a, &edit); err != nil {
		return err
	}
	if o.dryRun {
		changes, err := a.Digests.EditionEditInWords(ctx, d, ed, edit)
		if err != nil {
			return refusal(err)
		}
		fmt.Fprintf(e.stdout, "edition %s would get: %s\n", ed.Key, orNothing(changes))
		return nil
	}
	before := ed.ID
	text, err := a.Digests.EditEdition(ctx, d, ed, edit, who)
	if err != nil {
		return refusal(err)
	}
	if err := e.waitUntil(ctx, text.CountsAt); err != nil { // whoever sends next sends it as it is now
		return err
	}
	fmt.Fprintf(e.stdout, "edition %s is edited, version %d\n", ed.Key, text.Version)
	if before == 0 && d.Approval != digest.ApprovalNone {
		fmt.Fprintf(e.stdout, "it wants approval: broadsheet edition approve %s\n", ed.Key)
	}
	return nil
}

// stories finds the articles of --order and --headline.
func (o *editOptions) stories(ctx context.Context, a *app.App, edit *digest.EditionEdit) error {
	for _, list := range o.order {
		ids, err := articleIDs(ctx, a, list)
		if err != nil {
			return fmt.Errorf("--order: %w", err)
		}
		edit.Order = append(edit.Order, ids...)
	}
	edit.Headlines = map[int64]string{}
	for _, pair := range o.headlines {
		id, text, err := headline(ctx, a, pair)
		if err != nil {
			return fmt.Errorf("--headline: %w", err)
		}
		edit.Headlines[id] = text
	}
	return nil
}

// articleIDs finds the articles of a list with commas between them. One that is
// an article as it is, commas and all, is that.
func articleIDs(ctx context.Context, a *app.App, list string) ([]int64, error) {
	if id, err := articleID(ctx, a, list); err == nil || !errors.Is(err, digest.ErrNotFound) {
		return []int64{id}, err
	}
	in := csv.NewReader(strings.NewReader(list))
	in.TrimLeadingSpace = true
	refs, err := in.Read()
	if err != nil {
		return nil, usagef("%q is no list of URLs or ids with commas between them: put a URL with commas or quotes into a flag of its own", list)
	}
	var ids []int64
	for _, ref := range refs {
		id, err := articleID(ctx, a, ref)
		if err != nil && len(refs) > 1 {
			return nil, fmt.Errorf("%w; if a URL has commas, give it a --order of its own or quote it", err)
		} else if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// headline reads ID=TEXT or URL=TEXT. A URL may have "=" in it: of those that
// are articles the longest counts.
func headline(ctx context.Context, a *app.App, pair string) (int64, string, error) {
	first := strings.IndexByte(pair, '=')
	if first < 0 {
		return 0, "", usagef("--headline %q: write it as URL=TEXT or ID=TEXT", pair)
	}
	for at := strings.LastIndexByte(pair, '='); at > first; at = strings.LastIndexByte(pair[:at], '=') {
		if id, err := articleID(ctx, a, pair[:at]); err == nil {
			return id, strings.TrimSpace(pair[at+1:]), nil
		} else if !errors.Is(err, digest.ErrNotFound) {
			return 0, "", err
		}
	}
	id, err := articleID(ctx, a, pair[:first])
	return id, strings.TrimSpace(pair[first+1:]), err
}

// waitUntil waits for a time that is near; for one that is far, because another
// host's clock is ahead, it does not wait to the end.
func (e *env) waitUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(min(at.Sub(e.now()), 10*time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func orNothing(text string) string {
	if text == "" {
		return "nothing new"
	}
	return text
}

// refusal makes what editors asked for wrongly an error of usage.
func refusal(err error) error {
	if errors.Is(err, digest.ErrEdit) {
		return &codedError{exitUsage, err}
	}
	return err
}

// editableEdition finds an edition that is there or to come, and its digest.
func editableEdition(ctx context.Context, a *app.App, key string) (*digest.Edition, *digest.Digest, error) {
	ed, err := a.Digests.EditableEdition(ctx, a.Setup, key)
	if err != nil {
		return nil, nil, err
	}
	d, err := a.Setup.DigestOf(ed)
	return ed, d, err
}

// noArticle is digest.ErrNotFound with what was looked for.
type noArticle string

// Error names the remedy as well.
func (ref noArticle) Error() string {
	return "there is no article " + cmp.Or(string(ref), "without a URL or id") + ": see broadsheet article list"
}

// Is makes it ErrNotFound.
func (noArticle) Is(target error) bool { return target == digest.ErrNotFound }

// articleID finds an article by its id or URL.
func articleID(ctx context.Context, a *app.App, ref string) (int64, error) {
	art, err := findArticle(ctx, a, strings.TrimSpace(ref))
	if err != nil {
		return 0, err
	}
	return art.ID, nil
}
