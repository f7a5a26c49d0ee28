package web_test

import (
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/web"
	"broadsheet/mail"
	"broadsheet/templates"
)

// press is a site whose daily has two editions that went out, with all that may
// be switched on.
type press struct {
	*site
	publisher *digest.Publisher
	clicks    *digest.Clicks
}

const (
	monday  = "daily/2026-11-23"
	tuesday = "daily/2026-11-24"
)

func newPress(t testing.TB, d *db.DB, change func(*web.Options)) *press {
	p := &press{}
	p.site = newSiteOn(t, d, func(o *web.Options) {
		p.publisher, p.clicks = publish(t, d, o)
		o.Publisher, o.Clicks, o.Opens = p.publisher, p.clicks, p.clicks
		if change != nil {
			change(o)
		}
	})
	return p
}

// publish writes the editions.
func publish(t testing.TB, d *db.DB, o *web.Options) (*digest.Publisher, *digest.Clicks) {
	t.Helper()
	theme, err := templates.LoadTheme("broadsheet")
	if err != nil {
		t.Fatal(err)
	}
	subject, err := templates.ParseSubject("{{.Lead.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	set := &digest.Setup{Site: o.Site, Topics: []digest.Topic{{Slug: "world", Name: "World"}, {Slug: "sport", Name: "Sport", Keywords: []string{"cup"}}, {Slug: "arts", Name: "Arts"}}}
	for _, name := range []string{"daily", "weekly"} {
		set.Digests = append(set.Digests, digest.Digest{
			Slug: name, Name: "The " + strings.ToUpper(name[:1]) + name[1:], Location: time.UTC, Topics: []string{"*"}, MaxItems: 20, Theme: theme, Subject: subject,
			LocalTime: name == "daily", From: mail.Address{Addr: "digest@courier.example"},
		})
	}
	set.Digests[1].Topics = []string{"world", "sport"}
	store := digest.NewStore(d, o.Now)
	if err := store.Sync(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), digest.NewTagger(set), nil, []digest.Incoming{
		{URL: "https://courier.example/1", Title: "Ferry <returns>", Summary: "After nine years.", ImageURL: "https://img.example/1.jpg", ImageAlt: "A ferry", Topics: []string{"world"}},
		{URL: "https://courier.example/2", Title: "The cup goes north", Topics: []string{"sport"}},
	}); err != nil {
		t.Fatal(err)
	}
	write := func(query string, args ...any) {
		t.Helper()
		if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), query, args...); return err }); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range []string{monday, tuesday} {
		write(`INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at) VALUES ($1, $2, $3, $4, 'scheduled', 1, 'done', 1)`,
			i+1, set.Digests[0].ID, key[len("daily/"):]+"T07:00", key)
		write(`INSERT INTO selections (edition_id, id, stories) VALUES ($1, $1, $2)`, i+1, fmt.Sprintf("1:%d 2:%d +0", set.Topics[0].ID, set.Topics[1].ID))
		write(`INSERT INTO public_editions (edition_id, digest_id, slot, stories, topics, published_at) VALUES ($1, $2, $3, $4, $5, 1)`,
			i+1, set.Digests[0].ID, key[len("daily/"):]+"T07:00", fmt.Sprintf("1:%d 2:%d +0", set.Topics[0].ID, set.Topics[1].ID), fmt.Sprintf(",%d,%d,", set.Topics[0].ID, set.Topics[1].ID))
	}
	links := digest.Links{SignUp: "https://courier.example/mail/subscribe", Public: digest.NewPublicLinks(o.PublicURL, o.Keys), CountClicks: true, Pixel: true}
	publisher := digest.NewPublisher(digest.NewComposer(store, set, links, o.Now), digest.Archive{Digests: []string{"daily", "weekly"}})
	return publisher, digest.NewClicks(store, slog.New(slog.DiscardHandler))
}

// The paths of links that name no reader.
func (p *press) v(edition int64) string {
	return p.path(p.publisher.Links().View(digest.Mailing{EditionID: edition, SelectionID: edition}))
}
func (p *press) r(article int64, position int) string {
	return p.path(p.publisher.Links().Go(digest.Click{EditionID: 1, ArticleID: article, Position: position}))
}
func (p *press) o() string { return p.path(p.publisher.Links().Open(1)) }

func (p *press) pages() []string {
	return append(p.site.pages(), p.v(1), p.v(2), p.r(1, 1), p.r(2, 2), p.o(), "/editions", "/editions?topic=world&page=1", "/editions/daily", "/editions/weekly",
		"/editions/"+monday, "/editions/"+tuesday, "/editions/feed.xml", "/editions/daily/feed.xml", "/editions/sitemap.xml")
}

func TestArchivePages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d, nil)
		for path, want := range map[string][]string{
			"/editions":                                       {"Past editions", "Tuesday, November 24, 2026", "Monday, November 23, 2026", "Ferry <returns>", "Get City Courier by mail", "RSS feed"},
			"/editions?topic=sport":                           {"Past editions about Sport", "The cup goes north"},
			"/editions/daily":                                 {"Past editions of The Daily", "Get The Daily by mail"},
			"/editions/daily?topic=world":                     {"Past editions of The Daily · World"},
			"/editions/weekly":                                {"Nothing has been published here yet."},
			"/editions?topic=arts":                            {"Nothing has been published here yet."},
			"/editions/" + monday:                             {"Ferry <returns>", "The cup goes north", "Next edition", "Get The Daily by mail"},
			"/editions/" + tuesday:                            {"Previous edition"},
			"/editions?lang=de&utm_source=x&" + "topic=" + "": {"Past editions"},
		} {
			got := p.ask(http.MethodGet, path, "")
			got.want(t, http.StatusOK, want...)
			if robots := got.Header.Get("X-Robots-Tag"); robots != "" || strings.Contains(got.body, `name="robots"`) {
				t.Errorf("%s is kept from search engines", path)
			}
			if cache := got.Header.Get("Cache-Control"); cache != "public, max-age=60" {
				t.Errorf("%s: Cache-Control = %q", path, cache)
			}
			again := p.ask(http.MethodGet, path, "", "If-None-Match", got.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified || again.body != "" {
				t.Errorf("%s again = %d with %d octets, want 304 with none", path, again.StatusCode, len(again.body))
			}
		}
		for _, path := range []string{
			"/editions/nothing", "/editions?topic=nothing", "/editions?page=0", "/editions?page=01", "/editions?page=x", "/editions?page=99999999999999999999",
			"/editions/daily/2026-11-22", "/editions/weekly/2026-11-23", "/editions/nothing/feed.xml", "/editions/", "/editions/daily/", "/editions/daily/%2e%2e", "/editions/daily/2026-11-23/x",
		} {
			p.ask(http.MethodGet, path, "").want(t, http.StatusNotFound, "Page not found")
		}
	})
}

func TestArchiveIsOffUnasked(t *testing.T) {
	for name, change := range map[string]func(o *web.Options){
		"no publisher": func(o *web.Options) { o.Publisher, o.Clicks, o.Opens = nil, nil, nil },
		"no archive": func(o *web.Options) {
			set := &digest.Setup{Site: o.Site}
			o.Publisher = digest.NewPublisher(digest.NewComposer(nil, set, digest.Links{Public: digest.NewPublicLinks(o.PublicURL, o.Keys)}, o.Now), digest.Archive{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPress(t, dbtest.Open(t, db.SQLite), change)
			for _, path := range []string{"/editions", "/editions/daily", "/editions/" + monday, "/editions/feed.xml", "/editions/daily/feed.xml", "/editions/sitemap.xml"} {
				p.ask(http.MethodGet, path, "").want(t, http.StatusNotFound)
			}
			if robots := p.ask(http.MethodGet, "/robots.txt", "").body; strings.Contains(robots, "Sitemap") {
				t.Errorf("robots.txt = %q", robots)
			}
		})
	}
	p := newPress(t, dbtest.Open(t, db.SQLite), func(o *web.Options) { o.Publisher = nil })
	for _, path := range []string{p.v(1), p.r(1, 1), p.o()} {
		p.ask(http.MethodGet, path, "").want(t, http.StatusNotFound)
	}
}

func TestEditionsShowThemselves(t *testing.T) {
	p := newPress(t, dbtest.Open(t, db.SQLite), nil)
	got := p.ask(http.MethodGet, "/editions/"+monday, "")
	for _, want := range []string{
		`<link rel="canonical" href="https://courier.example/mail/editions/daily/2026-11-23">`, `<meta property="og:title" content="Ferry &lt;returns&gt;">`,
		`<meta property="og:image" content="https://img.example/1.jpg">`, `<meta property="og:description" content="After nine years.">`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if robots := p.ask(http.MethodGet, "/robots.txt", "").body; !strings.Contains(robots, "Disallow: /mail/r/\n") || !strings.Contains(robots, "\nSitemap: https://courier.example/mail/editions/sitemap.xml\n") {
		t.Errorf("robots.txt = %q", robots)
	}
	for path, kind := range map[string]string{"/editions/feed.xml": "application/rss+xml; charset=utf-8", "/editions/daily/feed.xml": "application/rss+xml; charset=utf-8", "/editions/sitemap.xml": "application/xml; charset=utf-8"} {
		got := p.ask(http.MethodGet, path, "")
		if err := xml.Unmarshal([]byte(got.body), new(struct{})); err != nil || got.Header.Get("Content-Type") != kind {
			t.Errorf("%s is %s: %v", path, got.Header.Get("Content-Type"), err)
		}
		if n := strings.Count(got.body, "https://courier.example/mail/editions/daily/2026-11-23<"); n == 0 {
			t.Errorf("%s lacks Monday's edition:\n%s", path, got.body)
		}
	}
	feed := p.ask(http.MethodGet, "/editions/daily/feed.xml", "").body
	for _, want := range []string{"<title>The Daily, Monday, November 23, 2026</title>", "Ferry &lt;returns&gt; · The cup goes north", `isPermaLink="true"`, `rel="self"`, "<title>The Daily</title>"} {
		if !strings.Contains(feed, want) {
			t.Errorf("the feed lacks %s:\n%s", want, feed)
		}
	}
}

// What was withdrawn is gone from everywhere within a minute.
func TestWithdrawnStoriesLeaveTheWeb(t *testing.T) {
	p := newPress(t, dbtest.Open(t, db.SQLite), nil)
	everywhere := []string{p.v(1), "/editions", "/editions/" + monday, "/editions/feed.xml"}
	for _, path := range everywhere {
		p.ask(http.MethodGet, path, "").want(t, http.StatusOK, "The cup goes north")
	}
	p.must(p.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE articles SET withdrawn_at = 1 WHERE id = 2`)
		return err
	}))
	p.wait(time.Minute)
	for _, path := range everywhere {
		if got := p.ask(http.MethodGet, path, ""); got.StatusCode != http.StatusOK || strings.Contains(got.body, "The cup goes north") {
			t.Errorf("%s = %d still has it", path, got.StatusCode)
		}
	}
	got := p.ask(http.MethodGet, p.r(2, 2), "")
	if got.StatusCode != http.StatusFound || got.Header.Get("Location") != "https://courier.example/2" {
		t.Errorf("its link = %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestView(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d, nil)
		got := p.ask(http.MethodGet, p.v(1), "")
		got.want(t, http.StatusOK, "Ferry <returns>", "Get The Daily by mail")
		for name, want := range map[string]string{
			"X-Robots-Tag": "noindex", "Cache-Control": "public, max-age=60", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src https:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
		} {
			if have := got.Header.Get(name); have != want {
				t.Errorf("%s = %q, want %q", name, have, want)
			}
		}
		if strings.Contains(got.body, "canonical") || !strings.Contains(got.body, `<meta name="robots" content="noindex">`) {
			t.Error("search engines may list the page")
		}
		ann := p.active("ann@example.com")
		for _, token := range []string{"x", tail(p.p(ann)), tail(p.u(ann, "daily")), tail(p.r(1, 1)), tail(p.v(1)) + "A"} {
			p.ask(http.MethodGet, "/v/"+token, "").want(t, http.StatusNotFound)
		}
		for _, path := range []string{"/p/", "/u/", "/c/"} {
			p.ask(http.MethodGet, path+tail(p.v(1)), "").want(t, http.StatusNotFound)
			p.ask(http.MethodPost, path+tail(p.v(1)), "confirm=1").want(t, http.StatusNotFound)
		}

		p.must(p.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `DELETE FROM selections`)
			return err
		}))
		p.wait(time.Minute)
		gone := p.ask(http.MethodGet, p.v(1), "")
		gone.want(t, http.StatusGone, "This mail is no longer kept", "Read this edition in the archive")
		if !strings.Contains(gone.body, `href="https://courier.example/mail/editions/daily/2026-11-23"`) || gone.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v\n%s", gone.Header, gone.body)
		}
	})
}

func TestFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d, nil)
		browser := []string{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
		got := p.ask(http.MethodGet, p.r(1, 1), "", browser...)
		for name, want := range map[string]string{
			"Location": "https://courier.example/1", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Set-Cookie": "",
		} {
			if have := got.Header.Get(name); got.StatusCode != http.StatusFound || have != want {
				t.Errorf("%d with %s = %q, want 302 with %q", got.StatusCode, name, have, want)
			}
		}
		p.ask(http.MethodHead, p.r(1, 1), "", browser...).want(t, http.StatusFound)
		p.ask(http.MethodGet, p.r(2, 2), "", "User-Agent", "Barracuda Sentinel (EE)").want(t, http.StatusFound)
		p.ask(http.MethodGet, p.o(), "", browser...).want(t, http.StatusOK)
		if gif := p.ask(http.MethodGet, p.o(), "", browser...); gif.Header.Get("Content-Type") != "image/gif" || !strings.HasPrefix(gif.body, "GIF89a") || gif.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the pixel: %v %q", gif.Header, gif.body)
		}
		for _, path := range []string{"/r/x", "/r/" + tail(p.v(1)), p.r(1, 1) + "A", "/o/x.gif", "/o/" + tail(p.r(1, 1)), strings.TrimSuffix(p.o(), ".gif"), "/r/https://evil.example", "/r/", "/r/I2ludHJvZHVjdGlvbmh0dHBzOi8vZXZpbC5leGFtcGxl"} {
			if got := p.ask(http.MethodGet, path, "", browser...); got.StatusCode != http.StatusNotFound || got.Header.Get("Location") != "" {
				t.Errorf("%s = %d to %q, want 404", path, got.StatusCode, got.Header.Get("Location"))
			}
		}
		p.clicks.Flush(t.Context())
		counts, err := digest.NewStore(d, p.now).ClickCounts(t.Context(), "", 9)
		var have []string
		for _, c := range counts {
			have = append(have, fmt.Sprintf("%s %d: %d %d", c.Edition, c.Position, c.Clicks, c.Scanners))
		}
		if want := []string{monday + " 1: 1 1", monday + " 2: 0 1"}; err != nil || !slices.Equal(have, want) {
			t.Errorf("counted %q, %v, want %q", have, err, want)
		}
		opens, err := digest.NewStore(d, p.now).OpenCounts(t.Context(), "", 9)
		if want := []digest.OpenCount{{Edition: monday, Opens: 2}}; err != nil || !slices.Equal(opens, want) {
			t.Errorf("counted %v, %v, want %v", opens, err, want)
		}
	})
}

func TestScanners(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	for _, tt := range []struct {
		name, method string
		headers      []string
		people       bool
	}{
		{"firefox", "GET", []string{"User-Agent", firefox}, true},
		{"a telephone", "GET", []string{"User-Agent", "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"}, true},
		{"another", "GET", []string{"User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"}, true},
		{"head", "HEAD", []string{"User-Agent", firefox}, false},
		{"prefetch", "GET", []string{"User-Agent", firefox, "Sec-Purpose", "prefetch;prerender"}, false},
		{"no name", "GET", nil, false},
		{"a program", "GET", []string{"User-Agent", "python-requests/2.32"}, false},
		{"a robot", "GET", []string{"User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, false},
		{"a filter", "GET", []string{"User-Agent", "Mozilla/5.0 (compatible; Proofpoint)"}, false},
		{"no window", "GET", []string{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0 Safari/537.36"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPress(t, dbtest.Open(t, db.SQLite), nil)
			p.ask(tt.method, p.r(1, 1), "", append(tt.headers, "X-Test", "1")...)
			p.clicks.Flush(t.Context())
			counts, err := digest.NewStore(p.db, p.now).ClickCounts(t.Context(), "", 9)
			if err != nil || len(counts) != 1 || (counts[0].Clicks == 1) != tt.people || counts[0].Clicks+counts[0].Scanners != 1 {
				t.Errorf("got %+v, %v, want people: %t", counts, err, tt.people)
			}
		})
	}
}

// A filter follows all links of a mail from some addresses of one network.
func TestFollowInABurst(t *testing.T) {
	p := newPress(t, dbtest.Open(t, db.SQLite), nil)
	for n := range 6 {
		r := p.request(http.MethodGet, p.r(1, n+1), "", "User-Agent", "Mozilla/5.0 Firefox/140.0")
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:4711", n+1)
		p.send(r)
	}
	r := p.request(http.MethodGet, p.r(1, 1), "", "User-Agent", "Mozilla/5.0 Firefox/140.0")
	r.RemoteAddr = "198.51.100.7:4711"
	p.send(r)
	p.clicks.Flush(t.Context())
	counts, err := digest.NewStore(p.db, p.now).ClickCounts(t.Context(), "", 9)
	if err != nil || len(counts) != 6 || counts[0].Clicks != 1 || counts[0].Scanners != 1 || counts[5].Clicks != 0 || counts[5].Scanners != 1 {
		t.Errorf("got %+v, %v", counts, err)
	}
}

// Promise 7: GET and HEAD change nothing. What may change is how often links were
// followed, and that only where it is switched on: the counts tell no reader.
func TestGetAndHeadChangeNothingButCounts(t *testing.T) {
	for name, counted := range map[string]bool{"switched off": false, "switched on": true} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				p := newPress(t, d, func(o *web.Options) {
					if !counted {
						o.Clicks, o.Opens = nil, nil
					}
				})
				pages := p.pages()
				before := p.dump()
				for _, path := range pages {
					for _, method := range []string{http.MethodGet, http.MethodHead} {
						if got := p.ask(method, path, "", "User-Agent", "Mozilla/5.0 Firefox/140.0"); got.StatusCode >= 400 {
							t.Errorf("%s %s = %d", method, path, got.StatusCode)
						}
					}
				}
				p.clicks.Flush(t.Context())
				changed := changedTables(before, p.dump())
				var want []string
				if counted {
					want = []string{"click_counts", "open_counts"}
				}
				if !slices.Equal(changed, want) {
					t.Errorf("%q changed, want %q", changed, want)
				}
			})
		})
	}
}

// FuzzGetPress asks the pages of editions for what nobody has thought of.
func FuzzGetPress(f *testing.F) {
	p := newPress(f, dbtest.Open(f, db.SQLite), func(o *web.Options) { o.Clicks, o.Opens = nil, nil })
	for _, path := range p.pages() {
		f.Add(path)
		f.Add(path + "?page=2&topic=world")
	}
	before := p.dump()
	f.Fuzz(func(t *testing.T, path string) {
		p.t = t
		u, err := url.ParseRequestURI(p.base + path)
		if err != nil || strings.ContainsAny(path, " \r\n\t\x00") {
			return // no client can send it
		}
		r := p.request(http.MethodGet, "/", "")
		r.URL, r.RequestURI = u, u.String()
		got := p.send(r)
		if got.StatusCode >= 500 {
			t.Errorf("GET %s = %d", path, got.StatusCode)
		}
		if to := got.Header.Get("Location"); got.StatusCode == http.StatusFound && !strings.HasPrefix(to, "https://courier.example/") {
			t.Errorf("GET %s leads to %s", path, to)
		}
		if p.dump() != before {
			t.Fatalf("GET %s changed the database", path)
		}
	})
}

// changedTables are the tables in which two dumps differ.
func changedTables(before, after string) (changed []string) {
	tables := func(dump string) map[string]string {
		out, table := map[string]string{}, ""
		for line := range strings.Lines(dump) {
			if name := strings.TrimSpace(line); strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" && name != "" {
				table = name
			} else {
				out[table] += line
			}
		}
		return out
	}
	old := tables(before)
	for table, rows := range tables(after) {
		if old[table] != rows {
			changed = append(changed, table)
		}
	}
	slices.Sort(changed)
	return changed
}
