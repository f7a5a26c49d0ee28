package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

func TestSubscribePage(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/", "/subscribe", "/subscribe?topics=sport&digests=daily"} {
		page := s.ask(http.MethodGet, path, "")
		page.want(t, http.StatusOK, "City Courier", "World", "Sport", "The Daily", "The Weekly", "Africa/Abidjan")
		f := page.form(t)
		if f.action != "/mail/subscribe" || f.values.Get(templates.FieldZone) != "America/New_York" {
			t.Errorf("%s: form to %s with the zone %q", path, f.action, f.values.Get(templates.FieldZone))
		}
		if f.values.Has(templates.FieldTopics) || f.values.Has(templates.FieldDigests) {
			t.Errorf("%s: something is ticked beforehand: %v", path, f.values)
		}
	}
}

func TestSubscribe(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		f := s.filledIn(" Ann@Example.com ")
		f.values.Set(templates.FieldName, "Ann")
		f.values.Set(templates.FieldZone, "Asia/Calcutta")
		f.values.Set("language", "xx") // nobody asked
		s.submit(f).wantRedirect(t, "/mail/subscribed")
		s.ask(http.MethodGet, "/subscribed", "").want(t, http.StatusOK, "Check your inbox")

		s.wantPicture("ann@example.com", "pending | daily=pending Asia/Calcutta ,1,")
		d := s.detail("ann@example.com")
		if d.Name != "Ann" || d.Language != "en" {
			t.Errorf("reader = %+v", d.Subscriber)
		}
		got := s.lastConsent("ann@example.com")
		want := subscribers.Consent{At: s.now(), Event: subscribers.EventSignedUp, Origin: "form", Client: "192.0.2.1",
			Text: templates.ConsentText(templates.Site{Name: "City Courier", Language: "en"}), Detail: "digests=daily topics=world timezone=Asia/Calcutta"}
		want.TextHash, want.TextLanguage, want.TextVersion, want.TextSince = got.TextHash, "en", 1, s.now()
		if got != want || got.TextHash == "" {
			t.Errorf("consent = %+v, want %+v", got, want)
		}
		if n := s.count(`SELECT count(*) FROM system_mails WHERE kind = 'confirm'`); n != 1 {
			t.Errorf("%d confirmation mails, want 1", n)
		}
	})
}

// The consent that is recorded is what the form says.
func TestConsentTextIsOnTheForm(t *testing.T) {
	s := newSite(t, nil)
	page := words(s.ask(http.MethodGet, "/subscribe", "").body)
	for line := range strings.Lines(templates.ConsentText(templates.Site{Name: "City Courier", Language: "en"})) {
		if !strings.Contains(page, strings.TrimSpace(line)) {
			t.Errorf("the form does not say %q", line)
		}
	}
}

func TestSubscribeTellsNothing(t *testing.T) {
	s := newSite(t, nil)
	s.pending("pending@example.com")
	s.active("active@example.com")
	s.must(s.store.Unsubscribe(t.Context(), s.active("left@example.com"), 0, "page", ""))
	for _, address := range []string{"suppressed@example.com", "never@example.com"} {
		s.must(s.store.Suppress(t.Context(), address, subscribers.ReasonManual, "", "command"))
	}
	s.active("complained@example.com")
	s.must(s.store.Suppress(t.Context(), "complained@example.com", subscribers.ReasonComplaint, "", "report"))

	unknown := s.submit(s.filledIn("unknown@example.com"))
	unknown.wantRedirect(t, "/mail/subscribed")
	for _, name := range []string{"pending", "active", "left", "suppressed", "never", "complained"} {
		got := s.submit(s.filledIn(name + "@example.com"))
		if got.StatusCode != unknown.StatusCode || got.body != unknown.body || !equalHeaders(got.Header, unknown.Header) {
			t.Errorf("%s: answer %d %v %q, want that of an unknown address", name, got.StatusCode, got.Header, got.body)
		}
	}
	if n := s.count(`SELECT count(*) FROM system_mails m JOIN subscribers s ON s.id = m.subscriber_id WHERE s.address IN ('suppressed@example.com', 'never@example.com')`); n != 0 {
		t.Errorf("%d mails to suppressed addresses", n)
	}
}

// TestSubscribeTakesItsTime holds that the time of an answer tells nothing of an
// address, either: it does not follow what the database had to do.
func TestSubscribeTakesItsTime(t *testing.T) {
	var took time.Duration
	s := newSite(t, nil)
	at := s.now()
	now := func() time.Time { // the first look of each request sees the start
		defer s.wait(took)
		return s.now()
	}
	slow := newSiteOn(t, s.db, func(o *web.Options) { o.Now, o.Pause = now, s.pause })
	s.must(s.store.Suppress(t.Context(), "suppressed@example.com", subscribers.ReasonManual, "", "command"))
	machine := slow.filledIn("bot@example.com")
	machine.values.Set(templates.FieldWebsite, "https://spam.example")
	forms := map[string]form{"new": slow.filledIn("new@example.com"), "suppressed": slow.filledIn("suppressed@example.com"), "machine": machine}
	for name, f := range forms {
		for _, tt := range []struct{ took, least, most time.Duration }{
			{0, 100, 150}, {30, 70, 120}, {99, 1, 51}, {100, 100, 150}, {130, 70, 120}, {250, 50, 100},
		} {
			s.pauses, took, s.time = nil, tt.took*time.Millisecond, at
			slow.submit(f).wantRedirect(t, "/mail/subscribed")
			if len(s.pauses) != 1 || s.pauses[0] < tt.least*time.Millisecond || s.pauses[0] >= tt.most*time.Millisecond {
				t.Errorf("%s: after %dms the answer waited %v, want from %dms to %dms", name, tt.took, s.pauses, tt.least, tt.most)
			}
		}
	}
	s.pauses = nil
	slow.submit(slow.filledIn("nonsense")).want(t, http.StatusUnprocessableEntity)
	if s.pauses != nil {
		t.Error("an answer that does not depend on the address waited")
	}
}

func equalHeaders(a, b http.Header) bool {
	write := func(h http.Header) string {
		var out strings.Builder
		_ = h.Write(&out)
		return out.String()
	}
	return write(a) == write(b)
}

func TestSubscribeWithMistakes(t *testing.T) {
	s := newSite(t, nil)
	tests := []struct {
		name, field, value, text string
	}{
		{"no address", templates.FieldAddress, "", "Please look at these again"},
		{"no address at all", templates.FieldAddress, "ann at example", "Please look at these again"},
		{"no topic", templates.FieldTopics, "", "Choose at least one topic."},
		{"unknown topic", templates.FieldTopics, "spotr", "One of these topics is no longer offered."},
		{"no digest", templates.FieldDigests, "", "Choose at least one digest."},
		{"unknown zone", templates.FieldZone, "Mars/Olympus", "Choose a time zone from the list."},
		{"long name", templates.FieldName, strings.Repeat("n", 101), "This name is too long."},
		{"digest without the topic", templates.FieldTopics, "arts", "none of the topics you chose"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := s.filledIn("ann@example.com")
			f.values.Set(templates.FieldName, `Ann "B"`)
			f.values.Set(templates.FieldZone, "Asia/Tokyo")
			f.values[templates.FieldDigests] = []string{"weekly"}
			f.values.Set(tt.field, tt.value)
			if tt.value == "" {
				f.values.Del(tt.field)
			}
			before := s.dump()
			again := s.submit(f)
			again.want(t, http.StatusUnprocessableEntity, tt.text)
			if s.dump() != before {
				t.Error("something was stored")
			}
			kept := again.form(t)
			for _, field := range []string{templates.FieldAddress, templates.FieldName, templates.FieldZone, templates.FieldDigests} {
				if got, want := kept.values.Get(field), f.values.Get(field); got != want {
					t.Errorf("%s became %q, want %q as it was sent", field, got, want)
				}
			}
		})
	}
}

// TestSubscribeWithoutTheHiddenField: a form that was pasted by hand is told what
// it lacks, and a person goes on with the whole one that comes with it.
func TestSubscribeWithoutTheHiddenField(t *testing.T) {
	for path, done := range map[string]string{"/subscribe": "/mail/subscribed", "/subscribe/embed": "/mail/subscribed/embed"} {
		s := newSite(t, nil)
		bare := url.Values{templates.FieldAddress: {"ann@example.com"}, templates.FieldTopics: {"world"}, templates.FieldDigests: {"daily"}, templates.FieldForm: {""}}
		before := s.dump()
		page := s.submit(form{action: s.base + path, values: bare})
		page.want(t, http.StatusUnprocessableEntity, "This form lacks its hidden field", "broadsheet form html")
		if s.dump() != before {
			t.Errorf("%s: something was stored", path)
		}
		s.submit(page.form(t)).wantRedirect(t, done)
		if got := s.detail("ann@example.com").State; got != subscribers.StatePending {
			t.Errorf("%s: the whole form left the reader %s", path, got)
		}
	}
}

func TestSubscribeFormToken(t *testing.T) {
	old := subscribers.NewKey()
	s := newSite(t, func(o *web.Options) { o.Keys = newKeys(t, subscribers.NewKey(), old) })
	other := newSite(t, nil)
	rotated := newSite(t, func(o *web.Options) { o.Keys = newKeys(t, old) })
	token := func(from *site) string { return from.filledIn("a@example.com").values.Get(templates.FieldForm) }
	flipped := []byte(token(s))
	flipped[len(flipped)-1] ^= 1
	tests := []struct {
		name, token string
		age         time.Duration
		ok          bool
	}{
		{"at once", token(s), 0, true},
		{"a day old", token(s), 24 * time.Hour, true},
		{"older", token(s), 24*time.Hour + time.Second, false},
		{"a minute from the future", token(s), -time.Minute, true},
		{"from the future", token(s), -61 * time.Second, false},
		{"signed before a rotation", token(rotated), 0, true},
		{"of another site", token(other), 0, false},
		{"flipped", string(flipped), 0, false},
		{"cut", token(s)[:20], 0, false},
		{"the time alone", token(s)[:11], 0, false},
		{"empty", "", 0, false},
		{"nonsense", "<script>", 0, false},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.wait(tt.age)
			defer s.wait(-tt.age)
			f := s.filledIn("reader" + strconv.Itoa(i) + "@example.com")
			f.values.Set(templates.FieldForm, tt.token)
			got := s.submit(f)
			if tt.ok {
				got.wantRedirect(t, "/mail/subscribed")
				return
			}
			got.want(t, http.StatusUnprocessableEntity, "Please send it again")
			again := got.form(t)
			if again.values.Get(templates.FieldAddress) != f.values.Get(templates.FieldAddress) || again.values.Get(templates.FieldTopics) != "world" {
				t.Errorf("what was typed was lost: %v", again.values)
			}
			s.submit(again).wantRedirect(t, "/mail/subscribed")
		})
	}
}

func TestSubscribeByMachine(t *testing.T) {
	s := newSite(t, nil)
	f := s.filledIn("bot@example.com")
	people := s.submit(s.filledIn("ann@example.com"))
	f.values.Set(templates.FieldWebsite, "https://spam.example")
	before := s.dump()
	got := s.submit(f)
	got.wantRedirect(t, "/mail/subscribed")
	if got.body != people.body || !equalHeaders(got.Header, people.Header) {
		t.Errorf("a machine is told apart: %v %q", got.Header, got.body)
	}
	if s.dump() != before {
		t.Error("something was stored")
	}
}

func TestSubscribeLimit(t *testing.T) {
	s := newSite(t, nil)
	n := 0
	try := func(from string) reply {
		n++
		f := s.filledIn("reader" + strconv.Itoa(n) + "@example.com")
		return s.ask(http.MethodPost, "/subscribe", f.values.Encode(), "X-Forwarded-For", from)
	}
	s.handler = fromProxy(s.handler)
	for range 20 {
		try("2001:db8:0:1::1").wantRedirect(t, "/mail/subscribed")
	}
	s.wait(4*time.Minute + 500*time.Millisecond)
	limited := try("2001:db8:0:1:ffff::2") // the same /64
	limited.want(t, http.StatusTooManyRequests, "too many sign-ups")
	if got := limited.form(t).values.Get(templates.FieldAddress); got != "reader21@example.com" {
		t.Errorf("the address became %q, want it as it was typed", got)
	}
	if got := limited.Header.Get("Retry-After"); got != "360" {
		t.Errorf("Retry-After = %q, want 360", got)
	}
	for _, other := range []string{"2001:db8:0:2::1", "198.51.100.1", "198.51.100.2"} {
		try(other).wantRedirect(t, "/mail/subscribed")
	}
	s.wait(6 * time.Minute)
	try("2001:db8:0:1::1").wantRedirect(t, "/mail/subscribed")
	if n := s.count(`SELECT count(*) FROM subscribers WHERE address = 'reader21@example.com'`); n != 0 {
		t.Error("a limited sign-up was stored")
	}
}

// TestSubscribeFlood sends forms from more networks than one would think of.
// They are wrong, for it is not the database that is tested.
func TestSubscribeFlood(t *testing.T) {
	s := newSite(t, nil)
	s.handler = fromProxy(s.handler)
	f := s.filledIn("nonsense").values.Encode()
	for i := range 1000 {
		from := "198." + strconv.Itoa(i/200) + "." + strconv.Itoa(i%200) + ".1"
		s.ask(http.MethodPost, "/subscribe", f, "X-Forwarded-For", from).want(t, http.StatusUnprocessableEntity)
	}
	good := s.filledIn("ann@example.com").values.Encode()
	for range 3 {
		busy := s.ask(http.MethodPost, "/subscribe", good, "X-Forwarded-For", "2001:db8::1")
		busy.want(t, http.StatusServiceUnavailable, "Please try again")
		if got := busy.Header.Get("Retry-After"); got != "60" {
			t.Errorf("Retry-After = %q, want 60", got)
		}
	}
	if n := strings.Count(s.log.String(), "level=WARN"); n != 1 || !strings.Contains(s.log.String(), "sign-ups refused") {
		t.Errorf("%d warnings, want one of the flood:\n%s", n, s.log.String())
	}
	s.wait(time.Minute)
	s.ask(http.MethodPost, "/subscribe", good, "X-Forwarded-For", "2001:db8::1").wantRedirect(t, "/mail/subscribed")
}

// fromProxy makes requests come from a trusted proxy.
func fromProxy(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "10.0.0.1:4711"
		h.ServeHTTP(w, r)
	})
}

func TestSubscribeBrokenForms(t *testing.T) {
	s := newSite(t, nil)
	large := url.Values{templates.FieldName: {strings.Repeat("n", 64<<10)}}.Encode()
	s.ask(http.MethodPost, "/subscribe", large).want(t, http.StatusRequestEntityTooLarge, "That did not work")
	s.ask(http.MethodPost, "/subscribe", "address=%zz").want(t, http.StatusBadRequest, "That did not work")
	s.ask(http.MethodPost, "/subscribe", "").want(t, http.StatusOK, "One more step")
	s.ask(http.MethodPost, "/subscribe", `{"address":"ann@example.com"}`, "Content-Type", "application/json").want(t, http.StatusOK, "One more step")
	s.ask(http.MethodPost, "/subscribe", "form=").want(t, http.StatusUnprocessableEntity)
	f := s.filledIn("ann@example.com")
	f.values.Set(templates.FieldName, "Ann\x00\xff")
	f.values.Set(templates.FieldZone, "Europe/Paris\x00")
	s.submit(f).want(t, http.StatusUnprocessableEntity)
}

func TestSubscribeWithOneDigest(t *testing.T) {
	s := newSite(t, nil)
	s.catalog.Digests = s.catalog.Digests[1:]
	page := s.ask(http.MethodGet, "/subscribe", "")
	f := page.form(t)
	if f.values.Get(templates.FieldDigests) != "weekly" || f.values.Has(templates.FieldZone) {
		t.Errorf("form = %v, want the only digest and no zone: it follows no reader's", f.values)
	}
	f.values.Set(templates.FieldAddress, "ann@example.com")
	f.values.Set(templates.FieldTopics, "sport")
	s.submit(f).wantRedirect(t, "/mail/subscribed")
	s.wantPicture("ann@example.com", "pending | weekly=pending Europe/Berlin ,2,")
}

func TestFormsOfOtherSites(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"no browser", nil, true},
		{"our page", []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, true},
		{"our page over plain HTTP", []string{"Origin", "null"}, true},
		{"our page behind a proxy", []string{"Origin", "https://courier.example", "Host", "app:8080"}, true},
		{"an old browser", []string{"Origin", "https://courier.example"}, true},
		{"typed into the address bar", []string{"Sec-Fetch-Site", "none"}, true},
		{"a partner's page", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://partner.example"}, true},
		{"a partner's page in an old browser", []string{"Origin", "https://partner.example"}, true},
		{"another page", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		{"another page without a referrer", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, false},
		{"another page in an old browser", []string{"Origin", "https://evil.example"}, false},
		{"a sibling domain", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://ads.courier.example"}, false},
		{"a partner's name with more behind", []string{"Origin", "https://partner.example.evil.example"}, false},
	}
	s := newSite(t, nil)
	id, reader := s.active("ann@example.com"), s.pending("bea@example.com")
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.wait(10 * time.Minute) // for the limit
			sent := s.filledIn("reader" + strconv.Itoa(i) + "@example.com").values.Encode()
			for path, body := range map[string]string{"/subscribe": sent, "/": sent, s.p(id): "end=1&end-topics=sport", s.c(reader): s.again()} {
				before := s.dump()
				got := s.ask(http.MethodPost, path, body, tt.headers...)
				if tt.ok && got.StatusCode != http.StatusSeeOther {
					t.Errorf("%s: status %d, want 303", path, got.StatusCode)
				}
				if !tt.ok {
					if body == sent { // a form that anybody may paste is to be looked through
						got.want(t, http.StatusOK, "One more step")
					} else {
						got.want(t, http.StatusForbidden, "That did not work")
					}
					if s.dump() != before {
						t.Errorf("%s: something was stored", path)
					}
				}
			}
		})
	}
}
