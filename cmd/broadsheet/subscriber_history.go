package main

import (
	"context"
	"fmt"
	"strings"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

// showHistory writes the record of consent of an address, with every text that
// was shown.
func (e *env) showHistory(ctx context.Context, a *app.App, address string) error {
	h, err := a.Subscribers.History(ctx, address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if e.output == outputTable {
		e.writeHistory(h)
		return nil
	}
	out := &list{columns: []string{"at", "event", "by", "origin", "client", "detail", "text_hash", "text_version", "text_language", "text_since", "text"}}
	for i := range h.Entries {
		c := &h.Entries[i]
		out.add(c.At, string(c.Event), string(c.By()), c.Origin, c.Client, c.Detail, c.TextHash, c.TextVersion, c.TextLanguage, c.TextSince, c.Text)
	}
	return e.show(out)
}

// writeHistory writes each entry with its detail below, and then the texts, each
// once.
func (e *env) writeHistory(h *subscribers.History) {
	if h.Erased {
		fmt.Fprintf(e.stdout, "Reader %d was erased: this is what is kept.\n\n", h.ID)
	}
	var texts []*subscribers.Consent
	seen := map[string]bool{}
	for i := range h.Entries {
		c := &h.Entries[i]
		line := fmt.Sprintf("%s  %-17s  %s, by way of %s", plain(c.At), c.Event, c.By(), c.Origin)
		if c.Client != "" {
			line += ", from " + c.Client
		}
		if c.TextHash != "" {
			line += ", text " + textName(c)
		}
		if c.Detail != "" {
			line += "\n    " + strings.Join(strings.Fields(c.Detail), " ")
		}
		fmt.Fprintln(e.stdout, printable(line))
		if c.TextHash != "" && !seen[c.TextHash] {
			seen[c.TextHash] = true
			texts = append(texts, c)
		}
	}
	for _, c := range texts {
		fmt.Fprintf(e.stdout, "\nText %s, first shown %s, SHA-256 %s:\n    %s\n", textName(c), plain(c.TextSince), c.TextHash,
			strings.ReplaceAll(printable(c.Text), "\n", "\n    "))
	}
}

// textName is how entries name a text, such as "de 2" for the second one in
// German.
func textName(c *subscribers.Consent) string {
	if c.TextHash == "" {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d", c.TextLanguage, c.TextVersion))
}
