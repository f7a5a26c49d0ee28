package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"broadsheet/internal/preview"
	"broadsheet/internal/web"
	"broadsheet/templates"
)

// PreviewMails are the names of the mails that a preview of a theme has samples
// of.
func PreviewMails() []string { return preview.Mails() }

// ThemePreview shows a theme in a browser.
type ThemePreview struct {
	Theme        ThemePlace
	Look         templates.Look
	Mail         string // that is shown first, "" for what comes first
	SpamAssassin string // its path, "" if it is not there

	Real     *Preview // what a reader would get, nil for samples alone
	RealName string   // what people call that
}

// Open takes the address, which must be one of this machine alone. An empty one
// is the usual port, or any where that is taken.
func (t *ThemePreview) Open(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	if address == "" {
		if ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:8090"); err == nil {
			return ln, nil
		}
		return lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return nil, fmt.Errorf("a preview listens on this machine only: give 127.0.0.1:PORT, not %s", address)
	}
	return lc.Listen(ctx, "tcp", address)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Serve shows the theme on ln until ctx ends.
func (t *ThemePreview) Serve(ctx context.Context, ln net.Listener, log *slog.Logger) error {
	o := preview.Options{
		Theme: t.Theme.Name, Mail: t.Mail, SpamAssassin: t.SpamAssassin,
		Read: func() (*templates.Source, error) { return templates.ReadSource(t.Theme.Folder, t.Look) },
	}
	if t.Real != nil {
		o.Real = &preview.Real{Name: t.RealName, Draw: t.draw}
	}
	server, err := preview.New(o)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		server.Watch(ctx)
	}()
	err = web.Serve(ctx, ln, server.Handler(ln.Addr().String()), log)
	cancel()
	<-watching
	return err
}

func (t *ThemePreview) draw(theme *templates.Theme) (preview.Mail, error) {
	html, text, err := t.Real.DrawWith(theme)
	return preview.Mail{Subject: t.Real.Subject, HTML: html, Text: text}, err
}

// CheckPreviewMail refuses the name of a mail that there is no sample of.
func CheckPreviewMail(name string) error {
	if name == "" || slices.Contains(PreviewMails(), name) {
		return nil
	}
	return fmt.Errorf("there is no kind of mail %q, only %s", name, strings.Join(PreviewMails(), ", "))
}
