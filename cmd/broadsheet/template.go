package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
)

func (e *env) templateCommand() *cobra.Command {
	return noun("template", "How mails look", e.templateListCommand(), e.templateEjectCommand(), e.templateCheckCommand(), e.templatePreviewCommand())
}

func (e *env) templateListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the themes, who uses them and whether they are sound", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := e.config()
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			themes, err := app.Themes(cfg) // those built in need no configuration
			if err != nil {
				return err
			}
			out := &list{columns: []string{"theme", "digests", "files", "state"}}
			for _, t := range themes {
				state := "good"
				if t.Fault != nil {
					state, _, _ = strings.Cut(t.Fault.Error(), "\n")
				}
				out.add(t.Name, strings.Join(t.Digests, ", "), len(t.Files), state)
			}
			return e.show(out)
		},
	}
}

func (e *env) templateEjectCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "eject THEME DIR",
		Short: "Write the files of a built-in theme into a folder, to be edited",
		Long: "Writes the HTML, the CSS and the text of a built-in theme into a folder, each file with a comment that says\n" +
			"what it is. Name the folder as the theme of a digest, or in [theme]. Files that are there already stay.",
		Args: exactly("THEME", "DIR"),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := app.EjectTheme(args[0])
			if err != nil {
				return &codedError{exitUsage, err}
			}
			dir := args[1]
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(e.dir, dir)
			}
			if err := checkAbsent(dir, files); err != nil {
				return err
			}
			if !dryRun {
				if err := writeTheme(dir, files); err != nil {
					return err
				}
			}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				fmt.Fprintln(e.stdout, filepath.Join(args[1], filepath.FromSlash(name)))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say which files would be written")
	return cmd
}

// checkAbsent refuses to write over a file.
func checkAbsent(dir string, files map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already: name another folder", path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func writeTheme(dir string, files map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.WriteString(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}
