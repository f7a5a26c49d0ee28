package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// allTopics in a digest stands for every topic there is.
const allTopics = "*"

func readTopics(tables []*table) []Topic {
	seen := slugs{}
	var out []Topic
	for _, t := range tables {
		topic := Topic{
			Slug:        t.slug(seen),
			Description: t.text("description", "", prose(500)),
			Keywords:    t.texts("keywords", line(100), phrase),
			Categories:  t.texts("categories", line(100)),
			URLPaths:    t.texts("url_paths", line(500), urlPath),
			Needs:       t.positive("needs", 2, 1000),
			Languages:   t.texts("languages", languageTag),
		}
		topic.Name = t.text("name", topic.Slug, line(100))
		topic.Names = t.translations()
		topic.Phrases = readPhrases(t.list("phrase"))
		topic.Exclude = t.exclude(&topic)
		t.done()
		t.l.topics[topic.Slug] = true
		out = append(out, topic)
	}
	return out
}

// storyParts are where phrases are looked for.
func storyParts() []string { return []string{"title", "lead", "body"} }

func readPhrases(tables []*table) []TopicPhrase {
	var out []TopicPhrase
	for _, t := range tables {
		p := TopicPhrase{
			Text:   t.needed("text", `"united nations"`, line(100), phrase),
			Weight: t.positive("weight", 1, 100),
			In:     t.texts("in", storyPart),
		}
		if t.child("in") != nil && len(t.child("in").items) == 0 {
			t.complain("in", "is empty: name %s, or leave it out for all", alternatives(storyParts()))
		}
		if p.In == nil {
			p.In = storyParts()
		}
		t.done()
		out = append(out, p)
	}
	return out
}

// exclude reads the phrases that speak against a topic, of which none may speak
// for it.
func (t *table) exclude(topic *Topic) []string {
	items := t.items("exclude", line(100), phrase)
	for _, it := range items {
		same := func(text string) bool { return strings.EqualFold(text, it.text) }
		if slices.ContainsFunc(topic.Keywords, same) || slices.ContainsFunc(topic.Phrases, func(p TopicPhrase) bool { return same(p.Text) }) {
			t.complainAt(it.place, "exclude", "names %s, which is one of its phrases, too", quote(it.text))
		}
	}
	return itemTexts(items)
}

// phrase wants something that can be found by its words.
func phrase(s string) error {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return fmt.Errorf("must hold words, not %s", quote(s))
	}
	return nil
}

// storyPart wants the name of a part of a story.
func storyPart(s string) error {
	if slices.Contains(storyParts(), s) {
		return nil
	}
	if near := nearest(s, storyParts()); near != "" {
		return fmt.Errorf("holds %s, did you mean %q?", quote(s), near)
	}
	return fmt.Errorf("must hold %s, not %s", alternatives(storyParts()), quote(s))
}

func readSources(tables []*table, site Site) []Source {
	seen := slugs{}
	var out []Source
	for _, t := range tables {
		out = append(out, Source{
			Slug:         t.slug(seen),
			Name:         t.text("name", "", line(100)),
			Kind:         t.choice("kind", "feed", "sitemap", "page"),
			URL:          t.needed("url", `"https://courier.example/feed.xml"`, webURL),
			Topics:       t.topics(),
			Every:        t.duration("every", 15*time.Minute, time.Minute, 7*day),
			AllowPrivate: t.prefixes("allow_private"),
			Timezone:     t.text("timezone", site.Timezone, judged(t.l.checks.Zone)),
			Language:     t.text("language", site.Language, languageTag),
			PictureURL:   t.text("picture_url", "", picturePattern),
			SilentAfter:  t.duration("silent_after", 72*time.Hour, 0, 365*day),
			IgnoreIDs:    t.flag("ignore_ids"),
		})
		t.done()
	}
	return out
}

// slugs remembers where each slug was used.
type slugs map[string]Problem

func (t *table) slug(seen slugs) string { return t.unique("slug", `"world"`, seen) }

// unique returns the slug of key, which no other table may have.
func (t *table) unique(key, example string, seen slugs) string {
	s := t.needed(key, example, slug)
	if s == "" {
		return ""
	}
	if first, twice := seen[s]; twice {
		t.complain(key, "is %s, as on line %d: each needs its own", quote(s), first.Line)
		return s
	}
	seen[s] = t.place(key)
	return s
}

// topics reads a list of slugs of topics and of the extra words allowed.
func (t *table) topics(extra ...string) []string {
	items := t.items("topics")
	for _, it := range items {
		if t.l.topics[it.text] || slices.Contains(extra, it.text) {
			continue
		}
		remedy := "; there is no [[topic]] with this slug"
		if near := t.l.suggest(it.text, maps.Keys(t.l.topics)); near != "" {
			remedy = ", did you mean " + quote(near) + "?"
		}
		t.complainAt(it.place, "topics", "names the unknown topic %s%s", quote(it.text), remedy)
	}
	return itemTexts(items)
}
