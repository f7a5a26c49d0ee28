package web_test

import (
	"context"
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

func TestFreshLinkByMail(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		s.setName(id, "Ann Lee")
		s.ask(http.MethodGet, s.p(id), "").want(t, http.StatusOK, "Mail me a link to my settings", "a•••@e•••.com")
		link := s.fresh(id, "ann@example.com")
		s.ask(http.MethodGet, s.p(id)+"?sent=1", "").want(t, http.StatusOK, "Check your inbox", "a•••@e•••.com", "one hour")

		before := s.dump()
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusOK, "Your settings", "Topics", "Time zone", "Format of mails", "Take a break", "Nothing yet.", "Another address", "A copy of your data", "Erase your data", "Leave altogether")
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
	})
}

// TestFreshLinkTooLate: nothing is done by it any more, which the page says, and a
// new one is to be had there.
func TestFreshLinkTooLate(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		id := s.active("ann@example.com")
		link := s.fresh(id, "ann@example.com")
		s.wait(subscribers.FreshFor + time.Second)
		before := s.dump()
		page := s.ask(http.MethodGet, link, "")
		page.want(t, http.StatusGone, "This link has expired", "Send a new link")
		page.lacks(t, "not saved")
		for _, do := range []string{"save", "pause", "resume", "address", "erase", "leave"} {
			s.ask(http.MethodPost, link, "do="+do+"&name=x&address=x@example.com&sure=yes&topics=sport&digests=daily&pause-until=2026-12-24").
				want(t, http.StatusGone, "This link has expired", "What you sent with it was not saved and has changed nothing.", "Send a new link")
		}
		s.ask(http.MethodPost, link, "do=copy").lacks(t, "not saved", "ann@")
		if s.dump() != before {
			t.Error("a link that has expired changed something")
		}
		s.submit(page.form(t)).wantRedirect(t, "/mail"+link+"?sent=1")
		s.ask(http.MethodGet, link+"?sent=1", "").want(t, http.StatusOK, "Check your inbox", "one hour")
		s.ask(http.MethodGet, s.linkIn(s.deliver()["ann@example.com"], "/f/"), "").want(t, http.StatusOK, "Your settings")
	})
}

// TestForwardedMail: a link that stands in digests shows nothing personal and
// gives no way to it but a mail to the reader.
func TestForwardedMail(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann.lee@example.com")
	s.setName(id, "Zenobia")
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
		"do=save&name=Eve", "name=Eve&topics=world&digests=daily&digests=weekly&zone=Europe/Paris", "do=address&address=eve@example.com", "do=copy", "do=erase&sure=yes",
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
		"do=save&topics=world&digests=daily&name=" + strings.Repeat("x", 300): "This name is too long.",
		"do=address&address=":                  "Enter your email address.",
		"do=address&address=ann":               "This does not look like an email address.",
		"do=address&address=ANN%40example.com": "This is your address already.",
		"do=erase":                             "Tick the box if you really want this.",
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

// TestWhatCameLately: the settings lead to the public page of an edition, and the
// page of a reader to their own mails.
func TestWhatCameLately(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d, nil)
		id := p.active("ann@example.com")
		p.deliveredTo(id)
		p.ask(http.MethodGet, p.p(id), "").lacks(t, "Sent today", "/editions/", "/v/")
		page := p.ask(http.MethodGet, p.fresh(id, "ann@example.com"), "")
		page.want(t, http.StatusOK, "Sent today at 8:00 AM.", "View in browser")
		if !strings.Contains(page.body, `href="/mail/editions/`+monday+`"`) {
			t.Errorf("the page does not lead to the archive:\n%s", page.body)
		}
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
	active, suppressed := s.active("active@example.com"), s.active("suppressed@example.com")
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonComplaint, "", "report"))
	pending := s.pending("pending@example.com")
	s.ask(http.MethodGet, s.p(pending), "").lacks(t, "Mail me a link")
	s.ask(http.MethodGet, s.p(suppressed), "").want(t, http.StatusOK, "Mail me a link to my settings")
	for _, id := range []int64{suppressed, pending} {
		pauses := len(s.pauses)
		s.ask(http.MethodPost, s.p(id), "fresh=1").wantRedirect(t, "/mail"+s.p(id)+"?sent=1")
		if len(s.pauses) != pauses+1 {
			t.Error("the time of the answer tells")
		}
		mails, err := s.store.Mails(t.Context(), id)
		if err != nil || len(mails) != 1 {
			t.Errorf("mails: %+v, %v, want the confirmation alone", mails, err)
		}
	}
	same := func(id int64) string { return s.ask(http.MethodGet, s.p(id)+"?sent=1", "").body }
	if got, want := same(suppressed), strings.NewReplacer("a•••", "s•••", s.p(active), s.p(suppressed)).Replace(same(active)); got != want {
		t.Errorf("the answer tells:\n%s\nwant\n%s", got, want)
	}
	s.ask(http.MethodGet, s.f(suppressed), "").want(t, http.StatusOK, "Nothing yet.", "Your settings")
}
