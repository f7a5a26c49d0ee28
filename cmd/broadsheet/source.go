package main

import (
	"context"
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

func (e *env) sourceCommand() *cobra.Command {
	return noun("source", "Where articles come from", e.sourceListCommand(), e.sourceFetchCommand(), e.sourceTestCommand(), e.sourceAcceptCommand())
}

func (e *env) sourceListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the sources and how fetching them goes", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(a *app.App) error {
				states, err := a.Digests.SourceStates(cmd.Context())
				if err != nil {
					return err
				}
				out := &list{
					columns: []string{"slug", "kind", "state", "articles", "story_at", "fetched_at", "next_fetch_at", "failures", "missed", "note", "url"},
					empty:   "No sources are configured.",
				}
				for _, st := range states {
					condition := st.Condition(a.Now(), silentAfter(a.Setup, st.Slug))
					out.add(st.Slug, st.Kind, string(condition), st.Articles, st.StoryAt, st.FetchedAt, st.NextFetchAt, st.Failures, st.Missed, sourceNote(&st, condition), st.URL)
				}
				return e.show(out)
			})
		},
	}
}

func silentAfter(set *digest.Setup, slug string) time.Duration {
	for i := range set.Sources {
		if set.Sources[i].Slug == slug {
			return set.Sources[i].SilentAfter
		}
	}
	return 0
}

// sourceNote says why a source is in its condition, and what to do.
func sourceNote(st *digest.SourceState, condition digest.Condition) string {
	switch condition {
	case digest.SourceHeld:
		return st.HeldReason
	case digest.SourceGone:
		return "take it out of the configuration, or run broadsheet source accept " + st.Slug + " to try it again"
	case digest.SourceMoved:
		return "fetched from " + st.AdoptedURL + ": set that as its url"
	case digest.SourceSilent:
		return "nothing new since " + plain(st.StoryAt)
	}
	return strings.TrimPrefix(st.LastError, "fetch "+st.URL+": ") // the URL has its own column
}

func (e *env) sourceAcceptCommand() *cobra.Command {
	var dryRun bool
	var by string
	cmd := &cobra.Command{
		Use: "accept SOURCE", Short: "Let in what a held source sends, or try one again that was gone", Args: exactly("SOURCE"),
		Long: "Lets in what a source sends whose stories were held back because most of them came under new ids. " +
			"Its next fetch is taken as the first one: what is older than two days is in nobody's digest. " +
			"A source that answered that it is gone for good is fetched again.",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := e.who(by)
			if err != nil {
				return err
			}
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				sources, err := chosenSources(a.Setup, args)
				if err != nil {
					return err
				}
				return e.accept(cmd.Context(), a, sources[0], who, dryRun)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be let in and change nothing")
	cmd.Flags().StringVar(&by, "by", "", "who does it, for the record")
	return cmd
}

func (e *env) accept(ctx context.Context, a *app.App, src *digest.Source, who string, dryRun bool) error {
	states, err := a.Digests.SourceStates(ctx)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(states, func(st digest.SourceState) bool { return st.SourceID == src.ID })
	if n < 0 || states[n].HeldAt.IsZero() && states[n].GoneAt.IsZero() {
		fmt.Fprintf(e.stdout, "%s is neither held nor gone, nothing to accept\n", src.Slug)
		return nil
	}
	if dryRun {
		fmt.Fprintf(e.stdout, "%s would be accepted with its next fetch; nothing was changed\n", src.Slug)
		return nil
	}
	if _, err := a.Digests.AcceptSource(ctx, src.ID, who); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is accepted with its next fetch; broadsheet source fetch %s does it now\n", src.Slug, src.Slug)
	return nil
}

func (e *env) sourceFetchCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "fetch [SOURCE ...]", Short: "Fetch the sources now, all or those named",
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				sources, err := chosenSources(a.Setup, args)
				if err != nil {
					return err
				}
				return e.fetch(cmd, a, sources, dryRun)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would come in and store nothing")
	return cmd
}

func chosenSources(set *digest.Setup, slugs []string) ([]*digest.Source, error) {
	var out []*digest.Source
	var known []string
	for i := range set.Sources {
		known = append(known, set.Sources[i].Slug)
		if len(slugs) == 0 {
			out = append(out, &set.Sources[i])
		}
	}
	for _, slug := range slugs {
		found := false
		for i := range set.Sources {
			if set.Sources[i].Slug == slug {
				out, found = append(out, &set.Sources[i]), true
			}
		}
		if !found {
			return nil, usagef("unknown source %q: the configuration has %s", slug, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// fetch fetches each source; one that fails does not keep the others from
// being fetched.
func (e *env) fetch(cmd *cobra.Command, a *app.App, sources []*digest.Source, dryRun bool) error {
	poller := a.Poller()
	tried := &list{columns: []string{"source", "title", "url", "topics"}}
	var errs []error
	for _, src := range sources {
		var got *ingest.Fetched
		var stories []digest.Incoming
		var err error
		if dryRun {
			got, stories, err = poller.Preview(cmd.Context(), src)
		} else {
			got, err = poller.Fetch(cmd.Context(), src)
		}
		if err != nil {
			errs = append(errs, err)
			fmt.Fprintf(e.stderr, "%s\n", printable(err.Error()))
			continue
		}
		if dryRun && e.output != outputTable {
			addTagged(tried, a, src, stories)
			continue
		}
		e.printFetched(a, src, got, stories, dryRun)
	}
	if dryRun && e.output != outputTable {
		if err := e.show(tried); err != nil {
			return err
		}
	}
	switch {
	case len(errs) == 0:
		return nil
	case len(errs) == len(sources):
		return errors.New("no source could be fetched")
	}
	return partly("%d of %s could not be fetched", len(errs), count(len(sources), "source"))
}

// addTagged adds the stories that a source would bring, with their topics.
func addTagged(out *list, a *app.App, src *digest.Source, stories []digest.Incoming) {
	for i := range stories {
		out.add(src.Slug, stories[i].Title, stories[i].URL, topicsOf(a, src, &stories[i]))
	}
}

// topicsOf returns the topics that a story of a source would get, each with the
// reason.
func topicsOf(a *app.App, src *digest.Source, story *digest.Incoming) []string {
	topics := []string{}
	for _, m := range a.Tagger.Match(story, src) {
		topics = append(topics, a.TopicSlug(m.TopicID)+" ("+m.Reason+")")
	}
	return topics
}

func (e *env) printFetched(a *app.App, src *digest.Source, got *ingest.Fetched, stories []digest.Incoming, dryRun bool) {
	for _, note := range got.Notes {
		fmt.Fprintf(e.stderr, "%s: %s\n", got.Source, printable(note))
	}
	switch {
	case dryRun:
		fmt.Fprintf(e.stdout, "%s: %s, nothing was stored\n", got.Source, count(got.Stories, "story"))
		for i := range stories {
			fmt.Fprintf(e.stdout, "  %s [%s]\n", printable(stories[i].Title), strings.Join(topicsOf(a, src, &stories[i]), ", "))
		}
	case got.NotModified:
		fmt.Fprintf(e.stdout, "%s: not modified\n", got.Source)
	case got.Held != "":
		fmt.Fprintf(e.stdout, "%s: held, nothing was stored: %s\n", got.Source, printable(got.Held))
	default:
		r := got.Result
		fmt.Fprintf(e.stdout, "%s: %d new, %d updated, %d unchanged", got.Source, r.New, r.Updated, r.Unchanged)
		if r.Untagged > 0 {
			fmt.Fprintf(e.stdout, "; %d of the new ones match no topic", r.Untagged)
		}
		fmt.Fprintln(e.stdout)
	}
}
