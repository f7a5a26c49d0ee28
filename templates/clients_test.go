package templates_test

import (
	"slices"
	"strings"
	"testing"

	"broadsheet/templates"
)

func TestCheckClients(t *testing.T) {
	for _, tt := range []struct {
		html, feature, client string
		partly                bool
	}{
		{`<div style="display:flex">`, "css-display-flex", "outlook.windows", false},
		{`<div style="MARGIN-TOP:1rem">`, "css-margin", "outlook.windows", true},
		{`<p style="color:rgba(0,0,0,.5)">`, "css-rgba", "outlook.windows", false},
		{`<p style="width:calc(1px + 2%)">`, "css-unit-calc", "outlook.windows", false},
		{`<style>a > b{color:red}</style>`, "css-selector-child", "gmail.mobile-webmail", false},
		{`<style>a:hover{color:red}</style>`, "css-pseudo-class-hover", "outlook.windows", false},
		{`<style>p::first-line{color:red}</style>`, "css-pseudo-element-first-line", "outlook.windows", false},
		{`<style>@media (prefers-color-scheme:dark){a{color:red}}</style>`, "css-at-media-prefers-color-scheme", "gmail.desktop-webmail", false},
		{`<style>:root{--ink:#000}</style>`, "css-variables", "outlook.windows", false},
		{`<img src="https://courier.example/a.webp?w=1">`, "image-webp", "outlook.windows", false},
		{`<img src="data:image/png;base64,AAAA">`, "image-base64", "gmail.desktop-webmail", false},
		{`<section>`, "html-semantics", "outlook.windows", false},
		{`<video>`, "html-video", "gmail.desktop-webmail", false},
		{`<form><input type="checkbox"></form>`, "html-input-checkbox", "outlook.windows", false},
	} {
		t.Run(tt.html, func(t *testing.T) {
			found := templates.CheckClients(tt.html)
			i := slices.IndexFunc(found, func(u templates.Unsupported) bool { return u.Feature == tt.feature })
			if i < 0 {
				t.Fatalf("got %+v, want %s among them", found, tt.feature)
			}
			clients := found[i].None
			if tt.partly {
				clients = found[i].Part
			}
			if !slices.Contains(clients, tt.client) {
				t.Errorf("got %+v, want %s among the programs", found[i], tt.client)
			}
		})
	}
	for _, u := range templates.CheckClients(`<style>p{float:left;opacity:.5}</style><p style="float:left">`) {
		if want := u.Feature != "css-float"; strings.HasPrefix(u.Feature, "css-") && u.Extra != want {
			t.Errorf("got %+v, want extra to be %v", u, want)
		}
	}
	if found := templates.CheckClients(`<!--[if mso]><table style="display:flex"><![endif]--><p>Plain</p>`); len(found) > 0 {
		t.Errorf("of what stands in comments: got %+v", found)
	}
}

func TestClientName(t *testing.T) {
	for client, want := range map[string]string{
		"outlook.windows": "Outlook on Windows", "outlook.outlook-com": "Outlook.com", "gmx.desktop-webmail": "GMX on the web",
		"apple-mail.ios": "Apple Mail on iOS", "outlook.windows-mail": "Windows Mail", "gmail.watch": "Gmail: watch",
	} {
		if got := templates.ClientName(client); got != want {
			t.Errorf("%s: got %q, want %q", client, got, want)
		}
	}
}
