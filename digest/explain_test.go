package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

func (w *world) explain(reader int64, at time.Time, article int64) *digest.Explanation {
	w.t.Helper()
	x, err := w.planner.Explain(w.t.Context(), w.daily, reader, at, article)
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

// goes is what an explanation says of a mail, as mails tells it.
func (w *world) goes(reader int64, x *digest.Explanation) string {
	var out []string
	for _, s := range x.Stories {
		if s.Chosen {
			out = append(out, fmt.Sprint(s.Article.ID))
		}
	}
	slices.Sort(out)
	return fmt.Sprintf("%s %d: %s", x.Edition.Key, reader, strings.Join(out, " "))
}

// TestExplainAgreesWithPlanning has random worlds: what the explanation said of
// each reader is what planning makes next, and what it says afterwards.
func TestExplainAgreesWithPlanning(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := uint64(6)
		if d.Dialect() == db.Postgres {
			n = 2
		}
		rules := map[digest.Rule]int{}
		for seed := range n {
			if seed > 0 {
				d = dbtest.Open(t, d.Dialect())
			}
			w := newModelWorld(t, d, 100+seed)
			for range 30 {
				w.step()
			}
			w.edit(rules)
		}
		for _, rule := range []digest.Rule{digest.RuleSection, digest.RuleMaxItems, digest.RuleGone, digest.RuleHeld, digest.RuleWithdrawn} {
			if rules[rule] == 0 {
				t.Errorf("no story met the rule %q in %v, want worlds where it decides", rule, rules)
			}
		}
	})
}

// edit holds, withdraws and pins stories of late, and holds explanations against
// what a day of planning comes to.
func (w *modelWorld) edit(rules map[digest.Rule]int) {
	w.t.Helper()
	for range 8 {
		w.arrive()
	}
	for i, column := range []string{"held_at", "withdrawn_at", "pinned_until"} {
		w.exec(`UPDATE articles SET `+column+` = $1 WHERE id IN (SELECT id FROM articles ORDER BY id DESC LIMIT 1 OFFSET $2)`,
			w.clock.Now().Add(48*time.Hour).UnixMilli(), i)
	}
	rows, at := w.dump(), w.clock.Now().Add(time.Second)
	said, skipped := map[string]string{}, map[string]digest.SkipReason{}
	for id := range w.readers {
		x := w.explain(id, at, 0)
		head := fmt.Sprint(x.Edition.Key, " ", id)
		if skipped[head] = x.Skip; x.Skip == "" {
			said[head] = w.goes(id, x)
		} else if x.Remedy == "" {
			w.t.Errorf("%s: no remedy for %q", head, x.Skip)
		}
		for _, s := range x.Stories {
			rules[s.Rule]++
			if s.Article == nil || s.Rule == "" || s.Detail == "" {
				w.t.Errorf("%s: the verdict %+v says nothing", head, s)
			}
		}
	}
	same(w.t, "explaining", w.dump(), rows)
	w.hours(25)
	w.heldAgainst(said, skipped, at)
}

func (w *modelWorld) heldAgainst(said map[string]string, skipped map[string]digest.SkipReason, at time.Time) {
	w.t.Helper()
	planned := map[string]string{}
	for _, row := range w.rows(`SELECT e.key || ' ' || CAST(d.subscriber_id AS TEXT) || ': ' || s.stories
		FROM deliveries d JOIN editions e ON e.id = d.edition_id JOIN selections s ON s.edition_id = d.edition_id AND s.id = d.selection_id`, nil) {
		head, text, _ := strings.Cut(row, ": ")
		selection, err := digest.ParseSelection(text)
		if err != nil {
			w.t.Fatal(err)
		}
		var ids []string
		for _, p := range selection.Stories {
			ids = append(ids, fmt.Sprint(p.ArticleID))
		}
		slices.Sort(ids)
		planned[head] = head + ": " + strings.Join(ids, " ")
	}
	for head, skip := range skipped {
		if planned[head] != said[head] {
			w.t.Errorf("explained %q (skip %q), planned %q", said[head], skip, planned[head])
		}
	}
	for id := range w.readers {
		x := w.explain(id, at, 0)
		head := fmt.Sprint(x.Edition.Key, " ", id)
		if _, ok := planned[head]; ok != x.Frozen || ok && w.goes(id, x) != planned[head] || !x.Past {
			w.t.Errorf("afterwards: explained %q (frozen %t, past %t), planned %q", w.goes(id, x), x.Frozen, x.Past, planned[head])
		}
		if skipped[head] != "" && x.Skip != skipped[head] {
			w.t.Errorf("%s: skipped for %q, explained afterwards as %q", head, skipped[head], x.Skip)
		}
	}
}

func TestExplainOneStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, func(set *digest.Setup) {
			set.Digests[0].Topics = []string{"world", "sport", "culture"}
			set.Digests[0].MaxAge = 48 * time.Hour
		})
		w.subscribe(1, newYork, "world", "sport")
		w.subscribe(2, newYork, "culture")
		w.begin()
		old := story(1, "world")
		old.PublishedAt = w.clock.Now().Add(-72 * time.Hour)
		w.put(old, story(2, "sport"), story(3, "culture"), story(4, "local"), story(5, "world"))
		id := func(n int) int64 {
			return w.count(`SELECT id FROM articles WHERE url = $1`, story(n).URL)
		}
		w.exec(`UPDATE articles SET held_at = 5 WHERE id = $1`, id(5))
		w.exec(`UPDATE subscriptions SET paused_until = $1 WHERE subscriber_id = 2`, w.clock.Now().Add(72*time.Hour).UnixMilli())
		for _, c := range []struct {
			reader int64
			story  int
			chosen bool
			rule   digest.Rule
			detail string
		}{
			{1, 1, false, digest.RuleAge, "3 days old, max_age is 2 days"},
			{1, 2, true, digest.RuleSection, "rank 1 of 1"},
			{1, 3, false, digest.RuleGone, "the reader chose none of its topics"},
			{1, 4, false, digest.RuleGone, "the digest offers none of its topics"},
			{1, 5, false, digest.RuleHeld, "until it is released"},
			{2, 3, false, digest.Rule(digest.SkipPaused), "whatever there is"},
		} {
			x := w.explain(c.reader, w.clock.Now(), id(c.story))
			if len(x.Stories) != 1 {
				t.Errorf("story %d: got %+v, want one verdict", c.story, x.Stories)
				continue
			}
			got := x.Stories[0]
			if got.Chosen != c.chosen || got.Rule != c.rule || !strings.Contains(got.Detail, c.detail) {
				t.Errorf("story %d for reader %d: got %t %q %q, want %t %q %q", c.story, c.reader, got.Chosen, got.Rule, got.Detail, c.chosen, c.rule, c.detail)
			}
		}
		w.tick()
		x := w.explain(1, w.clock.Now(), id(2))
		if got := x.Stories[0]; !x.Frozen || x.State != "pending" || !got.Chosen || got.Rule != digest.RuleFrozen {
			t.Errorf("got %+v, %+v, want a story that is frozen", x, got)
		}
		w.exec(`UPDATE articles SET withdrawn_at = $1 WHERE id = $2`, w.clock.Now().UnixMilli(), id(2))
		if got := w.explain(1, w.clock.Now(), id(2)).Stories[0]; got.Chosen || got.Rule != digest.RuleWithdrawn || got.Article == nil {
			t.Errorf("got %+v, want a story that falls out of what is not sent", got)
		}
		w.exec(`UPDATE articles SET withdrawn_at = 0`)
		if x := w.explain(1, w.clock.Now().Add(time.Minute), id(2)); x.Frozen || x.Stories[0].Rule != digest.RuleOffered {
			t.Errorf("of the next edition: got %+v, want it to be offered before", x.Stories)
		}
		if _, err := w.planner.Explain(t.Context(), w.daily, 99, w.clock.Now(), 0); !errors.Is(err, digest.ErrNotSubscribed) {
			t.Errorf("got %v, want ErrNotSubscribed", err)
		}
	})
}

// TestExplainAWindowThatStayedOpen: it begins where the run's will, however long
// it has been open.
func TestExplainAWindowThatStayedOpen(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, db.SQLite), minItems(100))
	w.subscribe(1, newYork)
	w.begin()
	w.tick()
	for n := range 40 {
		w.put(story(n, "world"))
		w.nextDay()
	}
	x := w.explain(1, w.clock.Now().Add(time.Minute), 0)
	w.nextDay()
	if from := w.count(`SELECT joined_seq FROM subscriptions`); x.From != from || from < 5 {
		t.Errorf("the window was said to begin after %d, and began after %d", x.From, from)
	}
}
