package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
)

func (e *env) templateCheckCommand() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [THEME|DIR ...]",
		Short: "Draw every mail of themes with samples and list what is wrong with it",
		Long: "Draws every kind of mail with made-up stories, hard ones among them, from left to right and from right to\n" +
			"left, and lists what is wrong by file and line: contrast in light and dark, size, links, what a reader must\n" +
			"find at the foot, and what mail programs do not know. Without a theme it takes those that the\n" +
			"configuration uses, or those that are built in if there is none. The exit code is 1 if there are errors.",
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := e.configIfAny()
			if err != nil {
				return err
			}
			themes, err := e.themes(cfg, args)
			if err != nil {
				return err
			}
			return e.checkThemes(themes, cfg, strict)
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "fail for warnings, too")
	return cmd
}

// configIfAny loads the configuration, and gives nil where there is none.
func (e *env) configIfAny() (*config.Config, error) {
	cfg, err := e.config()
	if errors.Is(err, fs.ErrNotExist) && e.configPath == "" {
		return nil, nil
	}
	return cfg, err
}

// themes are those that are named, or those in use.
func (e *env) themes(cfg *config.Config, names []string) ([]app.ThemePlace, error) {
	if len(names) == 0 {
		return app.UsedThemes(cfg)
	}
	themes := make([]app.ThemePlace, len(names))
	for i, name := range names {
		theme, err := app.FindTheme(e.dir, name)
		if err != nil {
			return nil, &codedError{exitUsage, err}
		}
		themes[i] = theme
	}
	return themes, nil
}

func (e *env) checkThemes(themes []app.ThemePlace, cfg *config.Config, strict bool) error {
	out := &list{columns: []string{"theme", "severity", "rule", "file", "line", "mails", "problem"}}
	errs, warnings := 0, 0
	var names []string
	for _, theme := range themes {
		names = append(names, theme.Name)
		found := app.CheckTheme(theme, app.ThemeLook(cfg))
		for i := range found {
			f := &found[i]
			if e.output == outputTable { // the lines that editors can jump to
				fmt.Fprintln(e.stdout, printable(theme.Name+"/"+f.String()))
			}
			out.add(theme.Name, string(f.Severity), string(f.Rule), f.File, f.Line, f.Mails, f.Text)
		}
		more, less := app.CountFindings(found)
		errs, warnings = errs+more, warnings+less
	}
	if e.output != outputTable {
		if err := e.show(out); err != nil {
			return err
		}
	}
	total := fmt.Sprintf("%s: %s, %s", strings.Join(names, ", "), count(errs, "error"), count(warnings, "warning"))
	if errs > 0 || strict && warnings > 0 {
		return errors.New(total)
	}
	if e.output == outputTable {
		fmt.Fprintln(e.stdout, total)
	}
	return nil
}
