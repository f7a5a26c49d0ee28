package digest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"broadsheet/templates"
)

// Looks is a theme by its name, with its versions. What editors change in its
// folder counts once it is without fault; until then the last version stays
// that was. It is safe for concurrent use.
type Looks struct {
	name  string
	read  func() (*templates.Source, error)
	sound func(*templates.Theme) error // what is wrong with a theme that compiles

	mu       sync.Mutex
	seen     string            // what was read last, so that it is looked at once
	source   *templates.Source // nil where what was read is broken
	theme    *templates.Theme  // the last good one, nil until there is one
	since    time.Time         // of the last good one, where it came out of the database
	fault    error
	compiled map[string]*templates.Theme // by their hash
}

// NewLooks reads and compiles a theme. What is wrong with it is told by Fault: that
// it does not compile, or what sound finds, which may be nil.
func NewLooks(name string, read func() (*templates.Source, error), sound func(*templates.Theme) error) *Looks {
	l := &Looks{name: name, read: read, sound: sound, compiled: map[string]*templates.Theme{}}
	l.Reread()
	return l
}

// Name is what the configuration calls the theme.
func (l *Looks) Name() string { return l.name }

// Theme is the last good version, nil if there was none yet.
func (l *Looks) Theme() *templates.Theme {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.theme
}

// Fault is what is wrong with what was read last, nil for nothing.
func (l *Looks) Fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

// Reread reads the theme again and reports whether it is another than before.
func (l *Looks) Reread() bool {
	source, err := l.read()
	seen := fmt.Sprint(err)
	if err == nil {
		seen = source.Hash()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if seen == l.seen {
		return false
	}
	l.seen = seen
	var theme *templates.Theme
	if err == nil {
		theme, err = source.Compile()
	}
	if err == nil && l.sound != nil {
		err = l.sound(theme)
	}
	if l.fault = err; err != nil {
		l.source = nil
		return true
	}
	l.source, l.theme = source, theme
	l.keep(seen, theme)
	return true
}

// mostCompiled are kept of one theme: retries are of the last versions.
const mostCompiled = 16

func (l *Looks) keep(hash string, theme *templates.Theme) {
	if len(l.compiled) >= mostCompiled {
		clear(l.compiled)
	}
	l.compiled[hash] = theme
}

// current is what was read last and its hash, nil if that is broken.
func (l *Looks) current() (*templates.Source, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source, l.seen
}

// version is a version that was compiled before, nil if it was not.
func (l *Looks) version(hash string) *templates.Theme {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.compiled[hash]
}

// add compiles a version out of the database.
func (l *Looks) add(hash string, source *templates.Source) (*templates.Theme, error) {
	theme, err := source.Compile()
	if err != nil {
		return nil, fmt.Errorf("compile the version %s of theme %s: %w", hash, l.name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(hash, theme)
	return theme, nil
}

// fallBack makes a version out of the database the last good one, unless there
// is one already.
func (l *Looks) fallBack(theme *templates.Theme, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.theme == nil {
		l.theme, l.since = theme, since
	}
}

// mostTold are the faults that an alert tells of one theme.
const mostTold = 3

// LookAlerts are the alerts of themes that are broken.
func (s *Setup) LookAlerts() []Alert {
	var out []Alert
	for _, l := range s.Looks {
		err := l.Fault()
		if err == nil {
			continue
		}
		var faults templates.Faults
		text := strings.ReplaceAll(err.Error(), "\n", "; ")
		if errors.As(err, &faults) {
			var told []string
			for _, f := range faults[:min(len(faults), mostTold)] {
				told = append(told, f.String())
			}
			text = strings.Join(told, "; ")
			if more := len(faults) - len(told); more > 0 {
				text += fmt.Sprintf("; and %d more", more)
			}
		}
		out = append(out, Alert{Key: "theme " + l.name, Text: fmt.Sprintf("Theme %s is broken, and mails keep its last good version: %s", l.name, text)})
	}
	return out
}

// theme is what the digest is drawn with from now on.
func (d *Digest) theme() *templates.Theme {
	if d.Looks == nil {
		return d.Theme
	}
	return d.Looks.Theme()
}
