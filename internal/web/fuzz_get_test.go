package web_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// scene is a site with all that a GET could touch: editions, readers in every
// state, one who left a minute ago, one who changes address, and everything that
// watches or counts switched on.
type scene struct {
	*press
	marks  *web.Marks
	tokens []string // good ones, of every purpose and some more
}

func newScene(t testing.TB, d *db.DB) *scene {
	s := &scene{}
	s.press = newPress(t, d, func(o *web.Options) {
		s.marks = web.NewMarks(o.Subscribers.MarkLeaving, o.Log, o.Now)
		o.Marks = s.marks
	})
	ann, bea, left := s.active("ann@example.com"), s.pending("bea@example.com"), s.active("left@example.com")
	suppressed := s.active("suppressed@example.com")
	s.must(s.prefers(ann, subscribers.Preferences{Digests: []string{"daily", "weekly"}, Topics: []string{"world", "sport"}}))
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonComplaint, "", "report"))
	_, err := s.store.PutExternal(t.Context(), s.catalog, subscribers.External{
		ID: "crm-1", Address: "crm@example.com", Origin: "api:crm", Evidence: &subscribers.Evidence{Text: "I agree.", At: s.now()},
	})
	s.must(err)
	agree, confirm := s.moving(ann, "ann@example.com", "ann@elsewhere.example")
	s.wait(time.Minute)
	gone, err := s.store.Leave(t.Context(), left, 0, subscribers.OriginPage, "")
	s.must(err)
	for _, id := range []int64{ann, bea, left, suppressed, 4711} {
		for _, address := range []string{"ann@example.com", "bea@example.com", "left@example.com", "suppressed@example.com"} {
			s.tokens = append(s.tokens, s.keys.Sign(subscribers.FreshToken(id, address, s.now())))
		}
		s.tokens = append(s.tokens, s.keys.Sign(s.confirmToken(id)), token(s.c(id)), token(s.p(id)), token(s.u(id, "daily")), token(s.u(id, "weekly")), token(s.u(id, "")),
			s.keys.Sign(subscribers.Token{Purpose: subscribers.PurposeConfirm, Subscriber: id, IssuedAt: s.now().Add(-1000 * time.Hour)}),
			s.keys.Sign(subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: id, Change: gone.At, IssuedAt: s.now()}))
	}
	s.tokens = append(s.tokens, token(agree), token(confirm), token(s.v(1)), token(s.r(1, 1)), token(s.o()))
	s.deliver()
	return s
}

func token(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// moving lets a reader ask for another address, and returns the paths of the two
// links that are mailed for it.
func (s *site) moving(id int64, from, to string) (agree, confirm string) {
	s.t.Helper()
	s.must(s.store.AskAddress(s.t.Context(), subscribers.FreshToken(id, from, s.now()), to, "form", ""))
	sent := s.deliver()
	return s.linkIn(sent[from], "/a/"), s.linkIn(sent[to], "/n/")
}

// gets are the patterns of routes.go that answer GET, and so HEAD.
func gets(t testing.TB) []string {
	t.Helper()
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, found := range regexp.MustCompile(`"GET (/[^"]*)"`).FindAllStringSubmatch(string(source), -1) {
		out = append(out, found[1])
	}
	if len(out) < 20 {
		t.Fatalf("routes.go has only the routes %q, as this test reads it", out)
	}
	return out
}

// fill returns the paths that a pattern stands for. A placeholder that is new
// needs values here.
func (s *scene) fill(pattern string) []string {
	s.t.Helper()
	paths := []string{strings.TrimSuffix(pattern, "{$}")}
	for _, placeholder := range regexp.MustCompile(`\{\w+\}`).FindAllString(pattern, -1) {
		values := map[string][]string{
			"{token}":       s.tokens,
			"{name}":        append([]string{"pages.css", "subscribe.js", "look.css"}, s.tokens...),
			"{slug}":        {"world", "sport", "nothing"},
			"{digest}":      {"daily", "weekly", "nothing"},
			"{date}":        {"2026-11-23", "2026-11-24", "nothing"},
			"{external_id}": {"crm-1", "nothing"},
		}[placeholder]
		if values == nil {
			s.t.Fatalf("the route %s has a placeholder that this test does not know", pattern)
		}
		var filled []string
		for _, path := range paths {
			for _, value := range values {
				filled = append(filled, strings.Replace(path, placeholder, value, 1))
			}
		}
		paths = filled
	}
	return paths
}

// everything is what forms send, as a query that must mean nothing.
const everything = "confirm=1&end=1&end-topics=world&end-digests=daily&asked=1&sent=1&thanks=1&instead=all&topics=world&weeks=4&undo=1&why=other&again=1&unsubscribe=all&pause=over&fresh=1&do=erase&do=accept&sure=1" +
	"&address=eve@example.com&digests=daily&saved=1&confirmed=1&List-Unsubscribe=One-Click&_method=POST"

// ways are the headers with which a GET may come.
func ways() [][]string {
	return [][]string{
		nil,
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language", "de", "Sec-Fetch-Site", "cross-site", "Referer", "https://mail.example/"},
		{"Purpose", "prefetch", "X-HTTP-Method-Override", "POST", "Cookie", "a=b", "If-None-Match", "*"},
		{"Authorization", "Bearer " + crmKey},
		{"Authorization", "Bearer " + apiKey},
	}
}

// TestEveryGetChangesNothing asks every route that answers GET for everything it
// may be asked, with good tokens of every purpose, and compares every row of every
// table (promise 7). Only counting of clicks writes, later and on purpose, and no
// other table than its own.
func TestEveryGetChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScene(t, d)
		before, asked := s.dump(), 0
		for _, pattern := range gets(t) {
			served := false
			for i, path := range s.fill(pattern) {
				way := ways()[i%len(ways())]
				if strings.HasPrefix(pattern, "/api/") {
					way = ways()[3]
				}
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					for _, query := range []string{"", "?" + everything} {
						asked++
						got := s.ask(method, path+query, "", way...)
						served = served || got.StatusCode < 400
						if got.StatusCode >= 500 || got.Header.Get("Referrer-Policy") != "no-referrer" || got.Header.Get("Set-Cookie") != "" {
							t.Errorf("%s %s = %d, referrers %q, cookie %q", method, path+query, got.StatusCode, got.Header.Get("Referrer-Policy"), got.Header.Get("Set-Cookie"))
						}
					}
				}
			}
			if s.dump() != before {
				t.Fatalf("GET %s changed the database", pattern)
			}
			if !served {
				t.Errorf("GET %s was refused whatever was asked: the scene lacks what it serves", pattern)
			}
		}
		s.wait(time.Minute)
		s.marks.Store(t.Context(), s.now())
		if s.dump() != before {
			t.Error("watching for scanners stored what was only looked at")
		}
		s.clicks.Flush(t.Context())
		if got := without(s.dump(), "click_counts", "open_counts"); got != without(before, "click_counts", "open_counts") {
			t.Error("counting clicks changed another table")
		}
		t.Logf("%d requests over %d routes", asked, len(gets(t)))
	})
}

// TestPathsThatAreNoText: what a database cannot look for is not there, whichever
// database it is.
func TestPathsThatAreNoText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScene(t, d)
		for _, pattern := range gets(t) {
			if !strings.Contains(pattern, "{") || strings.HasSuffix(pattern, "{$}") {
				continue
			}
			for _, odd := range []string{"%00", "%ff", "a%00b", "%C3%28"} {
				path := regexp.MustCompile(`\{(token)\}/`).ReplaceAllString(pattern, token(s.p(s.detail("ann@example.com").ID))+"/")
				path = strings.Replace(path, "{digest}/{date}", "daily/{date}", 1)
				path = regexp.MustCompile(`\{\w+\}`).ReplaceAllLiteralString(path, odd)
				s.ask(http.MethodGet, path, "", "Authorization", "Bearer "+crmKey).want(t, http.StatusNotFound)
			}
		}
	})
}

// without is a dump without some tables, whose names stand alone on a line.
func without(dump string, tables ...string) string {
	var out []string
	skip := false
	for line := range strings.SplitSeq(dump, "\n") {
		if !strings.Contains(line, "|") && line != "" {
			skip = slices.Contains(tables, line)
		}
		if !skip {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// FuzzGetOfGoodTokens signs whatever it is told, and asks for it.
func FuzzGetOfGoodTokens(f *testing.F) {
	s := newScene(f, dbtest.Open(f, db.SQLite))
	patterns := gets(f)
	purposes := "upcfanbx"
	for i := range patterns {
		f.Add(uint8(i), uint8(i%len(purposes)), int64(1+i%4), int64(i%3), int64(0), "confirm=1&undo=1", "world")
		f.Add(uint8(i), uint8(i%len(purposes)), int64(1+i%4), int64(i%3), int64(0), "", "crm-1")
	}
	before := s.dump()
	f.Fuzz(func(t *testing.T, route, purpose uint8, subscriber, other, age int64, query, value string) {
		s.t = t
		if subscriber < 0 || other < 0 || age < 0 || age > 1e9 {
			return // Sign is never asked for these
		}
		signed := s.keys.Sign(subscribers.Token{
			Purpose: subscribers.Purpose(purposes[int(purpose)%len(purposes)]), Subscriber: subscriber,
			Digest: other, Change: other, IssuedAt: s.now().Add(-time.Duration(age) * time.Second),
		})
		path := patterns[int(route)%len(patterns)]
		path = strings.NewReplacer("{$}", "", "{token}", signed, "{name}", signed).Replace(path)
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllLiteralString(path, url.PathEscape(value))
		u, err := url.ParseRequestURI(s.base + path + "?" + url.PathEscape(query))
		if err != nil {
			return
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := s.request(method, "/", "", "Authorization", "Bearer "+crmKey)
			r.URL, r.RequestURI = u, u.String()
			if got := s.send(r); got.StatusCode >= 500 {
				t.Errorf("%s %s = %d", method, path, got.StatusCode)
			}
		}
		if s.dump() != before {
			t.Fatalf("GET %s changed the database", path)
		}
	})
}

// actions are the routes that act on a personal token, with bodies that make them.
func actions() map[subscribers.Purpose][]string {
	return map[subscribers.Purpose][]string{
		subscribers.PurposeUnsubscribe: {"/u/%s " + oneClick, "/u/%s confirm=1", "/u/%s instead=pause&weeks=2", "/u/%s instead=topics&topics=world", "/u/%s instead=all", "/u/%s fresh=1", "/u/%s "},
		subscribers.PurposePreferences: {"/p/%s end=1&end-topics=sport", "/p/%s end=1&end-digests=daily", "/p/%s unsubscribe=all", "/p/%s instead=pause&weeks=2", "/p/%s fresh=1", "/p/%s/topic/world "},
		subscribers.PurposeConfirm:     {"/c/%s confirm=1"},
		subscribers.PurposeReturn:      {"/b/%s undo=1", "/b/%s why=other&why-text=x"},
		subscribers.PurposeFresh:       {"/f/%s do=save&topics=sport&digests=daily", "/f/%s do=save&name=Eve&topics=world&digests=daily", "/f/%s do=pause&pause-until=2026-12-24", "/f/%s do=leave", "/f/%s fresh=1", "/f/%s do=erase&sure=1", "/f/%s do=address&address=eve@example.com", "/f/%s do=copy"},
		subscribers.PurposeOldAddress:  {"/a/%s do=accept", "/a/%s do=stop"},
		subscribers.PurposeNewAddress:  {"/n/%s do=accept"},
	}
}

// act sends what an action needs with a token, and with what its page has shown.
func (s *site) act(action, token string) reply {
	path, body, _ := strings.Cut(action, " ")
	path = fmt.Sprintf(path, url.PathEscape(token))
	if strings.HasPrefix(path, "/c/") {
		if page := s.ask(http.MethodGet, path, ""); page.StatusCode == http.StatusOK {
			body += "&seen=" + page.form(s.t).values.Get(templates.FieldSeen)
		}
	}
	return s.ask(http.MethodPost, path, body, "Sec-Fetch-Site", "same-origin")
}

// bad are tokens that were never made for a purpose, or are good for it no more,
// by what is wrong with them.
func (s *scene) bad(good subscribers.Token) map[string][]string {
	text := s.keys.Sign(good)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	s.must(err)
	out := map[string][]string{
		"altered":   {text + "A", "A" + text, text + "=", strings.ToUpper(text), text + text, " " + text, text + "\n", strings.Repeat("A", 5000)},
		"truncated": {text[:len(text)-1], text[:len(text)/2], text[:4], text[:1]},
		"forged":    {newKeys(s.t, subscribers.NewKey()).Sign(good)},
	}
	for bit := range 8 * len(raw) {
		raw[bit/8] ^= 1 << (bit % 8)
		out["bit flipped"] = append(out["bit flipped"], base64.RawURLEncoding.EncodeToString(raw))
		raw[bit/8] ^= 1 << (bit % 8)
	}
	for purpose := range actions() {
		other := good
		if other.Purpose = purpose; purpose != good.Purpose {
			out["of another purpose"] = append(out["of another purpose"], s.keys.Sign(other))
		}
	}
	if !good.IssuedAt.IsZero() {
		old := good
		old.IssuedAt = old.IssuedAt.Add(-8 * 24 * time.Hour)
		out["expired"] = []string{s.keys.Sign(old)}
	}
	return out
}

// good is a token of a purpose that would act.
func (s *scene) good(p subscribers.Purpose) subscribers.Token {
	for _, text := range s.tokens {
		if token, err := s.keys.Verify(p, text, s.now()); err == nil {
			return token
		}
	}
	s.t.Fatalf("the scene has no token for %c", p)
	return subscribers.Token{}
}

// TestBadTokensDoNothing sends every kind of bad token to every action: no panic,
// no effect, and no difference between those that are forged.
func TestBadTokensDoNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newScene(t, d)
		before := s.dump()
		for purpose, all := range actions() {
			for what, tokens := range s.bad(s.good(purpose)) {
				for i, token := range tokens {
					action := all[i%len(all)]
					got := s.act(action, token)
					if want := http.StatusNotFound; what != "expired" && got.StatusCode != want || what == "expired" && got.StatusCode != http.StatusGone {
						t.Errorf("%s token, %s: status %d", what, action, got.StatusCode)
					}
				}
				if s.dump() != before {
					t.Fatalf("a token for %c that is %s had an effect", purpose, what)
				}
			}
		}
	})
}

// TestGoodTokensAct holds the table above to be one of actions: the same with good
// tokens changes something, but for the copy of one's data.
func TestGoodTokensAct(t *testing.T) {
	for purpose, all := range actions() {
		for _, action := range all {
			if strings.Contains(action, "do=copy") {
				continue
			}
			t.Run(string(rune(purpose))+" "+action[strings.IndexByte(action, ' '):], func(t *testing.T) {
				s := newScene(t, dbtest.Open(t, db.SQLite))
				good := s.good(purpose)
				if purpose == subscribers.PurposeConfirm {
					good = s.confirmToken(s.detail("bea@example.com").ID)
				}
				if purpose == subscribers.PurposeReturn {
					good.Subscriber = s.detail("left@example.com").ID
				}
				before := s.dump()
				if got := s.act(action, s.keys.Sign(good)); got.StatusCode >= 400 || s.dump() == before {
					t.Errorf("a good token had no effect: status %d, %s", got.StatusCode, words(got.body))
				}
			})
		}
	}
}

// FuzzBadTokens sends texts that are no tokens to every action.
func FuzzBadTokens(f *testing.F) {
	s := newScene(f, dbtest.Open(f, db.SQLite))
	var routes []string
	var purposes []subscribers.Purpose
	for _, purpose := range []subscribers.Purpose{'u', 'p', 'c', 'b', 'f', 'a', 'n'} {
		for _, action := range actions()[purpose] {
			routes, purposes = append(routes, action), append(purposes, purpose)
		}
		for _, tokens := range s.bad(s.good(purpose)) {
			f.Add(uint8(len(routes)-1), tokens[0])
		}
	}
	before := s.dump()
	f.Fuzz(func(t *testing.T, route uint8, text string) {
		s.t = t
		at := int(route) % len(routes)
		if _, err := s.keys.Verify(purposes[at], text, s.now()); err == nil {
			return // the fuzzer has it from a seed of another purpose
		}
		if got := s.act(routes[at], text); got.StatusCode < 300 || got.StatusCode >= 500 {
			t.Errorf("%s with %q = %d", routes[at], text, got.StatusCode)
		}
		if s.dump() != before {
			t.Fatalf("%s with %q had an effect", routes[at], text)
		}
	})
}

// TestAKeyThatIsGone: once a stolen key is out of the file, nothing that it signed
// has an effect; as long as it is there, everything has.
func TestAKeyThatIsGone(t *testing.T) {
	old, fresh := subscribers.NewKey(), subscribers.NewKey()
	for name, c := range map[string]struct {
		keys   []string
		status int
	}{"rotated": {[]string{fresh, old}, http.StatusOK}, "taken out": {[]string{fresh}, http.StatusNotFound}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *web.Options) { o.Keys = newKeys(t, old) })
			id := s.active("ann@example.com")
			link := s.u(id, "daily")
			later := newSiteOn(t, s.db, func(o *web.Options) { o.Keys = newKeys(t, c.keys...) })
			later.ask(http.MethodPost, link, oneClick).want(t, c.status)
		})
	}
}
