package digest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// speaks gives the subscriber a language.
func (w *world) speaks(id int64, language string) {
	w.t.Helper()
	w.exec(`UPDATE subscribers SET language = $1 WHERE id = $2`, language, id)
}

// TestWordsOfTheReader: a selection has the language of its readers, if the site
// offers it and it is not the site's own.
func TestWordsOfTheReader(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Site.Languages = []string{"de", "pt-BR", "en"} })
		for id, language := range []string{"", "en-GB", "de", "de-AT", "fr", "pt", "PT_br", "x"} {
			w.subscribe(int64(id+1), newYork)
			w.speaks(int64(id+1), language)
		}
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		same(t, "languages", w.rows(`SELECT CAST(d.subscriber_id AS TEXT) || ' ' || s.stories FROM deliveries d
			JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id ORDER BY d.subscriber_id`, languageOf), []string{
			"1: ", "2: ", "3: de", "4: de", "5: ", "6: pt-BR", "7: pt-BR", "8: "})
		w.balanced()
		if _, err := w.sendLetter(digest.LetterText{Markdown: dearReaders}, 1, 3); err != nil {
			t.Fatal(err)
		}
		same(t, "languages of the letter", w.rows(`SELECT CAST(d.subscriber_id AS TEXT) || ' ' || s.stories FROM deliveries d
			JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id
			WHERE d.edition_id = (SELECT MAX(id) FROM editions) ORDER BY d.subscriber_id`, languageOf), []string{"1: ", "3: de"})
	})
}

// languageOf is the subscriber and the language of a row "subscriber selection".
func languageOf(row string) string {
	subscriber, stories, _ := strings.Cut(row, " ")
	selection, err := digest.ParseSelection(stories)
	if err != nil {
		return err.Error()
	}
	return subscriber + ": " + selection.Language
}

// TestOneLanguageIsNoQuestion: where the site offers no other one, no reader is
// asked for it.
func TestOneLanguageIsNoQuestion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, nil)
		w.subscribe(1, newYork)
		w.speaks(1, "de")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		same(t, "languages", w.rows(`SELECT '1 ' || stories FROM selections`, languageOf), []string{"1: "})
	})
}

// TestMailInTheReadersLanguage: the words around the stories are the reader's,
// and stay those of the first try.
func TestMailInTheReadersLanguage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) { set.Site.Languages = []string{"en", "de"} })
		w.subscribe(1, newYork)
		w.speaks(1, "de-CH")
		w.begin()
		w.put(story(1, "world"))
		w.tick()
		c := w.compose(time.Time{})
		inOrder(t, w.htmlOf(c), `lang=3D"de"`, "Montag, 23. November 2026", "Aufmacher", "Story 1", "What happened.", "abbestellen", "/subscribe?lang=3Dde")
		inOrder(t, w.textOf(c), "Montag, 23. November 2026", "AUFMACHER", "Story 1", "abbestellen")
		first := w.message(c)
		w.speaks(1, "en")
		w.clock.advance(time.Hour)
		if got := w.message(w.compose(c.ComposedAt)); got != first {
			t.Error("a retry is another mail than the first try")
		}
	})
}

// TestNamesInTheReadersLanguage: topics and the digest are called what they are
// called there, and what has no name there keeps its own.
func TestNamesInTheReadersLanguage(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), func(set *digest.Setup) {
		set.Site.Languages = []string{"en", "de"}
		set.TopicBySlug("world").Names = map[string]string{"de": "Welt", "fr": "Monde"}
		set.Digests[0].Names = map[string]string{"de": "Der Morgen"}
	})
	w.subscribe(1, newYork)
	w.speaks(1, "de-CH")
	w.begin()
	w.put(story(1, "world", "science"))
	w.tick()
	c := w.compose(time.Time{})
	html := w.htmlOf(c)
	inOrder(t, html, "Der Morgen", "Welt", "Science")
	inOrder(t, w.textOf(c), "Der Morgen", "Welt, Science")
	if strings.Contains(html, "World") || strings.Contains(html, "The Morning Courier") || !strings.HasPrefix(c.Subject, "Der Morgen") || !strings.HasPrefix(c.ListID, "The Morning Courier <") {
		t.Errorf("subject %q, list %q; another name is in\n%s", c.Subject, c.ListID, html)
	}
}
