package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
)

func (e *env) formCommand() *cobra.Command {
	return noun("form", "What to paste into a page, so that its visitors can sign up there",
		e.formVerb("html", "Print a plain HTML form, which works on any site and without script",
			"Whoever sends it comes to a page of ours with the form filled in, and presses one more button there."),
		e.formVerb("component", "Print the same form with the script that signs up without leaving the page",
			"Needs the page's origin in web.allowed_origins. Without its script it is the plain form."),
		e.formVerb("iframe", "Print a frame that shows the form",
			"Needs the page's origin in web.allowed_origins."),
	)
}

func (e *env) formVerb(kind, short, long string) *cobra.Command {
	f := app.PastedForm{Kind: kind}
	cmd := &cobra.Command{
		Use: kind, Short: short, Args: noArgs,
		Long: short + ".\n" + long + "\nNothing is stored, and the database is not read.",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			return e.printForm(cfg, &f)
		},
	}
	cmd.Flags().StringSliceVar(&f.Digests, "digest", nil, "offer this `DIGEST` only; may be repeated")
	cmd.Flags().StringSliceVar(&f.Topics, "topic", nil, "offer this `TOPIC` only; may be repeated")
	cmd.Flags().StringVar(&f.Language, "language", "", "`TAG` of the form's language, one of the site's (default: the first)")
	if kind != "iframe" { // which shows our page, and that asks for it
		cmd.Flags().BoolVar(&f.Name, "name", false, "ask for the reader's name, too; nobody has to give one")
	}
	return cmd
}

func (e *env) printForm(cfg *config.Config, f *app.PastedForm) error {
	text, err := f.Draw(cfg)
	if errors.Is(err, app.ErrConfig) {
		return err
	} else if err != nil {
		return usagef("form %s: %w", f.Kind, err)
	}
	if f.Kind != "html" && len(cfg.Web.AllowedOrigins) == 0 {
		fmt.Fprintln(e.stderr, "Note: web.allowed_origins is empty, so that it works on pages under web.public_url's own host only.")
	}
	_, err = fmt.Fprint(e.stdout, text)
	return err
}
