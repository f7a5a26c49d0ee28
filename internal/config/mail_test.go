package config_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"broadsheet/internal/config"
)

// engine is what an operator adds to the file of the design document for large lists.
const engine = `
[mail.bounces]
hard_after = "2d"
soft_limit = 0

[mail.ramp]
start = "2026-12-01"
first = 200
growth = 2
days = 21

[[mail.provider]]
name = "google"
domains = ["gmail.com"]
rate = 20

[[mail.provider]]
name = "city"
domains = ["Städte.example", "post.example"]

[metrics]
listen = "127.0.0.1:9090"
`

// relayWithKeys signs by itself, all but what it replaces, and knows us by a certificate.
const relayWithKeys = `weight = 1
cert_file = "client.pem"
key_file = "dkim.pem"
dkim_omit = ["Message-ID", "Date"]
`

func engineFolder(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	write(t, filepath.Join(dir, "client.pem"), "-----BEGIN CERTIFICATE-----\n")
	return dir
}

func TestKeysOfTheEngine(t *testing.T) {
	dir := engineFolder(t)
	c := mustParse(t, dir, design(t, `expire_after = "24h"`, "keep_deliveries = \"7d\"", "weight = 1", relayWithKeys,
		`catch_up = "merge"`, "urgent = true")+engine)
	for _, tc := range []struct {
		name      string
		got, want any
	}{
		{"bounces", c.Mail.Bounces, config.Bounces{HardAfter: 48 * time.Hour}},
		{"ramp", *c.Mail.Ramp, config.Ramp{Start: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), First: 200, Growth: 2, Days: 21}},
		{"providers", c.Mail.Providers, []config.MailProvider{
			{Name: "google", Domains: []string{"gmail.com"}, Rate: 20},
			{Name: "city", Domains: []string{"xn--stdte-hra.example", "post.example"}}}},
		{"metrics", c.Metrics, config.Metrics{Listen: "127.0.0.1:9090"}},
		{"keep_deliveries", c.Mail.KeepDeliveries, 7 * 24 * time.Hour},
		{"cert_file", c.Mail.Relays[0].CertFile, filepath.Join(dir, "client.pem")},
		{"key_file", c.Mail.Relays[0].KeyFile, filepath.Join(dir, "dkim.pem")},
		{"dkim", c.Mail.Relays[0].DKIM, config.DKIMSign},
		{"dkim_omit", c.Mail.Relays[0].DKIMOmit, []string{"Message-ID", "Date"}},
		{"urgent", c.Digests[0].Urgent, true},
	} {
		if !reflect.DeepEqual(tc.got, tc.want) {
			t.Errorf("%s: got %+v, want %+v", tc.name, tc.got, tc.want)
		}
	}
}

func TestRampNeedsNothingButItsStart(t *testing.T) {
	want := config.Ramp{Start: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), First: 500, Growth: 1.5, Days: 30}
	for _, start := range []string{`"2026-12-01"`, "2026-12-01"} {
		c := mustParse(t, folder(t), design(t)+"[mail.ramp]\nstart = "+start)
		if got := c.Mail.Ramp; got == nil || *got != want {
			t.Errorf("start = %s: got %+v, want %+v", start, got, want)
		}
	}
}

func TestProvidersThatAreKnown(t *testing.T) {
	dir := folder(t)
	checks := config.Checks{Provider: func(name string) error {
		if name == "google" {
			return nil
		}
		return errors.New("must be given for " + name)
	}}
	text := design(t) + "[[mail.provider]]\nname = \"google\"\nrate = 5\n[[mail.provider]]\nname = \"city\"\nrate = 5\n"
	_, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte(text), nil, checks)
	wantProblems(t, err, dir, "broadsheet.toml:75: domains in [[mail.provider]] must be given for city")
}

func TestProblemsOfTheEngine(t *testing.T) {
	relay := func(lines string) []string { return []string{"weight = 1", lines} }
	for _, tc := range []struct {
		name    string
		replace []string
		more    string
		want    string
	}{
		{"kept too short", []string{`expire_after = "24h"`, `keep_deliveries = "24h"`}, "",
			`broadsheet.toml:28: keep_deliveries in [mail] must be between 168h and 87600h, not 24h`},
		{"ramp without start", nil, "[mail.ramp]\nfirst = 1",
			`broadsheet.toml:72: [mail.ramp] needs start, such as start = "2026-12-01"`},
		{"ramp with an empty start", nil, "[mail.ramp]\nstart = \"\"",
			`broadsheet.toml:73: [mail.ramp] needs start, such as start = "2026-12-01"`},
		{"no date", nil, "[mail.ramp]\nstart = \"1 December\"",
			`broadsheet.toml:73: start in [mail.ramp] must be a date such as "2026-12-01", not "1 December"`},
		{"date and time", nil, "[mail.ramp]\nstart = 2026-12-01T07:00:00",
			`broadsheet.toml:73: start in [mail.ramp] must be a date such as "2026-12-01", not the unquoted 2026-12-01T07:00:00`},
		{"shrinking", nil, "[mail.ramp]\nstart = \"2026-12-01\"\ngrowth = 0.5",
			`broadsheet.toml:74: growth in [mail.ramp] must be between 1 and 10, not 0.5`},
		{"unknown key of the ramp", nil, "[mail.ramp]\nstart = \"2026-12-01\"\nfrist = 5",
			`broadsheet.toml:74: unknown key "frist" in [mail.ramp], did you mean "first"?`},
		{"soft limit", nil, "[mail.bounces]\nsoft_limit = -1",
			`broadsheet.toml:73: soft_limit in [mail.bounces] must be between 0 and 1000, not -1`},
		{"provider without name", nil, "[[mail.provider]]\ndomains = [\"a.example\"]",
			`broadsheet.toml:72: [[mail.provider]] needs name, such as name = "google"`},
		{"provider twice", nil, "[[mail.provider]]\nname = \"a\"\ndomains = [\"a.example\"]\n[[mail.provider]]\nname = \"a\"\ndomains = [\"b.example\"]",
			`broadsheet.toml:76: name in [[mail.provider]] is "a", as on line 73: each needs its own`},
		{"provider without domains", nil, "[[mail.provider]]\nname = \"a\"\ndomains = []",
			`broadsheet.toml:74: domains in [[mail.provider]] must name the domains of "a", such as ["courier.example"]`},
		{"domain of a provider", nil, "[[mail.provider]]\nname = \"a\"\ndomains = [\"gmail\"]",
			`broadsheet.toml:74: domains in [[mail.provider]] must be a domain name such as "news.example.org", not "gmail"`},
		{"domain of two providers", nil, "[[mail.provider]]\nname = \"a\"\ndomains = [\"a.example\"]\n[[mail.provider]]\nname = \"b\"\ndomains = [\"A.example\", \"b.example\"]",
			`broadsheet.toml:77: domains in [[mail.provider]] names "A.example", which "a" has already`},
		{"metrics", nil, "[metrics]\nlisten = \"9090\"",
			`broadsheet.toml:73: listen in [metrics] must be a host and a port such as "127.0.0.1:8080" or ":8080", not "9090"`},
		{"certificate alone", relay(`cert_file = "client.pem"`), "",
			`broadsheet.toml:35: cert_file in [[mail.relay]] is given without key_file: a client certificate needs both`},
		{"key alone", relay(`key_file = "client.pem"`), "",
			`broadsheet.toml:35: key_file in [[mail.relay]] is given without cert_file: a client certificate needs both`},
		{"certificate missing", relay("cert_file = \"other.pem\"\nkey_file = \"client.pem\""), "",
			`broadsheet.toml:35: cert_file in [[mail.relay]] names "other.pem", which is not there; name a file in PEM`},
		{"certificate without TLS", append(relay(relayWithKeys), "smtp://user@smtp.courier.example:587", "smtp://user@[::1]?tls=off"), "",
			`broadsheet.toml:36: cert_file in [[mail.relay]] is given, but url has tls=off: without TLS nobody asks for it`},
		{"dkim", relay(`dkim = "on"`), "",
			`broadsheet.toml:35: dkim in [[mail.relay]] must be "sign" or "off", not "on"`},
		{"omitted without a signature", relay("dkim = \"off\"\ndkim_omit = [\"Date\"]"), "",
			`broadsheet.toml:36: dkim_omit in [[mail.relay]] is given, but dkim is off: leave one of them out`},
		{"omitted From", relay(`dkim_omit = ["from"]`), "",
			`broadsheet.toml:35: dkim_omit in [[mail.relay]] must not hold From, which every signature has to cover`},
		{"omitted, misspelt", relay(`dkim_omit = ["date", "Mesage-ID"]`), "",
			`broadsheet.toml:35: dkim_omit in [[mail.relay]] holds "Mesage-ID", which no signature covers, did you mean "Message-ID"?`},
		{"omitted no field", relay(`dkim_omit = ["X-Something-Else"]`), "",
			`broadsheet.toml:35: dkim_omit in [[mail.relay]] holds "X-Something-Else", which no signature covers: it can hold ` +
				`"Reply-To", "Subject", "Date", "To", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", ` +
				`"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post" or "Feedback-ID"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := engineFolder(t)
			_, err := parse(dir, design(t, tc.replace...)+tc.more)
			wantProblems(t, err, dir, tc.want)
		})
	}
}
