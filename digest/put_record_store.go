package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"broadsheet/internal/db"
)

// putNote is a change to a story that goes on record.
type putNote struct {
	id     int64
	action string
	parts  []string // what changed, for people
	topics []topicChange
}

type topicChange struct {
	sign string // "+" or "-"
	id   int64
}

func (p *put) noteNew(a *storedArticle) {
	if p.who == "" {
		return
	}
	n := putNote{id: a.ID, action: "add"}
	if a.LeadID != 0 {
		n.parts = []string{fmt.Sprintf("folded into article %d", a.LeadID)}
	}
	p.notes = append(p.notes, n)
}

func (p *put) noteUpdate(before, after *storedArticle) {
	if p.who == "" {
		return
	}
	n := putNote{id: after.ID, action: "change", parts: marksChanged(before, after)}
	if fields := before.content.differences(&after.content); len(fields) > 0 {
		n.parts = slices.Insert(n.parts, 0, fmt.Sprintf("version %d (%s)", after.Version, strings.Join(fields, ", ")))
	}
	had, has := standing(before.topics), standing(after.topics)
	for _, id := range has {
		if !slices.Contains(had, id) {
			n.topics = append(n.topics, topicChange{"+", id})
		}
	}
	for _, id := range had {
		if !slices.Contains(has, id) {
			n.topics = append(n.topics, topicChange{"-", id})
		}
	}
	p.notes = append(p.notes, n)
}

// standing are the topics that an article has, without those that are gone.
func standing(topics []TopicMatch) []int64 {
	var out []int64
	for _, m := range topics {
		if m.Reason != topicGone {
			out = append(out, m.TopicID)
		}
	}
	return out
}

// differences names the fields in which two texts of a story differ, as the API
// names them.
func (c *articleContent) differences(other *articleContent) []string {
	var out []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"url", c.URL == other.URL}, {"title", c.Title == other.Title}, {"summary", c.Summary == other.Summary},
		{"body", c.Body == other.Body}, {"author", c.Author == other.Author}, {"language", c.Language == other.Language},
		{"image", c.ImageURL == other.ImageURL && c.ImageAlt == other.ImageAlt && c.ImageWidth == other.ImageWidth &&
			c.ImageHeight == other.ImageHeight && c.ImageCredit == other.ImageCredit},
		{"modified_at", c.ModifiedAt == other.ModifiedAt},
	} {
		if !f.same {
			out = append(out, f.name)
		}
	}
	return out
}

// marksChanged tells which marks a story has now that it did not have before.
func marksChanged(before, after *storedArticle) []string {
	var out []string
	if before.Priority != after.Priority {
		out = append(out, fmt.Sprintf("priority %d", after.Priority))
	}
	if before.Access != after.Access {
		out = append(out, "access "+after.Access.Spelled())
	}
	if before.Audience != after.Audience {
		out = append(out, "audience "+orEverybody(splitPairs(after.Audience)))
	}
	if before.Embargo != after.Embargo {
		out = append(out, "embargo "+untilText(db.Time(after.Embargo)))
	}
	return out
}

func orEverybody(pairs []string) string {
	if len(pairs) == 0 {
		return "everybody"
	}
	return strings.Join(pairs, " ")
}

// record puts what was noted on record, in one statement for all stories.
func (p *put) record(ctx context.Context) error {
	if len(p.notes) == 0 {
		return nil
	}
	slugs, err := p.topicSlugs(ctx)
	if err != nil {
		return err
	}
	first, err := p.tx.NextIDs(ctx, "change", len(p.notes))
	if err != nil {
		return err
	}
	var ids []int64
	var keys, actions, details []string
	for i, n := range p.notes {
		for _, t := range n.topics {
			n.parts = append(n.parts, "topic "+t.sign+slugs[t.id])
		}
		ids, keys = append(ids, first+int64(i)), append(keys, fmt.Sprint(n.id))
		actions, details = append(actions, n.action), append(details, strings.Join(n.parts, ", "))
	}
	_, err = p.tx.ExecRows(ctx, `INSERT INTO changes (id, at, who, noun, key, action, detail)
		SELECT v.id, $1, $2, 'article', v.key, v.action, v.detail FROM {rows}`,
		[]db.Column{db.Ints("id", ids), db.Texts("key", keys), db.Texts("action", actions), db.Texts("detail", details)},
		p.now, p.who)
	return err
}

// topicSlugs names the topics that the notes are about.
func (p *put) topicSlugs(ctx context.Context) (map[int64]string, error) {
	var ids []int64
	for _, n := range p.notes {
		for _, t := range n.topics {
			ids = append(ids, t.id)
		}
	}
	out := map[int64]string{}
	if len(ids) == 0 {
		return out, nil
	}
	return out, p.tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id int64
		var slug string
		err := scan(&id, &slug)
		out[id] = slug
		return err
	}, `SELECT id, slug FROM topics WHERE id {in 1}`, ids)
}
