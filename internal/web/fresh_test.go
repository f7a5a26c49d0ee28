package web_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
	"broadsheet/mail/sink"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// wantNothingKept checks that browsers and proxies keep nothing of a personal
// page, and tell nobody where it was.
func (r reply) wantNothingKept(t testing.TB) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if cookies := r.Header.Get("Set-Cookie"); cookies != "" {
		t.Errorf("a cookie is set: %s", cookies)
	}
}

// deliver sends the system mails that wait and returns the text of each by its
// recipient.
func (s *site) deliver() map[string]string {
	s.t.Helper()
	var mu sync.Mutex
	sent := map[string]string{}
	postman := subscribers.NewPostman(s.store, func() *subscribers.Catalog { return s.catalog }, s.links, subscribers.PostmanOptions{
		Site: templates.Site{Name: "City Courier", URL: "https://courier.example", Language: "en", PostalAddress: "1 Main Street"},
		From: mail.Address{Addr: "digest@courier.example"}, EnvelopeSender: "b@courier.example", Domain: "courier.example",
		Log: slog.New(slog.DiscardHandler),
		Send: func(_ context.Context, env mail.Envelope, msg []byte) mail.Outcome {
			mu.Lock()
			defer mu.Unlock()
			parsed, err := sink.Parse(msg)
			if err != nil {
				s.t.Errorf("a mail to %s: %v", env.To, err)
			} else {
				sent[env.To] = parsed.Text
			}
			return mail.Outcome{Class: mail.ClassAccepted, Reply: mail.Reply{Code: 250}}
		},
	})
	_, err := postman.Deliver(s.t.Context())
	s.must(err)
	return sent
}

// linkIn returns the path of the link for a purpose, such as "/f/", in a mail.
func (s *site) linkIn(text, path string) string {
	s.t.Helper()
	_, token, ok := strings.Cut(text, "https://courier.example/mail"+path)
	token, _, _ = strings.Cut(token, "\r\n")
	if !ok || token == "" {
		s.t.Fatalf("a mail has no link to %s:\n%s", path, text)
	}
	return path + token
}

// fresh asks for a link at the settings of a reader and returns its path.
func (s *site) fresh(id int64, address string) string {
	s.t.Helper()
	s.ask(http.MethodPost, s.p(id), "fresh=1").wantRedirect(s.t, "/mail"+s.p(id)+"?sent=1")
	return s.linkIn(s.deliver()[address], "/f/")
}

// freshToken is that of a link that was mailed to an address just now.
func (s *site) freshToken(id int64, address string) subscribers.Token {
	s.t.Helper()
	path := s.path(s.links.Fresh(id, address, s.now()))
	token, err := s.keys.Verify(subscribers.PurposeFresh, strings.TrimPrefix(path, "/f/"), s.now())
	s.must(err)
	return token
}

func TestFreshLinkByMail(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		s.must(s.store.SetName(t.Context(), s.freshToken(id, "ann@example.com"), "Ann Lee", "form", ""))
		settings := s.ask(http.MethodGet, s.p(id), "")
		settings.want(t, http.StatusOK, "Your data", "Mail me the link", "a•••@e•••.com")
		link := s.fresh(id, "ann@example.com")
		s.ask(http.MethodGet, s.p(id)+"?sent=1", "").want(t, http.StatusOK, "Check your inbox", "a•••@e•••.com", "one hour")

		before := s.dump()
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusOK, "Your data", "Nothing yet.", "Another address", "A copy of your data", "Erase your data")
		page.wantNothingKept(t)
		if s.dump() != before {
			t.Error("opening the link changed something")
		}
		f := page.form(t)
		if got := f.values.Get(templates.FieldName); got != "Ann Lee" {
			t.Errorf("the name on the page is %q", got)
		}
		f.values.Set(templates.FieldName, "Ann L.")
		s.submit(f).wantRedirect(t, "/mail"+link+"?saved=1")
		s.ask(http.MethodGet, link+"?saved=1", "").want(t, http.StatusOK, "Your settings are saved.")
		if got := s.detail("ann@example.com").Name; got != "Ann L." {
			t.Errorf("the name is %q", got)
		}
		s.wait(subscribers.FreshFor + time.Second)
		s.ask(http.MethodGet, link, "").want(t, http.StatusGone, "This link has expired", "Change topics and settings")
		before = s.dump()
		for _, do := range []string{"name", "address", "copy", "erase"} {
			s.ask(http.MethodPost, link, "do="+do+"&name=x&address=x@example.com&sure=yes").want(t, http.StatusGone, "This link has expired")
		}
		if s.dump() != before {
			t.Error("a link that has expired changed something")
		}
	})
}

// TestForwardedMail: a link that stands in digests shows nothing personal and
// gives no way to it but a mail to the reader.
func TestForwardedMail(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann.lee@example.com")
	s.must(s.store.SetName(t.Context(), s.freshToken(id, "ann.lee@example.com"), "Zenobia", "form", ""))
	before := s.detail("ann.lee@example.com")
	for _, path := range []string{s.p(id), s.p(id) + "?saved=1", s.p(id) + "?sent=1", s.p(id) + "/topic/world", s.u(id, "daily"), s.u(id, "")} {
		page := s.ask(http.MethodGet, path, "")
		page.want(t, http.StatusOK)
		page.wantNothingKept(t)
		for _, personal := range []string{"ann.lee", "Zenobia", "example.com", "/f/", "/a/", "/n/"} {
			if strings.Contains(page.body, personal) {
				t.Errorf("%s shows %s", path[:3], personal)
			}
		}
	}
	for _, body := range []string{
		"do=name&name=Eve", "name=Eve&topics=world&digests=daily&digests=weekly&zone=Europe/Paris", "do=address&address=eve@example.com", "do=copy", "do=erase&sure=yes",
	} {
		reply := s.ask(http.MethodPost, s.p(id), body)
		if strings.Contains(reply.body, "Zenobia") || strings.Contains(reply.body, "ann.lee") {
			t.Errorf("%s is answered with what is personal", body)
		}
	}
	token := strings.TrimPrefix(s.p(id), "/p/")
	for _, path := range []string{"/f/", "/a/", "/n/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			s.ask(method, path+token, "do=erase&sure=yes").want(t, http.StatusNotFound)
		}
	}
	after, err := s.store.ByAddress(t.Context(), "ann.lee@example.com")
	if err != nil || after.Name != before.Name || after.Address != before.Address {
		t.Errorf("the reader became %+v, %v", after, err)
	}
	if got, err := s.store.Mails(t.Context(), id); err != nil || slices.ContainsFunc(got, func(m subscribers.SentMail) bool { return m.Kind != subscribers.MailConfirm }) {
		t.Errorf("mails were queued: %+v, %v", got, err)
	}
}

func TestPersonalMistakes(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	link := s.fresh(id, "ann@example.com")
	before := s.dump()
	for body, want := range map[string]string{
		"do=name&name=" + strings.Repeat("x", 300): "This name is too long.",
		"do=address&address=":                      "Enter your email address.",
		"do=address&address=ann":                   "This does not look like an email address.",
		"do=address&address=ANN%40example.com":     "This is your address already.",
		"do=erase":                                 "Tick the box if you really want this.",
	} {
		wrong := s.ask(http.MethodPost, link, body)
		wrong.want(t, http.StatusUnprocessableEntity, want, "Please look at these again")
		wrong.wantNothingKept(t)
		values, err := url.ParseQuery(body)
		s.must(err)
		for _, field := range []string{templates.FieldName, templates.FieldAddress} {
			if typed := values.Get(field); typed != "" && !strings.Contains(wrong.body, `value="`+typed+`"`) {
				t.Errorf("%s: what was typed is gone", body)
			}
		}
	}
	s.ask(http.MethodPost, link, "").want(t, http.StatusBadRequest)
	s.ask(http.MethodPost, link, "do=%zz").want(t, http.StatusBadRequest)
	s.ask(http.MethodPost, link, "do=erase&sure=yes", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
	if s.dump() != before {
		t.Error("something was stored")
	}
}

func TestDownload(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.fresh(id, "ann@example.com")
		before := s.dump()
		got := s.ask(http.MethodPost, link, "do=copy")
		got.want(t, http.StatusOK)
		got.wantNothingKept(t)
		if kind, disposition := got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition"); kind != "application/json; charset=utf-8" || disposition != `attachment; filename="my-data.json"` {
			t.Errorf("it is sent as %s, %s", kind, disposition)
		}
		var d subscribers.Detail
		if err := json.Unmarshal([]byte(got.body), &d); err != nil || d.Address != "ann@example.com" || len(d.Consents) < 2 {
			t.Errorf("the copy is %s, %v", got.body, err)
		}
		if s.dump() != before {
			t.Error("a copy changed something")
		}
	})
}

func TestEraseFromThePage(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.fresh(id, "ann@example.com")
		s.ask(http.MethodPost, link, "do=erase&sure=yes").want(t, http.StatusOK, "Your data is erased", "sign up again")
		if _, err := s.store.ByAddress(t.Context(), "ann@example.com"); err == nil {
			t.Error("the reader is still known")
		}
		for _, path := range []string{link, s.p(id)} {
			s.ask(http.MethodGet, path, "").want(t, http.StatusNotFound)
		}
		if log := s.log.String(); !strings.Contains(log, "reader erased") || strings.Contains(log, "ann@") {
			t.Errorf("the log is\n%s", log)
		}
	})
}

// TestWhatCameLately: the settings lead to the public page of an edition, and the
// page of a reader to their own mails.
func TestWhatCameLately(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d, nil)
		id := p.active("ann@example.com")
		p.deliveredTo(id)
		settings := p.ask(http.MethodGet, p.p(id), "")
		settings.want(t, http.StatusOK, "Sent today at 8:00 AM.", "View in browser")
		if !strings.Contains(settings.body, `href="/mail/editions/`+monday+`"`) || strings.Contains(settings.body, "/v/") {
			t.Errorf("the settings lead elsewhere:\n%s", settings.body)
		}
		page := p.ask(http.MethodGet, p.fresh(id, "ann@example.com"), "")
		page.want(t, http.StatusOK, "The Daily Sent today at 9:30 AM. View in browser", "The Daily Tomorrow at 9:30 AM: it could not be delivered.")
		if strings.Count(page.body, p.path(p.publisher.Links().View(digest.Mailing{EditionID: 1, SelectionID: 1}))) != 1 || strings.Count(page.body, "/v/") != 1 {
			t.Errorf("the page leads elsewhere:\n%s", page.body)
		}
	})
}

// deliveredTo has a reader of the daily get Monday's edition, and Tuesday's not.
func (p *press) deliveredTo(id int64) {
	p.t.Helper()
	at := p.now().Add(-30 * time.Minute)
	p.exec(`UPDATE cohorts SET runs = 1 WHERE id = (SELECT cohort_id FROM subscriptions WHERE subscriber_id = $1 AND digest_id = 1)`, id)
	p.exec(`UPDATE subscriptions SET created_at = 1 WHERE subscriber_id = $1`, id)
	p.exec(`INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number, planned_at)
		SELECT 1, 1, cohort_id, $1, $1, 0, 9, 1, $1 FROM subscriptions WHERE subscriber_id = $2 AND digest_id = 1`, db.Millis(p.now().Add(-2*time.Hour)), id)
	p.must(p.db.Write(p.t.Context(), func(tx *db.Tx) error { return tx.EnsureDay(p.t.Context(), 1) }))
	for edition, state := range []string{"sent", "failed"} {
		p.exec(`INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, state, changed_at) VALUES (1, $1, $2, 1, $1, 1, $3, $4)`,
			edition+1, id, state, db.Millis(at.AddDate(0, 0, edition)))
	}
}

func (s *site) exec(query string, args ...any) {
	s.t.Helper()
	s.must(s.db.Write(s.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(s.t.Context(), query, args...)
		return err
	}))
}

// TestFreshLinksOfOthers: who must not be mailed, or has not confirmed, gets the
// same answer and no mail.
func TestFreshLinksOfOthers(t *testing.T) {
	s := newSite(t, nil)
	suppressed := s.active("suppressed@example.com")
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonComplaint, "", "report"))
	pending := s.pending("pending@example.com")
	if page := s.ask(http.MethodGet, s.p(pending), ""); strings.Contains(page.body, "Mail me the link") {
		t.Error("who has not confirmed is offered a link")
	}
	s.ask(http.MethodGet, s.p(suppressed), "").want(t, http.StatusOK, "Mail me the link")
	for _, id := range []int64{suppressed, pending} {
		s.ask(http.MethodPost, s.p(id), "fresh=1").wantRedirect(t, "/mail"+s.p(id)+"?sent=1")
		mails, err := s.store.Mails(t.Context(), id)
		if err != nil || len(mails) != 1 {
			t.Errorf("mails: %+v, %v, want the confirmation alone", mails, err)
		}
	}
	s.ask(http.MethodGet, s.p(suppressed)+"?sent=1", "").want(t, http.StatusOK, "Check your inbox")
	link := "/f/" + s.keys.Sign(s.freshToken(suppressed, "suppressed@example.com"))
	s.ask(http.MethodGet, link, "").want(t, http.StatusOK, "Nothing yet.")
	left := s.active("left@example.com")
	link = "/f/" + s.keys.Sign(s.freshToken(left, "left@example.com"))
	s.must(s.store.Unsubscribe(t.Context(), left, 0, "form", ""))
	s.ask(http.MethodGet, link, "").want(t, http.StatusGone, "You are unsubscribed")
}
