package mail_test

import (
	"strings"
	"testing"

	"broadsheet/mail"
)

func TestProviders(t *testing.T) {
	p := mail.NewProviders([]mail.Provider{
		{Name: "campus", Domains: []string{"uni.example", "gmx.at"}, Rate: 2.5}, {Name: "google", Rate: 20},
	})
	for address, want := range map[string]struct {
		name  string
		known bool
		rate  float64
	}{
		"ann@googlemail.com": {"google", true, 20}, "bob@gmx.at": {"campus", true, 2.5}, "eve@uni.example": {"campus", true, 2.5},
		"kim@gmx.de": {"gmx", true, 0}, "joe@Paper.Example": {"paper.example", false, 0},
	} {
		name, known := p.Of(address)
		if name != want.name || known != want.known || p.Rate(name) != want.rate {
			t.Errorf("%s is with %s (%t) at %g, want %+v", address, name, known, p.Rate(name), want)
		}
	}
	if got := strings.Join(p.Names(), " "); got != "apple campus gmx google microsoft orange proton t-online yahoo" {
		t.Errorf("names are %s", got)
	}
}

func TestIsWellKnown(t *testing.T) {
	for name, want := range map[string]bool{"google": true, "t-online": true, "gmail.com": false, "city": false, "": false} {
		if got := mail.IsWellKnown(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}
