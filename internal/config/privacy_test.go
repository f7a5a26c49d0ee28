package config_test

import (
	"strings"
	"testing"

	"broadsheet/internal/config"
)

func TestClientAddress(t *testing.T) {
	dir := folder(t)
	for text, want := range map[string]string{
		"":              "full",
		"\n[privacy]\n": "full",
		"\n[privacy]\nclient_address = \"network\"\n": "network",
		"\n[privacy]\nclient_address = \"none\"\n":    "none",
	} {
		if got := mustParse(t, dir, design(t)+text).Privacy.ClientAddress; got != want {
			t.Errorf("%q: client_address is %q, want %q", text, got, want)
		}
	}
	_, err := config.Parse("broadsheet.toml", []byte(design(t)+"\n[privacy]\nclient_address = \"half\"\n"), nil, config.Checks{})
	if err == nil || !strings.Contains(err.Error(), `client_address`) || !strings.Contains(err.Error(), "network") {
		t.Errorf("client_address = half: %v, want an error that names the choices", err)
	}
}
