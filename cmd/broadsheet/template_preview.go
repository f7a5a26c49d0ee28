package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
	"broadsheet/internal/config"
)

// themePreview is what template preview was asked for.
type themePreview struct {
	browser                       bool
	listen, kind, address, digest string
}

func (e *env) templatePreviewCommand() *cobra.Command {
	var o themePreview
	cmd := &cobra.Command{
		Use:   "preview [THEME|DIR]",
		Short: "Show a theme in the browser while you edit it, changing nothing",
		Long: "Serves a page on this machine that shows every mail of a theme wide and narrow, light and dark, with its\n" +
			"pictures blocked and as text, with what template check finds. It loads itself anew when a file changes; a\n" +
			"broken theme shows its errors and the last good picture. The stories are made up, or with --digest and\n" +
			"--for those that a reader would get. Without a configuration it shows how mails look by themselves.",
		Args: atMostOne("THEME"),
		RunE: func(cmd *cobra.Command, args []string) error { return e.previewTheme(cmd.Context(), args, &o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.browser, "browser", false, "open it in the browser")
	f.StringVar(&o.listen, "listen", "", "`HOST:PORT` on this machine (default: 127.0.0.1:8090, or a free port)")
	f.StringVar(&o.kind, "kind", "", "`MAIL` that is shown first, such as weekly or confirm (default: daily)")
	f.StringVar(&o.digest, "digest", "", "with --for: show the stories of this `DIGEST`")
	f.StringVar(&o.address, "for", "", "with --digest: show what this `ADDR` would get")
	return cmd
}

// atMostOne takes an argument or none.
func atMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return exactly(name)(cmd, args)
	}
}

func (e *env) previewTheme(ctx context.Context, args []string, o *themePreview) error {
	if (o.digest == "") != (o.address == "") {
		return usagef("template preview: --digest and --for go together")
	}
	if err := app.CheckPreviewMail(o.kind); err != nil {
		return usagef("--kind: %w", err)
	}
	p := &app.ThemePreview{Mail: o.kind}
	cfg, err := e.configIfAny()
	if err != nil {
		return err
	}
	p.Look = app.ThemeLook(cfg)
	if p.Theme, err = e.themeToShow(cfg, args, o.digest); err != nil {
		return err
	}
	if o.digest != "" {
		if err := e.realStories(ctx, p, o); err != nil {
			return err
		}
	}
	if path, err := exec.LookPath("spamassassin"); err == nil {
		p.SpamAssassin = path
	}
	ln, err := p.Open(ctx, o.listen)
	if err != nil {
		return &codedError{exitUsage, err}
	}
	address := "http://" + ln.Addr().String() + "/"
	fmt.Fprintf(e.stdout, "%s is shown at %s until Ctrl-C\n", p.Theme.Name, address)
	if o.browser {
		if err := openBrowser(ctx, address); err != nil {
			fmt.Fprintf(e.stderr, "no browser could be opened: %v\n", err)
		}
	}
	return p.Serve(ctx, ln, e.logger(slog.LevelWarn))
}

// themeToShow is the theme that is named, or that of the digest, or of the
// configuration.
func (e *env) themeToShow(cfg *config.Config, args []string, slug string) (app.ThemePlace, error) {
	if len(args) > 0 {
		themes, err := e.themes(cfg, args)
		if err != nil {
			return app.ThemePlace{}, err
		}
		return themes[0], nil
	}
	return app.ThemeOf(cfg, slug)
}

// realStories takes what a reader would get. The database is not needed after
// that.
func (e *env) realStories(ctx context.Context, p *app.ThemePreview, o *themePreview) error {
	return e.reading(ctx, func(a *app.App) error {
		d, when, err := digestAndTime(a, o.digest, "", e.now())
		if err != nil {
			return err
		}
		detail, err := a.Subscribers.ByAddress(ctx, o.address)
		if err != nil {
			return fmt.Errorf("%s: %w", o.address, err)
		}
		p.Real, err = a.Preview(ctx, d, detail, when)
		if errors.Is(err, digest.ErrNotSubscribed) {
			return fmt.Errorf("%s does not get %s: %w (the reader is %s)", o.address, d.Slug, digest.ErrNotSubscribed, detail.Shown())
		}
		if err == nil && p.Real.Skip != "" {
			return fmt.Errorf("%s would not be sent to this reader: %s", p.Real.Edition.Key, p.Real.Skip)
		}
		p.RealName = d.Slug + " for " + o.address
		return err
	})
}

// openBrowser asks the desktop to show an address.
func openBrowser(ctx context.Context, address string) error {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release() // the browser may stay open for long
}
