package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

const (
	apiKey = "a-key-of-the-newsroom"
	crmKey = "a-key-of-the-paywall"
)

// site is a server on a database with three topics and two digests, with a
// clock that tests move and a log that they read.
type site struct {
	t       testing.TB
	db      *db.DB
	handler http.Handler
	base    string // the path of the public URL
	store   *subscribers.Store
	keys    *subscribers.Keys
	links   *subscribers.Links
	catalog *subscribers.Catalog
	log     bytes.Buffer
	told    []ingest.Hook // by webhooks

	everything string // the statement of dump

	mu     sync.Mutex
	time   time.Time
	pauses []time.Duration // that answers waited, without any time passing
}

func eachSite(t *testing.T, fn func(t *testing.T, s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newSiteOn(t, d, nil)) })
}

func newSite(t testing.TB, change func(*web.Options)) *site {
	t.Helper()
	return newSiteOn(t, dbtest.Open(t, db.SQLite), change)
}

func newSiteOn(t testing.TB, d *db.DB, change func(*web.Options)) *site {
	t.Helper()
	s := &site{t: t, db: d, time: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	s.store = subscribers.NewStore(d, s.now)
	s.keys = newKeys(t, subscribers.NewKey())
	setup := s.configure()
	o := s.options(setup)
	if change != nil {
		change(&o)
	}
	o.Links = subscribers.NewLinks(o.PublicURL, o.Keys)
	server, err := web.New(o)
	s.must(err)
	s.handler, s.keys, s.links = server.Handler(), o.Keys, o.Links
	public, err := url.Parse(o.PublicURL)
	s.must(err)
	s.base = public.Path
	return s
}

func newKeys(t testing.TB, lines ...string) *subscribers.Keys {
	t.Helper()
	keys, err := subscribers.ParseKeys([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (s *site) configure() *digest.Setup {
	setup := &digest.Setup{
		Topics:     []digest.Topic{{Slug: "world", Name: "World"}, {Slug: "sport", Name: "Sport", Keywords: []string{"cup"}}, {Slug: "arts", Name: "Arts"}},
		Attributes: []digest.Attribute{{Name: "tier", Values: []string{"free", "paid"}}},
		Digests: []digest.Digest{
			{Slug: "daily", Name: "The Daily", LocalTime: true, Topics: []string{"*"}},
			{Slug: "weekly", Name: "The Weekly", Topics: []string{"world", "sport"}},
		},
	}
	s.must(digest.NewStore(s.db, s.now).Sync(s.t.Context(), setup))
	s.catalog = &subscribers.Catalog{}
	for _, t := range setup.Topics {
		s.catalog.Topics = append(s.catalog.Topics, subscribers.Topic{ID: t.ID, Slug: t.Slug, Name: t.Name})
	}
	for i, zone := range []string{"America/New_York", "Europe/Berlin"} {
		d := &setup.Digests[i]
		one := subscribers.Digest{ID: d.ID, Slug: d.Slug, Name: d.Name, Zone: zone, LocalTime: d.LocalTime}
		for _, t := range setup.Offered(d) {
			one.Topics = append(one.Topics, t.ID)
		}
		s.catalog.Digests = append(s.catalog.Digests, one)
	}
	return setup
}

func (s *site) options(setup *digest.Setup) web.Options {
	articles, tagger := digest.NewStore(s.db, s.now), digest.NewTagger(setup)
	cms, crm := sha256.Sum256([]byte(apiKey)), sha256.Sum256([]byte(crmKey))
	return web.Options{
		Site:      templates.Site{Name: "City Courier", URL: "https://courier.example", Language: "en", PostalAddress: "1 Main Street"},
		PublicURL: "https://courier.example/mail", Subscribers: s.store, Keys: s.keys,
		Catalog: func() *subscribers.Catalog { return s.catalog },
		Articles: func(ctx context.Context, key string, in []digest.Incoming) (digest.PutResult, error) {
			return articles.PutBy(ctx, tagger, "api:"+key, in)
		},
		CheckArticle: func(in *digest.Incoming) error { return ingest.CheckSetup(in, setup, s.now()) },
		APIKeys: map[string]web.APIKey{
			hex.EncodeToString(cms[:]): {Name: "cms", Scopes: []string{"articles"}},
			hex.EncodeToString(crm[:]): {Name: "crm", Scopes: []string{"subscribers"}},
		},
		Receipts: articles.Receipts, Lately: articles.Lately,
		PersonalData: func(ctx context.Context, w io.Writer, subscriberID int64) error {
			address, err := s.store.AddressOf(ctx, subscriberID)
			if err == nil {
				err = json.NewEncoder(w).Encode(s.detail(address))
			}
			return err
		},
		Webhooks: map[string]web.Webhook{"site": {Kind: "wordpress", Secret: []byte(hookSecret), Topics: []string{"world"}}},
		Told: func(ctx context.Context, name string, told ingest.Hook) (string, error) {
			s.told = append(s.told, told)
			return "new", nil
		},
		SignUps:        web.SignUpRules{Client: 20, Network: 100, Window: 10 * time.Minute, Total: 1000, Challenge: web.ChallengeNever},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		AllowedOrigins: []string{"https://partner.example"}, Ready: s.db.CheckSchema,
		Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: s.now, Pause: s.pause,
	}
}

func (s *site) pause(_ context.Context, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauses = append(s.pauses, d)
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

func (s *site) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

// ask sends a request to a path below the public URL. What is in headers
// replaces what the request would have.
func (s *site) ask(method, path, body string, headers ...string) reply {
	s.t.Helper()
	return s.send(s.request(method, path, body, headers...))
}

func (s *site) request(method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, s.base+path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "courier.example", "192.0.2.1:4711"
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

func (s *site) send(r *http.Request) reply {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	s.must(err)
	return reply{res, string(body)}
}

// want checks the status of an answer and that each text is on the page.
func (r reply) want(t testing.TB, status int, texts ...string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("status = %d, want %d; body:\n%s", r.StatusCode, status, r.body)
	}
	page := words(r.body)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

// wantRedirect checks that an answer sends the browser on with a GET.
func (r reply) wantRedirect(t testing.TB, location string) {
	t.Helper()
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != location {
		t.Errorf("answer = %d to %q, want 303 to %q", r.StatusCode, r.Header.Get("Location"), location)
	}
}

// words is the text of a page.
func words(page string) string {
	var out []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
		case html.TextToken:
			out = append(out, string(z.Text()))
		}
	}
}

// form is what a browser would send of the first form of a page by pressing
// its button: hidden fields, typed and ticked ones, and the button's own.
type form struct {
	action string
	values url.Values
}

func (r reply) form(t testing.TB) form {
	t.Helper()
	f := form{values: url.Values{}}
	for z, name := html.NewTokenizer(strings.NewReader(r.body)), ""; ; {
		kind := z.Next()
		token := z.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		_, isChecked := attr["checked"]
		_, isSelected := attr["selected"]
		switch {
		case kind == html.ErrorToken:
			t.Fatalf("the page has no form:\n%s", r.body)
		case kind == html.EndTagToken && token.Data == "form":
			return f
		case token.Data == "form":
			f.action = attr["action"]
		case token.Data == "select":
			name = attr["name"]
		case token.Data == "option" && isSelected:
			value, ok := attr["value"]
			if !ok {
				z.Next()
				value = string(z.Text())
			}
			f.values.Set(name, value)
		case f.action == "" || attr["name"] == "" || attr["type"] == "checkbox" && !isChecked:
		case token.Data == "input" || token.Data == "button":
			f.values.Add(attr["name"], attr["value"])
		}
	}
}

// submit sends a form as the browser of our own page does.
func (s *site) submit(f form) reply {
	s.t.Helper()
	return s.ask(http.MethodPost, strings.TrimPrefix(f.action, s.base), f.values.Encode(), "Sec-Fetch-Site", "same-origin", "Origin", "null")
}

// filledIn is the sign-up form with an address and choices.
func (s *site) filledIn(address string) form {
	s.t.Helper()
	f := s.ask(http.MethodGet, "/subscribe", "").form(s.t)
	f.values.Set(templates.FieldAddress, address)
	f.values[templates.FieldTopics] = []string{"world"}
	f.values[templates.FieldDigests] = []string{"daily"}
	return f
}

// again is the body that asks for a fresh confirmation, with a form of its own.
func (s *site) again() string {
	return url.Values{templates.FieldAgain: {"1"}, templates.FieldForm: {s.filledIn("").values.Get(templates.FieldForm)}}.Encode()
}

// pending signs an address up and returns the reader's id.
func (s *site) pending(address string) int64 {
	s.t.Helper()
	s.must(s.store.SignUp(s.t.Context(), s.catalog, subscribers.SignUp{
		Address: address, Topics: []string{"world"}, Digests: []string{"daily", "weekly"}, Zone: "Europe/Paris", Origin: "form", Text: "I want this.",
	}))
	return s.detail(address).ID
}

// active signs an address up and confirms it.
func (s *site) active(address string) int64 {
	s.t.Helper()
	id := s.pending(address)
	token := s.confirmToken(id)
	seen, err := s.store.Asked(s.t.Context(), s.catalog, token)
	s.must(err)
	_, err = s.store.Confirm(s.t.Context(), s.catalog, token, subscribers.Confirmation{Seen: seen.Mark, Origin: "form"})
	s.must(err)
	return id
}

func (s *site) confirmToken(id int64) subscribers.Token {
	return subscribers.ConfirmToken(id, s.addressOf(id), s.now().Truncate(time.Second))
}

// addressOf is the address of a reader, "" for none.
func (s *site) addressOf(id int64) string {
	var addresses []string
	s.must(s.db.View(s.t.Context(), func(tx *db.Tx) error {
		return tx.Select(s.t.Context(), &addresses, `SELECT address FROM subscribers WHERE id = $1`, id)
	}))
	return strings.Join(addresses, "")
}

// The paths of personal links.
func (s *site) c(id int64) string { return "/c/" + s.keys.Sign(s.confirmToken(id)) }
func (s *site) p(id int64) string { return s.path(s.links.Preferences(id)) }

// f is the path of a link that was mailed just now to the address that a reader has.
func (s *site) f(id int64) string {
	s.t.Helper()
	address, err := s.store.AddressOf(s.t.Context(), id)
	s.must(err)
	return s.path(s.links.Fresh(id, address, s.now()))
}

// follow opens the page that an answer sends the browser to.
func (s *site) follow(r reply) reply {
	s.t.Helper()
	if r.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("status = %d, want a redirect; body:\n%s", r.StatusCode, words(r.body))
	}
	return s.ask(http.MethodGet, strings.TrimPrefix(r.Header.Get("Location"), s.base), "")
}

// setName gives a reader another name.
func (s *site) setName(id int64, name string) {
	s.t.Helper()
	f := s.ask(http.MethodGet, s.f(id), "").form(s.t)
	f.values.Set(templates.FieldName, name)
	s.follow(s.submit(f)).want(s.t, http.StatusOK, "Your settings are saved.")
}
func (s *site) u(id int64, slug string) string {
	for _, d := range s.catalog.Digests {
		if d.Slug == slug {
			return s.path(s.links.Unsubscribe(id, d.ID))
		}
	}
	return s.path(s.links.Unsubscribe(id, 0))
}

func (s *site) path(link string) string {
	u, err := url.Parse(link)
	s.must(err)
	return strings.TrimPrefix(u.Path, s.base)
}

func (s *site) detail(address string) *subscribers.Detail {
	s.t.Helper()
	d, err := s.store.ByAddress(s.t.Context(), address)
	s.must(err)
	return d
}

// picture is what is known of an address, in a line.
func (s *site) picture(address string) string {
	s.t.Helper()
	return s.pictureOf(s.detail(address))
}

func (s *site) pictureOf(d *subscribers.Detail) string {
	parts := []string{string(d.State)}
	for _, one := range d.Subscriptions {
		parts = append(parts, fmt.Sprintf("%s=%s %s %s", one.Digest, one.State, one.Zone, one.Topics))
	}
	return strings.Join(parts, " | ")
}

func (s *site) wantPicture(address, want string) {
	s.t.Helper()
	if got := s.picture(address); got != want {
		s.t.Errorf("%s\n got %s\nwant %s", address, got, want)
	}
}

// lastConsent is the newest entry of an address's record of consent.
func (s *site) lastConsent(address string) subscribers.Consent {
	s.t.Helper()
	all := s.detail(address).Consents
	if len(all) == 0 {
		s.t.Fatalf("%s has no record of consent", address)
	}
	return all[len(all)-1]
}

func (s *site) count(query string, args ...any) int {
	s.t.Helper()
	var n int
	s.view(func(ctx context.Context, tx *db.Tx) error { return tx.Get(ctx, &n, query, args...) })
	return n
}

func (s *site) view(fn func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	ctx := context.Background()
	s.must(s.db.View(ctx, func(tx *db.Tx) error { return fn(ctx, tx) }))
}
