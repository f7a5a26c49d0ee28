package config_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

const themed = minimal + `
[theme]
name = "./themes/mine"
tagline = "Springfield, since 1871"
accent = "#0B3D91"
serif = "Charter, 'Times New Roman', serif"

[theme.dark]
accent = "#9bf"
button = "#024"

[theme.logo]
url = "https://courier.example/logo.png"
width = 160
height = 40

[[digest]]
slug = "daily"
schedule = "0 7 * * *"
`

func TestTheThemeIsReadWithItsDefaults(t *testing.T) {
	c := mustParse(t, folder(t), themed)
	want := config.Theme{
		Name: filepath.Join(filepath.Dir(c.Path), "themes/mine"), Tagline: "Springfield, since 1871",
		Light: map[string]string{"accent": "#0B3D91", "button": "#0B3D91", "serif": "Charter, 'Times New Roman', serif"},
		Dark:  map[string]string{"accent": "#9bf", "button": "#024"},
		Logo:  &config.Logo{URL: "https://courier.example/logo.png", Width: 160, Height: 40, Alt: c.Site.Name},
	}
	if !reflect.DeepEqual(c.Theme, want) {
		t.Errorf("got %+v, want %+v", c.Theme, want)
	}
	if got := c.Digests[0].Theme; got != want.Name {
		t.Errorf("theme of the digest: got %q, want %q", got, want.Name)
	}
	if plain := mustParse(t, folder(t), minimal); !reflect.DeepEqual(plain.Theme, config.Theme{Name: "broadsheet"}) {
		t.Errorf("without [theme]: got %+v", plain.Theme)
	}
}

func TestWrongValuesOfTheThemeAreTold(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"a name of a colour": {`ink = "black"`, `ink in [theme] must be a colour such as "#8f1d18", not "black"`},
		"a hostile colour":   {`ink = "#fff;}"`, `ink in [theme] must be a colour`},
		"a hostile font":     {`serif = "x;color:red"`, `serif in [theme] must be a list of fonts`},
		"an open quote":      {`sans = "'Arial"`, `sans in [theme] must be a list of fonts`},
		"a misspelt key":     {`acent = "#fff"`, `did you mean "accent"?`},
		"a font in the dark": {"[theme.dark]\nserif = \"Arial\"", `unknown key "serif"`},
		"a plain logo":       {"[theme.logo]\nurl = \"http://courier.example/l.png\"\nwidth = 1\nheight = 1", `must begin with https://`},
		"a drawn logo":       {"[theme.logo]\nurl = \"https://courier.example/l.svg\"\nwidth = 1\nheight = 1", `must be a PNG, JPEG or GIF`},
		"no height":          {"[theme.logo]\nurl = \"https://courier.example/l.png\"\nwidth = 1", `height`},
		"a large logo":       {"[theme.logo]\nurl = \"https://courier.example/l.png\"\nwidth = 600\nheight = 10", `must be between 1 and 576`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(folder(t), minimal+"\n[theme]\n"+tc.text+"\n")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}
