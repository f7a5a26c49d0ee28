package demo

import (
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

// apiKey is the key of the demo's API. The demo listens on loopback.
const apiKey = "demo-key-for-loopback-only"

// writeSettings writes the demo's broadsheet.toml, so that every command works
// on the demo's data while it runs, and makes its signing key once.
func writeSettings(dir, base, smtp string, p *paper.Paper) (*config.Config, error) {
	path := filepath.Join(dir, "broadsheet.toml")
	if err := os.WriteFile(path, []byte(settings(base, smtp, p)), 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "broadsheet.api-keys"), []byte("demo:"+apiKey+"\n"), 0o600); err != nil {
		return nil, err
	}
	keys := filepath.Join(dir, "broadsheet.keys")
	if _, err := os.Stat(keys); os.IsNotExist(err) {
		if err := os.WriteFile(keys, []byte(subscribers.NewKey()+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	return config.Load(path, nil, app.Checks())
}

func settings(base, smtp string, p *paper.Paper) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Written by broadsheet demo at each start; changes are lost.

[site]
name = %q
url = %q
language = "en"
timezone = "Europe/Berlin"
postal_address = "1 Printing House Square, Port Aldine"

[web]
listen = %q
public_url = %q
api_keys_file = "broadsheet.api-keys"

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
