package config_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/config"
)

// minimal is a file with nothing but what has to be there.
const minimal = `
[site]
name = "City Courier"
url = "https://www.courier.example/"
[web]
public_url = "https://courier.example/mail/"
[mail]
from = "City Courier <digest@Courier.example>"
`

func TestLoadTheFileOfTheDesign(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, "broadsheet.toml")
	write(t, path, design(t))
	got, err := config.Load(path, nil, config.Checks{})
	if err != nil {
		t.Fatal(err)
	}
	from := "City Courier <digest@courier.example>"
	want := &config.Config{
		Path: path,
		Site: config.Site{Name: "City Courier", URL: "https://courier.example", Language: "en",
			Timezone: "America/New_York", PostalAddress: "1 Main Street, Springfield"},
		Web: config.Web{Listen: "127.0.0.1:8080", PublicURL: "https://courier.example/mail",
			APIKeysFile: filepath.Join(dir, "broadsheet.api-keys"), APIKeys: map[string]config.APIKey{
				// sha256 of 0123456789abcdefghij
				"6bc14bdc4517a7a682c6910de2e2946eb8e1ecd04090728fef6d092a7ceb62c5": {Name: "cms", Scopes: []string{"articles"}}}},
		Security: config.Security{KeysFile: filepath.Join(dir, "broadsheet.keys")},
		Database: config.Database{URL: "sqlite:" + filepath.Join(dir, "broadsheet.db")},
		Mail: config.Mail{From: from, ReplyTo: "editors@courier.example", BounceDomain: "bounce.courier.example",
			OnUncertain: "hold", StateDir: filepath.Join(dir, "state"), ExpireAfter: 24 * time.Hour,
			Relays: []config.Relay{{URL: "smtp://user@smtp.courier.example:587", Host: "smtp.courier.example", Port: 587,
				User: "user", TLS: config.TLSStartTLS, PasswordFile: filepath.Join(dir, "relay.password"),
				Password: "open sesame", Connections: 8, Weight: 1, DKIM: config.DKIMSign}},
			KeepDeliveries: 30 * 24 * time.Hour, Bounces: config.Bounces{HardAfter: 24 * time.Hour, SoftLimit: 10},
			DKIM: &config.DKIM{Domain: "courier.example", Selector: "b1", KeyFile: filepath.Join(dir, "dkim.pem")}},
		Links:   config.Links{Hosts: []string{"courier.example"}},
		Archive: config.Archive{Digests: []string{"daily"}, Delay: time.Hour},
		Theme:   config.Theme{Name: "broadsheet"},
		Privacy: config.Privacy{ClientAddress: "full"}, SignUp: signUpDefaults(),
		Leaving: config.Leaving{BurstShare: 0.02, BurstLeast: 25, BurstWithin: 15 * time.Minute},
		Topics: []config.Topic{{Slug: "world", Name: "World", Description: "Diplomacy, conflict, trade",
			Keywords: []string{"united nations", "treaty"}, Categories: []string{"international*", "world"},
			URLPaths: []string{"/world/"}, Needs: 2}},
		Sources: []config.Source{{Slug: "site-feed", Kind: "feed", URL: "https://courier.example/feed.xml", Every: 15 * time.Minute,
			Timezone: "America/New_York", Language: "en", SilentAfter: 72 * time.Hour}},
		Digests: []config.Digest{{Slug: "daily", Name: "The Morning Courier", Schedule: "0 7 * * *",
			Timezone: "America/New_York", LocalTime: true, Topics: []string{"*"}, MinItems: 1, MaxItems: 20, PerTopic: 6,
			Subject: "{{.Digest.Name}}: {{.Lead.Title}}", Theme: "broadsheet", From: from, ReplyTo: "editors@courier.example",
			ExpireAfter: 12 * time.Hour, CatchUp: "merge", Top: 3, Latest: 3, Overflow: "more", Welcome: 3 * 24 * time.Hour}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	dir := folder(t)
	text := minimal + "[[topic]]\nslug = \"world\"\n[[source]]\nslug = \"feed\"\nurl = \"http://127.0.0.1/feed\"\n" +
		"[[digest]]\nslug = \"daily\"\nschedule = \"@daily\"\n"
	got := mustParse(t, dir, text)
	from := "City Courier <digest@Courier.example>"
	want := &config.Config{
		Path:     filepath.Join(dir, "broadsheet.toml"),
		Site:     config.Site{Name: "City Courier", URL: "https://www.courier.example", Language: "en", Timezone: "UTC"},
		Web:      config.Web{Listen: "127.0.0.1:8080", PublicURL: "https://courier.example/mail"},
		Security: config.Security{KeysFile: filepath.Join(dir, "broadsheet.keys")},
		Database: config.Database{URL: "sqlite:" + filepath.Join(dir, "broadsheet.db")},
		Mail: config.Mail{From: from, BounceDomain: "courier.example", OnUncertain: "hold",
			StateDir: filepath.Join(dir, "state"), ExpireAfter: 24 * time.Hour,
			Relays: []config.Relay{{URL: "smtp://127.0.0.1:25?tls=off", Host: "127.0.0.1", Port: 25,
				TLS: config.TLSOff, Connections: 8, Weight: 1, DKIM: config.DKIMSign}},
			KeepDeliveries: 30 * 24 * time.Hour, Bounces: config.Bounces{HardAfter: 24 * time.Hour, SoftLimit: 10}},
		Links:   config.Links{Hosts: []string{"courier.example"}},
		Archive: config.Archive{Digests: []string{"daily"}, Delay: time.Hour},
		Theme:   config.Theme{Name: "broadsheet"},
		Privacy: config.Privacy{ClientAddress: "full"}, SignUp: signUpDefaults(),
		Leaving: config.Leaving{BurstShare: 0.02, BurstLeast: 25, BurstWithin: 15 * time.Minute},
		Topics:  []config.Topic{{Slug: "world", Name: "world", Needs: 2}},
		Sources: []config.Source{{Slug: "feed", Kind: "feed", URL: "http://127.0.0.1/feed", Every: 15 * time.Minute,
			Timezone: "UTC", Language: "en", SilentAfter: 72 * time.Hour}},
		Digests: []config.Digest{{Slug: "daily", Name: "daily", Schedule: "@daily", Timezone: "UTC", Topics: []string{"*"},
			MinItems: 1, MaxItems: 20, PerTopic: 6, Subject: config.DefaultSubject, Theme: "broadsheet", From: from,
			ExpireAfter: 24 * time.Hour, CatchUp: "merge", Top: 3, Latest: 3, Overflow: "more", Welcome: 3 * 24 * time.Hour}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestRelayAddress(t *testing.T) {
	type relay struct {
		host, user, tls string
		port            int
	}
	for _, tc := range []struct {
		url  string
		want relay
	}{
		{"smtp://user@relay.example", relay{"relay.example", "user", "starttls", 587}},
		{"smtp://user@relay.example:2525?tls=implicit", relay{"relay.example", "user", "implicit", 2525}},
		{"smtps://user@relay.example", relay{"relay.example", "user", "implicit", 465}},
		{"smtp://digest%40courier.example@relay.example", relay{"relay.example", "digest@courier.example", "starttls", 587}},
		{"smtp://user@localhost:1025?tls=off", relay{"localhost", "user", "off", 1025}},
		{"smtp://user@[::1]:25?tls=off", relay{"::1", "user", "off", 25}},
	} {
		t.Run(tc.url, func(t *testing.T) {
			dir := folder(t)
			r := mustParse(t, dir, design(t, "smtp://user@smtp.courier.example:587", tc.url)).Mail.Relays[0]
			if got := (relay{r.Host, r.User, r.TLS, r.Port}); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestDatabaseAddress(t *testing.T) {
	dir := folder(t)
	for _, tc := range []struct{ given, want string }{
		{"sqlite:data/b.db", "sqlite:" + dir + "/data/b.db"},
		{"sqlite:/var/lib/b.db", "sqlite:/var/lib/b.db"},
		{"sqlite:///var/lib/b.db", "sqlite:/var/lib/b.db"},
		{"sqlite:b.db?mode=ro", "sqlite:" + dir + "/b.db?mode=ro"},
		{"sqlite::memory:", "sqlite::memory:"},
		{"postgres://me:sesame@db/courier?sslmode=disable", "postgres://me:sesame@db/courier?sslmode=disable"},
	} {
		t.Run(tc.given, func(t *testing.T) {
			got := mustParse(t, dir, design(t, "sqlite:broadsheet.db", tc.given)).Database.URL
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestValuesAreNormalised(t *testing.T) {
	dir := folder(t)
	c := mustParse(t, dir, design(t,
		"trusted_proxies = []", `trusted_proxies = ["10.1.2.3/8", "192.0.2.7", "::1", "::ffff:172.16.1.1/108", "::ffff:192.0.2.8"]`,
		`bounce_domain = "bounce.courier.example"`, `bounce_domain = "Bounce.Zürich.example"`,
		`every = "15m"`, "every = \"7d\"\nallow_private = [\"127.0.0.1\"]",
		"max_items = 20", "max_items = 0x1f"))
	var proxies []netip.Prefix
	for _, network := range []string{"10.0.0.0/8", "192.0.2.7/32", "::1/128", "172.16.0.0/12", "192.0.2.8/32"} {
		proxies = append(proxies, netip.MustParsePrefix(network))
	}
	if got := c.Web.TrustedProxies; !reflect.DeepEqual(got, proxies) {
		t.Errorf("got proxies %v, want %v", got, proxies)
	}
	if got, want := c.Mail.BounceDomain, "bounce.xn--zrich-kva.example"; got != want {
		t.Errorf("got bounce domain %q, want %q", got, want)
	}
	if got, want := c.Sources[0].Every, 7*24*time.Hour; got != want {
		t.Errorf("got every %v, want %v", got, want)
	}
	if got, want := c.Sources[0].AllowPrivate, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}; !reflect.DeepEqual(got, want) {
		t.Errorf("got allow_private %v, want %v", got, want)
	}
	if got, want := c.Digests[0].MaxItems, 31; got != want {
		t.Errorf("got max_items %d, want %d", got, want)
	}
}

// However TOML lets a thing be written, it is the same thing on its own line.
func TestOtherWaysToWriteTOML(t *testing.T) {
	dir := folder(t)
	text := "\ufeffsite.name = \"City Courier\"\r\nsite.url = \"https://courier.example\"\r\n" +
		"web = { public_url = \"https://courier.example\" }\r\n" +
		"mail.from = \"digest@courier.example\"\r\n" +
		"topic = [\r\n{ slug = \"world\" },\r\n{ slug = \"sport\", colour = \"red\" } ]\r\n"
	_, err := parse(dir, text)
	wantProblems(t, err, dir, `broadsheet.toml:7: unknown key "colour" in [[topic]]`)
	c := mustParse(t, dir, strings.Replace(text, `, colour = "red"`, "", 1))
	if got, want := len(c.Topics), 2; got != want {
		t.Errorf("got %d topics, want %d", got, want)
	}
}

func TestChecksAreAsked(t *testing.T) {
	dir := folder(t)
	refuse := func(what string) func(string) error {
		return func(s string) error { return errors.New(what + " " + s + " refused") }
	}
	checks := config.Checks{Schedule: refuse("schedule"), Zone: refuse("zone"), Address: refuse("address"), Attribute: refuse("attribute")}
	text := design(t) + "\n[[attribute]]\nname = \"tier\"\nvalues = [\"free\", \"paid\"]\n"
	_, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte(text), nil, checks)
	wantProblems(t, err, dir, strings.Join([]string{
		"broadsheet.toml:5: timezone in [site] is not right: zone America/New_York refused",
		"broadsheet.toml:22: from in [mail] is not right: address City Courier <digest@courier.example> refused",
		"broadsheet.toml:23: reply_to in [mail] is not right: address editors@courier.example refused",
		"broadsheet.toml:60: schedule in [[digest]] is not right: schedule 0 7 * * * refused",
		"broadsheet.toml:61: timezone in [[digest]] is not right: zone America/New_York refused",
		`broadsheet.toml:74: name in [[attribute]] is "tier", attribute tier refused`,
	}, "\n"))
}

func TestLoadWithoutFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broadsheet.toml")
	_, err := config.Load(path, nil, config.Checks{})
	want := "read configuration: file does not exist: there is no " + path + `; write one with "broadsheet init"`
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "broadsheet.toml")
	_, err := config.Find("", []string{"BROADSHEET_CONFIG="}, dir)
	want := "find configuration: file does not exist: there is no broadsheet.toml in " + dir +
		`; write one with "broadsheet init", or name one with --config or BROADSHEET_CONFIG`
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	write(t, here, minimal)
	for _, tc := range []struct {
		name, flag, variable, want string
	}{
		{"flag wins", "a.toml", "b.toml", "a.toml"},
		{"variable next", "", "b.toml", "b.toml"},
		{"folder last", "", "", here},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := config.Find(tc.flag, []string{"HOME=/", "BROADSHEET_CONFIG=" + tc.variable}, dir)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}
