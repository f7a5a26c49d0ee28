package templates

import "time"

// Mail is a rendered system mail.
type Mail struct {
	Subject string // one line
	HTML    string
	Text    string
}

// Confirm is what a mail that asks for a confirmation tells.
type Confirm struct {
	Site        Site
	Language    string    // BCP 47; empty means the site's
	URL         string    // the page that confirms
	RequestedAt time.Time // shown in its own zone
	Digests     []string  // names of what was asked for
	Topics      []string
}
