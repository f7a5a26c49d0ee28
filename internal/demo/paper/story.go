package paper

import (
	"embed"
	"fmt"
	"html"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// storyFiles hold the stories: head lines "key: value", an empty line, then
// paragraphs; "> " begins a quotation, "- " each line of a list. A line of
// equals signs stands between two stories.
//
//go:embed stories/*.txt
var storyFiles embed.FS

// laterFile has the stories that are not published from the start.
const laterFile = "stories/later.txt"

type story struct {
	slug        string
	headline    string
	summary     string // plain text
	author      string
	categories  []string
	age         time.Duration // how long before the start it was published
	scene       string        // what its picture shows, "" for a story without
	alt         string        // the picture in words
	body        string        // HTML
	later       bool
	publishedAt time.Time
}

// loadStories panics on a file that cannot be read: the files are part of the
// program and a test reads them.
func loadStories() []*story {
	names, err := fs.Glob(storyFiles, "stories/*.txt")
	if err != nil {
		panic(err)
	}
	var out []*story
	for _, name := range names {
		text, err := storyFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		stories, err := parseStories(string(text))
		if err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		for _, s := range stories {
			s.later = name == laterFile
		}
		out = append(out, stories...)
	}
	return out
}

func parseStories(text string) ([]*story, error) {
	var out []*story
	for i, part := range strings.Split(text, "\n====\n") {
		s, err := parseStory(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("story %d: %w", i+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func parseStory(text string) (*story, error) {
	head, body, found := strings.Cut(text, "\n\n")
	if !found {
		return nil, fmt.Errorf("no text after the head %q", head)
	}
	s := &story{body: bodyHTML(body)}
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		if err := s.set(key, strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("head line %q: %w", line, err)
		}
	}
	return s, nil
}

func (s *story) set(key, value string) error {
	switch key {
	case "slug":
		s.slug = value
	case "headline":
		s.headline = value
	case "summary":
		s.summary = value
	case "author":
		s.author = value
	case "categories":
		s.categories = strings.Split(value, ", ")
	case "scene":
		s.scene = value
	case "alt":
		s.alt = value
	case "hours":
		hours, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return err
		}
		s.age = time.Duration(hours * float64(time.Hour)).Truncate(time.Second)
	default:
		return fmt.Errorf("the key %q is unknown", key)
	}
	return nil
}

// bodyHTML marks up plain paragraphs, quotations and lists.
func bodyHTML(text string) string {
	var b strings.Builder
	for block := range strings.SplitSeq(text, "\n\n") {
		block = html.EscapeString(strings.TrimSpace(block))
		switch {
		case strings.HasPrefix(block, "&gt; "):
			fmt.Fprintf(&b, "<blockquote><p>%s</p></blockquote>\n", strings.TrimPrefix(block, "&gt; "))
		case strings.HasPrefix(block, "- "):
			items := strings.Split(strings.TrimPrefix(block, "- "), "\n- ")
			fmt.Fprintf(&b, "<ul>\n<li>%s</li>\n</ul>\n", strings.Join(items, "</li>\n<li>"))
		default:
			fmt.Fprintf(&b, "<p>%s</p>\n", block)
		}
	}
	return b.String()
}
