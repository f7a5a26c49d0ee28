package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"broadsheet/digest"
	"broadsheet/internal/config"
	"broadsheet/templates"
)

// newLooks reads the themes that the configuration names, each once. A theme in
// a folder that is broken is no error here: its Looks tell.
func newLooks(cfg *config.Config) (map[string]*digest.Looks, []*digest.Looks, error) {
	names := []string{cfg.Theme.Name}
	for i := range cfg.Digests {
		names = append(names, cfg.Digests[i].Theme)
	}
	byName, look := map[string]*digest.Looks{}, newLook(&cfg.Theme)
	var all []*digest.Looks
	for _, name := range names {
		if byName[name] != nil {
			continue
		}
		folder, err := ThemeFolder(name)
		if err != nil {
			return nil, nil, err
		}
		byName[name] = digest.NewLooks(shownTheme(cfg, name), func() (*templates.Source, error) { return templates.ReadSource(folder, look) })
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

// RereadThemes takes what changed in the folders of themes, where it is without
// fault. Where it is not, the last good version stays.
func (a *App) RereadThemes(ctx context.Context) error {
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
