package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/subscribers"
)

// TestUnsafeCreativesAreRefused as the configuration is read, with their place.
func TestUnsafeCreativesAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bank.html")
	if err := os.WriteFile(path, []byte("<p>Save.</p>\n<p onclick=\"x()\">Now.</p>\n<script>alert(1)</script>"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte("[[slot]]\nslug = \"bank\"\nhtml_file = \"bank.html\"\n"), nil, app.Checks())
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	got := strings.ReplaceAll(problems.Error(), dir+"/", "")
	for _, want := range []string{"bank.html:2: onclick cannot be in <p> of a creative: remove it", "bank.html:3: <script> cannot be in a creative: remove it"} {
		if !strings.Contains(got, want+"\n") && !strings.HasSuffix(got, want) {
			t.Errorf("got\n%s\nwant %s", got, want)
		}
	}
}

// TestThemesMustDrawTheSlotsThatRun: a sponsor whom nobody sees is a fault.
func TestThemesMustDrawTheSlotsThatRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"broadsheet.keys":  subscribers.NewKey() + "\n",
		"mine/digest.html": `<html lang="en"><head><title>x</title></head><body>{{range .TopSlots}}{{.Label}}{{end}}<a href="{{.Foot.Unsubscribe}}">x</a></body></html>`,
		"mine/digest.txt":  `{{template "slots" .TopSlots}}{{.Foot.Unsubscribe}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(position string) error {
		cfg, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte(`
[site]
name = "City Courier"
url = "https://courier.example"
[web]
public_url = "https://courier.example/mail"
[mail]
from = "digest@courier.example"
[[topic]]
slug = "city"
[[digest]]
slug = "daily"
schedule = "0 7 * * *"
theme = "./mine"
[[slot]]
slug = "bank"
position = "`+position+`"
sponsor = "Harbour Bank"
text = "Save."
link = "https://bank.example/"
`), nil, app.Checks())
		if err != nil {
			t.Fatal(err)
		}
		return app.Check(cfg)
	}
	if err := check("top"); err != nil {
		t.Errorf("at the top: got %v, want no error", err)
	}
	for position, field := range map[string]string{"after_lead": "LeadSlots", "after_section_3": "Slots", "bottom": "BottomSlots"} {
		err := check(position)
		if err == nil || !strings.Contains(err.Error(), `where bank runs in daily: put {{template "slots" .`+field+`}} there`) {
			t.Errorf("%s: got %v, want the field %s", position, err, field)
		}
	}
}
