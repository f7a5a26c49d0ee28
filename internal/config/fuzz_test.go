package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

// Whatever the file says, the answer is a whole Config or Problems with places in it.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"testdata/design.toml", "testdata/init.toml"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	for _, seed := range []string{
		"", "\x00", "a", "[", "[[digest]]", "digest = 3", "digest = [[]]", "mail.relay = [{}, 1]", "[mail.relay]", "[mail]\nrelay = []",
		"site = []", "a.b.c = {d = [{e = 1}]}", "[[a]]\n[a.b]\n[[a]]\n[a.b]", "x = 1979-05-27", "[site]\nname = '''\n\n'''",
		"[[digest]]\nsubject = '{{'", "[[digest]]\ntopics = [[[]], {}]", "\r\n\ufeff", "[mail]\nrate = 1e400",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	for name, content := range secrets {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(dir, text)
		if err == nil {
			if c.Site.Name == "" || c.Mail.From == "" || len(c.Mail.Relays) == 0 {
				t.Errorf("got an incomplete configuration %+v", c)
			}
			return
		}
		var problems config.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("got error %v, want problems", err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, p := range problems {
			if p.File == "" || p.Text == "" || p.Line < 0 || p.Line > lines {
				t.Errorf("got problem %+v in a file of %d lines", p, lines)
			}
		}
	})
}

func FuzzAPIKeys(f *testing.F) {
	f.Add("# keys\ncms:0123456789abcdefghij\n")
	f.Add(":")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := config.APIKeys([]byte(text))
		if (keys == nil) == (err == nil) {
			t.Errorf("got %v and error %v, want one of them", keys, err)
		}
	})
}
