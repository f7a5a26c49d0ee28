package config_test

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"

	"broadsheet/internal/config"
)

func TestWebhooksOut(t *testing.T) {
	dir := folder(t)
	write(t, filepath.Join(dir, "new.secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	write(t, filepath.Join(dir, "old.secret"), "a secret of the two of us\n")
	write(t, filepath.Join(dir, "short.secret"), "short\n")
	write(t, filepath.Join(dir, "odd.secret"), "whsec_this is not base64!\n")
	const table = "\n[[webhook_out]]\n"
	c := mustParse(t, dir, design(t)+table+`slug = "crm"
url = "https://crm.courier.example/hook?key=1"
secret_file = "new.secret"
old_secret_file = "old.secret"
`+table+`slug = "login"
url = "http://login.internal:8080/"
secret_file = "old.secret"
events = ["erased", "unsubscribed"]
allow_private = ["10.1.0.0/16"]
`)
	want := []config.WebhookOut{
		{Slug: "crm", URL: "https://crm.courier.example/hook?key=1", Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a secret of the two of us"},
			Events: []string{"confirmed", "changed", "unsubscribed", "suppressed", "erased"}},
		{Slug: "login", URL: "http://login.internal:8080/", Secrets: []string{"a secret of the two of us"},
			Events: []string{"erased", "unsubscribed"}, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}},
	}
	if !reflect.DeepEqual(c.WebhooksOut, want) {
		t.Errorf("got %+v, want %+v", c.WebhooksOut, want)
	}
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", "", `broadsheet.toml:73: [[webhook_out]] needs slug, such as slug = "world"
broadsheet.toml:73: [[webhook_out]] needs url, such as url = "https://crm.courier.example/hooks/newsletter"
broadsheet.toml:73: [[webhook_out]] needs secret_file, such as secret_file = "webhook-out.secret"`},
		{"in the clear", "slug = \"a\"\nurl = \"http://crm.example/\"\nsecret_file = \"new.secret\"\n",
			`broadsheet.toml:75: url in [[webhook_out]] must be an https address, for it gets the addresses of readers; http is for networks of allow_private`},
		{"a short secret", "slug = \"a\"\nurl = \"https://crm.example/\"\nsecret_file = \"short.secret\"\n",
			`broadsheet.toml:76: secret_file in [[webhook_out]] holds a secret of 5 characters: it needs at least 20`},
		{"an odd secret", "slug = \"a\"\nurl = \"https://crm.example/\"\nsecret_file = \"new.secret\"\nold_secret_file = \"odd.secret\"\n",
			`broadsheet.toml:77: old_secret_file in [[webhook_out]] holds a secret that begins with whsec_: after that there must be a key in base64`},
		{"an unknown event", "slug = \"a\"\nurl = \"https://crm.example/\"\nsecret_file = \"new.secret\"\nevents = [\"opened\"]\n",
			`broadsheet.toml:77: events in [[webhook_out]] must be "confirmed", "changed", "unsubscribed", "suppressed" or "erased", not "opened"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parse(dir, design(t)+table+tc.text)
			wantProblems(t, err, dir, tc.want)
		})
	}
}
