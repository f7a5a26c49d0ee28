package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

func (e *env) digestExplainCommand() *cobra.Command {
	var address, article, at string
	cmd := &cobra.Command{
		Use:   "explain DIGEST --for ADDR",
		Short: "Show why each story goes to a reader or does not, changing nothing",
		Long: "Show what a reader gets of a digest at its first slot at or after --at, and for each story, the best\n" +
			"first, the rule that decides with its values. What was planned already is read from the ledger;\n" +
			"for a digest of this morning name its time: --at \"2026-11-25 07:00\".",
		Args: exactly("DIGEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if address == "" {
				return usagef("digest explain: --for ADDR is missing")
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				x, err := e.explain(cmd, a, args[0], address, article, at)
				if err != nil {
					return err
				}
				return e.showExplanation(a, x, article != "")
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "for", "", "`ADDR` of the reader")
	f.StringVar(&article, "article", "", "only the story with this `URL` or id, wherever it is")
	f.StringVar(&at, "at", "", "`TIME` of the slot, such as \"next monday 07:00\" (default: the next one)")
	return cmd
}

func (e *env) explain(cmd *cobra.Command, a *app.App, slug, address, article, at string) (*digest.Explanation, error) {
	d, when, err := digestAndTime(a, slug, at, e.now())
	if err != nil {
		return nil, err
	}
	reader, err := a.Subscribers.ByAddress(cmd.Context(), address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	var asked int64
	if article != "" {
		if asked, err = articleID(cmd.Context(), a, article); err != nil {
			return nil, fmt.Errorf("--article: %w", err)
		}
	}
	x, err := a.Planner.Explain(cmd.Context(), d, reader.ID, when, asked)
	if errors.Is(err, digest.ErrNotSubscribed) {
		return nil, fmt.Errorf("%s does not get %s: %w (the reader is %s)", address, d.Slug, digest.ErrNotSubscribed, reader.Shown())
	}
	return x, err
}

// showExplanation lists the digest in the first row of JSON and CSV, and above
// the table.
func (e *env) showExplanation(a *app.App, x *digest.Explanation, one bool) error {
	outcome, rule, detail := explainedOutcome(x)
	out := &list{columns: []string{"outcome", "section", "id", "title", "rule", "detail"}, empty: "No story came in the window."}
	if e.output == outputTable {
		fmt.Fprintf(e.stdout, "%s, due %s: %s\n", x.Edition.Key, x.DueAt.Format(time.RFC1123), detailed(outcome, rule))
		if detail != "" {
			fmt.Fprintln(e.stdout, detail)
		}
		fmt.Fprintf(e.stdout, "Its window is that of the stories after number %d, up to %d.\n", max(x.From, 0), x.To)
	} else {
		out.add(outcome, "", "", x.Edition.Key, rule, detail)
	}
	for i := range x.Stories {
		s := &x.Stories[i]
		out.add(storyOutcome(x, s), sectionName(a, s.Section), fmt.Sprint(s.ArticleID), s.Article.Title, string(s.Rule), s.Detail)
	}
	for i := 0; i < len(x.Slots) && !one; i++ {
		v := &x.Slots[i]
		out.add(slotOutcome(x, v), "slot "+string(v.Position), v.Slug, cmp.Or(v.Sponsor, "(house)"), string(v.Rule), v.Detail)
	}
	if e.output == outputTable && one { // in full
		for _, row := range out.rows {
			fmt.Fprintf(e.stdout, "%s: %s, %s: %s\n", printable(fmt.Sprint(row[3])), row[0], row[4], printable(fmt.Sprint(row[5])))
		}
		return nil
	}
	return e.show(out)
}

// explainedOutcome says what became of the digest, by which rule, and more about
// that.
func explainedOutcome(x *digest.Explanation) (outcome, rule, detail string) {
	switch {
	case x.Frozen:
		return x.State, x.Reason, "the stories are settled: what stands in the reader's delivery is read from the ledger"
	case x.Skip != "" && x.Past:
		return "skipped", string(x.Skip), x.Remedy
	case x.Skip != "":
		return "would be skipped", string(x.Skip), x.Remedy
	case x.Past:
		return "no delivery", "", x.Remedy
	}
	return "would be sent", "", x.Remedy
}

func detailed(outcome, rule string) string {
	if rule == "" {
		return outcome
	}
	return outcome + ", " + rule
}

// storyOutcome says what became of a story.
func storyOutcome(x *digest.Explanation, s *digest.Explained) string {
	switch {
	case s.Chosen && x.Frozen && x.State == "sent":
		return "went"
	case s.Chosen && x.Frozen:
		return "planned"
	case s.Chosen && x.Skip == "" && !x.Past:
		return "would go"
	case s.Chosen:
		return "fits"
	}
	return "left out"
}

// slotOutcome says what became of a slot.
func slotOutcome(x *digest.Explanation, v *digest.SlotVerdict) string {
	return storyOutcome(x, &digest.Explained{Verdict: digest.Verdict{Chosen: v.Chosen}})
}

// sectionName is the slug of a section's topic or the name of another section.
func sectionName(a *app.App, section int64) string {
	switch section {
	case 0:
		return ""
	case digest.SectionTop:
		return "top"
	case digest.SectionLatest:
		return "latest"
	}
	return cmp.Or(a.TopicSlug(section), fmt.Sprint(section))
}
