package templates_test

import (
	"strings"
	"testing"

	"broadsheet/templates"
)

func TestProseWithLinks(t *testing.T) {
	prose, err := templates.ParseProse("See [the *map*](https://courier.example/map) and\n\n- [this](https://courier.example/this)\n- [us](mailto:desk@courier.example)\n\n> [more](https://courier.example/more)\n")
	if err != nil {
		t.Fatal(err)
	}
	d := daily(3)
	d.Intro = prose
	before := drawHTML(t, d)
	d.Intro = prose.WithLinks(func(link string) string { return link + "?from=mail&n=1" })
	after := drawHTML(t, d)
	for _, link := range []string{"map", "this", "more"} {
		if want := `href="https://courier.example/` + link + `?from=mail&amp;n=1"`; !strings.Contains(after, want) || strings.Contains(after, `courier.example/`+link+`"`) {
			t.Errorf("%s is not there, or the old link is", want)
		}
	}
	if !strings.Contains(after, `href="mailto:desk@courier.example"`) {
		t.Error("the link of an address changed")
	}
	if d.Intro = prose; drawHTML(t, d) != before {
		t.Error("the text that was given changed, too")
	}
	if got := (*templates.Prose)(nil).WithLinks(func(string) string { return "" }); !got.Empty() {
		t.Error("no text became some")
	}
}
