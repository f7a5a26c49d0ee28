package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"broadsheet/internal/demo"
)

func (e *env) demoCommand() *cobra.Command {
	o := demo.Options{}
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole product on embedded parts: a newspaper, readers, an inbox",
		Long: "Show the whole product on embedded parts: a made-up newspaper with a real feed, readers in four time\n" +
			"zones, an SMTP server with an inbox in the browser, SQLite. Nothing else is needed.\n" +
			"With --once one full loop runs, each step is printed, and the exit code is 0 only if each held.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.demo(cmd.Context(), o, once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "run one full loop and exit")
	cmd.Flags().StringVar(&o.Dir, "dir", "", "`FOLDER` of the demo (default: broadsheet-demo; with --once a temporary one)")
	cmd.Flags().StringVar(&o.Listen, "listen", "", "`HOST:PORT` of its web server (default: 127.0.0.1:8080, or a free port)")
	return cmd
}

func (e *env) demo(ctx context.Context, o demo.Options, once bool) error {
	o.Out, o.Log = e.stdout, e.logger(slog.LevelWarn)
	if !once {
		if o.Dir == "" {
			o.Dir = "broadsheet-demo"
		}
		return demo.Run(ctx, o)
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "broadsheet-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	return demo.Once(ctx, o)
}
