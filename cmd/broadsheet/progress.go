package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"broadsheet/digest/delivery"
)

// statusLine is standard error where that is a terminal: a line at its end is
// drawn anew again and again, and what is written otherwise takes its place.
type statusLine struct {
	width func() int // of the terminal, 0 if nobody knows

	mu    sync.Mutex
	w     io.Writer
	shown int // how many columns of the line are drawn
}

func newStatusLine(w io.Writer, width func() int) *statusLine {
	return &statusLine{w: w, width: width}
}

// Write implements io.Writer.
func (s *statusLine) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put("")
	return s.w.Write(p)
}

// draw shows text instead of what the line has shown. Three columns are left
// free: one that some terminals need, two for the ^C of an interruption.
func (s *statusLine) draw(text string) {
	most := s.width() - 3
	if most <= 0 {
		most = 75
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = min(s.shown, most) // the terminal may have become narrower
	s.put(shorten(printable(text), most))
}

// put draws text over what is there and, if it is empty, leaves the cursor at
// the beginning of an empty line.
func (s *statusLine) put(text string) {
	columns := utf8.RuneCountInString(text)
	if s.shown == 0 && columns == 0 {
		return
	}
	over := max(0, s.shown-columns)
	if over > 0 {
		over += 2 // a ^C behind the text goes, too
	}
	out := "\r" + text + strings.Repeat(" ", over)
	if columns == 0 {
		out += "\r"
	}
	io.WriteString(s.w, out)
	s.shown = columns
}

// ticker shows how far long work is: on a terminal one line that is drawn
// anew, elsewhere a line every ten seconds.
type ticker struct {
	env  *env
	last time.Time
}

func (e *env) newTicker() *ticker { return &ticker{env: e, last: e.now()} }

func (t *ticker) show(format string, args ...any) {
	wait := 10 * time.Second
	if t.env.line != nil {
		wait = 100 * time.Millisecond
	}
	now := t.env.now()
	if now.Sub(t.last) < wait {
		return
	}
	t.last = now
	text := fmt.Sprintf(format, args...)
	if t.env.line != nil {
		t.env.line.draw(text)
		return
	}
	fmt.Fprintln(t.env.stderr, text)
}

// onEnd says text when ctx ends. Its result is to be called before clear.
func (t *ticker) onEnd(ctx context.Context, text string) (release func()) {
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		if t.env.line != nil {
			t.env.line.draw(text)
			return
		}
		fmt.Fprintln(t.env.stderr, text)
	})
	return func() {
		if !stop() {
			<-said
		}
	}
}

// clear removes the line that show has drawn.
func (t *ticker) clear() {
	if t.env.line != nil {
		t.env.line.draw("")
	}
}

// speedTime is the stretch of time over which a speed is taken.
const speedTime = 10 * time.Second

// speed is how much is done a second, lately.
type speed struct{ marks []mark }

type mark struct {
	at   time.Time
	done int64
}

func (s *speed) add(at time.Time, done int64) {
	s.marks = append(s.marks, mark{at, done})
	for len(s.marks) > 2 && at.Sub(s.marks[1].at) >= speedTime {
		s.marks = s.marks[1:]
	}
}

// perSecond is 0 while it cannot be told.
func (s *speed) perSecond() float64 {
	if len(s.marks) < 2 {
		return 0
	}
	first, last := s.marks[0], s.marks[len(s.marks)-1]
	return max(0, float64(last.done-first.done)/max(0.1, last.at.Sub(first.at).Seconds()))
}

// progressText is one line about an edition that is being sent.
func progressText(key string, p delivery.Progress, perSecond float64) string {
	parts := []string{fmt.Sprintf("%s of %s sent", grouped(p.Sent), grouped(p.Due-p.Skipped))}
	if perSecond > 0 {
		parts = append(parts, rateText(perSecond)+"/s")
		if ready := p.Pending - p.Waiting; ready > 0 {
			parts = append(parts, durationText(float64(ready)/perSecond)+" left")
		}
	}
	for _, more := range []struct {
		n    int64
		what string
	}{{p.Failed, "failed"}, {p.Expired, "expired"}, {p.Uncertain, "uncertain"}, {p.Waiting, "waiting"}} {
		if more.n > 0 {
			parts = append(parts, grouped(more.n)+" "+more.what)
		}
	}
	return key + ": " + strings.Join(parts, ", ")
}

func rateText(perSecond float64) string {
	if perSecond < 10 {
		return fmt.Sprintf("%.1f", perSecond)
	}
	return grouped(int64(perSecond + 0.5))
}

func durationText(seconds float64) string {
	switch minutes := int64(seconds/60 + 0.5); {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", max(1, seconds))
	case minutes < 90:
		return fmt.Sprintf("%d min", minutes)
	default:
		return fmt.Sprintf("%s h %d min", grouped(minutes/60), minutes%60)
	}
}

// grouped writes a number with a comma before each three digits.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
