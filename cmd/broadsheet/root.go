package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/db"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 3
	exitPartly = 4
	exitLater  = 75
)

// env is what a command touches of the outside, and the flags of all commands.
type env struct {
	stdin       io.Reader
	stdout      io.Writer
	stderr      io.Writer
	environ     []string
	dir         string
	now         func() time.Time
	interactive bool        // somebody can answer a question
	line        *statusLine // of progress, nil where a line cannot be drawn anew

	configPath string
	output     string
	yes        bool
	verbose    bool
}

// codedError is an error that asks for an exit code of its own.
type codedError struct {
	code int
	err  error
}

func (c *codedError) Error() string { return c.err.Error() }
func (c *codedError) Unwrap() error { return c.err }

func usagef(format string, args ...any) error {
	return &codedError{exitUsage, fmt.Errorf(format, args...)}
}

func partly(format string, args ...any) error {
	return &codedError{exitPartly, fmt.Errorf(format, args...)}
}

// run executes the command line and returns the exit code.
func (e *env) run(ctx context.Context, args []string) int {
	root := e.root()
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", err)
	}
	fmt.Fprintf(e.stderr, "broadsheet: %s\n", printable(strings.TrimSpace(err.Error())))
	if code == exitUsage {
		fmt.Fprintln(e.stderr, "See broadsheet help, or the --help of the command.")
	}
	return code
}

func exitCode(err error) int {
	var coded *codedError
	var problems config.Problems
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &problems), errors.Is(err, app.ErrConfig):
		return exitConfig
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrOutcomeUnknown):
		return exitLater
	case errors.Is(err, digest.ErrUnknownDigest):
		return exitUsage
	}
	return exitFailed
}

func (e *env) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "broadsheet",
		Short:         "Newsletter digests for news sites",
		Long:          "Broadsheet picks the recent articles of each subscriber's topics, makes one digest of them\nand sends it at the reader's own hour. Start with: broadsheet demo",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,

		SuggestionsMinimumDistance: 2,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&e.configPath, "config", "", "configuration `FILE` (default: $BROADSHEET_CONFIG, or broadsheet.toml here)")
	flags.StringVar(&e.output, "output", "table", "`FORMAT` of lists: table, json or csv")
	flags.BoolVar(&e.yes, "yes", false, "do not ask before something is ended or removed")
	flags.BoolVarP(&e.verbose, "verbose", "v", false, "log more")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return e.checkOutput() }
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.AddCommand(
		e.demoCommand(), e.initCommand(), e.serveCommand(), e.migrateCommand(), e.checkCommand(), e.webhookCommand(),
		e.topicCommand(), e.sourceCommand(), e.articleCommand(), e.subscriberCommand(),
		e.digestCommand(), e.editionCommand(), e.deliveryCommand(), e.reportCommand(), e.providerCommand(), e.templateCommand(), e.slotCommand(), e.keysCommand(), e.formCommand(), e.signupCommand(), e.statsCommand(),
	)
	return root
}

// noun groups the verbs of one thing.
func noun(use, short string, verbs ...*cobra.Command) *cobra.Command {
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name())
	}
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s needs a verb: %s", use, strings.Join(names, ", "))
		}
		return usagef("%s has no verb %q, only %s", use, args[0], strings.Join(names, ", "))
	}}
	cmd.AddCommand(verbs...)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if suggestions := cmd.SuggestionsFor(args[0]); len(suggestions) > 0 {
		return usagef("unknown command %q, did you mean %s?", args[0], suggestions[0])
	}
	if cmd.HasSubCommands() {
		return usagef("unknown command %q", args[0])
	}
	return usagef("%s: unexpected argument %q", cmd.CommandPath(), args[0])
}

// exactly wants the named arguments, no more and no less.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s: %s is missing", verbPath(cmd), names[len(args)])
		case len(args) > len(names):
			return usagef("%s: unexpected argument %q", verbPath(cmd), args[len(names)])
		}
		for i, arg := range args {
			if strings.TrimSpace(arg) == "" {
				return usagef("%s: %s is empty", verbPath(cmd), names[i])
			}
		}
		return nil
	}
}

// verbPath names a command as messages do, such as "article show".
func verbPath(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// flagError says in our words what is wrong with a number.
func flagError(err error) error {
	var number *strconv.NumError
	if !errors.As(err, &number) || number.Func == "ParseBool" {
		return usagef("%w", err)
	}
	problem := "it is no whole number"
	if errors.Is(err, strconv.ErrRange) {
		problem = "it is too large"
	}
	return usagef("%s%s", strings.TrimSuffix(err.Error(), number.Error()), problem)
}

// checkLimit refuses to list nothing.
func checkLimit(n int) error {
	if n < 1 {
		return usagef("--limit %d is too small: it is how many to list at most", n)
	}
	return nil
}

// config loads the configuration.
func (e *env) config() (*config.Config, error) {
	path, err := config.Find(e.configPath, e.environ, e.dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", app.ErrConfig, err)
	}
	cfg, err := config.Load(path, e.environ, app.Checks())
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, fmt.Errorf("%w: %w", app.ErrConfig, err)
	}
	return cfg, err
}

// logger logs to standard error, as text for people.
func (e *env) logger(level slog.Level) *slog.Logger {
	if e.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level}))
}

// reading opens everything for a command that changes nothing.
func (e *env) reading(ctx context.Context, fn func(a *app.App) error) error {
	return e.with(ctx, app.OpenReading, fn)
}

// writing opens everything for a command that may change something. A dry run
// opens for reading instead.
func (e *env) writing(ctx context.Context, dryRun bool, fn func(a *app.App) error) error {
	if dryRun {
		return e.reading(ctx, fn)
	}
	return e.with(ctx, app.OpenWriting, fn)
}

func (e *env) with(ctx context.Context, open func(context.Context, *config.Config, *slog.Logger) (*app.App, error), fn func(a *app.App) error) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	a, err := open(ctx, cfg, e.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	return errors.Join(fn(a), a.Close())
}

// confirm asks before something is ended or removed.
func (e *env) confirm(format string, args ...any) error {
	if e.yes {
		return nil
	}
	question := fmt.Sprintf(format, args...)
	if !e.interactive {
		return usagef("%s Add --yes to do it without being asked", question)
	}
	fmt.Fprintf(e.stderr, "%s Type yes: ", question)
	answer, err := bufio.NewReader(e.stdin).ReadString('\n')
	if err != nil && answer == "" || strings.TrimSpace(strings.ToLower(answer)) != "yes" {
		return errors.New("not done, because the answer was not yes")
	}
	return nil
}
