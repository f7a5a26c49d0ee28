package subscribers

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"broadsheet/mail"
)

// Disposable knows the domains that give away addresses for some minutes or
// hours: a short list of its own, and a file that may grow and shrink while the
// service runs. It is safe for concurrent use.
type Disposable struct {
	path  string // "" for the own list alone
	log   *slog.Logger
	clock func() time.Time

	mu      sync.Mutex
	domains map[string]bool
	lookAt  time.Time   // when the file is looked at next
	seen    os.FileInfo // as the file was read last, nil before that
	failed  bool        // the file could not be read last time
}

// lookEvery is how often the file is looked at, at most.
const lookEvery = 5 * time.Second

// maxDisposable bounds the file, in bytes: all known domains of this kind are a
// tenth of that.
const maxDisposable = 32 << 20

// NewDisposable returns the own list and that of the file at path, which may be
// "". The file has a domain a line, # begins a comment, and an ! before a domain
// takes it off the own list. Its subdomains go with each domain.
func NewDisposable(path string, log *slog.Logger, now func() time.Time) *Disposable {
	return &Disposable{path: path, log: log, clock: now, domains: ownDisposable()}
}

// Has reports whether a domain, lower-case A-labels, or one above it is listed.
func (d *Disposable) Has(domain string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh()
	for domain != "" {
		if listed, ok := d.domains[domain]; ok {
			return listed
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// refresh reads the file again if it changed. A file that cannot be read leaves
// the list as it was.
func (d *Disposable) refresh() {
	now := d.clock()
	if d.path == "" || now.Before(d.lookAt) {
		return
	}
	d.lookAt = now.Add(lookEvery)
	info, err := os.Stat(d.path)
	if err == nil && d.seen != nil && os.SameFile(info, d.seen) && info.ModTime().Equal(d.seen.ModTime()) && info.Size() == d.seen.Size() {
		d.failed = false
		return
	}
	var domains map[string]bool
	if err == nil {
		domains, err = readDisposable(d.path)
	}
	if err != nil {
		if !d.failed {
			d.log.Error("disposable domains not read, the list stays as it was", "error", err)
		}
		d.failed = true
		return
	}
	d.domains, d.seen, d.failed = domains, info, false
	d.log.Info("disposable domains read", "domains", len(domains))
}

// readDisposable returns the own list as a file changes it.
func readDisposable(path string) (map[string]bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	domains := ownDisposable()
	lines := bufio.NewScanner(io.LimitReader(f, maxDisposable))
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		name, spared := strings.CutPrefix(strings.TrimSpace(text), "!")
		if name == "" {
			continue
		}
		if address, err := mail.Canonical("x@" + strings.TrimPrefix(strings.TrimSpace(name), ".")); err == nil {
			domains[mail.Domain(address)] = !spared
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return domains, nil
}

// ownDisposable are those that are used most. Which are in fashion changes from
// month to month: that is what the file is for.
func ownDisposable() map[string]bool {
	const names = `0-mail.com 10minutemail.com 10minutemail.net 20minutemail.com anonbox.net burnermail.io
		byom.de crazymailing.com deadaddress.com discard.email discardmail.com discardmail.de dispostable.com
		dropmail.me emailfake.com emailondeck.com emailtemporanea.com fakeinbox.com fakemail.net filzmail.com getairmail.com
		getnada.com grr.la guerrillamail.biz guerrillamail.com guerrillamail.de guerrillamail.info guerrillamail.net
		guerrillamail.org guerrillamailblock.com harakirimail.com inboxbear.com inboxkitten.com incognitomail.org jetable.org
		mail-temp.com mail7.io mailcatch.com maildrop.cc mailexpire.com mailforspam.com mailinator.com mailinator.net
		mailinator2.com mailnesia.com mailnull.com mailpoof.com mailsac.com mailtemp.net minuteinbox.com mintemail.com
		moakt.cc moakt.com mohmal.com mt2015.com mytemp.email mytrashmail.com nada.email nowmymail.com objectmail.com
		owlymail.com pokemail.net proxymail.eu rcpt.at sharklasers.com shortmail.net sogetthis.com spam4.me
		spambog.com spambox.us spamdecoy.net spamex.com spamfree24.org spamgourmet.com spamhole.com tafmail.com temp-mail.io
		temp-mail.org temp-mail.ru tempail.com tempemail.net tempinbox.com tempmail.dev tempmail.net tempmailo.com
		tempmail.plus tempr.email throwawaymail.com tmail.ws tmailinator.com tmpmail.net tmpmail.org trash-mail.com
		trashmail.com trashmail.de trashmail.me trashmail.net trbvm.com wegwerfemail.de wegwerfmail.de wegwerfmail.net
		wegwerfmail.org yopmail.com yopmail.fr yopmail.net zetmail.com`
	out := map[string]bool{}
	for _, name := range strings.Fields(names) {
		out[name] = true
	}
	return out
}
