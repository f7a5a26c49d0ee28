package digest_test

import (
	"errors"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// view returns the token of the only mail of the newest edition.
func (s *shelf) view() string {
	s.t.Helper()
	edition := s.count(`SELECT MAX(id) FROM editions`)
	link := s.publisher.Links().View(digest.Mailing{EditionID: edition, SelectionID: s.count(`SELECT id FROM selections WHERE edition_id = $1`, edition)})
	_, token, ok := cutLink(link, "/v/")
	if !ok {
		s.t.Fatal(link)
	}
	return token
}

func TestView(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, func(set *digest.Setup) {
			set.Digests[0].Tags = &digest.LinkTags{Tags: linkTags(t, "utm_source", "mail"), Hosts: []string{"*"}}
		})
		token := s.view()
		p, err := s.publisher.View(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if p.Title != "The Morning Courier: Story 3" || p.Description != "What happened." || p.Edition.Key != monday || p.Digest != s.daily {
			t.Errorf("got %+v", p)
		}
		for text, want := range map[string]bool{
			"Story 3": true, "Story 1": false, "https://courier.example/mail/r/": true, "/mail/v/": false, "/mail/o/": false, "Unsubscribe": false,
			"https://courier.example/mail/subscribe": false, "You get": false, "This is an edition of The Morning Courier": true,
		} {
			if strings.Contains(p.HTML, text) != want {
				t.Errorf("%q is there: %t, want %t", text, !want, want)
			}
		}
		s.exec(`UPDATE articles SET withdrawn_at = 1`)
		s.put(story(4, "sport"))
		if _, err := s.publisher.View(t.Context(), token); !errors.Is(err, digest.ErrGone) {
			t.Errorf("its only story was withdrawn: got %v, want ErrGone", err)
		}
		s.exec(`UPDATE articles SET withdrawn_at = 0`)
		if _, err := s.publisher.View(t.Context(), token); err != nil {
			t.Error(err)
		}
		s.exec(`DELETE FROM deliveries`)
		s.exec(`DELETE FROM selections`)
		if _, err := s.publisher.View(t.Context(), token); !errors.Is(err, digest.ErrGone) {
			t.Errorf("selections are dropped: got %v, want ErrGone", err)
		}
		if _, err := s.publisher.View(t.Context(), token[1:]); !errors.Is(err, digest.ErrBadLink) {
			t.Errorf("got %v, want ErrBadLink", err)
		}
	})
}

func TestViewOfACancelledEdition(t *testing.T) {
	s := fillShelf(t, dbtest.Open(t, db.SQLite), nil)
	s.exec(`UPDATE editions SET state = 'cancelled'`)
	if _, err := s.publisher.View(t.Context(), s.view()); !errors.Is(err, digest.ErrGone) {
		t.Errorf("got %v, want ErrGone", err)
	}
}

func TestFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := fillShelf(t, d, func(set *digest.Setup) {
			set.Digests[0].Tags = &digest.LinkTags{Tags: linkTags(t, "utm_campaign", "{{.Digest.Slug}} {{.Edition.Date}}", "utm_content", "{{.Section}}-{{.Position}}"), Hosts: []string{"*"}}
		})
		composer := digest.NewComposer(s.store, s.setup, digest.Links{Public: s.publisher.Links(), CountClicks: true}, s.clock.Now)
		edition := s.count(`SELECT MAX(id) FROM editions`)
		plain := hrefs(s.linked(digest.Links{Public: s.publisher.Links()}))
		var tokens, want []string
		for i, link := range hrefs(s.linked(digest.Links{Public: s.publisher.Links(), CountClicks: true})) {
			if _, token, ok := cutLink(link, "/r/"); ok {
				tokens, want = append(tokens, token), append(want, plain[i])
			}
		}
		if len(tokens) == 0 {
			t.Fatal("no link is counted")
		}
		follow := func(when string) {
			t.Helper()
			for i, token := range tokens {
				click, target, err := s.publisher.Follow(t.Context(), token)
				if err != nil || target != want[i] || click.EditionID != edition {
					t.Errorf("%s: %+v leads to %s, %v, want %s", when, click, target, err, want[i])
				}
			}
		}
		follow("at once")
		s.exec(`UPDATE articles SET withdrawn_at = 1`)
		s.exec(`DELETE FROM deliveries`)
		s.exec(`DELETE FROM selections`)
		follow("when all is gone")

		const shop = "https://shop.example/?a=b#c"
		_, slot, _ := cutLink(composer.SlotLink(edition, "house-ad", 1, shop), "/r/")
		if click, target, err := s.publisher.Follow(t.Context(), slot); err != nil || target != shop || click.Slot != "house-ad" || click.Position != 1 {
			t.Errorf("got %+v, %s, %v", click, target, err)
		}
		for _, target := range []string{"javascript:alert(1)", "/mail/subscribe", "//evil.example", "mailto:a@b.example", ""} {
			if got := composer.SlotLink(edition, "house-ad", 1, target); got != target {
				t.Errorf("%s became %s", target, got)
			}
		}
		s.exec(`UPDATE article_versions SET url = 'javascript:alert(1)'`)
		if _, target, err := s.publisher.Follow(t.Context(), tokens[0]); !errors.Is(err, digest.ErrNotFound) || target != "" {
			t.Errorf("got %q, %v, want ErrNotFound", target, err)
		}
		if _, _, err := s.publisher.Follow(t.Context(), s.view2()); !errors.Is(err, digest.ErrBadLink) {
			t.Errorf("got %v, want ErrBadLink", err)
		}

		gone := *s.setup
		gone.Digests = nil
		orphan := digest.NewPublisher(digest.NewComposer(s.store, &gone, digest.Links{Public: s.publisher.Links()}, s.clock.Now), digest.Archive{})
		s.exec(`UPDATE article_versions SET url = 'https://courier.example/3'`)
		if _, target, err := orphan.Follow(t.Context(), tokens[0]); err != nil || target != "https://courier.example/3" {
			t.Errorf("the digest is gone: got %q, %v", target, err)
		}
	})
}

// view2 is a token of another purpose.
func (s *shelf) view2() string {
	_, token, _ := cutLink(s.publisher.Links().View(digest.Mailing{EditionID: 1}), "/v/")
	return token
}
