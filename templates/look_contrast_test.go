package templates_test

import (
	"fmt"
	"slices"
	"testing"

	"broadsheet/templates"
)

func unreadable(t *testing.T, theme string, look templates.Look) (out []string) {
	t.Helper()
	folder, err := templates.BuiltIn(theme)
	if err != nil {
		t.Fatal(err)
	}
	source, err := templates.ReadSource(folder, look)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range source.Unreadable() {
		scheme := "light"
		if u.Dark {
			scheme = "dark"
		}
		out = append(out, fmt.Sprintf("%s %s %s with %s %s: %.1f, try %s", scheme, u.Key, u.Value, u.Other, u.OtherValue, u.Contrast, u.Nearest))
	}
	return out
}

func TestColoursOfALookAreRead(t *testing.T) {
	type values = map[string]string
	for name, tc := range map[string]struct {
		theme       string
		light, dark values
		want        []string
	}{
		"none":            {"broadsheet", nil, nil, nil},
		"readable":        {"broadsheet", values{"accent": "#0b3d91", "button": "#0b3d91", "serif": "Charter"}, values{"accent": "#9db8f0"}, nil},
		"pale":            {"broadsheet", values{"accent": "#ff8888", "button": "#ff8888"}, nil, []string{"light accent #ff8888 with page #ebe7de: 1.8, try #9c5353"}},
		"in the briefing": {"briefing", values{"muted": "#8a93a0"}, nil, []string{"light muted #8a93a0 with page #f2f4f6: 2.8, try #69707a"}},
		"in the dark":     {"briefing", nil, values{"ink": "#555"}, []string{"dark ink #555 with paper #16191e: 2.3, try #818181"}},
		"paper":           {"broadsheet", values{"paper": "#777777"}, nil, []string{"light paper #777777 with muted #5f594f: 1.5, try #d1d1d1"}},
		"both":            {"broadsheet", values{"ink": "#888888", "page": "#eeeeee"}, nil, []string{"light ink #888888 with page #eeeeee: 3.0, try #6c6c6c"}},
		"a label":         {"broadsheet", values{"button": "#777777", "label": "#aaaaaa"}, nil, []string{"light label #aaaaaa with button #777777: 1.9, try #060606"}},
		"both schemes": {"broadsheet", values{"ink": "#ffffff"}, values{"ink": "#000000"}, []string{
			"light ink #ffffff with paper #fffdf9: 1.0, try #686868", "dark ink #000000 with page #100f0e: 1.0, try #828282"}},
		"no shade": {"broadsheet", values{"ink": "#111111", "muted": "#222222", "accent": "#000000", "page": "#333333", "paper": "#cccccc"}, nil, []string{
			"light accent #000000 with page #333333: 1.6, try ", "light ink #111111 with page #333333: 1.4, try ", "light muted #222222 with page #333333: 1.2, try "}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unreadable(t, tc.theme, templates.Look{Light: tc.light, Dark: tc.dark}); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Words on a button can be read whatever its colour: they are white, or dark.
func TestWordsOnButtonsAreRead(t *testing.T) {
	for grey := range 256 {
		button := fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
		look := templates.Look{Light: map[string]string{"button": button}}
		if got := unreadable(t, "broadsheet", look); len(got) > 0 {
			t.Errorf("got %q", got)
		}
	}
}
