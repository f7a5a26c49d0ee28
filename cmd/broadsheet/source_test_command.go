package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

func (e *env) sourceTestCommand() *cobra.Command {
	var kind string
	var allow []string
	cmd := &cobra.Command{
		Use: "test SOURCE|URL", Short: "Show what would come in from a source, and every oddity of it", Args: exactly("SOURCE|URL"),
		Long: "Fetches a configured source, or any feed, news sitemap or page of stories by its URL, and shows what would come in: " +
			"each story with its topics, what is odd about it, and how often the site wants to be asked. Nothing is stored.",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			o, err := app.OpenOffline(cfg, e.logger(slog.LevelWarn))
			if err != nil {
				return err
			}
			src, err := testedSource(o.Setup, args[0], kind, allow)
			if err != nil {
				return err
			}
			return e.testSource(cmd.Context(), o, src)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "feed, sitemap or page; found out unless given")
	cmd.Flags().StringSliceVar(&allow, "allow-private", nil, "private or loopback networks that may be reached, such as 10.0.0.0/8")
	return cmd
}

// testedSource is a configured source, or one made for a URL.
func testedSource(set *digest.Setup, name, kind string, allow []string) (*digest.Source, error) {
	for i := range set.Sources {
		if set.Sources[i].Slug == name {
			return &set.Sources[i], nil
		}
	}
	u, err := url.Parse(name)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		var slugs []string
		for i := range set.Sources {
			slugs = append(slugs, set.Sources[i].Slug)
		}
		return nil, usagef("%q is neither an http or https URL nor a source: the configuration has %s", name, cmp.Or(strings.Join(slugs, ", "), "none"))
	}
	if kind != "" && !slices.Contains(digest.SourceKinds(), kind) {
		return nil, usagef("--kind %q is unknown: it is %s", kind, strings.Join(digest.SourceKinds(), ", "))
	}
	src := &digest.Source{Slug: u.Host, Kind: kind, URL: name, Every: 15 * time.Minute}
	src.AllowPrivate, err = parseNetworks(allow)
	return src, err
}

func (e *env) testSource(ctx context.Context, o *app.Offline, src *digest.Source) error {
	got, stories, err := o.Poller.Preview(ctx, src)
	if err != nil {
		return err
	}
	out := &list{
		columns: []string{"title", "topics", "published_at", "author", "language", "url", "picture", "summary", "body_words", "id"},
		empty:   "It has no stories.",
	}
	for i := range stories {
		in := &stories[i]
		var topics []string
		for _, m := range o.Tagger.Match(in, src) {
			topics = append(topics, o.TopicSlug(m.TopicID)+" ("+m.Reason+")")
		}
		out.add(in.Title, topics, in.PublishedAt, in.Author, in.Language, in.URL, in.ImageURL, in.Summary, len(strings.Fields(in.Body)), in.GUID)
	}
	if err := e.show(out); err != nil {
		return err
	}
	for _, note := range got.Notes {
		fmt.Fprintf(e.stderr, "%s\n", printable(note))
	}
	fmt.Fprintf(e.stderr, "%s: %s from a %s; nothing was stored\n", printable(src.Slug), count(got.Stories, "story"), got.Kind)
	return nil
}
