package config_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// courier answers every question.
var courier = config.Answers{
	SiteName: `The "City" Courier  # 1`, SiteURL: "https://www.courier.example/", Language: "de-CH", Timezone: "Europe/Zurich",
	PostalAddress: "Hauptstraße 1\n8000 Zürich", Listen: ":8080", PublicURL: "https://courier.example/mail",
	DatabaseURL: "postgres://courier@db/courier", RelayURL: "smtp://me@relay.example:587", RelayPassword: "sesame",
	BounceDomain: "b.courier.example", Selector: "b2", FeedURL: "https://courier.example/rss",
}

func TestWriteInitText(t *testing.T) {
	for _, tc := range []struct {
		golden  string
		answers config.Answers
	}{
		{"testdata/init.toml", config.Answers{}},
		{"testdata/init-answers.toml", courier},
	} {
		t.Run(tc.golden, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := config.WriteInit(dir, tc.answers); err != nil {
				t.Fatal(err)
			}
			got := read(t, filepath.Join(dir, "broadsheet.toml"))
			if *update {
				write(t, tc.golden, got)
			}
			if want := read(t, tc.golden); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestWriteInitLoads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if _, err := config.WriteInit(dir, courier); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(filepath.Join(dir, "broadsheet.toml"), nil, config.Checks{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, got, want string }{
		{"name", c.Site.Name, courier.SiteName},
		{"address", c.Site.PostalAddress, courier.PostalAddress},
		{"from", c.Mail.From, `"The \"City\" Courier  # 1" <digest@courier.example>`},
		{"bounce domain", c.Mail.BounceDomain, "b.courier.example"},
		{"password", c.Mail.Relays[0].Password, "sesame"},
		{"database", c.Database.URL, "postgres://courier@db/courier"},
		{"subject", c.Digests[0].Subject, config.DefaultSubject},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

func TestWriteInitFiles(t *testing.T) {
	dir := t.TempDir()
	files, err := config.WriteInit(dir, courier)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f.Path))
		info, err := os.Stat(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := info.Mode(), fs.FileMode(0o600); got != want || f.Mode != want {
			t.Errorf("%s: got mode %v and said %v, want %v", f.Path, got, f.Mode, want)
		}
	}
	if got, want := strings.Join(names, " "), "broadsheet.keys dkim.pem relay.password broadsheet.toml"; got != want {
		t.Errorf("got files %s, want %s", got, want)
	}
	id, encoded, _ := strings.Cut(strings.TrimSuffix(read(t, filepath.Join(dir, "broadsheet.keys")), "\n"), ":")
	if key, err := base64.StdEncoding.DecodeString(encoded); len(id) != 4 || err != nil || len(key) != 32 {
		t.Errorf("got signing key %q of %d bytes, %v, want four hexadecimal digits and 32", id, len(key), err)
	}
	block, _ := pem.Decode([]byte(read(t, filepath.Join(dir, "dkim.pem"))))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := key.(*rsa.PrivateKey).N.BitLen(), 2048; got != want {
		t.Errorf("got a DKIM key of %d bits, want %d", got, want)
	}
}

func TestWriteInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "dkim.pem"), "mine")
	_, err := config.WriteInit(dir, config.Answers{})
	want := "write configuration: file already exists: " + filepath.Join(dir, "dkim.pem") +
		"; nothing was changed: move it away or choose another folder"
	if !errors.Is(err, fs.ErrExist) || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	wantOnly(t, dir, "dkim.pem")
}

func TestWriteInitRefusesBadAnswers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers config.Answers
		want    string
	}{
		{"address", config.Answers{SiteURL: "courier.example"},
			"broadsheet.toml:10: url in [site] must be an absolute http or https address, not \"courier.example\"\n" +
				"broadsheet.toml:112: url in [[source]] must be an absolute http or https address, not \"courier.example/feed.xml\""},
		{"relay", config.Answers{RelayURL: "smtp://me@relay.example"},
			"broadsheet.toml:42: url in [[mail.relay]] names a user: give the password with password_file or BROADSHEET_MAIL_RELAY_PASSWORD"},
		{"checks", config.Answers{Checks: config.Checks{Address: func(string) error { return errors.New("no") }}},
			"broadsheet.toml:29: from in [mail] is not right: no"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := config.WriteInit(dir, tc.answers)
			wantProblems(t, err, dir, tc.want)
			wantOnly(t, dir)
		})
	}
}

// wantOnly checks what is in dir.
func wantOnly(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got files %q, want %q", got, want)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
