package main

import (
	"fmt"
	"time"
)

// ticker shows how far long work is: on a terminal one line that is drawn
// anew, elsewhere a line every ten seconds.
type ticker struct {
	env   *env
	last  time.Time
	drawn bool
}

func (e *env) newTicker() *ticker { return &ticker{env: e, last: e.now()} }

func (t *ticker) show(format string, args ...any) {
	wait := 10 * time.Second
	if t.env.terminal {
		wait = 100 * time.Millisecond
	}
	if now := t.env.now(); now.Sub(t.last) >= wait {
		t.last = now
		text := fmt.Sprintf(format, args...)
		if t.env.terminal {
			fmt.Fprintf(t.env.stderr, "\r%-78s", text)
			t.drawn = true
			return
		}
		fmt.Fprintln(t.env.stderr, text)
	}
}

// clear removes the line that show has drawn.
func (t *ticker) clear() {
	if t.drawn {
		fmt.Fprintf(t.env.stderr, "\r%-78s\r", "")
		t.drawn = false
	}
}
