package digest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"broadsheet/templates"
)

// EditionText is what editors made of an edition. Empty fields are as the
// digest has them.
type EditionText struct {
	Version   int       // 0 if nobody changed anything, then one more with each change
	CountsAt  time.Time // from when on mails are composed with it
	Subject   string    // as it is, no template
	Preheader string
	Intro     string // Markdown
	Stories   []EditedStory
}

// EditedStory is a story to which editors gave a place or another headline.
type EditedStory struct {
	ArticleID int64
	Placed    bool   // it stands in the editors' order, before all others
	Headline  string // in this edition, "" for its own
}

// places maps stories to their place in the editors' order, from 1.
func (t *EditionText) places() map[int64]int {
	out := map[int64]int{}
	for _, s := range t.Stories {
		if s.Placed {
			out[s.ArticleID] = len(out) + 1
		}
	}
	return out
}

// headlines maps stories to the headlines that they have in this edition.
func (t *EditionText) headlines() map[int64]string {
	out := map[int64]string{}
	for _, s := range t.Stories {
		if s.Headline != "" {
			out[s.ArticleID] = s.Headline
		}
	}
	return out
}

// storiesText is the stored form of the stories: a line for each, in order,
// with the article's id, "~" before it if it has no place, and its headline
// after a tab.
func (t *EditionText) storiesText() string {
	var b strings.Builder
	for _, s := range t.Stories {
		if !s.Placed {
			b.WriteByte('~')
		}
		fmt.Fprint(&b, s.ArticleID)
		if s.Headline != "" {
			b.WriteString("\t" + s.Headline)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func parseStories(text string) ([]EditedStory, error) {
	var out []EditedStory
	for line := range strings.Lines(text) {
		var s EditedStory
		id, headline, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		id, apart := strings.CutPrefix(id, "~")
		var err error
		if s.ArticleID, err = parseNumber(id); err != nil {
			return nil, fmt.Errorf("stories of an edition: line %q: %w", line, err)
		}
		s.Placed, s.Headline = !apart, headline
		out = append(out, s)
	}
	return out, nil
}

// EditionEdit is a change of an edition's text. What is nil stays.
type EditionEdit struct {
	Subject   *string
	Preheader *string
	Intro     *string          // Markdown
	Order     []int64          // articles in the order they are to have; empty and not nil for none
	Headlines map[int64]string // by article, "" for its own
	Plain     bool             // all stories get their own headlines back, before Headlines counts
}

// ErrEdit says that an edition cannot be changed in that way.
var ErrEdit = errors.New("this edit is refused")

// The most that editors may add to an edition, in characters; of an
// introduction the octets that it takes in the mail.
const (
	mostSubject   = 200
	mostPreheader = 300
	mostHeadline  = 500
	mostIntro     = 40_000
	mostEdited    = 500 // stories
)

// trimmed is the edit without space around its lines: what is nothing but space is
// nothing.
func (e EditionEdit) trimmed() EditionEdit {
	for _, line := range []**string{&e.Subject, &e.Preheader} {
		if *line != nil {
			*line = new(strings.TrimSpace(**line))
		}
	}
	headlines := make(map[int64]string, len(e.Headlines))
	for id, headline := range e.Headlines {
		headlines[id] = strings.TrimSpace(headline)
	}
	e.Headlines = headlines
	return e
}

// check refuses what no mail can show.
func (e *EditionEdit) check() error {
	if len(e.Order)+len(e.Headlines) > mostEdited {
		return fmt.Errorf("%w: at most %d stories can have a place or a headline", ErrEdit, mostEdited)
	}
	lines := map[string]limited{}
	add := func(name string, text *string, most int) {
		if text != nil {
			lines[name] = limited{*text, most}
		}
	}
	add("subject", e.Subject, mostSubject)
	add("preheader", e.Preheader, mostPreheader)
	for id, headline := range e.Headlines {
		add(fmt.Sprintf("headline of article %d", id), &headline, mostHeadline)
	}
	for name, line := range lines {
		if err := line.check(); err != nil {
			return fmt.Errorf("%w: the %s %w", ErrEdit, name, err)
		}
	}
	if e.Intro == nil {
		return nil
	}
	if turned(*e.Intro) {
		return fmt.Errorf("%w: the introduction turns the direction of letters around", ErrEdit)
	}
	prose, err := templates.ParseProse(*e.Intro)
	if err != nil {
		return fmt.Errorf("%w: the introduction: %w", ErrEdit, err)
	}
	if size := prose.Size(); size > mostIntro {
		return fmt.Errorf("%w: the introduction takes %d octets of a mail, and %d is the most", ErrEdit, size, mostIntro)
	}
	return nil
}

// limited is a line and how many characters it may have.
type limited struct {
	text string
	most int
}

func (l limited) check() error {
	switch n := utf8.RuneCountInString(l.text); {
	case !utf8.ValidString(l.text):
		return errors.New("is not UTF-8")
	case strings.ContainsFunc(l.text, unicode.IsControl):
		return errors.New("has a line end or another control character in it")
	case turned(l.text):
		return errors.New("turns the direction of letters around")
	case n > l.most:
		return fmt.Errorf("has %d characters, and %d is the most", n, l.most)
	}
	return nil
}

// apply changes the text and tells in words what became different, "" if
// nothing did.
func (t *EditionText) apply(e *EditionEdit) string {
	var said []string
	set := func(name string, field, to *string) {
		if to == nil || *field == *to {
			return
		}
		*field = *to
		switch {
		case *to == "":
			said = append(said, "no "+name)
		case field == &t.Intro:
			said = append(said, fmt.Sprintf("%s of %d characters", name, utf8.RuneCountInString(*to)))
		default:
			said = append(said, fmt.Sprintf("%s %q", name, *to))
		}
	}
	set("subject", &t.Subject, e.Subject)
	set("preheader", &t.Preheader, e.Preheader)
	set("introduction", &t.Intro, e.Intro)
	before := t.storiesText()
	if t.edit(e); t.storiesText() != before {
		said = append(said, t.storiesInWords())
	}
	return strings.Join(said, ", ")
}

// edit changes order and headlines.
func (t *EditionText) edit(e *EditionEdit) {
	headlines := t.headlines()
	if e.Plain {
		clear(headlines)
	}
	maps.Copy(headlines, e.Headlines)
	order := e.Order
	if order == nil {
		for _, s := range t.Stories {
			if s.Placed {
				order = append(order, s.ArticleID)
			}
		}
	}
	t.Stories = nil
	for _, id := range order {
		if !slices.ContainsFunc(t.Stories, func(s EditedStory) bool { return s.ArticleID == id }) {
			t.Stories = append(t.Stories, EditedStory{id, true, headlines[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(headlines)) {
		if headlines[id] != "" && !slices.Contains(order, id) {
			t.Stories = append(t.Stories, EditedStory{id, false, headlines[id]})
		}
	}
}

func (t *EditionText) storiesInWords() string {
	var order, headlines []string
	for _, s := range t.Stories {
		if s.Placed {
			order = append(order, fmt.Sprint(s.ArticleID))
		}
		if s.Headline != "" {
			headlines = append(headlines, fmt.Sprintf("%d %q", s.ArticleID, s.Headline))
		}
	}
	return "order " + orNone(order) + ", headlines " + orNone(headlines)
}
