package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/internal/app"
)

func (e *env) digestPreviewCommand() *cobra.Command {
	var address, at, html, eml string
	var text bool
	cmd := &cobra.Command{
		Use:   "preview DIGEST --for ADDR",
		Short: "Show what a reader would get next with the stories of this moment, changing nothing",
		Args:  exactly("DIGEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if address == "" {
				return usagef("digest preview: --for ADDR is missing")
			}
			return e.reading(cmd.Context(), func(a *app.App) error {
				d, when, err := digestAndTime(a, args[0], at, e.now())
				if err != nil {
					return err
				}
				detail, err := a.Subscribers.ByAddress(cmd.Context(), address)
				if err != nil {
					return fmt.Errorf("%s: %w", address, err)
				}
				p, err := a.Preview(cmd.Context(), d, detail, when)
				if errors.Is(err, digest.ErrNotSubscribed) {
					return fmt.Errorf("%s does not get %s: %w (the reader is %s)", address, d.Slug, digest.ErrNotSubscribed, detail.Shown())
				} else if err != nil {
					return err
				}
				return e.showPreview(p, html, text, eml)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "for", "", "`ADDR` of the reader")
	f.StringVar(&at, "at", "", "`TIME` of the slot, such as \"next monday 07:00\" (default: what comes next, be it a welcome or made up)")
	f.StringVar(&html, "html", "", "write the HTML part to this `FILE`, - for standard output")
	f.BoolVar(&text, "text", false, "print the text part")
	f.StringVar(&eml, "eml", "", "write the whole message to this `FILE`, - for standard output")
	return cmd
}

func (e *env) showPreview(p *app.Preview, html string, text bool, eml string) error {
	if e.output != outputTable && (p.Skip != "" || html == "" && eml == "" && !text) {
		return e.showOne(previewed(p))
	}
	if p.Skip != "" {
		fmt.Fprintf(e.stdout, "%s would not be sent to this reader: %s\n", p.Edition.Key, p.Skip)
		return nil
	}
	wrote := false
	for _, part := range []struct{ path, content string }{{html, p.HTML}, {eml, string(p.Message)}} {
		if part.path == "" {
			continue
		}
		wrote = true
		if part.path == "-" {
			fmt.Fprint(e.stdout, part.content)
			continue
		}
		if err := writePrivate(part.path, part.content); err != nil {
			return fmt.Errorf("write preview: %w", err)
		}
		fmt.Fprintf(e.stderr, "wrote %s (%d bytes)\n", part.path, len(part.content))
	}
	if text {
		fmt.Fprint(e.stdout, p.Text)
		wrote = true
	}
	if wrote {
		return nil
	}
	fmt.Fprintf(e.stdout, "%s, due %s%s\nSubject: %s\n", p.Edition.Key, p.DueAt.Format(time.RFC1123), ofKind(p.Edition.Kind), p.Subject)
	for i, s := range p.Stories {
		fmt.Fprintf(e.stdout, "%3d. %s\n     %s\n", i+1, s.Title, s.URL)
	}
	for _, v := range p.Slots {
		fmt.Fprintln(e.stdout, "slot "+slotLine(v))
	}
	fmt.Fprintf(e.stdout, "%d bytes of HTML, %d of text; see --html, --text, --eml\n", len(p.HTML), len(p.Text))
	return nil
}

// ofKind says what an edition is that comes beside the schedule.
func ofKind(kind digest.EditionKind) string {
	switch kind {
	case digest.Welcome:
		return ", a welcome to a new reader"
	case digest.Moved:
		return ", made up for a change of zone or hour"
	}
	return ""
}

// storyLink is a story of a preview in JSON.
type storyLink struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// storyLinks are the stories of a preview, in CSV one behind the other.
type storyLinks []storyLink

func (s storyLinks) String() string {
	links := make([]string, len(s))
	for i, l := range s {
		links[i] = l.Title + " <" + l.URL + ">"
	}
	return strings.Join(links, ";")
}

// previewed is a preview as one thing. Of the slots it has those that run.
func previewed(p *app.Preview) *list {
	stories, slots := storyLinks{}, []string{}
	for _, s := range p.Stories {
		stories = append(stories, storyLink{s.Title, s.URL})
	}
	for _, v := range p.Slots {
		if v.Chosen {
			slots = append(slots, v.Slug)
		}
	}
	out := &list{columns: []string{"edition", "kind", "due_at", "skipped", "subject", "stories", "slots", "html_bytes", "text_bytes"}}
	out.add(p.Edition.Key, string(p.Edition.Kind), p.DueAt, string(p.Skip), p.Subject, stories, slots, len(p.HTML), len(p.Text))
	return out
}
