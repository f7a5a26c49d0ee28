package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"broadsheet/mail"
)

// spamCache keeps what SpamAssassin said of the last mail: it takes seconds,
// and pages are loaded often.
type spamCache struct {
	mu     sync.Mutex
	of     string
	report string
}

var spamScore = regexp.MustCompile(`Content analysis details:\s+\((-?[0-9.]+) points`)

// showSpam answers with the score in the first line, and with what it is made
// of below.
func (s *Server) showSpam(w http.ResponseWriter, r *http.Request) {
	now, _ := s.current()
	if s.SpamAssassin == "" || now.theme == nil {
		http.Error(w, "there is nothing to ask, or nobody", http.StatusNotFound)
		return
	}
	asked := s.wished(r)
	m, err := s.draw(now.theme, asked)
	var message []byte
	if err == nil {
		message, err = wire(m)
	}
	var report string
	if err == nil {
		report, err = s.ask(r.Context(), now.version+asked.mail+asked.language, message)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(report))
}

func (s *Server) ask(ctx context.Context, of string, message []byte) (string, error) {
	s.spam.mu.Lock()
	defer s.spam.mu.Unlock()
	if s.spam.of == of {
		return s.spam.report, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.SpamAssassin, "--local", "--test-mode", "--nocreate-prefs")
	cmd.Stdin = bytes.NewReader(message)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask SpamAssassin: %w", err)
	}
	found := spamScore.FindSubmatchIndex(out)
	if found == nil {
		return "", errors.New("ask SpamAssassin: there is no score in its answer")
	}
	report := fmt.Sprintf("%s points\n\n%s\n", out[found[2]:found[3]], strings.TrimSpace(string(out[found[0]:])))
	s.spam.of, s.spam.report = of, report
	return report, nil
}

// unsubscribe is where the made-up message can be ended.
const unsubscribe = "https://courier.example/mail/u/sample"

// wire is the mail as a message on its way to a made-up reader.
func wire(m Mail) ([]byte, error) {
	body, err := mail.Compile(m.HTML, m.Text, mail.Markers{})
	if err != nil {
		return nil, err
	}
	h := mail.Header{
		From: mail.Address{Name: "City Courier", Addr: "digest@courier.example"}, To: mail.Address{Name: "Ada", Addr: "ada@reader.example"},
		Subject: m.Subject, Date: time.Now(), MessageID: "<sample.1@courier.example>",
		ListID: "Sample <sample.lists.courier.example>", ListUnsubscribe: []string{unsubscribe}, OneClick: true, Bulk: true,
	}
	return body.Append(nil, &h, mail.Boundary(h.MessageID), &mail.Personal{})
}
