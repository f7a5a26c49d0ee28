package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/app"
)

func (e *env) topicTestCommand() *cobra.Command {
	var source string
	var allow []string
	cmd := &cobra.Command{
		Use: "test FILE|URL", Short: "Show which topics a story would get, and which rules say so", Args: exactly("FILE|URL"),
		Long: "Runs the rules of all topics on the stories of a file (JSON, JSON lines, CSV, a feed, an HTML page or plain text;\n" +
			"- reads standard input) or of a URL (a page, a feed or a news sitemap), and shows every rule that hit with its\n" +
			"values: the points of a topic's phrases, those that it needs, and where each phrase stands. A topic is \"near\" if\n" +
			"its phrases have too few points, and \"excluded\" if one of its exclusions keeps them from counting. Of several\n" +
			"stories only topics are shown of which something hit. Nothing is stored, and the database is not read.",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			o, err := app.OpenOffline(cfg, e.logger(slog.LevelWarn))
			if err != nil {
				return err
			}
			t := &topicTest{env: e, offline: o}
			if t.reader, err = app.NewStoryReader(cfg); err != nil {
				return err
			}
			if t.allow, err = parseNetworks(allow); err != nil {
				return err
			}
			if source != "" {
				sources, err := chosenSources(o.Setup, []string{source})
				if err != nil {
					return err
				}
				t.source = sources[0]
				t.allow = append(t.allow, t.source.AllowPrivate...)
			}
			return t.run(cmd.Context(), args[0])
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "take the stories for some of this `SOURCE`, with the topics that it gives")
	cmd.Flags().StringSliceVar(&allow, "allow-private", nil, "private or loopback `NETWORK` that the URL may be fetched from, such as 10.0.0.0/8")
	return cmd
}

// topicTest runs the rules of topics on stories that are not stored.
type topicTest struct {
	env     *env
	offline *app.Offline
	reader  *ingest.StoryReader
	allow   []netip.Prefix
	source  *digest.Source // nil for none
	stories []digest.Incoming
	bad     int
}

func (t *topicTest) run(ctx context.Context, what string) error {
	read := t.readFile
	if u, err := url.Parse(what); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		read = t.readURL
	}
	if err := read(ctx, what); err != nil {
		return err
	}
	if err := t.env.show(t.list()); err != nil {
		return err
	}
	fmt.Fprintf(t.env.stderr, "%s in %s; nothing was stored\n", count(len(t.stories), "story"), printable(what))
	if t.bad > 0 {
		return partly("%d parts of %s are no stories", t.bad, printable(what))
	}
	return nil
}

func (t *topicTest) readURL(ctx context.Context, address string) error {
	response, err := t.reader.Fetcher.Get(ctx, ingest.Request{URL: address, AllowPrivate: t.allow})
	if err != nil {
		return err
	}
	return t.readMarkup(response.Body, response.ContentType, response.URL)
}

func (t *topicTest) readFile(ctx context.Context, path string) error {
	in, name, err := t.env.open(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	content, err := readAtMost(in, name)
	if err != nil {
		return err
	}
	each := func(_ int, in digest.Incoming) error { t.stories = append(t.stories, in); return nil }
	reject := func(b ingest.BadRow) {
		t.bad++
		fmt.Fprintf(t.env.stderr, "%s:%d: %s\n", name, b.Line, printable(b.Reason))
	}
	switch ingest.GuessFormat("", content[:min(len(content), 512)]) { // whatever the file is called
	case ingest.FormatJSON:
		err = ingest.ReadJSON(bytes.NewReader(content), each, reject)
	case ingest.FormatCSV:
		err = ingest.ReadCSV(bytes.NewReader(content), each, reject)
	case ingest.FormatHTML:
		err = t.readMarkup(content, "", "")
	default:
		var story digest.Incoming
		story, _, err = t.reader.Text(content, "")
		t.stories = append(t.stories, story)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readMarkup reads a feed, a sitemap or a page, whichever it is.
func (t *topicTest) readMarkup(content []byte, contentType, address string) error {
	o := ingest.FeedOptions{ContentType: contentType, Base: address, Zone: t.reader.Zone, Language: t.reader.Language, Now: time.Now()}
	if t.source != nil {
		o.Zone, o.Language = t.source.Zone, t.source.Language
	}
	feed, err := ingest.ParseFeedWith(content, o)
	if errors.Is(err, ingest.ErrNotFeed) {
		if sitemap, other := ingest.ParseSitemap(content, o); other == nil {
			feed, err = sitemap, nil
		}
	}
	if page := (*ingest.PageError)(nil); errors.As(err, &page) {
		return t.readPage(content, contentType, address, ingest.PageOptions{Zone: o.Zone, Language: o.Language})
	}
	if err != nil {
		return err
	}
	t.stories = append(t.stories, feed.Items...)
	for _, note := range feed.Notes {
		fmt.Fprintf(t.env.stderr, "%s\n", printable(note))
	}
	return nil
}

// readPage reads a page. One that was saved may not name its address: then it
// has that of the site, which no rule looks at.
func (t *topicTest) readPage(content []byte, contentType, address string, o ingest.PageOptions) error {
	story, _, err := ingest.ReadPage(content, contentType, address, o)
	if problems := (ingest.FieldErrors)(nil); address == "" && errors.As(err, &problems) {
		story, _, err = ingest.ReadPage(content, contentType, t.offline.Setup.Site.URL+"/", o)
	}
	if err != nil {
		return err
	}
	t.stories = append(t.stories, story)
	return nil
}

// list has a row for each rule that hit, and one for each topic without any.
func (t *topicTest) list() *list {
	out := &list{
		columns: []string{"story", "topic", "verdict", "rule", "value", "where", "points", "needs"},
		empty:   "It has no stories, or no rule of any topic hits.",
	}
	for i := range t.stories {
		findings := t.offline.Tagger.Explain(&t.stories[i], t.source)
		for n := range findings {
			f := &findings[n]
			if len(f.Rules) > 0 || len(t.stories) == 1 {
				t.addFinding(out, t.stories[i].Title, f)
			}
		}
	}
	return out
}

func (t *topicTest) addFinding(out *list, title string, f *digest.TopicFinding) {
	slug, verdict := t.offline.TopicSlug(f.TopicID), topicVerdict(f)
	rows := 0
	for _, rule := range f.Rules {
		if rule.Kind == digest.TagPhrases {
			continue // the points have their own columns
		}
		out.add(title, slug, verdict, string(rule.Kind), rule.Value, rule.Where, f.Points, f.Needs)
		rows++
	}
	if rows == 0 {
		out.add(title, slug, verdict, "", "", "", f.Points, f.Needs)
	}
}

// topicVerdict says in a word what becomes of a topic.
func topicVerdict(f *digest.TopicFinding) string {
	switch {
	case f.Given:
		return "given"
	case f.Excluded && f.Points > 0:
		return "excluded"
	case f.Near():
		return "near"
	}
	return "no"
}
