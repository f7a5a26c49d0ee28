package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// options are the values that a page's selects offer.
func (r reply) options() []string {
	var out []string
	for z := html.NewTokenizer(strings.NewReader(r.body)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken:
			if name, _ := z.TagName(); string(name) == "option" {
				z.Next()
				out = append(out, string(z.Text()))
			}
		}
	}
}

func TestZonesOnOffer(t *testing.T) {
	s := newSite(t, nil)
	zones := s.ask(http.MethodGet, "/subscribe", "").options()
	if len(zones) < 400 || zones[0] != "UTC" || !slices.IsSorted(zones[1:]) {
		t.Errorf("%d zones from %v, want 400 or more in order", len(zones), zones[:min(3, len(zones))])
	}
	for _, name := range []string{"America/New_York", "Asia/Kolkata", "Europe/Kyiv", "Pacific/Auckland"} {
		if !slices.Contains(zones, name) {
			t.Errorf("%s is not on offer", name)
		}
	}
	for i, name := range zones {
		if _, err := time.LoadLocation(name); err != nil {
			t.Errorf("%s cannot be used: %v", name, err)
		}
		if i > 1 && name == zones[i-1] {
			t.Errorf("%s stands twice", name)
		}
	}
}
