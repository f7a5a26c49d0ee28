package config_test

import (
	"strings"
	"testing"

	"broadsheet/internal/config"
)

func TestWarnings(t *testing.T) {
	const site = "https://courier.example"
	for _, tt := range []struct{ name, site, public, want string }{
		{"readers reach it", site, "https://courier.example/mail", ""},
		{"at a public number", site, "https://[2a00::1]", ""},
		{"this machine", site, "http://127.0.0.1:8080", "readers of https://courier.example cannot reach http://127.0.0.1:8080"},
		{"this machine by IPv6", site, "https://[::1]:8080", "set public_url in [web]"},
		{"this machine mapped", site, "https://[::ffff:127.0.0.1]", "cannot reach"},
		{"any address", site, "http://0.0.0.0:8080", "cannot reach"},
		{"this machine by name", site, "https://LocalHost/mail", "cannot reach"},
		{"a name below it", site, "https://mail.localhost", "cannot reach"},
		{"a private network", site, "https://10.1.2.3", "cannot reach"},
		{"a short name", site, "https://mailer", "cannot reach"},
		{"a name of the network", site, "https://mailer.local.", "cannot reach"},
		{"not encrypted", site, "http://courier.example/mail", "http://courier.example/mail is not encrypted"},
		{"a trial", "http://localhost:3000", "http://127.0.0.1:8080", ""},
	} {
		c := &config.Config{Site: config.Site{URL: tt.site}, Web: config.Web{PublicURL: tt.public}}
		if got := strings.Join(c.Warnings(), "\n"); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
