package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// ErrContent says that no mail can be made of a selection for a reason that
// stays: what it needs is missing or cannot be drawn. Any other error of
// composing, such as the database's, may be gone at the next try.
var ErrContent = errors.New("content makes no mail")

// Composed is the mail of one selection of an edition, compiled once and
// shared by all readers who get that selection.
type Composed struct {
	Body       *mail.Body
	Subject    string
	From       mail.Address
	ReplyTo    *mail.Address // nil: none
	ListID     string        // "Name <slug.lists.domain>", RFC 2919
	FeedbackID string
	EditionKey string // such as "daily/2026-11-23"
	DigestID   int64
	Date       time.Time // of the Date field
	ComposedAt time.Time // the stories are as they were at this instant
	Shortened  bool      // stories lack their summary, picture or body, or are left out, for its size
	LeftOut    []string  // slugs of the slots that it was planned with and does not have, though they run
	Empty      bool      // every story was withdrawn, and nobody has to learn of a correction: there is nothing to send
}

// Composer turns selections into mails. It is safe for concurrent use.
type Composer struct {
	store *Store
	setup *Setup
	links Links
	now   func() time.Time
}

// NewComposer returns a composer for the digests of setup, whose ids must have
// been loaded.
func NewComposer(store *Store, setup *Setup, links Links, now func() time.Time) *Composer {
	return &Composer{store: store, setup: setup, links: links, now: now}
}

// Compose makes the mail of a selection with its stories and what editors made
// of the edition as they were at asOf, or as they are now if asOf is zero. For
// the same asOf it returns the same bytes. It returns ErrContent where trying
// again would not help.
func (c *Composer) Compose(ctx context.Context, editionID, selectionID int64, asOf time.Time) (*Composed, error) {
	if asOf.IsZero() {
		asOf = c.now().UTC().Truncate(time.Millisecond)
	}
	var dr *draft
	err := c.store.db.View(ctx, func(tx *db.Tx) error {
		e, err := editionByID(ctx, tx, editionID)
		if err != nil {
			return err
		}
		sel, err := selectionByID(ctx, tx, editionID, selectionID)
		if err != nil {
			return err
		}
		d, err := c.setup.digestByID(e.DigestID)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrContent, err)
		}
		if dr, err = gather(ctx, tx, d, e, sel, asOf); err == nil {
			dr.selectionID = selectionID
		}
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrContent, err)
	}
	if err != nil {
		return nil, fmt.Errorf("compose selection %d of edition %d: %w", selectionID, editionID, err)
	}
	composed, _, err := c.compile(dr)
	if err != nil {
		return nil, fmt.Errorf("compose %s: %w: %w", dr.edition.Key, ErrContent, err)
	}
	composed.Date, composed.ComposedAt = asOf, asOf
	return composed, nil
}

// compile makes the mail of a draft. It returns what it drew beside it, which
// is nil if there is nothing to send.
func (c *Composer) compile(dr *draft) (*Composed, *sheet, error) {
	d, e := dr.digest, dr.edition
	out := &Composed{
		From: d.From, ReplyTo: d.ReplyTo, EditionKey: e.Key, DigestID: d.ID,
		ListID:     fmt.Sprintf("%s <%s.lists.%s>", d.Name, d.Slug, mail.Domain(d.From.Addr)),
		FeedbackID: c.setup.feedbackID(d, e),
	}
	if dr.isEmpty() {
		out.Empty = true
		return out, nil, nil
	}
	markers := mail.NewMarkers()
	sheet, err := c.fit(dr, markers)
	if err != nil {
		return nil, nil, err
	}
	text, err := dr.theme.Text(sheet.plain)
	if err != nil {
		return nil, nil, err
	}
	out.Subject, out.Shortened, out.LeftOut = sheet.content.Subject, sheet.shortened, sheet.leftOut
	out.Body, err = mail.Compile(sheet.html, text, markers)
	return out, sheet, err
}
