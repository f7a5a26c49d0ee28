package templates

import (
	"fmt"
	"maps"
	"path"
	"strconv"
	"strings"
)

// tracedAttribute tells in the HTML of a traced theme where an element came
// from.
const tracedAttribute = "data-at"

// Marks around a number tell the same in its text.
const (
	markOpen  = '\x01'
	markClose = '\x02'
)

// trace is the source of a theme in which elements and lines know where they
// come from, so that what is wrong with a mail has a file and a line.
type trace struct {
	source *Source
	places []place // by the number that elements and marks have
}

// newTrace marks the files of a theme. The lines of the files stay what they
// are.
func newTrace(s *Source) *trace {
	t := &trace{source: &Source{Shared: maps.Clone(s.Shared), Own: maps.Clone(s.Own), Look: s.Look}}
	for name, text := range t.source.Shared {
		t.source.Shared[name] = t.mark(name, sharedFolder+"/"+name, text)
	}
	for name, text := range t.source.Own {
		t.source.Own[name] = t.mark(name, name, text)
	}
	return t
}

func (t *trace) mark(name, shown, text string) string {
	if path.Ext(name) == ".html" {
		return t.markHTML(shown, text)
	}
	return t.markText(shown, text)
}

// number notes a place.
func (t *trace) number(file string, line int) string {
	t.places = append(t.places, place{file, line})
	return strconv.Itoa(len(t.places) - 1)
}

// at is the place of a number, and the zero place for none.
func (t *trace) at(number string) place {
	if n, err := strconv.Atoi(number); err == nil && 0 <= n && n < len(t.places) {
		return t.places[n]
	}
	return place{}
}

// markHTML gives each start tag an attribute with its place.
func (t *trace) markHTML(file, text string) string {
	pieces, _ := scan(text, file, &Faults{}) // what is wrong was told before
	var b strings.Builder
	done, line, lineStart := 0, 1, 0
	for _, p := range pieces {
		if p.kind != tagPiece {
			continue
		}
		for ; line < p.line; line++ { // comments before the tag may have the same words
			lineStart += strings.IndexByte(text[lineStart:], '\n') + 1
		}
		from := max(done, lineStart)
		name := 1
		for name < len(p.text) && (isNameByte(p.text[name]) || p.text[name] == ':') {
			name++
		}
		at := strings.Index(text[from:], p.text)
		if at < 0 {
			continue
		}
		at += from + name
		fmt.Fprintf(&b, `%s %s="%s"`, text[done:at], tracedAttribute, t.number(file, p.line))
		done = at
	}
	return b.String() + text[done:]
}

// markText puts a mark before the words of each line and before each action
// that writes something.
func (t *trace) markText(file, text string) string {
	var b strings.Builder
	line, fresh := 1, true
	for i := 0; i < len(text); {
		length := 1
		switch {
		case strings.HasPrefix(text[i:], "{{"):
			if length = actionLength(text[i:]); length < 0 {
				return text
			}
			action := text[i : i+length]
			if writes(action) {
				open := "{{"
				if len(action) > 4 && action[2] == '-' && action[3] <= ' ' {
					open = action[:4]
				}
				fmt.Fprintf(&b, "%s%q}}{{%s", open, t.textMark(file, line), strings.TrimPrefix(action, open))
			} else {
				b.WriteString(action)
			}
			line += strings.Count(action, "\n")
			fresh = true
		case text[i] == '\n':
			line++
			fresh = true
			b.WriteByte('\n')
		default:
			if fresh && text[i] > ' ' {
				b.WriteString(t.textMark(file, line))
				fresh = false
			}
			b.WriteByte(text[i])
		}
		i += length
	}
	return b.String()
}

func (t *trace) textMark(file string, line int) string {
	return string(markOpen) + t.number(file, line) + string(markClose)
}

// writes reports whether an action writes what it says, rather than steering
// others.
func writes(action string) bool {
	word, rest := actionWord(action)
	switch word {
	case "if", "else", "end", "range", "with", "define", "block", "template", "break", "continue":
		return false
	}
	return word != "" || !strings.HasPrefix(rest, "/*") && !(strings.HasPrefix(rest, "$") && strings.Contains(rest, "="))
}

// tracedLine is a line of a text part and where its words come from.
type tracedLine struct {
	text string
	at   place
}

// lines takes the marks out of a drawn text.
func (t *trace) lines(text string) []tracedLine {
	var lines []tracedLine
	var last place
	for line := range strings.Lines(text) {
		l := tracedLine{at: last}
		marks := 0
		for line = strings.TrimSuffix(line, "\n"); ; marks++ {
			before, rest, found := strings.Cut(line, string(markOpen))
			l.text += before
			if !found {
				break
			}
			var number string
			number, line, _ = strings.Cut(rest, string(markClose))
			if last = t.at(number); marks == 0 && strings.TrimSpace(l.text) == "" {
				l.at = last
			}
		}
		lines = append(lines, l)
	}
	return lines
}
