package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

func (e *env) articleExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain URL|ID", Short: "Show which rule gave an article each topic, how it stands, and who changed what", Args: exactly("URL|ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				art, err := findArticle(cmd.Context(), a, args[0])
				if err != nil {
					return err
				}
				record, err := a.Digests.ArticleRecord(cmd.Context(), art.ID)
				if err != nil {
					return err
				}
				return e.show(explainArticle(a, record))
			})
		},
	}
}

// explainArticle lists one fact a row.
func explainArticle(a *app.App, r *digest.ArticleRecord) *list {
	art := r.Article
	out := &list{columns: []string{"what", "value", "why", "at"}}
	out.add("state", string(art.State(a.Now())), stateReason(a, art), stateTime(art))
	if art.LeadID != 0 {
		out.add("folded into", fmt.Sprint(art.LeadID), "a near-duplicate: article release lets it stand for itself", art.ArrivedAt)
	}
	for _, t := range r.Topics {
		addTopic(out, a, art, &t)
	}
	if len(r.Topics) == 0 {
		out.add("topic", "", "no rule gives it any, so no reader gets it", "")
	}
	out.add("fresh", fmt.Sprint(art.Sources)+" sources", "its age counts from here", art.FreshAt)
	if r.Again {
		out.add("offered before", "", "under earlier numbers: who got it then does not get it again", "")
	}
	if art.Access == digest.AccessPaid {
		out.add("access", string(art.Access), "its body is for readers who pay", "")
	}
	if len(art.Audience) > 0 {
		out.add("audience", strings.Join(art.Audience, ";"), "other readers do not get it", "")
	}
	for _, f := range r.Folded {
		out.add("folded", fmt.Sprint(f.ID), f.Source+": "+f.Title, "")
	}
	for _, c := range r.Notes {
		out.add("correction", c.Note, fmt.Sprintf("in windows by number %d", c.Seq), c.At)
	}
	for _, c := range r.Changes {
		out.add("change", c.Action, strings.TrimSuffix("by "+c.Who+": "+c.Detail, ": "), c.At)
	}
	return out
}

// addTopic adds a topic with the rule that decided, and a row for each other
// rule that hit.
func addTopic(out *list, a *app.App, art *digest.Article, t *digest.TopicRecord) {
	slug := a.TopicSlug(t.TopicID)
	if t.Gone {
		out.add("topic", slug, "taken off: no rule gives it any more", "")
		return
	}
	rules, folded := digest.ParseReason(t.Reason)
	why := tagText(rules[0])
	if folded {
		why = "from a story that is folded into it: " + why
	}
	switch {
	case art.LeadID != 0:
		why += "; its lead has it"
	case t.Seq == 0:
		why += "; in no window, for it came old or undated with the first fetch of its source"
	default:
		why += fmt.Sprintf("; in windows by number %d", t.Seq)
	}
	out.add("topic", slug, why, "")
	for _, rule := range rules[1:] {
		out.add("rule of topic", slug, tagText(rule), "")
	}
}

// stateReason says what the state of an article means for planning.
func stateReason(a *app.App, art *digest.Article) string {
	switch art.State(a.Now()) {
	case digest.ArticleWithdrawn:
		return "falls out of all that is not sent"
	case digest.ArticleFolded:
		return "its lead stands for it"
	case digest.ArticleEmbargo:
		return "not planned until " + plain(art.EmbargoUntil)
	case digest.ArticleHeld:
		return "not planned until it is released"
	case digest.ArticlePinned:
		return "before all others until " + plain(art.PinnedUntil)
	}
	return ""
}

// stateTime is since when an article is kept from readers, or the empty text.
func stateTime(art *digest.Article) any {
	if !art.WithdrawnAt.IsZero() {
		return art.WithdrawnAt
	}
	return art.HeldAt
}

// tagText says what a rule that gave a topic means.
func tagText(r digest.TagRule) string {
	switch r.Kind {
	case digest.TagGiven:
		return "named by who sent the article"
	case digest.TagSource:
		return "its source gives it to all its stories"
	case digest.TagCategory:
		return fmt.Sprintf("category %q", r.Value)
	case digest.TagPath:
		return fmt.Sprintf("its URL begins with %q", r.Value)
	case digest.TagKeyword:
		return fmt.Sprintf("%q in title or summary", r.Value)
	case digest.TagPhrases:
		have, needs, _ := strings.Cut(r.Value, " of ")
		return fmt.Sprintf("phrases with %s points, it needs %s", have, needs)
	case digest.TagPhrase:
		return fmt.Sprintf("%q: %s", r.Value, r.Where)
	case digest.TagExcluded:
		return fmt.Sprintf("%q in %s speaks against it", r.Value, r.Where)
	case digest.TagMore:
		return "and " + r.Value + " more"
	}
	return r.String()
}
