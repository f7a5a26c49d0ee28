package config

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
)

func readSite(t *table, c *Config) Site {
	s := Site{
		Name:          t.needed("name", `"City Courier"`, line(100)),
		URL:           trimSlash(t.needed("url", `"https://courier.example"`, baseURL)),
		Language:      t.text("language", "en", languageTag),
		Languages:     t.texts("languages", languageTag, judged(t.l.checks.Language)),
		Timezone:      t.text("timezone", "UTC", judged(t.l.checks.Zone)),
		PostalAddress: t.text("postal_address", "", prose(500)),
		Paid:          t.text("paid", "", c.attribute),
	}
	t.done()
	return s
}

func readWeb(t *table) Web {
	w := Web{
		Listen:         t.text("listen", "127.0.0.1:8080", listenAddress),
		PublicURL:      trimSlash(t.needed("public_url", `"https://courier.example/mail"`, baseURL)),
		TrustedProxies: t.prefixes("trusted_proxies"),
		AllowedOrigins: t.texts("allowed_origins", origin),
	}
	w.APIKeysFile, w.APIKeys = t.apiKeys("api_keys_file")
	t.done()
	return w
}

// apiKeys reads the file of key; what is wrong in it is told with its own lines.
func (t *table) apiKeys(key string) (path string, keys map[string]APIKey) {
	path, content := t.file(key, "", `write one "name:key" a line into it, or leave the setting out`)
	if content == nil {
		return path, nil
	}
	keys, err := APIKeys(content)
	var wrong Problems
	if errors.As(err, &wrong) {
		for _, p := range wrong {
			p.File = path
			t.l.problems = append(t.l.problems, p)
		}
	}
	return path, keys
}

func readSecurity(t *table) Security {
	path, _ := t.file("keys_file", "broadsheet.keys", `"broadsheet init" writes one`)
	t.done()
	return Security{KeysFile: path}
}

func readDatabase(t *table) Database {
	s := t.secret("url", "sqlite:broadsheet.db")
	address, err := t.l.databaseURL(s.value)
	if err != nil && s.value != "" {
		t.complain(s.key, "%v", err)
	}
	t.done()
	return Database{URL: address, URLFile: s.file}
}

func readMetrics(t *table) Metrics {
	m := Metrics{Listen: t.text("listen", "", listenAddress)}
	t.done()
	return m
}

func readAlerts(t *table) Alerts {
	a := Alerts{To: t.texts("to", judged(t.l.checks.Address))}
	t.done()
	return a
}

// databaseURL makes the path of SQLite absolute. Its errors do not repeat the
// address, which may hold a password.
func (l *loader) databaseURL(s string) (string, error) {
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		return l.sqliteURL(path)
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New(`must be "sqlite:FILE" or "postgres://user@host/name"`)
	}
	if u.Opaque != "" || strings.Trim(u.Path, "/") == "" {
		return "", errors.New(`must name the database: "postgres://user@host/name"`)
	}
	return s, nil
}

func (l *loader) sqliteURL(path string) (string, error) {
	if strings.HasPrefix(path, "///") {
		path = path[2:]
	}
	if strings.HasPrefix(path, "//") {
		return "", errors.New(`must be "sqlite:FILE", without slashes before a relative path`)
	}
	path, query, hasQuery := strings.Cut(path, "?")
	if path == "" || strings.ContainsRune(path, 0) {
		return "", errors.New(`must name a file: "sqlite:broadsheet.db"`)
	}
	if path != ":memory:" && !filepath.IsAbs(path) {
		path = filepath.Join(l.dir, path)
	}
	if hasQuery {
		path += "?" + query
	}
	return "sqlite:" + path, nil
}

func trimSlash(s string) string {
	return strings.TrimRight(s, "/")
}
