package demo

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
	"broadsheet/internal/demo/paper"
	"broadsheet/subscribers"
)

// writeSettings writes the demo's broadsheet.toml, so that every command works
// on the demo's data while it runs, and makes its signing key once.
func writeSettings(dir, base, smtp string, p *paper.Paper) (*config.Config, error) {
	path := filepath.Join(dir, "broadsheet.toml")
	if err := os.WriteFile(path, []byte(settings(base, smtp, p)), 0o644); err != nil {
		return nil, err
	}
	if err := writeOnce(filepath.Join(dir, "broadsheet.keys"), subscribers.NewKey()+"\n"); err != nil {
		return nil, err
	}
	if err := writeOnce(filepath.Join(dir, apiKeysFile), "demo:"+rand.Text()+"\n"); err != nil {
		return nil, err
	}
	return config.Load(path, nil, app.Checks())
}

// apiKeysFile holds the key of the demo's API.
const apiKeysFile = "broadsheet.api-keys"

// writeOnce writes a secret that later starts go on with.
func writeOnce(path, content string) error {
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

// apiKey reads the key of the demo's API.
func apiKey(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, apiKeysFile))
	if err != nil {
		return "", err
	}
	_, key, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
	return key, nil
}

func settings(base, smtp string, p *paper.Paper) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Written by broadsheet demo at each start; changes are lost.

[site]
name = %q
url = %q
language = "en"
languages = ["en", "de", "fr", "es", "pt", "ar", "ja"]
timezone = "Atlantic/Madeira"
postal_address = "1 Printing House Square, Port Aldine"

[web]
listen = %q
public_url = %q
api_keys_file = "broadsheet.api-keys"

# All readers of the demo are on this machine, under a domain that is nowhere else.
[signup]
form_after = "0s"
challenge = "never"
check_domains = "off"

[database]
url = "sqlite:broadsheet.db"

[mail]
from = %s
bounce_domain = "bounce.paper.example"

[[mail.relay]]
url = "smtp://%s?tls=off"
connections = 4

[[source]]
slug = "front-page"
kind = "feed"
url = %q
every = "1m"
allow_private = ["127.0.0.0/8", "::1/128"]
name = %q

[[digest]]
slug = "daily"
name = %q
schedule = "0 7 * * *"
local_time = true
max_items = 12
per_topic = 4
`, p.Name(), base+"/paper/", strings.TrimPrefix(base, "http://"), base, strconv.Quote(p.Name()+" <digest@paper.example>"), smtp,
		base+"/paper/feed.xml", p.Name(), "The Morning "+lastWord(p.Name()))
	for _, t := range p.Topics() {
		fmt.Fprintf(&b, "\n[[topic]]\nslug = %q\nname = %q\ndescription = %q\ncategories = %s\n", t.Slug, t.Name, t.Description, quoteAll(t.Categories))
		if len(t.Keywords) > 0 {
			fmt.Fprintf(&b, "keywords = %s\n", quoteAll(t.Keywords))
		}
	}
	return b.String()
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = strconv.Quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
