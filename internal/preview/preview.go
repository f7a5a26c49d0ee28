// Package preview shows a theme in the browser of those who edit it: every mail
// with sample stories or real ones, narrow and wide, in light and dark, without
// pictures, as text, with what is wrong. The page loads itself anew when the
// theme changes.
package preview

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"sync"
	"time"

	"broadsheet/internal/demo/paper"
	"broadsheet/templates"
)

// Mail is a drawn mail.
type Mail struct{ Subject, HTML, Text string }

// Real is a mail with the stories that a reader would get.
type Real struct {
	Name string // such as "daily for ada@reader.example"
	Draw func(theme *templates.Theme) (Mail, error)
}

// Options say what is shown.
type Options struct {
	Theme        string // as people call it
	Read         func() (*templates.Source, error)
	Mail         string // that is shown first: a kind, or the name of a mail of the system; "" for Real or daily
	Real         *Real  // nil for samples alone
	SpamAssassin string // the path of the program, "" if there is none
}

// Server shows a theme. It is safe for concurrent use.
type Server struct {
	Options
	page  *templates.Preview
	paper *paper.Paper // has pictures
	spam  spamCache

	stopping chan struct{} // closed when waiting requests shall end
	stop     func()

	mu    sync.Mutex
	state state
	next  chan struct{} // closed when the state changes
}

// state is what is known of the theme. It is never changed, only replaced.
type state struct {
	version  string
	theme    *templates.Theme // the last good one, nil until there is one
	broken   []templates.Finding
	findings []templates.Finding // of the last good one
}

// New reads the theme for the first time.
func New(o Options) (*Server, error) {
	page, err := templates.LoadPreview()
	if err != nil {
		return nil, err
	}
	stopping := make(chan struct{})
	s := &Server{
		Options: o, page: page, paper: paper.New(time.Time{}), next: make(chan struct{}),
		stopping: stopping, stop: sync.OnceFunc(func() { close(stopping) }),
	}
	s.Reread()
	return s, nil
}

// Reread looks whether the theme has changed, and tells the pages that are open
// if it has.
func (s *Server) Reread() {
	source, err := s.Read()
	version := ""
	if err == nil {
		version = source.Hash()
	} else {
		sum := sha256.Sum256([]byte(err.Error()))
		version = hex.EncodeToString(sum[:16])
	}
	before, _ := s.current()
	if version == before.version {
		return
	}
	after := state{version: version, theme: before.theme, findings: before.findings}
	var theme *templates.Theme
	if err == nil {
		theme, err = source.Compile()
	}
	if err != nil {
		after.broken = templates.BrokenFindings(err)
	} else {
		after.theme, after.findings = theme, source.Check()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = after
	close(s.next)
	s.next = make(chan struct{})
}

// current is the state, and a channel that is closed when it changes.
func (s *Server) current() (state, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.next
}

// watchEvery is how often the files are looked at.
const watchEvery = 400 * time.Millisecond

// Watch rereads the theme again and again until ctx ends. Then it ends the
// requests that wait for a change.
func (s *Server) Watch(ctx context.Context) {
	defer s.stop()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Reread()
		}
	}
}

// realMail is the name of the mail with real stories in addresses.
const realMail = "real"

// mails are the names of all mails that can be shown.
func (s *Server) mails() []string {
	var names []string
	if s.Real != nil {
		names = append(names, realMail)
	}
	for _, k := range templates.Kinds() {
		names = append(names, string(k))
	}
	for _, n := range templates.SampleNotices() {
		names = append(names, n.Name)
	}
	return names
}

// Mails are the names of all mails that samples are of.
func Mails() []string { return (&Server{}).mails() }

// wish is what a request wants to see.
type wish struct{ mail, language, view string }

// wished reads the request; what is not known is taken as not said.
func (s *Server) wished(r *http.Request) wish {
	q := r.URL.Query()
	w := wish{mail: q.Get("mail"), language: q.Get("lang"), view: q.Get("view")}
	mails := s.mails()
	if !slices.Contains(mails, w.mail) {
		if w.mail = s.Mail; w.mail == "" {
			w.mail = mails[0]
		}
	}
	if !slices.Contains(templates.Languages(), w.language) {
		w.language = "en"
	}
	if !slices.Contains(views(), w.view) {
		w.view = viewLooks
	}
	return w
}

// draw makes the mail that is wished for.
func (s *Server) draw(theme *templates.Theme, w wish) (Mail, error) {
	if w.mail == realMail {
		return s.Real.Draw(theme)
	}
	for _, n := range templates.SampleNotices() {
		if n.Name == w.mail {
			m, err := n.Draw(theme)
			return Mail(m), err
		}
	}
	d := templates.Sample(templates.Kind(w.mail), w.language)
	html, err := theme.HTML(d)
	if err != nil {
		return Mail{}, err
	}
	text, err := theme.Text(d)
	return Mail{Subject: d.Subject, HTML: html, Text: text}, err
}
