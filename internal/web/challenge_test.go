package web_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/web"
	"broadsheet/templates"
)

// solve makes the proof of work of a form.
func solve(token string) string {
	var numbers []string
	for part := range web.WorkParts {
		for n := 0; ; n++ {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d:%d", token, part, n))
			if bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:])) >= web.WorkBits {
				numbers = append(numbers, strconv.Itoa(n))
				break
			}
		}
	}
	return strings.Join(numbers, ",")
}

func TestProofOfWork(t *testing.T) {
	if web.Work != fmt.Sprintf("%dx%d", web.WorkParts, web.WorkBits) {
		t.Errorf("forms ask for %s, want %dx%d", web.Work, web.WorkParts, web.WorkBits)
	}
	token := "AQAAAZq1S8sAc2lnbmVkLXRva2VuLW9mLWEtZm9ybS0x"
	good := solve(token)
	numbers := strings.Split(good, ",")
	turned := slices.Clone(numbers)
	turned[0], turned[1] = turned[1], turned[0]
	for name, tt := range map[string]struct {
		token, answer string
		want          bool
	}{
		"right":             {token, good, true},
		"of another form":   {token + "x", good, false},
		"in another order":  {token, strings.Join(turned, ","), false},
		"one too few":       {token, strings.Join(numbers[1:], ","), false},
		"one too many":      {token, good + ",1", false},
		"written otherwise": {token, "0" + good, false},
		"with a sign":       {token, "+" + good, false},
		"with spaces":       {token, strings.ReplaceAll(good, ",", ", "), false},
		"empty":             {token, "", false},
		"commas":            {token, ",,,,,,,", false},
		"zeros":             {token, "0,0,0,0,0,0,0,0", false},
		"long":              {token, good + strings.Repeat("1", 1<<16), false},
	} {
		if got := web.IsSolved(tt.token, tt.answer); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}

// guarded is a site that asks everybody for proof of work.
func guarded(t *testing.T) *site {
	return newSite(t, func(o *web.Options) { o.SignUps.Challenge = web.ChallengeAlways })
}

func TestSubscribeWithProofOfWork(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		s = newSiteOn(t, s.db, func(o *web.Options) { o.SignUps.Challenge = web.ChallengeAlways })
		page := s.ask(http.MethodGet, "/subscribe", "")
		page.want(t, http.StatusOK, "Sign up")
		if !strings.Contains(page.body, `data-work="`+web.Work+`"`) || !strings.Contains(page.body, `<script type="module" src="/mail/assets/work.js?`) {
			t.Error("the form does not ask for proof of work")
		}
		f := s.filledIn("ann@example.com")
		f.values.Set(templates.FieldWork, solve(f.values.Get(templates.FieldForm)))
		s.submit(f).wantRedirect(t, "/mail/subscribed")
		s.wantPicture("ann@example.com", "pending | daily=pending America/New_York ,1,")

		f.values.Set(templates.FieldAddress, "bob@example.com") // the same proof for another address
		s.submit(f).want(t, http.StatusUnprocessableEntity, "Please send it again")
		if n := s.count(`SELECT count(*) FROM system_mails`); n != 1 {
			t.Errorf("%d mails of one proof, want 1", n)
		}
	})
}

// TestSubscribeWithoutScript takes the step for who has none: nothing typed is
// lost, pressing too soon does not begin anew, and each page counts once.
func TestSubscribeWithoutScript(t *testing.T) {
	s := guarded(t)
	f := s.filledIn("ann@example.com")
	f.values.Set(templates.FieldName, `Ann "B"`)
	f.values.Add(templates.FieldTopics, "sport")
	before := s.dump()
	page := s.submit(f)
	page.want(t, http.StatusPreconditionRequired, "One more step", "wait for 5 seconds")
	step := page.form(t)
	if s.dump() != before {
		t.Error("something was stored before the step")
	}
	for _, field := range []string{templates.FieldAddress, templates.FieldName, templates.FieldTopics, templates.FieldDigests, templates.FieldZone} {
		if !slices.Equal(step.values[field], f.values[field]) {
			t.Errorf("%s became %q, want %q", field, step.values[field], f.values[field])
		}
	}
	token := step.values.Get(templates.FieldForm)
	if token == f.values.Get(templates.FieldForm) || step.action != "/mail/subscribe" {
		t.Errorf("the step goes to %s with the token of the form", step.action)
	}
	s.wait(web.StepWait - time.Millisecond)
	soon := s.submit(step)
	soon.want(t, http.StatusPreconditionRequired, "a little too soon")
	if got := soon.form(t).values.Get(templates.FieldForm); got != token {
		t.Error("the time begins anew")
	}
	s.wait(time.Millisecond)
	s.submit(soon.form(t)).wantRedirect(t, "/mail/subscribed")
	s.wantPicture("ann@example.com", "pending | daily=pending America/New_York ,1,2,")
	step.values.Set(templates.FieldAddress, "bob@example.com")
	s.submit(step).want(t, http.StatusUnprocessableEntity, "Please send it again")
	if n := s.count(`SELECT count(*) FROM subscribers`); n != 1 {
		t.Errorf("%d readers of one step, want 1", n)
	}
}

// TestWaitingIsNoWayAround holds that an old form is no step, and that few may
// wait instead of working.
func TestWaitingIsNoWayAround(t *testing.T) {
	s := guarded(t)
	f := s.filledIn("ann@example.com")
	s.wait(time.Hour)
	s.submit(f).want(t, http.StatusPreconditionRequired, "One more step")
	for i := range 5 { // a quarter of the network's limit
		f.values.Set(templates.FieldAddress, "ann"+strconv.Itoa(i)+"@example.com")
		step := s.submit(f).form(t)
		s.wait(web.StepWait)
		s.submit(step).wantRedirect(t, "/mail/subscribed")
	}
	step := s.submit(f).form(t)
	s.wait(web.StepWait)
	s.submit(step).want(t, http.StatusTooManyRequests, "too many sign-ups")
	work := s.filledIn("worker@example.com")
	work.values.Set(templates.FieldWork, solve(work.values.Get(templates.FieldForm)))
	s.submit(work).wantRedirect(t, "/mail/subscribed")
}

// TestAttackAndPeace has an attack from many networks switch proof of work on for
// a person elsewhere, and off again when it has ended.
func TestAttackAndPeace(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.SignUps.Challenge, o.SignUps.Attack = web.ChallengeAuto, 60 })
	s.handler = fromProxy(s.handler)
	wrong := s.filledIn("nonsense").values.Encode() // it is not the database that is attacked
	attack := func(n int) {
		for i := range n {
			s.ask(http.MethodPost, "/subscribe", wrong, "X-Forwarded-For", fmt.Sprintf("198.%d.%d.1", i/200, i%200))
		}
	}
	person := func(address string) (form, reply) {
		f := s.filledIn(address)
		return f, s.ask(http.MethodPost, "/subscribe", f.values.Encode(), "X-Forwarded-For", "2001:db8::1")
	}
	_, got := person("before@example.com")
	got.wantRedirect(t, "/mail/subscribed")
	attack(100)
	f, got := person("during@example.com")
	got.want(t, http.StatusPreconditionRequired, "One more step")
	f.values.Set(templates.FieldWork, solve(f.values.Get(templates.FieldForm)))
	s.ask(http.MethodPost, "/subscribe", f.values.Encode(), "X-Forwarded-For", "2001:db8::1").wantRedirect(t, "/mail/subscribed")
	s.wait(9 * time.Minute)
	_, got = person("soon@example.com")
	got.want(t, http.StatusPreconditionRequired, "One more step")
	s.wait(time.Minute)
	_, got = person("after@example.com")
	got.wantRedirect(t, "/mail/subscribed")
	for _, line := range []string{"many sign-ups, proof of work switched on", "fewer sign-ups, proof of work switched off"} {
		if n := strings.Count(s.log.String(), line); n != 1 {
			t.Errorf("the log says %d times %q, want once", n, line)
		}
	}
}

func TestConfirmAgainPassesTheGate(t *testing.T) {
	s := guarded(t)
	id := s.pending("ann@example.com")
	link := s.c(id)
	s.wait(90 * 24 * time.Hour)
	page := s.ask(http.MethodGet, link, "")
	page.want(t, http.StatusGone, "Send a new link")
	f := page.form(t)
	f.values.Set(templates.FieldAgain, "1")
	mails := s.count(`SELECT count(*) FROM system_mails`)
	got := s.ask(http.MethodPost, link, f.values.Encode())
	got.want(t, http.StatusPreconditionRequired, "One more step")
	for name, token := range map[string]string{"no token": "", "not ours": "x" + f.values.Get(templates.FieldForm)} {
		bad := url.Values{templates.FieldAgain: {"1"}, templates.FieldForm: {token}}
		s.ask(http.MethodPost, link, bad.Encode()).want(t, http.StatusGone, "Send a new link")
		if n := s.count(`SELECT count(*) FROM system_mails`); n != mails {
			t.Errorf("%s: a mail was queued", name)
		}
	}
	f.values.Set(templates.FieldWork, solve(f.values.Get(templates.FieldForm)))
	s.ask(http.MethodPost, link, f.values.Encode()).wantRedirect(t, "/mail/subscribed")
	s.ask(http.MethodPost, link, f.values.Encode()).wantRedirect(t, "/mail/subscribed") // a second click
	if n := s.count(`SELECT count(*) FROM system_mails`); n != mails+1 {
		t.Errorf("%d more mails, want 1", n-mails)
	}
}

func TestFormTooFastAndReplayed(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.SignUps.FormAfter = time.Second })
	f := s.filledIn("ann@example.com")
	s.wait(999 * time.Millisecond)
	again := s.submit(f)
	again.want(t, http.StatusUnprocessableEntity, "too quickly")
	s.wait(time.Millisecond)
	s.submit(f).wantRedirect(t, "/mail/subscribed")
	s.submit(f).wantRedirect(t, "/mail/subscribed")
	if n := s.count(`SELECT count(*) FROM system_mails`); n != 1 {
		t.Errorf("%d mails of one form, want 1", n)
	}
	f.values.Set(templates.FieldAddress, "bob@example.com")
	replay := s.submit(f)
	replay.want(t, http.StatusUnprocessableEntity, "Please send it again")
	if got := replay.form(t).values.Get(templates.FieldAddress); got != "bob@example.com" {
		t.Errorf("what was typed became %q", got)
	}
	s.wait(time.Second)
	s.submit(replay.form(t)).wantRedirect(t, "/mail/subscribed")
}

// TestJSONWithProofOfWork signs up as a script does.
func TestJSONWithProofOfWork(t *testing.T) {
	s := guarded(t)
	type work struct {
		Parts, Bits int
		Script      string
	}
	var offer struct {
		Form string
		Work *work
	}
	s.must(json.Unmarshal([]byte(s.ask(http.MethodGet, "/api/v1/subscribe", "").body), &offer))
	if offer.Work == nil || offer.Work.Parts != web.WorkParts || offer.Work.Bits != web.WorkBits || !strings.HasPrefix(offer.Work.Script, "https://courier.example/mail/assets/work.js?v=") {
		t.Fatalf("offer = %+v", offer.Work)
	}
	script := s.ask(http.MethodGet, s.path(offer.Work.Script), "")
	script.want(t, http.StatusOK)
	if got := script.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin of the script = %q, want *: modules need it", got)
	}
	post := func(form, work string) reply {
		body, err := json.Marshal(map[string]any{"form": form, "work": work, "address": "ann@example.com", "topics": []string{"world"}, "digests": []string{"daily"}})
		s.must(err)
		return s.ask(http.MethodPost, "/api/v1/subscribe", string(body), "Content-Type", "application/json")
	}
	got := post(offer.Form, "")
	got.want(t, http.StatusPreconditionRequired)
	var step struct {
		Form   string
		Work   work
		Wait   int
		Errors []struct{ Error string }
	}
	s.must(json.Unmarshal([]byte(got.body), &step))
	if step.Form == "" || step.Form == offer.Form || step.Work != *offer.Work || step.Wait != 5 || len(step.Errors) != 1 || step.Errors[0].Error == "" {
		t.Errorf("step = %+v", step)
	}
	post(step.Form, "").want(t, http.StatusPreconditionRequired)
	post(step.Form, solve(offer.Form)).want(t, http.StatusPreconditionRequired) // of another form
	post(step.Form, solve(step.Form)).want(t, http.StatusAccepted)
	if n := s.count(`SELECT count(*) FROM system_mails`); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}
