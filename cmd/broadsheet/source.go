package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/app"
)

func (e *env) sourceCommand() *cobra.Command {
	return noun("source", "Where articles come from", e.sourceListCommand(), e.sourceFetchCommand())
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
				out := &list{columns: []string{"slug", "kind", "articles", "fetched_at", "next_fetch_at", "failures", "error", "url"}, empty: "No sources are configured."}
				for _, s := range states {
					why := strings.TrimPrefix(s.LastError, "fetch "+s.URL+": ") // the URL has its own column
					out.add(s.Slug, s.Kind, s.Articles, s.FetchedAt, s.NextFetchAt, s.Failures, why, s.URL)
				}
				return e.show(out)
			})
		},
	}
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
		e.printFetched(a, src, got, stories, dryRun)
	}
	switch {
	case len(errs) == 0:
		return nil
	case len(errs) == len(sources):
		return errors.New("no source could be fetched")
	}
	return partly("%d of %d sources could not be fetched", len(errs), len(sources))
}

func (e *env) printFetched(a *app.App, src *digest.Source, got *ingest.Fetched, stories []digest.Incoming, dryRun bool) {
	for _, note := range got.Notes {
		fmt.Fprintf(e.stderr, "%s: %s\n", got.Source, printable(note))
	}
	switch {
	case dryRun:
		fmt.Fprintf(e.stdout, "%s: %d stories, nothing was stored\n", got.Source, got.Stories)
		for i := range stories {
			var topics []string
			for _, m := range a.Tagger.Match(&stories[i], src) {
				topics = append(topics, a.TopicSlug(m.TopicID)+" ("+m.Reason+")")
			}
			fmt.Fprintf(e.stdout, "  %s [%s]\n", printable(stories[i].Title), strings.Join(topics, ", "))
		}
	case got.NotModified:
		fmt.Fprintf(e.stdout, "%s: not modified\n", got.Source)
	default:
		r := got.Result
		fmt.Fprintf(e.stdout, "%s: %d new, %d updated, %d unchanged", got.Source, r.New, r.Updated, r.Unchanged)
		if r.Untagged > 0 {
			fmt.Fprintf(e.stdout, "; %d of the new ones match no topic", r.Untagged)
		}
		fmt.Fprintln(e.stdout)
	}
}
