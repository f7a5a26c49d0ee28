package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/app"
)

// storyOrigin is where the parts of a story come from that are not given one by
// one.
type storyOrigin struct {
	html, text string   // files, - for standard input
	allow      []string // private networks that may be reached
}

func (o *storyOrigin) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.html, "html", "", "read the story from a page saved in `FILE`, - for standard input")
	cmd.Flags().StringVar(&o.text, "text", "", "read the story from plain text in `FILE`: the copy of a page, wire copy or a press release")
	cmd.Flags().StringSliceVar(&o.allow, "allow-private", nil, "private or loopback `NETWORK` that --url may be fetched from, such as 10.0.0.0/8")
}

// complete reads the story that given points to, and returns it with what given
// says instead. It reads nothing where given has a title and no file is named.
func (o *storyOrigin) complete(ctx context.Context, e *env, given digest.Incoming) (digest.Incoming, []ingest.Taken, error) {
	switch {
	case o.html != "" && o.text != "":
		return given, nil, usagef("--html and --text are both given: keep one of them")
	case o.html == "" && o.text == "" && (given.Title != "" || given.URL == ""):
		return given, nil, nil
	}
	cfg, err := e.config()
	if err != nil {
		return given, nil, err
	}
	reader, err := app.NewStoryReader(cfg)
	if err != nil {
		return given, nil, err
	}
	found, taken, err := o.read(ctx, e, reader, given.URL)
	if err != nil && !errors.As(err, new(ingest.FieldErrors)) { // a flag may have what it lacks
		return given, taken, err
	}
	return override(found, given), taken, nil
}

func (o *storyOrigin) read(ctx context.Context, e *env, reader *ingest.StoryReader, address string) (digest.Incoming, []ingest.Taken, error) {
	if o.html == "" && o.text == "" {
		networks, err := parseNetworks(o.allow)
		if err != nil {
			return digest.Incoming{}, nil, err
		}
		return reader.Page(ctx, address, networks)
	}
	path, read := o.html, reader.HTML
	if o.text != "" {
		path, read = o.text, reader.Text
	}
	in, name, err := e.open(ctx, path)
	if err != nil {
		return digest.Incoming{}, nil, err
	}
	defer in.Close()
	content, err := readAtMost(in, name)
	if err != nil {
		return digest.Incoming{}, nil, err
	}
	found, taken, err := read(content, address)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return found, taken, err
}

// mostStoryBytes is how long a file with one story may be.
const mostStoryBytes = 10 << 20

func readAtMost(r io.Reader, name string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, mostStoryBytes+1))
	if err == nil && len(content) > mostStoryBytes {
		err = fmt.Errorf("%s: it has more than %d bytes, which no story has", name, mostStoryBytes)
	}
	return content, err
}

// parseNetworks reads the values of --allow-private.
func parseNetworks(texts []string) (out []netip.Prefix, err error) {
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usagef("--allow-private %q is not a network such as 10.0.0.0/8", text)
		}
		out = append(out, prefix)
	}
	return out, nil
}

// override returns found with what given says instead.
func override(found, given digest.Incoming) digest.Incoming {
	texts := func(pairs ...*string) {
		for i := 0; i < len(pairs); i += 2 {
			if *pairs[i+1] != "" {
				*pairs[i] = *pairs[i+1]
			}
		}
	}
	texts(&found.GUID, &given.GUID, &found.URL, &given.URL, &found.Title, &given.Title, &found.Summary, &given.Summary, &found.Body, &given.Body,
		&found.Author, &given.Author, &found.Language, &given.Language)
	if given.ImageURL != "" {
		found.ImageURL, found.ImageAlt, found.ImageCredit, found.ImageWidth, found.ImageHeight = given.ImageURL, given.ImageAlt, "", 0, 0
	}
	texts(&found.ImageAlt, &given.ImageAlt)
	if !given.PublishedAt.IsZero() {
		found.PublishedAt = given.PublishedAt
	}
	if !given.EmbargoUntil.IsZero() {
		found.EmbargoUntil = given.EmbargoUntil
	}
	if given.Access != "" {
		found.Access = given.Access
	}
	found.Topics, found.Audience = append(found.Topics, given.Topics...), append(found.Audience, given.Audience...)
	if given.Priority != 0 {
		found.Priority = given.Priority
	}
	found.Clears = given.Clears
	return found
}

// showTaken lists what each part was taken for.
func (e *env) showTaken(taken []ingest.Taken) error {
	if len(taken) == 0 {
		return nil
	}
	out := &list{columns: []string{"as", "from", "text"}}
	for _, t := range taken {
		out.add(t.As, t.From, t.Text)
	}
	return e.show(out)
}
