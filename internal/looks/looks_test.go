//go:build looks

package looks_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"broadsheet/templates"
)

var all = flag.String("all", "", "folder for pages and text of every mail, instead of the pictures of docs")

var only = flag.String("only", "", "only this mail, such as briefing-weekly")

// themes are those that have pictures.
var themes = []string{"broadsheet", "briefing"}

var picture = regexp.MustCompile(`src="[^"]+"`)

func TestLooks(t *testing.T) {
	n := open(t)
	for _, name := range themes {
		theme, err := templates.LoadTheme(name)
		if err != nil {
			t.Fatal(err)
		}
		for kind, d := range n.editions(t) {
			if *only != "" && *only != name+"-"+string(kind) {
				continue
			}
			html, err := theme.HTML(d)
			if err != nil {
				t.Fatal(err)
			}
			text, err := theme.Text(d)
			if err != nil {
				t.Fatal(err)
			}
			page := filepath.Join(*all, name+"-"+string(kind))
			write(t, page+".html", html)
			write(t, page+".txt", text)
			shoot(t, page+".html", page+"-640.png", shot{width: 640})
			shoot(t, page+".html", page+"-320.png", shot{width: 320})
			shoot(t, page+".html", page+"-dark.png", shot{width: 640, dark: true})
			if kind == templates.KindDaily {
				write(t, page+"-blocked.html", picture.ReplaceAllString(html, `src="blocked:"`))
				shoot(t, page+"-blocked.html", page+"-blocked.png", shot{width: 640})
			}
			t.Logf("%s %s: %d octets", name, kind, len(html))
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
