package templates

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Item is a story as it is drawn.
type Item struct {
	Number              int // in the mail, from 1; the lead is the first
	Title, URL, Summary string
	Dir, Lang           string // of the story's words, empty where they are the mail's
	RTL                 bool
	Labels              string // of the topics that its place does not tell
	Meta                string // who and when
	Picture             *Picture
	Pick                string // says that an editor put it up
	Paid                string // says that it is for those who pay
	Body                []string
}

// item draws a story up; topic is the one that it stands under, "" for none.
func (v *Issue) item(s *Story, day time.Time, topic string) *Item {
	v.Count++
	it := &Item{
		Number: v.Count,
		Title:  oneLine(s.Title), URL: webURL(s.URL), Summary: oneLine(s.Summary),
		Picture: newPicture(s.Image, s.ImageAlt, s.ImageCredit, s.ImageWidth, s.ImageHeight),
	}
	if s.Pinned {
		it.Pick = v.T.EditorsPick
	}
	if s.Paid {
		it.Paid = v.T.Paid
	}
	it.setBody(s.Body)
	it.Title = firstOf(it.Title, it.Summary, it.URL)
	if it.Summary == it.Title {
		it.Summary = ""
	}
	if dir := textDirection(it.Title, v.Dir); dir != v.Dir {
		it.Dir = dir
	}
	it.Lang = v.langOf(s)
	dir := firstOf(it.Dir, v.Dir)
	it.RTL = dir == "rtl"
	it.Meta = v.meta(s, day, dir)
	if p := it.Picture; p != nil && p.Credit != "" {
		p.Credit = isolate(fmt.Sprintf(v.T.PictureBy, p.Credit), dir)
	}
	it.Labels = v.labels(s, topic, dir)
	v.words += it.words()
	return it
}

// langOf is the language of a story, empty where it is the mail's. One that is
// not known is the site's.
func (v *Issue) langOf(s *Story) string {
	if lang := firstOf(oneLine(s.Language), v.siteLang); !sameBase(lang, v.Lang) {
		return lang
	}
	return ""
}

// labels names the topics of a story but for that which it stands under.
func (v *Issue) labels(s *Story, topic, dir string) string {
	var others []string
	for _, other := range s.Topics {
		if name := oneLine(other); other != topic && name != "" {
			others = append(others, isolate(name, dir))
		}
	}
	if len(others) > 0 && topic != "" {
		return fmt.Sprintf(v.T.AlsoIn, v.T.List(others))
	}
	return v.T.Join(others)
}

// setBody shows the body, and not the summary too where the body begins with it.
func (it *Item) setBody(paragraphs []string) {
	for _, p := range paragraphs {
		if p = oneLine(p); p != "" {
			it.Body = append(it.Body, p)
		}
	}
	opening := strings.TrimRight(it.Summary, "…. ")
	if len(it.Body) > 0 && strings.HasPrefix(strings.Join(it.Body, " "), opening) {
		it.Summary = ""
	}
}

// mostBrief is the most runes of a summary where space is short.
const mostBrief = 190

// Brief is the summary, or its first sentences where it is long.
func (it *Item) Brief() string {
	if utf8.RuneCountInString(it.Summary) <= mostBrief {
		return it.Summary
	}
	short := ""
	for i, r := range it.Summary {
		end := i + utf8.RuneLen(r)
		if utf8.RuneCountInString(it.Summary[:end]) > mostBrief {
			break
		}
		if endsSentence(it.Summary[:end], r, it.Summary[end:]) {
			short = it.Summary[:end]
		}
	}
	if short == "" {
		short = cut(it.Summary, mostBrief)
	}
	return short
}

// endsSentence reports whether a sentence ends with r, the last of text, rest
// being what follows. A short word with a full stop may be "St." or "Mr.".
func endsSentence(text string, r rune, rest string) bool {
	switch r {
	case '。', '！', '？', '؟', '۔':
		return !strings.HasPrefix(rest, "」") && !strings.HasPrefix(rest, "』")
	case '.', '!', '?', '”', '»', '"', '」', '』':
		last := text[strings.LastIndexByte(text, ' ')+1:]
		return strings.HasPrefix(rest, " ") && (r != '.' || utf8.RuneCountInString(last) > 3)
	}
	return false
}

// words is how much there is to read.
func (it *Item) words() int {
	n := wordCount(it.Title) + wordCount(it.Summary)
	for _, p := range it.Body {
		n += wordCount(p)
	}
	return n
}

// meta says who wrote a story, where and when.
func (v *Issue) meta(s *Story, day time.Time, dir string) string {
	var parts []string
	add := func(part string) { parts = append(parts, isolate(part, dir)) }
	if author := oneLine(s.Author); author != "" {
		add(fmt.Sprintf(v.T.By, author))
	}
	if source := oneLine(s.Source); source != "" {
		add(source)
	}
	if others := alsoFrom(s.AlsoFrom); others != "" {
		add(fmt.Sprintf(v.T.AlsoFrom, others))
	}
	if !s.PublishedAt.IsZero() {
		add(v.T.instant(s.PublishedAt, day))
	}
	if updatedSince(s) {
		add(fmt.Sprintf(v.T.UpdatedAt, v.T.instant(s.ModifiedAt, day)))
	}
	return strings.Join(parts, " · ")
}

// leastUpdate is how long after its publication a story must have changed for
// readers to be told: many systems touch a story a while after they publish it.
const leastUpdate = 30 * time.Minute

func updatedSince(s *Story) bool {
	return !s.PublishedAt.IsZero() && s.ModifiedAt.Sub(s.PublishedAt) >= leastUpdate
}

// mostAlsoFrom is how many other publications are named.
const mostAlsoFrom = 3

// alsoFrom names the other publications that carry a story, the first few.
func alsoFrom(names []string) string {
	var out []string
	for _, name := range names {
		if name = oneLine(name); name != "" {
			out = append(out, name)
		}
	}
	if len(out) > mostAlsoFrom {
		out = append(out[:mostAlsoFrom], "…")
	}
	return strings.Join(out, ", ")
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
