package templates

import (
	"fmt"
	"time"
)

// Move is what the two mails about a change of address tell. It has no words of
// the reader's: the other address stands in it partly hidden.
type Move struct {
	Site        Site
	Language    string    // BCP 47; empty means the site's
	Other       string    // the address at the other end, masked
	URL         string    // the page of this end, absolute http or https
	RequestedAt time.Time // shown in its own zone
}

// OldAddressMail draws the mail that asks the present address of a reader to
// agree to a change, or to stop it.
func OldAddressMail(m *Move) (Mail, error) {
	n := m.notice()
	n.Before = []string{m.text(n, n.T.MoveOldText)}
	n.Button = n.T.MoveOldButton
	n.After = []string{n.T.MoveOldIgnore}
	return n.draw()
}

// NewAddressMail draws the mail that asks the new address to confirm a change.
func NewAddressMail(m *Move) (Mail, error) {
	n := m.notice()
	n.Before = []string{m.text(n, n.T.MoveNewText)}
	n.Button = n.T.ConfirmButton
	n.After = []string{n.T.MoveNewIgnore}
	return n.draw()
}

func (m *Move) notice() *Notice {
	n := newNotice(m.Site, firstOf(m.Language, m.Site.Language), m.URL)
	n.Subject = fmt.Sprintf(n.T.MoveSubject, n.Site)
	n.Why = fmt.Sprintf(n.T.MoveWhy, n.Site)
	return n
}

func (m *Move) text(n *Notice, words string) string {
	return fmt.Sprintf(words, n.Site, n.T.Moment(m.RequestedAt), isolate(oneLine(m.Other), n.Dir))
}
