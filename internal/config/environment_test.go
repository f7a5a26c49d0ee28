package config_test

import (
	"path/filepath"
	"testing"
	"time"

	"broadsheet/internal/config"
)

func TestEnvironmentOverrides(t *testing.T) {
	for _, tc := range []struct {
		variable string
		got      func(*config.Config) any
		want     any
	}{
		{"BROADSHEET_SITE_NAME=Post", func(c *config.Config) any { return c.Site.Name }, "Post"},
		{"BROADSHEET_SITE_POSTAL_ADDRESS=a=b", func(c *config.Config) any { return c.Site.PostalAddress }, "a=b"},
		{"BROADSHEET_SITE_NAME=", func(c *config.Config) any { return c.Site.Name }, "City Courier"},
		{"BROADSHEET_WEB_LISTEN=:80", func(c *config.Config) any { return c.Web.Listen }, ":80"},
		{"BROADSHEET_WEB_TRUSTED_PROXIES=10.0.0.0/8, ::1", func(c *config.Config) any { return len(c.Web.TrustedProxies) }, 2},
		{"BROADSHEET_SECURITY_KEYS_FILE=dkim.pem", func(c *config.Config) any { return filepath.Base(c.Security.KeysFile) }, "dkim.pem"},
		{"BROADSHEET_DATABASE_URL=postgres://db/x", func(c *config.Config) any { return c.Database.URL }, "postgres://db/x"},
		{"BROADSHEET_MAIL_RATE=2.5", func(c *config.Config) any { return c.Mail.Rate }, 2.5},
		{"BROADSHEET_MAIL_EXPIRE_AFTER=2d", func(c *config.Config) any { return c.Mail.ExpireAfter }, 48 * time.Hour},
		{"BROADSHEET_MAIL_ON_UNCERTAIN=resend", func(c *config.Config) any { return c.Mail.OnUncertain }, "resend"},
		{"BROADSHEET_MAIL_DKIM_DOMAIN=post.example", func(c *config.Config) any { return c.Mail.DKIM.Domain }, "post.example"},
		{"BROADSHEET_MAIL_KEEP_DELIVERIES=8d", func(c *config.Config) any { return c.Mail.KeepDeliveries }, 192 * time.Hour},
		{"BROADSHEET_MAIL_BOUNCES_SOFT_LIMIT=0", func(c *config.Config) any { return c.Mail.Bounces.SoftLimit }, 0},
		{"BROADSHEET_MAIL_RAMP_START=2026-12-01", func(c *config.Config) any { return c.Mail.Ramp.Start.Month() }, time.December},
		{"BROADSHEET_METRICS_LISTEN=:9090", func(c *config.Config) any { return c.Metrics.Listen }, ":9090"},
		{"BROADSHEET_MAIL_RELAY_DKIM=off", func(c *config.Config) any { return c.Mail.Relays[0].DKIM }, "off"},
		{"BROADSHEET_MAIL_RELAY_DKIM_OMIT=Date, To", func(c *config.Config) any { return len(c.Mail.Relays[0].DKIMOmit) }, 2},
		{"BROADSHEET_MAIL_RELAY_URL=smtps://me@relay.example", func(c *config.Config) any { return c.Mail.Relays[0].Host }, "relay.example"},
		{"BROADSHEET_MAIL_RELAY_CONNECTIONS=3", func(c *config.Config) any { return c.Mail.Relays[0].Connections }, 3},
		{"BROADSHEET_MAIL_RELAY_PASSWORD=xyzzy", func(c *config.Config) any { return c.Mail.Relays[0].Password }, "xyzzy"},
		{"BROADSHEET_MAIL_RELAY_PASSWORD=xyzzy", func(c *config.Config) any { return c.Mail.Relays[0].PasswordFile }, ""},
		{"BROADSHEET_MAIL_RELAY_PASSWORD_FILE=other.secret", func(c *config.Config) any { return c.Mail.Relays[0].Password }, "from a file"},
		{"BROADSHEET_TEST_POSTGRES=x", func(c *config.Config) any { return c.Site.Name }, "City Courier"},
		{"BROADSHEET_CONFIG=elsewhere", func(c *config.Config) any { return filepath.Base(c.Path) }, "broadsheet.toml"},
	} {
		t.Run(tc.variable, func(t *testing.T) {
			dir := folder(t)
			write(t, filepath.Join(dir, "other.secret"), "from a file\r\n")
			c := mustParse(t, dir, design(t), "HOME=/", tc.variable)
			if got := tc.got(c); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestEnvironmentCanStandForTables(t *testing.T) {
	dir := folder(t)
	write(t, filepath.Join(dir, "database.url"), "postgres://me:sesame@db/courier\n")
	c := mustParse(t, dir, "",
		"BROADSHEET_SITE_NAME=Post", "BROADSHEET_SITE_URL=https://post.example", "BROADSHEET_WEB_PUBLIC_URL=https://post.example/mail",
		"BROADSHEET_MAIL_FROM=digest@post.example", "BROADSHEET_MAIL_DKIM_SELECTOR=s1",
		"BROADSHEET_MAIL_RELAY_URL=smtp://me@relay.example", "BROADSHEET_MAIL_RELAY_PASSWORD=xyzzy",
		"BROADSHEET_DATABASE_URL_FILE=database.url")
	if got, want := c.Database.URL, "postgres://me:sesame@db/courier"; got != want {
		t.Errorf("got database %q, want %q", got, want)
	}
	if got, want := c.Database.URLFile, filepath.Join(dir, "database.url"); got != want {
		t.Errorf("got database file %q, want %q", got, want)
	}
	want := config.DKIM{Domain: "post.example", Selector: "s1", KeyFile: filepath.Join(dir, "dkim.pem")}
	if got := c.Mail.DKIM; got == nil || *got != want {
		t.Errorf("got DKIM %v, want %v", got, want)
	}
	if got, want := c.Mail.Relays[0].User+":"+c.Mail.Relays[0].Password, "me:xyzzy"; got != want {
		t.Errorf("got relay login %q, want %q", got, want)
	}
}

func TestEnvironmentProblems(t *testing.T) {
	for _, tc := range []struct{ variable, want string }{
		{"BROADSHEET_DATABSE_URL=x",
			`BROADSHEET_DATABSE_URL: unknown variable, did you mean BROADSHEET_DATABASE_URL?`},
		{"BROADSHEET_MAIL_DKIM_KEYFILE=x",
			`BROADSHEET_MAIL_DKIM_KEYFILE: unknown variable, did you mean BROADSHEET_MAIL_DKIM_KEY_FILE?`},
		{"BROADSHEET_X=",
			`BROADSHEET_X: unknown variable; variables are named after a section and a key, such as BROADSHEET_MAIL_RATE`},
		{"BROADSHEET_MAIL_RAMP_DAYS=7",
			`broadsheet.toml: [mail.ramp] needs start, such as start = "2026-12-01"`},
		{"BROADSHEET_MAIL_RATE=fast",
			`BROADSHEET_MAIL_RATE: rate in [mail] must be a number, not "fast"`},
		{"BROADSHEET_MAIL_RELAY_CONNECTIONS=0x10",
			`BROADSHEET_MAIL_RELAY_CONNECTIONS: connections in [[mail.relay]] must be a whole number, not "0x10"`},
		{"BROADSHEET_WEB_PUBLIC_URL=courier.example",
			`BROADSHEET_WEB_PUBLIC_URL: public_url in [web] must be an absolute http or https address, not "courier.example"`},
		{"BROADSHEET_WEB_ALLOWED_ORIGINS=https://a.example,b.example",
			`BROADSHEET_WEB_ALLOWED_ORIGINS: allowed_origins in [web] must hold origins such as "https://www.example.org", in lower case and without a path, not "b.example"`},
		{"BROADSHEET_MAIL_RELAY_PASSWORD_FILE=none",
			`BROADSHEET_MAIL_RELAY_PASSWORD_FILE: password_file in [[mail.relay]] names a file that is not there; write the secret into it, or name another file`},
		{"BROADSHEET_DATABASE_URL=mysql://me:sesame@db/x",
			`BROADSHEET_DATABASE_URL: url in [database] must be "sqlite:FILE" or "postgres://user@host/name"`},
	} {
		t.Run(tc.variable, func(t *testing.T) {
			dir := folder(t)
			_, err := parse(dir, design(t), tc.variable)
			wantProblems(t, err, dir, tc.want)
		})
	}
}
