package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"broadsheet/mail/sink"
	"broadsheet/templates"
)

// inbox keeps the mails that the SMTP server accepted as files, so that they
// are still there after a restart, and shows them as web pages.
type inbox struct {
	dir     string
	site    templates.Site
	pages   *templates.Pages
	actions []templates.InboxAction

	mu   sync.Mutex
	next int
}

// shown is how many mails the list shows.
const shown = 200

func openInbox(dir string, site templates.Site) (*inbox, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	pages, err := templates.LoadPages()
	if err != nil {
		return nil, err
	}
	b := &inbox{dir: dir, site: site, pages: pages, next: 1}
	numbers, err := b.numbers()
	if err != nil {
		return nil, err
	}
	if len(numbers) > 0 {
		b.next = numbers[0] + 1
	}
	return b, nil
}

// numbers lists the stored mails, the newest first.
func (b *inbox) numbers() ([]int, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".eml")); err == nil {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(x, y int) int { return y - x })
	return out, nil
}

func (b *inbox) path(n int) string { return filepath.Join(b.dir, fmt.Sprintf("%06d.eml", n)) }

// accept stores a mail before the server answers 250. The envelope goes before
// it, as delivering servers do.
func (b *inbox) accept(from, to string, data []byte) error {
	b.mu.Lock()
	n := b.next
	b.next++
	b.mu.Unlock()
	head := fmt.Sprintf("Return-Path: <%s>\r\nDelivered-To: %s\r\n", from, to)
	temporary := b.path(n) + ".part"
	if err := os.WriteFile(temporary, append([]byte(head), data...), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, b.path(n))
}

// letter is a stored mail.
type letter struct {
	number int
	raw    []byte
	parsed *sink.Parsed
	at     time.Time
}

func (b *inbox) read(n int) (*letter, error) {
	raw, err := os.ReadFile(b.path(n))
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(b.path(n))
	if err != nil {
		return nil, err
	}
	parsed, err := sink.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("mail %d: %w", n, err)
	}
	return &letter{number: n, raw: raw, parsed: parsed, at: info.ModTime()}, nil
}

// newestTo returns the newest mail to an address, nil if there is none.
func (b *inbox) newestTo(address string) (*letter, error) {
	all, err := b.allTo(address)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// allTo returns the mails to an address, the newest first.
func (b *inbox) allTo(address string) ([]*letter, error) {
	numbers, err := b.numbers()
	if err != nil {
		return nil, err
	}
	var out []*letter
	for _, n := range numbers {
		l, err := b.read(n)
		if err != nil {
			return nil, err
		}
		if l.parsed.Header.Get("Delivered-To") == address {
			out = append(out, l)
		}
	}
	return out, nil
}

// link returns the first URL in the text part that has the given path in it.
func (l *letter) link(part string) string {
	for _, field := range strings.Fields(l.parsed.Text) {
		if strings.HasPrefix(field, "http") && strings.Contains(field, part) {
			return field
		}
	}
	return ""
}

// oneClick is the https URL of List-Unsubscribe.
func (l *letter) oneClick() string {
	for uri := range strings.SplitSeq(l.parsed.Header.Get("List-Unsubscribe"), ",") {
		if uri = strings.Trim(strings.TrimSpace(uri), "<>"); strings.HasPrefix(uri, "http") {
			return uri
		}
	}
	return ""
}

func (l *letter) message() templates.InboxMessage {
	return templates.InboxMessage{
		From: l.parsed.Decode("From"), To: l.parsed.Decode("To"), Subject: l.parsed.Decode("Subject"),
		ReceivedAt: l.at, Size: len(l.raw), URL: fmt.Sprintf("/inbox/%d", l.number),
	}
}

// routes adds the pages of the inbox.
func (b *inbox) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /inbox", b.page(b.list))
	mux.HandleFunc("GET /inbox/{n}", b.page(b.mail))
	mux.HandleFunc("GET /inbox/{n}/html", b.page(b.html))
}

func (b *inbox) page(show func(w *bytes.Buffer, r *http.Request) (policy string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		policy, err := show(&body, r)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			http.Error(w, "there is no such mail", http.StatusNotFound)
			return
		case err != nil:
			http.Error(w, "this mail cannot be shown", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = body.WriteTo(w) // a visitor who left is nobody's error
	}
}

const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"

// mailPolicy lets a mail show its own styles and pictures and run nothing.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

func (b *inbox) list(w *bytes.Buffer, _ *http.Request) (string, error) {
	numbers, err := b.numbers()
	if err != nil {
		return "", err
	}
	page := &templates.InboxPage{Site: b.site, SubscribeURL: "/subscribe", Actions: b.actions}
	for _, n := range numbers[:min(shown, len(numbers))] {
		l, err := b.read(n)
		if err != nil {
			return "", err
		}
		page.Messages = append(page.Messages, l.message())
	}
	return pagePolicy, b.pages.Inbox(w, page)
}

func (b *inbox) asked(r *http.Request) (*letter, error) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return b.read(n)
}

func (b *inbox) mail(w *bytes.Buffer, r *http.Request) (string, error) {
	l, err := b.asked(r)
	if err != nil {
		return "", err
	}
	page := &templates.InboxMailPage{
		Site: b.site, Message: l.message(), Text: l.parsed.Text, Source: string(l.raw), InboxURL: "/inbox", OneClickURL: l.oneClick(),
	}
	if l.parsed.HTML != "" {
		page.HTMLURL = fmt.Sprintf("/inbox/%d/html", l.number)
	}
	return pagePolicy, b.pages.InboxMail(w, page)
}

func (b *inbox) html(w *bytes.Buffer, r *http.Request) (string, error) {
	l, err := b.asked(r)
	if err != nil {
		return "", err
	}
	// Links of the mail open beside the frame that it is shown in.
	w.WriteString(strings.Replace(l.parsed.HTML, "<head>", `<head><base target="_blank">`, 1))
	return mailPolicy, nil
}
