package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"broadsheet/digest"
	"broadsheet/internal/config"
	"broadsheet/templates"
)

// newLooks reads the themes that the configuration names, each once. A theme in
// a folder that is broken is no error here: its Looks tell.
func newLooks(cfg *config.Config) (map[string]*digest.Looks, []*digest.Looks, error) {
	names, places := []string{cfg.Theme.Name}, []string{"[theme]"}
	for i := range cfg.Digests {
		names, places = append(names, cfg.Digests[i].Theme), append(places, "digest "+cfg.Digests[i].Slug)
	}
	byName, look := map[string]*digest.Looks{}, newLook(&cfg.Theme)
	var all []*digest.Looks
	for i, name := range names {
		if byName[name] != nil {
			continue
		}
		folder, err := ThemeFolder(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", places[i], err)
		}
		byName[name] = digest.NewLooks(shownTheme(cfg, name), func() (*templates.Source, error) { return templates.ReadSource(folder, look) }, drawsSlots(cfg, name))
		all = append(all, byName[name])
	}
	return byName, all, nil
}

// ThemeFolder is the folder of a theme as the configuration names it: one that is
// built in, or a path.
func ThemeFolder(name string) (fs.FS, error) {
	if filepath.IsAbs(name) {
		return os.DirFS(name), nil
	}
	folder, err := templates.BuiltIn(name)
	if err != nil {
		return nil, fmt.Errorf(`theme: %w; a folder is named by its path, such as "./themes/mine"`, err)
	}
	return folder, nil
}

// shownTheme is what people call a theme: a path is told from the folder of the
// configuration on, so that it is the same on every host.
func shownTheme(cfg *config.Config, name string) string {
	if rel, err := filepath.Rel(filepath.Dir(cfg.Path), name); err == nil && filepath.IsAbs(name) && filepath.IsLocal(rel) {
		return "./" + filepath.ToSlash(rel)
	}
	return name
}

// newLook is what the configuration says of the looks of any theme.
func newLook(t *config.Theme) templates.Look {
	look := templates.Look{Light: t.Light, Dark: t.Dark, Tagline: t.Tagline}
	if t.Logo != nil {
		look.Logo = &templates.Logo{URL: t.Logo.URL, Alt: t.Logo.Alt, Width: t.Logo.Width, Height: t.Logo.Height}
	}
	return look
}

// checkColours tells with which colours of [theme] the text of a theme cannot be
// read. What is wrong with the theme itself is told elsewhere.
func checkColours(name string, look *config.Theme) []config.PaleColour {
	folder, err := ThemeFolder(name)
	if err != nil {
		return nil
	}
	source, err := templates.ReadSource(folder, newLook(look))
	if err != nil {
		return nil
	}
	var out []config.PaleColour
	for _, u := range source.Unreadable() {
		remedy := "no shade of it can be read on all that it stands on: change that, too"
		if u.Nearest != "" {
			remedy = fmt.Sprintf("%q is the nearest shade that can be read", u.Nearest)
		}
		out = append(out, config.PaleColour{Key: u.Key, Dark: u.Dark, Contrast: u.Contrast, Text: fmt.Sprintf("is %q, which has a contrast of %.1f to 1 with %s, %q in theme %s, and text needs %.1f: %s",
			u.Value, u.Contrast, u.Other, u.OtherValue, filepath.Base(name), u.Needed, remedy)})
	}
	return out
}

// lookFaults are what is wrong with the themes of a configuration.
func lookFaults(set *digest.Setup) error {
	var errs []error
	for _, l := range set.Looks {
		if err := l.Fault(); err != nil {
			errs = append(errs, fmt.Errorf("theme %s: %w", l.Name(), err))
		}
	}
	return errors.Join(errs...)
}

// watchThemes keeps the themes what their folders are, and tells the log of those
// that were broken before.
func (a *App) watchThemes(ctx context.Context) error {
	for _, l := range a.Setup.Looks {
		if err := l.Fault(); err != nil {
			a.Log.WarnContext(ctx, "theme broken", "theme", l.Name(), "error", err)
		}
	}
	return every(ctx, watchEvery, func() {
		if err := a.RereadThemes(ctx); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "themes not brought up to date", "error", err)
		}
	})
}

// RereadThemes takes what changed in the folders of themes, where it is without
// fault. Where it is not, the last good version stays, and operators are told:
// each process looks at its own files.
func (a *App) RereadThemes(ctx context.Context) error {
	return errors.Join(a.rereadThemes(ctx), a.alertThemes(ctx))
}

func (a *App) rereadThemes(ctx context.Context) error {
	changed := false
	for _, l := range a.Setup.Looks {
		if !l.Reread() {
			continue
		}
		changed = true
		if err := l.Fault(); err != nil {
			a.Log.WarnContext(ctx, "theme broken", "theme", l.Name(), "error", err)
		} else {
			a.Log.InfoContext(ctx, "theme changed", "theme", l.Name())
		}
	}
	if !changed {
		return nil
	}
	return a.Digests.SyncLooks(ctx, a.Setup.Looks)
}

// alertThemes opens and ends the alerts of themes.
func (a *App) alertThemes(ctx context.Context) error {
	opened, ended, err := a.Digests.SyncLookAlerts(ctx, a.Setup.LookAlerts())
	a.logAlerts(ctx, opened, ended)
	return err
}

// ThemeState is a theme and who uses it.
type ThemeState struct {
	Name    string
	Digests []string // slugs
	Files   []string // of its own; nil if they cannot be read
	Fault   error    // what is wrong with it, nil for nothing
}

// Themes are the themes that are built in and those that a configuration names
// besides; cfg may be nil.
func Themes(cfg *config.Config) ([]ThemeState, error) {
	names, err := templates.ThemeNames()
	if err != nil {
		return nil, err
	}
	if cfg == nil {
		cfg = &config.Config{}
	}
	users := map[string][]string{}
	for i := range cfg.Digests {
		d := &cfg.Digests[i]
		users[d.Theme] = append(users[d.Theme], d.Slug)
		if !slices.Contains(names, d.Theme) {
			names = append(names, d.Theme)
		}
	}
	if t := cfg.Theme.Name; t != "" && !slices.Contains(names, t) {
		names = append(names, t)
	}
	var out []ThemeState
	for _, name := range names {
		state := ThemeState{Name: shownTheme(cfg, name), Digests: users[name]}
		state.Files, state.Fault = inspect(name, newLook(&cfg.Theme))
		out = append(out, state)
	}
	return out, nil
}

// inspect reads and compiles a theme.
func inspect(name string, look templates.Look) (files []string, fault error) {
	folder, err := ThemeFolder(name)
	if err != nil {
		return nil, err
	}
	source, err := templates.ReadSource(folder, look)
	if err != nil {
		return nil, err
	}
	_, err = source.Compile()
	return source.Files(), err
}

// EjectTheme gives the files of a built-in theme, by their path in a folder of
// their own.
func EjectTheme(name string) (map[string]string, error) { return templates.Eject(name) }
