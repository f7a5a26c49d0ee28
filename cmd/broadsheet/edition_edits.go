package main

import (
	"context"
	"fmt"

	"broadsheet/digest"
)

// addEdits reads what editors made of an edition, and who changed what.
func (v *editionView) addEdits(ctx context.Context, store *digest.Store, ed *digest.Edition) error {
	text, err := store.EditionText(ctx, ed.ID)
	if err != nil {
		return err
	}
	changes, err := store.Changes(ctx, "edition", ed.Key)
	if err != nil {
		return err
	}
	v.Edits = editsView{Version: text.Version, Subject: text.Subject, Preheader: text.Preheader, Intro: text.Intro, Stories: []storyView{}}
	place := 0
	for _, s := range text.Stories {
		story := storyView{Article: s.ArticleID, Headline: s.Headline}
		if s.Placed {
			place++
			story.Place = place
		}
		v.Edits.Stories = append(v.Edits.Stories, story)
	}
	v.Changes = []changeView{}
	for _, c := range changes {
		v.Changes = append(v.Changes, changeView{plain(c.At), c.Who, c.Action, c.Detail})
	}
	return nil
}

// editsList is the edits as a table shows them.
func (v *editionView) editsList() *list {
	out := &list{columns: []string{"edited", "text"}}
	for _, f := range []struct{ name, text string }{
		{"subject", v.Edits.Subject}, {"preheader", v.Edits.Preheader}, {"introduction", v.Edits.Intro},
	} {
		if f.text != "" {
			out.add(f.name, f.text)
		}
	}
	for _, s := range v.Edits.Stories {
		name := fmt.Sprintf("story %d", s.Article)
		if s.Place > 0 {
			name = fmt.Sprintf("place %d", s.Place)
		}
		text := s.Headline
		if s.Place > 0 {
			text = fmt.Sprintf("article %d", s.Article)
			if s.Headline != "" {
				text += ": " + s.Headline
			}
		}
		out.add(name, text)
	}
	return out
}

func (v *editionView) changesList() *list {
	out := &list{columns: []string{"changed_at", "by", "action", "detail"}}
	for _, c := range v.Changes {
		out.add(c.At, c.By, c.Action, c.Detail)
	}
	return out
}

// addEditFacts adds the edits to an edition in rows of one value each.
func (v *editionView) addEditFacts(out *list) {
	out.add("edits_version", "", "", v.Edits.Version)
	out.add("edits_subject", "", "", v.Edits.Subject)
	out.add("edits_preheader", "", "", v.Edits.Preheader)
	out.add("edits_intro", "", "", v.Edits.Intro)
	for _, s := range v.Edits.Stories {
		out.add("edits_place", fmt.Sprint(s.Article), "", s.Place)
		out.add("edits_headline", fmt.Sprint(s.Article), "", s.Headline)
	}
	for _, c := range v.Changes {
		out.add("change", c.By, c.Action, c.At+" "+c.Detail)
	}
}
