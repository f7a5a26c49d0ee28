package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

// secrets are the files that testdata/design.toml names.
var secrets = map[string]string{
	"broadsheet.keys":     "k1:AAAA\n",
	"broadsheet.api-keys": "# newsroom\ncms:0123456789abcdefghij\n",
	"relay.password":      "open sesame\n",
	"dkim.pem":            "-----BEGIN PRIVATE KEY-----\n",
}

// folder returns a new folder with the secrets in it.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range secrets {
		write(t, filepath.Join(dir, name), content)
	}
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// design returns the file of the design document, in which each old text is
// replaced by the new one that follows it.
func design(t *testing.T, replace ...string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/design.toml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("the file has no %q to replace", replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	return text
}

// parse parses text as broadsheet.toml of dir.
func parse(dir, text string, environ ...string) (*config.Config, error) {
	return config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte(text), environ, config.Checks{})
}

// mustParse fails the test if the text has a problem.
func mustParse(t *testing.T, dir, text string, environ ...string) *config.Config {
	t.Helper()
	c, err := parse(dir, text, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantProblems checks that err is Problems that read as want, but for dir.
func wantProblems(t *testing.T, err error, dir, want string) {
	t.Helper()
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got error %v, want problems", err)
	}
	if got := strings.ReplaceAll(err.Error(), dir+"/", ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
