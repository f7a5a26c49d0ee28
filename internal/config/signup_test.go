package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/config"
)

// signUpDefaults is what a file without [signup] means.
func signUpDefaults() config.SignUp {
	return config.SignUp{
		ClientLimit: 20, NetworkLimit: 100, LimitWindow: 10 * time.Minute, TotalLimit: 1000, FormAfter: time.Second,
		Challenge: "auto", ChallengeAbove: 120, CheckDomains: "on",
		Breaker: config.SignUpBreaker{Surge: 10, Least: 200, Confirmed: 0.1, Refused: 0.3},
	}
}

func TestSignUpSection(t *testing.T) {
	dir := folder(t)
	list := filepath.Join(dir, "disposable.txt")
	if err := os.WriteFile(list, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := mustParse(t, dir, design(t)+`
[signup]
client_limit = 5
network_limit = 0
limit_window = "1h"
total_limit = 60
form_after = "0s"
challenge = "always"
challenge_above = 7
check_domains = "off"
disposable_domains_file = "disposable.txt"

[signup.breaker]
surge = 3.5
least = 50
confirmed = 0
refused = 0.25
`).SignUp
	want := config.SignUp{
		ClientLimit: 5, LimitWindow: time.Hour, TotalLimit: 60, Challenge: "always", ChallengeAbove: 7, CheckDomains: "off", DisposableFile: list,
		Breaker: config.SignUpBreaker{Surge: 3.5, Least: 50, Refused: 0.25},
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSignUpMistakes(t *testing.T) {
	dir := folder(t)
	for text, want := range map[string]string{
		"client_limit = -1":                        "client_limit in [signup] must be between 0",
		`limit_window = "10s"`:                     "limit_window in [signup] must be between 1m and 24h",
		`challenge = "sometimes"`:                  `must be "auto", "always" or "never"`,
		`disposable_domains_file = "no.txt"`:       `disposable_domains_file in [signup] names "no.txt", which cannot be read`,
		`disposable_domains_file = "."`:            "which is no file",
		"[signup.breaker]\nconfirmed = 2":          "confirmed in [signup.breaker] must be between 0 and 1",
		"[signup.breaker]\nsurges = 2":             `did you mean "surge"?`,
		"clients_limit = 3":                        `did you mean "client_limit"?`,
		"form_after = \"2m\"":                      "form_after in [signup] must be between 0s and 1m",
		"[signup.breaker]\nleast = 0":              "least in [signup.breaker] must be between 1",
		"[signup.breaker]\nrefused = \"a little\"": "refused in [signup.breaker] must be a number",
	} {
		_, err := parse(dir, design(t)+"\n[signup]\n"+text+"\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
