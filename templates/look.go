package templates

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Look is what a site has of its own in any theme: values for variables, by
// their names without dashes, which stand above what the theme's :root says.
type Look struct {
	Light   map[string]string `json:",omitempty"`
	Dark    map[string]string `json:",omitempty"` // where they are others in the dark
	Tagline string            `json:",omitempty"` // below the name of a digest
	Logo    *Logo             `json:",omitempty"` // nil for none
}

// Looks is a theme that may change while a program runs.
type Looks interface {
	Theme() *Theme
}

// full adds what follows from the values, and drops white space that says
// nothing: words on a coloured button are white, or nearly black, or black.
func (l Look) full() Look {
	l.Light, l.Dark = withLabel(l.Light), withLabel(l.Dark)
	for name, value := range l.Light {
		l.Light[name] = strings.ReplaceAll(value, ", ", ",")
	}
	return l
}

func withLabel(values map[string]string) map[string]string {
	values = maps.Clone(values)
	button := cmp.Or(values["button"], values["accent"])
	if button == "" || values["label"] != "" {
		return values
	}
	values["label"] = "#000000" // which can be read where neither of the others can
	behind, _ := readColour(button)
	for _, label := range []string{"#ffffff", "#1d1b18"} {
		if c, _ := readColour(label); contrastOf(c, behind) >= leastContrast {
			values["label"] = label
			break
		}
	}
	return values
}

// CSS is a style sheet for pages that are drawn with variables of these names,
// "" if the look has no value for any.
func (l Look) CSS() string {
	l = l.full()
	light, dark := pageValues(l.Light, "#000000"), pageValues(l.Dark, "#ffffff")
	var b strings.Builder
	if light != "" {
		b.WriteString(rootSelector + "{" + light + "}\n")
	}
	if dark != "" {
		b.WriteString("@media " + darkMedia + "{" + rootSelector + "{" + dark + "}}\n")
	}
	return b.String()
}

// pageValues declares variables. Accents that are pointed at are mixed with
// another colour.
func pageValues(values map[string]string, deeper string) string {
	values = maps.Clone(values)
	if accent := values["accent"]; accent != "" {
		values["accent-deep"] = mix(accent, deeper, 0.25)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString("--" + name + ":" + values[name] + ";")
	}
	return b.String()
}

// channels are the red, green and blue of a colour such as #8f1d18 or #fff.
func channels(colour string) (rgb [3]float64) {
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 24)
	if err != nil {
		return rgb
	}
	for i := range rgb {
		rgb[i] = float64(n >> (16 - 8*i) & 0xFF)
	}
	return rgb
}

// mix is a colour with a share of another.
func mix(colour, with string, share float64) string {
	a, b := channels(colour), channels(with)
	n := 0
	for i := range a {
		n = n<<8 | int(a[i]*(1-share)+b[i]*share+0.5)
	}
	hex := strconv.FormatInt(int64(n), 16)
	return "#" + strings.Repeat("0", 6-len(hex)) + hex
}

// dressed is a site with what the look has of its own.
func (l *Look) dressed(s Site) Site {
	s.Tagline = cmp.Or(l.Tagline, s.Tagline)
	if l.Logo != nil {
		s.Logo = l.Logo
	}
	return s
}

// LookAsset is the name, among the assets of pages, of the style sheet that
// PageStyle gives.
const LookAsset = "theme.css"

// PageStyle is a style sheet of the site's own colours and fonts, for all
// pages; "" if it has none.
func (s *Site) PageStyle() string {
	if s.Looks == nil {
		return ""
	}
	return s.Looks.Theme().Look().CSS()
}
