package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"broadsheet/internal/config"
	"broadsheet/templates"
)

// ThemePlace is a theme by what people call it, and its folder.
type ThemePlace struct {
	Name   string // such as "briefing" or "./mine"
	Folder fs.FS
}

// FindTheme finds a theme that somebody names: one that is built in, or a
// folder, whose path may begin at dir.
func FindTheme(dir, name string) (ThemePlace, error) {
	names, err := templates.ThemeNames()
	if err != nil {
		return ThemePlace{}, err
	}
	if slices.Contains(names, name) {
		folder, err := templates.BuiltIn(name)
		return ThemePlace{name, folder}, err
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return ThemePlace{}, fmt.Errorf("there is no theme and no folder %q: the built-in themes are %s", name, strings.Join(names, ", "))
	}
	return ThemePlace{filepath.ToSlash(filepath.Clean(name)), os.DirFS(path)}, nil
}

// UsedThemes are the themes that a configuration names, or those that are built
// in where cfg is nil.
func UsedThemes(cfg *config.Config) ([]ThemePlace, error) {
	var names []string
	if cfg == nil {
		var err error
		if names, err = templates.ThemeNames(); err != nil {
			return nil, err
		}
		cfg = &config.Config{}
	} else {
		names = append(names, cfg.Theme.Name)
		for i := range cfg.Digests {
			if name := cfg.Digests[i].Theme; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	themes := make([]ThemePlace, len(names))
	for i, name := range names {
		folder, err := ThemeFolder(name)
		if err != nil {
			return nil, err
		}
		themes[i] = ThemePlace{shownTheme(cfg, name), folder}
	}
	return themes, nil
}

// ThemeLook is what a configuration gives every theme, nothing where cfg is
// nil.
func ThemeLook(cfg *config.Config) templates.Look {
	if cfg == nil {
		return templates.Look{}
	}
	return newLook(&cfg.Theme)
}

// CheckTheme lists what is wrong with the mails of a theme in the look of the
// site.
func CheckTheme(theme ThemePlace, look templates.Look) []templates.Finding {
	source, err := templates.ReadSource(theme.Folder, look)
	if err != nil {
		return templates.BrokenFindings(err)
	}
	return source.Check()
}

// CountFindings tells how many errors there are, and how many warnings.
func CountFindings(found []templates.Finding) (errors, warnings int) {
	for i := range found {
		if found[i].Severity == templates.SeverityError {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// ThemeOf is the theme of a digest, or that of [theme] where slug is empty, or
// the one that is built in where cfg is nil.
func ThemeOf(cfg *config.Config, slug string) (ThemePlace, error) {
	name := "broadsheet"
	if cfg == nil {
		cfg = &config.Config{}
	} else {
		name = cfg.Theme.Name
	}
	for i := range cfg.Digests {
		if cfg.Digests[i].Slug == slug {
			name = cfg.Digests[i].Theme
		}
	}
	folder, err := ThemeFolder(name)
	return ThemePlace{shownTheme(cfg, name), folder}, err
}
