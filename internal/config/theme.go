package config

import (
	"cmp"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Theme is the looks of mails and pages.
type Theme struct {
	Name    string            // of system mails and of digests that name none; "broadsheet" unless given, or a folder as an absolute path
	Tagline string            // a place or a motto under the name; "" unless given
	Light   map[string]string // values for the theme's variables, such as "ink": "#1d1b18"; nil unless given
	Dark    map[string]string // where they are others in the dark; nil unless given
	Logo    *Logo             // nil unless given
}

// Logo is the picture at the head of mails.
type Logo struct {
	URL           string // required; absolute https
	Width, Height int    // required; in pixels, as it is drawn
	Alt           string // the name of the site unless given
}

// PaleColour is a colour with which text cannot be read.
type PaleColour struct {
	Key      string // such as "accent"
	Dark     bool   // of [theme.dark]
	Contrast float64
	Text     string // what is wrong and the remedy; it goes on after "accent in [theme] "
}

// themeColours are the colours that the built-in themes and the pages are drawn
// with.
var themeColours = []string{"page", "paper", "ink", "muted", "accent", "line", "button", "label"}

// themeFonts are the lists of fonts that they are set in.
var themeFonts = []string{"serif", "sans", "mono"}

func readTheme(t *table, site Site) Theme {
	th := Theme{
		Name:    t.theme("name", "broadsheet"),
		Tagline: t.text("tagline", "", line(200)),
		Light:   t.look(append(append([]string{}, themeColours...), themeFonts...)),
	}
	dark := t.sub("dark")
	th.Dark = dark.look(themeColours)
	dark.done()
	logo := t.sub("logo")
	if logo.given() {
		th.Logo = &Logo{
			URL:    logo.needed("url", `"https://courier.example/logo.png"`, httpsPicture),
			Width:  logo.number("width", 0, 1, 576),
			Height: logo.number("height", 0, 1, 400),
			Alt:    logo.text("alt", site.Name, line(200)),
		}
		for key, n := range map[string]int{"width": th.Logo.Width, "height": th.Logo.Height} {
			if n == 0 && logo.child(key) == nil {
				logo.require(key, "160")
			}
		}
	}
	logo.done()
	t.done()
	return th
}

// checkColours asks of each theme that is worn whether its text can be read in the
// colours of [theme]. Of a colour that is pale in several the worst is told.
func (l *loader) checkColours(root *table, c *Config) {
	if len(l.problems) > 0 || len(c.Theme.Light)+len(c.Theme.Dark) == 0 {
		return // what is no colour is to be mended first
	}
	worn := []string{c.Theme.Name}
	for i := range c.Digests {
		worn = append(worn, c.Digests[i].Theme)
	}
	slices.Sort(worn)
	var pale []PaleColour
	for _, theme := range slices.Compact(worn) {
		pale = append(pale, l.checks.Colours(theme, &c.Theme)...)
	}
	slices.SortStableFunc(pale, func(a, b PaleColour) int { return cmp.Compare(a.Contrast, b.Contrast) })
	light := root.sub("theme")
	tables := map[bool]*table{false: light, true: light.sub("dark")}
	told := map[string]bool{}
	for _, p := range pale {
		t := tables[p.Dark]
		if place := t.title + p.Key; !told[place] {
			told[place] = true
			t.complain(p.Key, "%s", p.Text)
		}
	}
}

// theme reads the name of a built-in theme, or a folder by its path: a value
// with a slash is a path.
func (t *table) theme(key, fallback string) string {
	name := t.text(key, fallback, line(200))
	if !strings.ContainsAny(name, `/\`) {
		return name
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.l.dir, name)
	}
	return filepath.Clean(name)
}

// look reads values for variables. Accents that are given are those of buttons,
// too, unless these have a colour of their own.
func (t *table) look(names []string) map[string]string {
	values := map[string]string{}
	for _, name := range names {
		check := colour
		if name == "serif" || name == "sans" || name == "mono" {
			check = fonts
		}
		if value := t.text(name, "", check); value != "" {
			values[name] = strings.TrimSpace(value)
		}
	}
	if values["accent"] != "" && values["button"] == "" {
		values["button"] = values["accent"]
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

var (
	hexColour = regexp.MustCompile(`^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	fontList  = regexp.MustCompile(`^[\pL\pN][\pL\pN ,'"-]*$`)
)

// colour is the rule of a colour that every mail program knows.
func colour(s string) error {
	if !hexColour.MatchString(s) {
		return errors.New(`must be a colour such as "#8f1d18", not ` + quote(s))
	}
	return nil
}

// fonts is the rule of a list of fonts.
func fonts(s string) error {
	if !fontList.MatchString(s) || len(s) > 200 || strings.Count(s, `"`)%2 != 0 || strings.Count(s, "'")%2 != 0 {
		return errors.New(`must be a list of fonts such as "Georgia, serif", not ` + quote(s))
	}
	return nil
}

// httpsPicture is the rule of the address of a picture that all mail programs show.
func httpsPicture(s string) error {
	if err := baseURL(s); err != nil {
		return err
	}
	path := strings.ToLower(s)
	switch {
	case !strings.HasPrefix(path, "https://"):
		return errors.New("must begin with https://, not " + quote(s))
	case strings.HasSuffix(path, ".svg"), strings.HasSuffix(path, ".webp"), strings.HasSuffix(path, ".avif"):
		return errors.New("must be a PNG, JPEG or GIF: many mail programs show no " + quote(path[strings.LastIndexByte(path, '.'):]))
	}
	return nil
}
