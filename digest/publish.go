package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/templates"
)

// Publisher shows editions to everybody: a mail as a page, the public archive,
// and where links lead. It writes nothing. It is safe for concurrent use.
type Publisher struct {
	store    *Store
	setup    *Setup
	composer *Composer
	archive  Archive
}

// NewPublisher returns a publisher of the mails of a composer, whose links must
// be public, and of an archive.
func NewPublisher(c *Composer, archive Archive) *Publisher {
	return &Publisher{store: c.store, setup: c.setup, composer: c, archive: archive}
}

// Links are those that the publisher reads.
func (p *Publisher) Links() *PublicLinks { return p.composer.links.Public }

// Follow returns the click of a link's token and where it leads: also when the
// story was withdrawn, the deliveries are gone, or the digest is no longer
// configured. It returns ErrBadLink for a token that is not ours and ErrNotFound
// where the story has no address any more.
func (p *Publisher) Follow(ctx context.Context, token string) (click Click, target string, err error) {
	if click, err = p.Links().ReadGo(token); err != nil {
		return click, "", err
	}
	if target = click.target; click.ArticleID != 0 {
		if target, err = p.storyTarget(ctx, &click); err != nil {
			return click, "", fmt.Errorf("follow a link of edition %d: %w", click.EditionID, err)
		}
	}
	if webAddress(target) == nil {
		return click, "", fmt.Errorf("follow a link of edition %d: %w", click.EditionID, ErrNotFound)
	}
	return click, target, nil
}

// storyTarget is the link of a story with the parameters that it would have had
// in the mail.
func (p *Publisher) storyTarget(ctx context.Context, click *Click) (target string, err error) {
	var e *Edition
	err = p.store.db.View(ctx, func(tx *db.Tx) error {
		if target, err = storyURL(ctx, tx, click.ArticleID); err != nil {
			return err
		}
		e, err = editionByID(ctx, tx, click.EditionID)
		return err
	})
	if err != nil {
		return "", err
	}
	d, err := p.setup.digestByID(e.DigestID)
	if err != nil { // it is no longer configured
		return target, nil
	}
	return d.tagged(p.setup, e, target, click.Position, p.setup.sectionSlug(click.section))
}

// sectionSlug names a section for parameters of links.
func (s *Setup) sectionSlug(id int64) string {
	switch id {
	case SectionTop:
		return topText
	case SectionLatest:
		return latestText
	}
	return s.topicByID(id).Slug
}

// Published is an edition as a page: a whole document, with nothing that belongs
// to a reader.
type Published struct {
	Edition     *Edition
	Digest      *Digest
	Date        time.Time // the local date of its slot
	Language    string    // BCP 47, "" for the site's
	Title       string    // the subject of its mails
	Description string    // a sentence, maybe empty
	Image       string    // of its first story, absolute https, or ""
	ImageAlt    string
	HTML        string
	At          time.Time // from which the archive shows it; zero for the page of a mail
}

// ErrGone says that a mail can no longer be shown as a page.
var ErrGone = errors.New("no longer kept")

// View returns a mail as a page: the stories that its readers got, as they are
// now and less those withdrawn since. It returns ErrBadLink for a token that is
// not ours, and ErrGone once selections are dropped, the edition was cancelled or
// the digest is no longer configured.
func (p *Publisher) View(ctx context.Context, token string) (*Published, error) {
	mailing, err := p.Links().ReadView(token)
	if err != nil {
		return nil, err
	}
	now := p.composer.now().UTC().Truncate(time.Millisecond)
	var dr *draft
	err = p.store.db.View(ctx, func(tx *db.Tx) error {
		e, err := editionByID(ctx, tx, mailing.EditionID)
		if err != nil {
			return err
		}
		sel, err := selectionByID(ctx, tx, mailing.EditionID, mailing.SelectionID)
		if err != nil {
			return err
		}
		d, err := p.setup.digestByID(e.DigestID)
		if err != nil {
			return err
		}
		dr, err = gather(ctx, tx, d, e, sel, now)
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrUnknownDigest):
		return nil, fmt.Errorf("page of edition %d: %w: %w", mailing.EditionID, ErrGone, err)
	case err != nil:
		return nil, fmt.Errorf("page of edition %d: %w", mailing.EditionID, err)
	case dr.edition.State == EditionCancelled || dr.isEmpty():
		return nil, fmt.Errorf("page of %s: %w", dr.edition.Key, ErrGone)
	}
	return p.composer.page(dr)
}

// page draws a draft for everybody, with as much as has room in a mail.
func (c *Composer) page(dr *draft) (*Published, error) {
	sheet, err := c.fit(dr, mail.NewMarkers())
	if err != nil {
		return nil, err
	}
	content := sheet.content
	content.ReaderName, content.Unsubscribe, content.Preferences = "", "", ""
	content.Public, content.ViewURL, content.PixelURL = true, "", ""
	out := &Published{
		Edition: dr.edition, Digest: dr.digest, Date: content.Date, Language: content.Language, Title: content.Subject,
		Description: description(content),
	}
	if lead := content.Lead; lead != nil && strings.HasPrefix(lead.Image, "https://") {
		out.Image, out.ImageAlt = lead.Image, lead.ImageAlt
	}
	out.HTML, err = dr.theme.HTML(content)
	return out, err
}

// description is a sentence about a page.
func description(content *templates.Digest) string {
	text := content.Preheader
	if text == "" && content.Lead != nil {
		text = content.Lead.Summary
	}
	if text == "" {
		text = content.Intro.Opening()
	}
	return text
}
