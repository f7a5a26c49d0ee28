package web_test

import (
	"net/http"
	"strings"
	"testing"

	"broadsheet/internal/web"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// inLanguages is a site in English that offers German and Arabic.
func inLanguages(o *web.Options) { o.Site.Languages = []string{"en", "de", "ar"} }

// wantLanguage checks the language and the direction that a page says it has.
func (r reply) wantLanguage(t *testing.T, what, tag, dir string) {
	t.Helper()
	if want := `<html lang="` + tag + `" dir="` + dir + `">`; !strings.Contains(r.body, want) {
		t.Errorf("%s: the page is not %s", what, want)
	}
}

func TestLanguageOfAStranger(t *testing.T) {
	s := newSite(t, inLanguages)
	for _, test := range []struct{ path, accept, tag, dir string }{
		{"/subscribe", "", "en", "ltr"},
		{"/subscribe", "de", "de", "ltr"},
		{"/subscribe", "fr, de-CH;q=0.8, en;q=0.5", "de", "ltr"},
		{"/subscribe", "fr, es", "en", "ltr"},
		{"/subscribe", "de;q=0, ar;q=0.3", "ar", "rtl"},
		{"/subscribe", strings.Repeat("x", 5000), "en", "ltr"},
		{"/subscribe?lang=ar", "de", "ar", "rtl"},
		{"/subscribe?lang=AR-eg", "de", "ar", "rtl"},
		{"/subscribe?lang=%3Cscript%3E", "de", "de", "ltr"},
		{"/subscribed?lang=de", "ar", "de", "ltr"},
		{"/nothing-here", "ar", "ar", "rtl"},
		{"/u/forged", "de", "de", "ltr"},
	} {
		got := s.ask(http.MethodGet, test.path, "", "Accept-Language", test.accept)
		got.wantLanguage(t, test.path+" of "+test.accept, test.tag, test.dir)
	}
	if got := s.ask(http.MethodGet, "/subscribe", "").Header.Get("Vary"); got != "Accept-Language" {
		t.Errorf("a cache is told that the page varies by %q", got)
	}
}

// TestLanguageOfTheForm: what a reader signs up in is the language of the
// confirmation and of all that follows, whatever the browser says later.
func TestLanguageOfTheForm(t *testing.T) {
	s := newSite(t, inLanguages)
	f := s.ask(http.MethodGet, "/subscribe?lang=de", "").form(t)
	f.values.Set(templates.FieldTopics, "world")
	f.values.Set(templates.FieldDigests, "daily")
	wrong := s.ask(http.MethodPost, "/subscribe", f.values.Encode(), "Accept-Language", "ar", "Sec-Fetch-Site", "same-origin")
	wrong.want(t, http.StatusUnprocessableEntity, "Geben Sie Ihre E-Mail-Adresse ein.", "Bitte prüfen Sie diese Angaben")
	f = wrong.form(t)
	f.values.Set(templates.FieldAddress, "ann@example.com")
	f.values.Set(templates.FieldTopics, "world")
	f.values.Set(templates.FieldDigests, "daily")
	s.submit(f).wantRedirect(t, "/mail/subscribed?lang=de")
	d := s.detail("ann@example.com")
	if d.Language != "de" {
		t.Errorf("the reader's language is %q, want that of the form", d.Language)
	}
	if n := s.count(`SELECT COUNT(*) FROM consent_texts WHERE language = 'de' AND text LIKE '%wofür Sie sich hier anmelden%'`); n != 1 {
		t.Error("the record of consent has not the words of the form")
	}
	s.ask(http.MethodGet, s.c(d.ID), "", "Accept-Language", "ar").wantLanguage(t, "confirm", "de", "ltr")
}

func TestLanguageOfAReader(t *testing.T) {
	s := newSite(t, inLanguages)
	id := s.active("ann@example.com")
	link := s.f(id)
	s.ask(http.MethodGet, link, "", "Accept-Language", "ar").wantLanguage(t, "no preference", "ar", "rtl")
	f := s.ask(http.MethodGet, link, "").form(t)
	if got := f.values.Get(templates.FieldLanguage); got != "en" {
		t.Errorf("the settings show %q, want the site's language", got)
	}
	before := s.dump()
	for _, bad := range []string{"fr", "x", "", "de-AT", "<b>"} {
		f.values.Set(templates.FieldLanguage, bad)
		s.submit(f).want(t, http.StatusUnprocessableEntity, "Choose a language from the list.")
	}
	if s.dump() != before {
		t.Error("a language that is not offered was stored")
	}
	f.values.Set(templates.FieldLanguage, "de")
	s.submit(f).wantRedirect(t, "/mail"+link+"?saved=1")
	if got := s.detail("ann@example.com").Language; got != "de" {
		t.Errorf("the reader's language is %q, want de", got)
	}
	for what, path := range map[string]string{"settings": link + "?lang=ar", "preferences": s.p(id) + "?lang=ar", "unsubscribe": s.u(id, "daily")} {
		s.ask(http.MethodGet, path, "", "Accept-Language", "ar").wantLanguage(t, what, "de", "ltr")
	}
	saved := s.ask(http.MethodGet, link, "").form(t)
	if got := saved.values.Get(templates.FieldLanguage); got != "de" {
		t.Errorf("the settings show %q, want de", got)
	}
	saved.values.Del(templates.FieldLanguage) // of an older form
	s.submit(saved).wantRedirect(t, "/mail"+link+"?saved=1")
	if got := s.detail("ann@example.com").Language; got != "de" {
		t.Errorf("a form without the field made the language %q", got)
	}
	goodbye := s.follow(s.submit(s.ask(http.MethodGet, s.u(id, "daily"), "").form(t)))
	goodbye.wantLanguage(t, "goodbye", "de", "ltr")
	s.must(s.store.Unsubscribe(t.Context(), id, 0, "page", ""))
	if left := s.ask(http.MethodGet, s.p(id), ""); !strings.Contains(left.body, "/subscribe?lang=de") {
		t.Errorf("who changed their mind later signs up in another language:\n%s", left.body)
	}
}

// TestOneLanguage: a site that offers no other language asks nobody for it.
func TestOneLanguage(t *testing.T) {
	s := newSite(t, nil)
	id := s.active("ann@example.com")
	for _, path := range []string{"/subscribe?lang=de", s.p(id), s.f(id)} {
		page := s.ask(http.MethodGet, path, "", "Accept-Language", "de")
		page.wantLanguage(t, path, "en", "ltr")
		if strings.Contains(page.body, `name="lang`) || strings.Contains(page.body, "hreflang") || page.Header.Get("Vary") != "" {
			t.Errorf("%s speaks of languages", path)
		}
	}
	lang := "de"
	in := subscribers.Change{Language: &lang, Origin: "command"}
	_, err := s.store.Change(t.Context(), s.catalog, id, in)
	s.must(err)
	s.ask(http.MethodGet, s.p(id), "").wantLanguage(t, "a language that is not offered", "en", "ltr")
}

// TestNamesOfTheLanguage: pages and mails call topics and digests by the names that
// they have in the language of the page.
func TestNamesOfTheLanguage(t *testing.T) {
	s := newSite(t, inLanguages)
	s.catalog.Topics[0].Names = map[string]string{"de": "Welt"}
	s.catalog.Digests[0].Names = map[string]string{"de": "Der Tag"}
	s.ask(http.MethodGet, "/subscribe?lang=de", "").want(t, http.StatusOK, "Welt Sport Arts", "Der Tag The Weekly")
	s.ask(http.MethodGet, "/subscribe", "").want(t, http.StatusOK, "World Sport Arts", "The Daily The Weekly")
	id := s.active("ann@example.com")
	s.ask(http.MethodGet, s.f(id), "", "Accept-Language", "de").want(t, http.StatusOK, "Welt Sport Arts", "Der Tag The Weekly")
	f := s.ask(http.MethodGet, s.f(id), "").form(t)
	f.values.Set(templates.FieldLanguage, "de")
	s.submit(f)
	s.ask(http.MethodGet, s.f(id), "", "Accept-Language", "ar").want(t, http.StatusOK, "Welt Sport Arts", "Der Tag The Weekly")
	s.ask(http.MethodGet, s.u(id, "daily"), "").want(t, http.StatusOK, "Der Tag", "Welt")
}
