package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

// Each case changes the file of the design document and wants all problems.
func TestProblems(t *testing.T) {
	for _, tc := range []struct {
		name    string
		replace []string
		want    string
	}{
		// What is no such file at all.
		{"syntax", []string{`language = "en"`, `language = en`},
			`broadsheet.toml:4: unexpected character U+0065 'e' at start of value; text goes in quotes`},
		{"key twice", []string{`language = "en"`, `url = "x"`},
			`broadsheet.toml:4: key url is already defined`},
		{"table twice", []string{"[security]", "[web]"},
			`broadsheet.toml:15: table web already exists`},

		// Names.
		{"webhook without a secret", []string{"[security]", "[[webhook]]\nslug = \"site\"\nkind = \"ghost\"\n[security]"},
			`broadsheet.toml:15: [[webhook]] needs secret_file, such as secret_file = "webhook.secret"`},
		{"webhook of another kind", []string{"[security]", "[[webhook]]\nslug = \"site\"\nkind = \"drupal\"\nsecret_file = \"relay.password\"\n[security]"},
			`broadsheet.toml:17: kind in [[webhook]] must be "wordpress" or "ghost", not "drupal"
broadsheet.toml:18: secret_file in [[webhook]] holds a secret of 11 characters: it needs at least 20`},
		{"unknown key", []string{`topics = ["*"]`, `topcs = ["*"]`},
			`broadsheet.toml:63: unknown key "topcs" in [[digest]], did you mean "topics"?`},
		{"unknown key like none", []string{`theme = "broadsheet"`, `zzz = 1`},
			`broadsheet.toml:68: unknown key "zzz" in [[digest]]`},
		{"unknown key with an escape sequence", []string{`theme =`, `"\u001b[31m" =`},
			`broadsheet.toml:68: unknown key "\x1b[31m" in [[digest]]`},
		{"key of another case", []string{`timezone =`, `TimeZone =`},
			`broadsheet.toml:5: unknown key "TimeZone" in [site], did you mean "timezone"?`},
		{"unknown table", []string{"[security]", "[secrity]"},
			`broadsheet.toml:15: unknown table [secrity], did you mean [security]?`},
		{"unknown list of tables", []string{"[[source]]", "[[sources]]"},
			`broadsheet.toml:50: unknown table [[sources]], did you mean [[source]]?`},
		{"unknown table inside", []string{"[mail.dkim]", "[mail.dkmi]"},
			`broadsheet.toml:37: unknown table [mail.dkmi], did you mean [mail.dkim]?`},
		{"key outside of tables", []string{"[site]", "colour = 1\n[site]"},
			`broadsheet.toml:1: unknown key "colour" outside of any table`},
		{"single table for a list", []string{"[[digest]]", "[digest]"},
			`broadsheet.toml:57: there may be several of digest: write [[digest]], not [digest]`},
		{"list for a single table", []string{"[security]", "[[security]]"},
			`broadsheet.toml:15: there is only one security: write [security], not [[security]]`},
		{"value for a table", []string{"[security]\nkeys_file", "[security]\n[web.x]\nkeys_file"},
			`broadsheet.toml:16: unknown table [web.x]`},
		{"value for a list", []string{"[mail.dkim]", "[mail.x]", "[site]", "digest = 3\n[site]", "[[digest]]", "[x]"},
			"broadsheet.toml:1: digest must be tables: write [[digest]] and its keys below\n" +
				"broadsheet.toml:38: unknown table [mail.x]\n" +
				"broadsheet.toml:58: unknown table [x]"},

		// Types.
		{"string wanted", []string{`name = "City Courier"`, `name = 7`},
			`broadsheet.toml:2: name in [site] must be a string in quotes, not the unquoted 7`},
		{"number wanted", []string{"max_items = 20", `max_items = "many"`},
			`broadsheet.toml:65: max_items in [[digest]] must be a whole number, not "many"`},
		{"whole number wanted", []string{"max_items = 20", `max_items = 2.5`},
			`broadsheet.toml:65: max_items in [[digest]] must be a whole number, not the unquoted 2.5`},
		{"decimal wanted", []string{"rate = 0", `rate = "fast"`},
			`broadsheet.toml:25: rate in [mail] must be a number, not "fast"`},
		{"boolean wanted", []string{"local_time = true", `local_time = "yes"`},
			`broadsheet.toml:62: local_time in [[digest]] must be true or false, not "yes"`},
		{"duration wanted", []string{`every = "15m"`, "every = 15"},
			`broadsheet.toml:55: every in [[source]] must be a duration such as "90s", "15m", "12h" or "7d", not the unquoted 15`},
		{"duration malformed", []string{`every = "15m"`, `every = "soon"`},
			`broadsheet.toml:55: every in [[source]] must be a duration such as "90s", "15m", "12h" or "7d", not "soon"`},
		{"list wanted", []string{`keywords = ["united nations", "treaty"]`, `keywords = "treaty"`},
			`broadsheet.toml:46: keywords in [[topic]] must be a list of strings such as ["a", "b"], not "treaty"`},
		{"list of strings wanted", []string{`["united nations", "treaty"]`, "[\n\"treaty\",\n[\"x\"], 8]"},
			"broadsheet.toml:46: keywords in [[topic]] must hold strings in quotes, not a list\n" +
				"broadsheet.toml:48: keywords in [[topic]] must hold strings in quotes, not the unquoted 8"},

		// What has to be there.
		{"required", []string{`name = "City Courier"`, "", `public_url =`, "# ", `from = "City`, `from = "" # `},
			"broadsheet.toml:1: [site] needs name, such as name = \"City Courier\"\n" +
				"broadsheet.toml:8: [web] needs public_url, such as public_url = \"https://courier.example/mail\"\n" +
				"broadsheet.toml:22: [mail] needs from, such as from = \"City Courier <digest@courier.example>\""},
		{"schedule required", []string{`schedule =`, "# "},
			`broadsheet.toml:57: [[digest]] needs schedule, such as schedule = "0 7 * * *"`},
		{"slug required", []string{`slug = "world"`, ""},
			`broadsheet.toml:42: [[topic]] needs slug, such as slug = "world"`},
		{"relay without address", []string{`url = "smtp:`, "# "},
			`broadsheet.toml:30: [[mail.relay]] needs url, such as url = "smtp://user@smtp.courier.example:587"`},

		// Values.
		{"slug form", []string{`slug = "world"`, `slug = "World News"`},
			`broadsheet.toml:43: slug in [[topic]] must be at most 40 lower-case letters, digits and hyphens, a letter first, not "World News"`},
		{"slug too long", []string{`slug = "daily"`, `slug = "abcdefghijabcdefghijabcdefghijabcdefghijk"`},
			`broadsheet.toml:58: slug in [[digest]] must be at most 40 lower-case letters, digits and hyphens, a letter first, not "abcdefghijabcdefghijabcdefghijabcdefghijk"`},
		{"slug begins with a digit", []string{`slug = "site-feed"`, `slug = "1-feed"`},
			`broadsheet.toml:51: slug in [[source]] must be at most 40 lower-case letters, digits and hyphens, a letter first, not "1-feed"`},
		{"slug twice", []string{"[[source]]", "[[topic]]\nslug = \"world\"\n[[source]]"},
			`broadsheet.toml:51: slug in [[topic]] is "world", as on line 43: each needs its own`},
		{"control character", []string{`name = "City Courier"`, `name = "City\nCourier"`},
			`broadsheet.toml:2: name in [site] must be one line without control characters`},
		{"control character in prose", []string{`"1 Main Street, Springfield"`, `"1 Main Street\u0007"`},
			`broadsheet.toml:6: postal_address in [site] must not hold control characters`},
		{"too long", []string{`"The Morning Courier"`, `"` + strings.Repeat("é", 101) + `"`},
			`broadsheet.toml:59: name in [[digest]] must have at most 100 characters, not 101`},
		{"language", []string{`language = "en"`, `language = "en_US"`},
			`broadsheet.toml:4: language in [site] must be a language tag such as "en" or "pt-BR", not "en_US"`},
		{"languages", []string{`language = "en"`, "language = \"en\"\nlanguages = [\"de\", \"d\"]"},
			`broadsheet.toml:5: languages in [site] must be a language tag such as "en" or "pt-BR", not "d"`},
		{"zone", []string{`timezone = "America/New_York"`, `timezone = "Mars/Olympus"`},
			`broadsheet.toml:5: timezone in [site] is not right: there is no time zone "Mars/Olympus"; use a name such as "Europe/Berlin"`},
		{"cron", []string{`"0 7 * * *"`, `"0 7 * *"`},
			`broadsheet.toml:60: schedule in [[digest]] is not right: a cron expression has five fields, this has 4`},
		{"address", []string{"editors@courier.example", "editors"},
			`broadsheet.toml:23: reply_to in [mail] is not right: mail: missing '@' or angle-addr`},
		{"address is no web address", []string{`url = "https://courier.example"`, `url = "ftp://courier.example"`},
			`broadsheet.toml:3: url in [site] must be an absolute http or https address, not "ftp://courier.example"`},
		{"address without host", []string{`"https://courier.example/feed.xml"`, `"/feed.xml"`},
			`broadsheet.toml:53: url in [[source]] must be an absolute http or https address, not "/feed.xml"`},
		{"address with password", []string{`"https://courier.example/feed.xml"`, `"https://me:secret@courier.example"`},
			`broadsheet.toml:53: url in [[source]] must not hold a user name or password`},
		{"public address with query", []string{`"https://courier.example/mail"`, `"https://courier.example/?a=b"`},
			`broadsheet.toml:10: public_url in [web] must end with its path, without ? or #, not "https://courier.example/?a=b"`},
		{"listen", []string{`"127.0.0.1:8080"`, `"8080"`},
			`broadsheet.toml:9: listen in [web] must be a host and a port such as "127.0.0.1:8080" or ":8080", not "8080"`},
		{"listen port", []string{`"127.0.0.1:8080"`, `":80800"`},
			`broadsheet.toml:9: listen in [web] must be a host and a port such as "127.0.0.1:8080" or ":8080", not ":80800"`},
		{"network", []string{"trusted_proxies = []", `trusted_proxies = ["10.0.0.0/8", "10.0/8"]`},
			`broadsheet.toml:12: trusted_proxies in [web] must hold networks such as "10.0.0.0/8", not "10.0/8"`},
		{"origin", []string{"allowed_origins = []", `allowed_origins = ["https://courier.example/"]`},
			`broadsheet.toml:13: allowed_origins in [web] must hold origins such as "https://www.example.org", in lower case and without a path, not "https://courier.example/"`},
		{"domain", []string{`"bounce.courier.example"`, `"bounce courier"`},
			`broadsheet.toml:24: bounce_domain in [mail] must be a domain name such as "news.example.org", not "bounce courier"`},
		{"selector", []string{`selector = "b1"`, `selector = "b_1"`},
			`broadsheet.toml:39: selector in [mail.dkim] must be a DNS name of lower-case letters, digits and hyphens, such as "b1", not "b_1"`},
		{"path of a page", []string{`"/world/"`, `"world"`},
			`broadsheet.toml:48: url_paths in [[topic]] must hold paths that begin with /, not "world"`},
		{"empty string in a list", []string{`"treaty"`, `""`},
			`broadsheet.toml:46: keywords in [[topic]] holds an empty string: leave it out`},
		{"string twice in a list", []string{`"united nations"`, `"treaty"`},
			`broadsheet.toml:46: keywords in [[topic]] names "treaty" twice`},
		{"choice", []string{`"hold"`, `"drop"`},
			`broadsheet.toml:26: on_uncertain in [mail] must be "hold", "resend" or "assume-sent", not "drop"`},
		{"choice of a source", []string{`kind = "feed"`, `kind = "atom"`},
			`broadsheet.toml:52: kind in [[source]] must be "feed", "sitemap" or "page", not "atom"`},
		{"choice of a digest", []string{`"merge"`, `"all"`},
			`broadsheet.toml:71: catch_up in [[digest]] must be "merge", "each" or "skip", not "all"`},
		{"subject", []string{"{{.Lead.Title}}", "{{.Lead.Title}"},
			`broadsheet.toml:67: subject in [[digest]] is no valid template: bad character U+007D '}'`},
		{"subject function", []string{"{{.Lead.Title}}", "{{upper .Lead.Title}}"},
			`broadsheet.toml:67: subject in [[digest]] is no valid template: function "upper" not defined`},

		// Limits.
		{"negative", []string{"rate = 0", "rate = -1"},
			`broadsheet.toml:25: rate in [mail] must be between 0 and 100000 messages a second, not -1`},
		{"infinite", []string{"rate = 0", "rate = inf"},
			`broadsheet.toml:25: rate in [mail] must be between 0 and 100000 messages a second, not inf`},
		{"no number", []string{"rate = 0", "rate = nan"},
			`broadsheet.toml:25: rate in [mail] must be a number, not the unquoted nan`},
		{"too many articles", []string{"max_items = 20", "max_items = 201"},
			`broadsheet.toml:65: max_items in [[digest]] must be between 1 and 200, not 201`},
		{"no connection", []string{"connections = 8", "connections = 0"},
			`broadsheet.toml:33: connections in [[mail.relay]] must be between 1 and 256, not 0`},
		{"weight", []string{"weight = 1", "weight = 1001"},
			`broadsheet.toml:35: weight in [[mail.relay]] must be between 1 and 1000, not 1001`},
		{"too often", []string{`every = "15m"`, `every = "10s"`},
			`broadsheet.toml:55: every in [[source]] must be between 1m and 168h, not 10s`},
		{"too long a wait", []string{`expire_after = "24h"`, `expire_after = "31d"`},
			`broadsheet.toml:28: expire_after in [mail] must be between 1m and 720h, not 744h`},
		{"least over most", []string{"min_items = 1", "min_items = 21"},
			`broadsheet.toml:64: min_items in [[digest]] is 21, more than the 20 of max_items: no digest would ever go out`},
		{"a cutoff without a schedule", []string{"min_items = 1", "min_items = 1\ncutoff = \"30m\"", `"0 7 * * *"`, `"instant"`},
			`broadsheet.toml:65: cutoff in [[digest]] goes with a schedule of times, and this digest goes out when a story has come: remove it`},
		{"hours without a schedule", []string{"min_items = 1", "min_items = 1\nhours = [\"06:30\"]", `"0 7 * * *"`, `"instant"`},
			`broadsheet.toml:65: hours in [[digest]] goes with a schedule of times, and this digest goes out when a story has come: remove it`},
		{"stories of any age in one digest only", []string{"min_items = 1", "min_items = 1\nonce_across_digests = true"},
			`broadsheet.toml:65: once_across_digests in [[digest]] needs to know who got a story of any age, and keep_deliveries in [mail] is 720h: give max_age, such as max_age = "7d", or raise that to 1488h`},
		{"older stories in one digest only than deliveries", []string{"min_items = 1", "min_items = 1\nmax_age = \"31d\"\nonce_across_digests = true"},
			`broadsheet.toml:66: once_across_digests in [[digest]] needs to know who got a story of up to 744h, and keep_deliveries in [mail] is 720h: lower max_age or raise that`},

		// Topics.
		{"unknown topic", []string{`topics = ["*"]`, "topics = [\n\"world\",\n\"wrold\"]"},
			`broadsheet.toml:65: topics in [[digest]] names the unknown topic "wrold", did you mean "world"?`},
		{"unknown topic like none", []string{`topics = []`, `topics = ["sport"]`},
			`broadsheet.toml:54: topics in [[source]] names the unknown topic "sport"; there is no [[topic]] with this slug`},
		{"all topics for a source", []string{`topics = []`, `topics = ["*"]`},
			`broadsheet.toml:54: topics in [[source]] names the unknown topic "*"; there is no [[topic]] with this slug`},
		{"no topic", []string{`topics = ["*"]`, `topics = []`},
			`broadsheet.toml:63: topics in [[digest]] is empty: name topics, or ["*"] for all`},

		// Relays.
		{"relay address", []string{`"smtp://user@smtp.courier.example:587"`, `"smtp.courier.example"`},
			`broadsheet.toml:31: url in [[mail.relay]] must be an address such as "smtp://user@host:587" or "smtps://user@host"`},
		{"relay password in address", []string{`smtp://user@`, `smtp://user:sesame@`},
			`broadsheet.toml:31: url in [[mail.relay]] must not hold the password: write it into a file and name that with password_file`},
		{"relay password in file", []string{`password_file = "relay.password"`, `password = "sesame"`},
			`broadsheet.toml:32: password in [[mail.relay]] does not belong in this file: write it into a file of its own and name that with password_file`},
		{"relay path", []string{`example:587`, `example:587/x`},
			`broadsheet.toml:31: url in [[mail.relay]] must end with the host or the port, with nothing but ?tls= after it`},
		{"relay port", []string{`example:587`, `example:70000`},
			`broadsheet.toml:31: url in [[mail.relay]] has no valid port: "70000"`},
		{"relay parameter", []string{`example:587`, `example:587?ssl=on`},
			`broadsheet.toml:31: url in [[mail.relay]] has an unknown parameter; there is only tls`},
		{"relay tls", []string{`example:587`, `example:587?tls=ssl`},
			`broadsheet.toml:31: url in [[mail.relay]] has an unknown tls: with smtp:// it must be "starttls", "implicit" or "off", not "ssl"`},
		{"relay tls of smtps", []string{`smtp://user@smtp.courier.example:587`, `smtps://user@smtp.courier.example?tls=starttls`},
			`broadsheet.toml:31: url in [[mail.relay]] has an unknown tls: with smtps:// it must be "implicit", not "starttls"`},
		{"relay tls off", []string{`example:587`, `example:587?tls=off`},
			`broadsheet.toml:31: url in [[mail.relay]] has tls=off, which is allowed to a relay on this host only: use starttls or implicit`},
		{"relay user without password", []string{`password_file`, `# `},
			`broadsheet.toml:31: url in [[mail.relay]] names a user: give the password with password_file or BROADSHEET_MAIL_RELAY_PASSWORD`},
		{"second relay user without password", []string{"[mail.dkim]", "[[mail.relay]]\nurl = \"smtp://me@b.example\"\n[mail.dkim]"},
			`broadsheet.toml:38: url in [[mail.relay]] names a user: give the password with password_file`},
		{"relay password without user", []string{`smtp://user@`, `smtp://`},
			`broadsheet.toml:32: password_file in [[mail.relay]] is given, but url names no user: write "smtp://user@host"`},

		// Database.
		{"database", []string{`"sqlite:broadsheet.db"`, `"mysql://me:sesame@host/x"`},
			`broadsheet.toml:19: url in [database] must be "sqlite:FILE" or "postgres://user@host/name"`},
		{"database name", []string{`"sqlite:broadsheet.db"`, `"postgres://me:sesame@host/"`},
			`broadsheet.toml:19: url in [database] must name the database: "postgres://user@host/name"`},
		{"database file", []string{`"sqlite:broadsheet.db"`, `"sqlite:"`},
			`broadsheet.toml:19: url in [database] must name a file: "sqlite:broadsheet.db"`},
		{"database slashes", []string{`"sqlite:broadsheet.db"`, `"sqlite://broadsheet.db"`},
			`broadsheet.toml:19: url in [database] must be "sqlite:FILE", without slashes before a relative path`},
		{"database twice", []string{`url = "sqlite:broadsheet.db"`, "url = \"sqlite:broadsheet.db\"\nurl_file = \"relay.password\""},
			`broadsheet.toml:20: url_file in [database] and url are both given: keep one of them`},

		// Files.
		{"keys missing", []string{`"broadsheet.keys"`, `"other.keys"`},
			`broadsheet.toml:16: keys_file in [security] names "other.keys", which is not there; "broadsheet init" writes one`},
		{"key missing", []string{`"dkim.pem"`, `"other.pem"`},
			`broadsheet.toml:40: key_file in [mail.dkim] names "other.pem", which is not there; "broadsheet init" writes one`},
		{"API keys missing", []string{`"broadsheet.api-keys"`, `"other"`},
			`broadsheet.toml:11: api_keys_file in [web] names "other", which is not there; write one "name:key" a line into it, or leave the setting out`},
		{"secret missing", []string{`"relay.password"`, `"other"`},
			`broadsheet.toml:32: password_file in [[mail.relay]] names a file that is not there; write the secret into it, or name another file`},
		{"secret is a folder", []string{`"relay.password"`, `"."`},
			`broadsheet.toml:32: password_file in [[mail.relay]] names ".", which cannot be read: it is not a regular file`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := folder(t)
			_, err := parse(dir, design(t, tc.replace...))
			wantProblems(t, err, dir, tc.want)
		})
	}
}

func TestProblemsOfSecretFiles(t *testing.T) {
	for _, tc := range []struct{ name, file, content, want string }{
		{"empty", "relay.password", "\n",
			`broadsheet.toml:32: password_file in [[mail.relay]] names "relay.password", which is empty; write the secret into it, or name another file`},
		{"two lines", "relay.password", "open\nsesame\n",
			`broadsheet.toml:32: password_file in [[mail.relay]] names a file that holds more than one line`},
		{"large", "relay.password", strings.Repeat("x", 1<<16+1),
			`broadsheet.toml:32: password_file in [[mail.relay]] names "relay.password", which cannot be read: it is larger than 65536 bytes`},
		{"API keys", "broadsheet.api-keys", "cms:0123456789abcdefghij\n\nshort:abc\n",
			`broadsheet.api-keys:3: has a key of 3 characters: it needs at least 20`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := folder(t)
			write(t, filepath.Join(dir, tc.file), tc.content)
			_, err := parse(dir, design(t))
			wantProblems(t, err, dir, tc.want)
		})
	}
}

func TestUnsetTablesAreToldWithoutALine(t *testing.T) {
	dir := t.TempDir()
	_, err := parse(dir, "")
	wantProblems(t, err, dir, strings.Join([]string{
		`broadsheet.toml: [site] needs name, such as name = "City Courier"`,
		`broadsheet.toml: [site] needs url, such as url = "https://courier.example"`,
		`broadsheet.toml: [web] needs public_url, such as public_url = "https://courier.example/mail"`,
		`broadsheet.toml: keys_file in [security] names "broadsheet.keys", which is not there; "broadsheet init" writes one`,
		`broadsheet.toml: [mail] needs from, such as from = "City Courier <digest@courier.example>"`,
	}, "\n"))
}

func TestProblemsComeInTheOrderOfTheFile(t *testing.T) {
	dir := folder(t)
	text := design(t, `language = "en"`, `language = "?"`, "rate = 0", "rate = -1",
		`slug = "world"`, `slug = "9"`, `theme = "broadsheet"`, "colour = 1")
	_, err := parse(dir, text, "BROADSHEET_WEB_LISTEN=nowhere", "BROADSHEET_COLOUR=1")
	var got []string
	for row := range strings.SplitSeq(strings.ReplaceAll(err.Error(), dir+"/", ""), "\n") {
		place, _, _ := strings.Cut(row, ": ")
		got = append(got, place)
	}
	want := "broadsheet.toml:4 broadsheet.toml:25 broadsheet.toml:43 broadsheet.toml:68 BROADSHEET_COLOUR BROADSHEET_WEB_LISTEN"
	if strings.Join(got, " ") != want {
		t.Errorf("got places %q, want %q", got, want)
	}
}

func TestLargeFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broadsheet.toml")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(10 << 20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	_, err = config.Load(path, nil, config.Checks{})
	wantProblems(t, err, filepath.Dir(path), "broadsheet.toml: is larger than 262144 bytes: is this the right file?")
}
