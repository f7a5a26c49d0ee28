package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/app"
)

func (e *env) articleCommand() *cobra.Command {
	return noun("article", "The editor's desk", e.articleAddCommand(), e.articleImportCommand(), e.articleListCommand(), e.articleShowCommand(),
		e.articleExplainCommand(), e.articlePinCommand(), e.articleHoldCommand(), e.articleReleaseCommand(), e.articleWithdrawCommand(),
		e.articleCorrectCommand())
}

func (e *env) articleAddCommand() *cobra.Command {
	var in digest.Incoming
	var published, embargo, access, by string
	var from storyOrigin
	var dryRun bool
	cmd := &cobra.Command{
		Use: "add", Short: "Add one article, or change it if it is known by its URL or id", Args: noArgs,
		Long: "Add one article, or change it if it is known by its URL or id. With a URL and no title the page is\n" +
			"fetched and read; --html and --text read it from a file. What other flags say counts instead of what\n" +
			"was found, and --dry-run shows what each part was taken for. Of a known one, priority, access,\n" +
			"audience and embargo stay as they are unless they are named: --priority 0, --access free,\n" +
			"--audience '' and --embargo-until '' take them off.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := e.who(by)
			if err != nil {
				return err
			}
			for _, flag := range []struct {
				name, text string
				to         *time.Time
			}{{"--published-at", published, &in.PublishedAt}, {"--embargo-until", embargo, &in.EmbargoUntil}} {
				if flag.text == "" {
					continue
				}
				at, err := parseTime(flag.text, e.now(), time.UTC)
				if err != nil {
					return usagef("%s: %w", flag.name, err)
				}
				*flag.to = at
			}
			in.Access = digest.Access(access)
			in.Clears = clearedMarks(cmd, &in)
			story, taken, err := from.complete(cmd.Context(), e, in)
			if dryRun {
				err = errors.Join(err, e.showTaken(taken))
			}
			if err != nil {
				return err
			}
			if err := ingest.Check(&story); err != nil {
				return usagef("%w", err)
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error { return e.addArticle(cmd, a, story, who, dryRun) })
		},
	}
	f := cmd.Flags()
	from.flags(cmd)
	f.StringVar(&in.URL, "url", "", "`URL` of the story; without --title it is fetched")
	f.StringVar(&in.GUID, "id", "", "your own id of the story, if it has no URL")
	f.StringVar(&in.Title, "title", "", "headline")
	f.StringVar(&in.Summary, "summary", "", "a sentence or two")
	f.StringVar(&in.Body, "body", "", "the text")
	f.StringVar(&in.Author, "author", "", "who wrote it")
	f.StringVar(&in.ImageURL, "image", "", "`URL` of its picture")
	f.StringVar(&in.ImageAlt, "image-alt", "", "what the picture shows")
	f.StringVar(&in.Language, "language", "", "such as en or pt-BR")
	f.StringSliceVar(&in.Topics, "topic", nil, "`SLUG` of a topic; may be given several times")
	f.IntVar(&in.Priority, "priority", 0, "higher ranks first, from -100 to 100")
	f.StringVar(&published, "published-at", "", "`TIME`, UTC unless it names a zone")
	f.StringVar(&embargo, "embargo-until", "", "`TIME` before which nobody gets it, UTC unless it names a zone")
	f.StringVar(&access, "access", "", "free, or paid for a body that only readers who pay get")
	f.StringSliceVar(&in.Audience, "audience", nil, "`NAME=VALUE` of an attribute that its readers have; may be given several times")
	f.BoolVar(&dryRun, "dry-run", false, "show what would be stored and store nothing")
	byFlag(cmd, &by)
	return cmd
}

// clearedMarks are the marks that are named without a value.
func clearedMarks(cmd *cobra.Command, in *digest.Incoming) digest.Marks {
	named := func(flag string, empty bool) bool { return empty && cmd.Flags().Changed(flag) }
	return digest.Marks{
		Priority: named("priority", in.Priority == 0), Access: named("access", in.Access == digest.AccessFree),
		Audience: named("audience", len(in.Audience) == 0), Embargo: named("embargo-until", in.EmbargoUntil.IsZero()),
	}
}

func (e *env) addArticle(cmd *cobra.Command, a *app.App, in digest.Incoming, who string, dryRun bool) error {
	if err := ingest.CheckSetup(&in, a.Setup, a.Now()); err != nil {
		return usagef("%w", err)
	}
	if dryRun {
		out := e.stdout
		if e.output != outputTable { // which has what was found
			out = e.stderr
		}
		fmt.Fprintf(out, "would store %q with topics: %s\n", printable(in.Title), orDash(a.TopicSlugs(a.Tagger.Match(&in, nil))))
		return nil
	}
	result, err := a.Digests.PutBy(cmd.Context(), a.Tagger, who, []digest.Incoming{in})
	if err != nil {
		return err
	}
	e.printPut(result)
	return nil
}

func (e *env) printPut(r digest.PutResult) {
	fmt.Fprintf(e.stdout, "%d new, %d updated, %d unchanged\n", r.New, r.Updated, r.Unchanged)
	if r.Folded > 0 {
		fmt.Fprintf(e.stderr, "%d of the new articles are near-duplicates and were folded into others: see broadsheet article list --state folded\n", r.Folded)
	}
	if r.Untagged > 0 {
		fmt.Fprintf(e.stderr, "%d of the new articles match no topic, so no reader gets them\n", r.Untagged)
	}
}

func (e *env) articleListCommand() *cobra.Command {
	var topic, query, state string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List articles, the last arrived first", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				if err := checkLimit(limit); err != nil {
					return err
				}
				f := digest.ArticleFilter{Query: query, State: digest.ArticleState(state), Limit: limit}
				if state != "" && !slices.Contains(articleStates, f.State) {
					return usagef("--state %q is unknown: it is open, pinned, held, embargo, folded or withdrawn", state)
				}
				if topic != "" {
					t := a.Setup.TopicBySlug(topic)
					if t == nil {
						return usagef("unknown topic %q: see broadsheet topic list", topic)
					}
					f.TopicID = t.ID
				}
				articles, err := a.Digests.Articles(cmd.Context(), f)
				if err != nil {
					return err
				}
				out := &list{columns: []string{"id", "title", "topics", "published_at", "arrived_at", "priority", "state", "url"}, empty: "No articles."}
				for _, art := range articles {
					out.add(art.ID, art.Title, a.TopicSlugs(art.Topics), art.PublishedAt, art.ArrivedAt, art.Priority, string(art.State(a.Now())), art.URL)
				}
				return e.show(out)
			})
		},
	}
	cmd.Flags().StringVar(&topic, "topic", "", "only articles of the topic with this `SLUG`")
	cmd.Flags().StringVar(&query, "query", "", "only articles whose title has this `TEXT`")
	cmd.Flags().StringVar(&state, "state", "", "only articles in this `STATE`: open, pinned, held, embargo, folded or withdrawn")
	cmd.Flags().IntVar(&limit, "limit", 50, "at most so many")
	return cmd
}

var articleStates = []digest.ArticleState{
	digest.ArticleOpen, digest.ArticlePinned, digest.ArticleHeld, digest.ArticleEmbargo, digest.ArticleFolded, digest.ArticleWithdrawn,
}

func (e *env) articleShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID|URL", Short: "Show one article with the reasons for its topics", Args: exactly("ID|URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				art, err := findArticle(cmd.Context(), a, args[0])
				if err != nil {
					return err
				}
				changes, err := a.Digests.Changes(cmd.Context(), "article", fmt.Sprint(art.ID))
				if err != nil {
					return err
				}
				return e.showOne(articleDetails(a, art, changes))
			})
		},
	}
}

func articleDetails(a *app.App, art *digest.Article, changes []digest.Change) *list {
	var reasons, changed []string
	for _, c := range changes {
		changed = append(changed, strings.TrimSpace(fmt.Sprintf("%s %s by %s %s", plain(c.At), c.Action, c.Who, c.Detail)))
	}
	for _, m := range art.Topics {
		reasons = append(reasons, a.TopicSlug(m.TopicID)+" ("+m.Reason+")")
	}
	out := &list{columns: []string{
		"id", "title", "url", "guid", "source", "topics", "author", "summary", "body", "image", "language", "priority",
		"version", "published_at", "arrived_at", "updated_at", "pinned_until", "held_at", "withdrawn_at",
		"state", "access", "audience", "embargo_until", "fresh_at", "folded_into", "sources", "changes",
	}}
	out.add(art.ID, art.Title, art.URL, art.GUID, art.SourceName, reasons, art.Author, art.Summary, art.Body, art.ImageURL, art.Language, art.Priority,
		art.Version, art.PublishedAt, art.ArrivedAt, art.UpdatedAt, art.PinnedUntil, art.HeldAt, art.WithdrawnAt,
		string(art.State(a.Now())), art.Access.Spelled(), art.Audience, art.EmbargoUntil, art.FreshAt, idOrNothing(art.LeadID), art.Sources, changed)
	return out
}

func orDash(texts []string) string {
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, ", ")
}

func idOrNothing(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
