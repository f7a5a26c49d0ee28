package digest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
	"broadsheet/templates"
)

// LetterText is a letter of the editors, which has no stories.
type LetterText struct {
	Markdown  string
	Subject   string // "" for the first heading of the first level
	Preheader string // "" for the first words
}

// letter is a letter that is about to be sent, and by whom.
type letter struct {
	text EditionText
	by   string
}

// Letter composes a letter to the readers of a digest, for a look or a test. It
// returns ErrEdit for one that no mail can be made of.
func (c *Composer) Letter(d *Digest, l LetterText, now time.Time) (*Composed, error) {
	dr, err := letterDraft(d, l, now)
	if err != nil {
		return nil, err
	}
	composed, _, err := c.compile(dr)
	if err != nil {
		return nil, fmt.Errorf("%w: the letter: %w", ErrEdit, err)
	}
	composed.Date, composed.ComposedAt = now, now
	return composed, nil
}

func letterDraft(d *Digest, l LetterText, now time.Time) (*draft, error) {
	edit := EditionEdit{Subject: &l.Subject, Preheader: &l.Preheader}
	if err := edit.check(); err != nil {
		return nil, err
	}
	intro, err := templates.ParseProse(l.Markdown)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the letter: %w", ErrEdit, err)
	case intro.Empty():
		return nil, fmt.Errorf("%w: the letter has no words", ErrEdit)
	case strings.TrimSpace(l.Subject) == "" && intro.Heading() == "":
		return nil, fmt.Errorf("%w: the letter has no subject: give one, or begin it with a heading like # Good morning", ErrEdit)
	}
	slot := schedule.LocalOf(now, d.Location)
	return &draft{
		digest: d, edition: &Edition{DigestID: d.ID, Slot: slot, Key: editionKey(d, slot, Letter), Kind: Letter, Partial: true},
		text:  EditionText{Subject: strings.TrimSpace(l.Subject), Preheader: l.Preheader, Intro: l.Markdown},
		intro: intro, theme: d.theme(),
	}, nil
}

// LetterTo returns what SendNow and DrySend take to send a letter to the readers
// of a digest, or to some of them: it moves no cut-off. It returns ErrEdit for a
// letter that no mail can be made of.
func (c *Composer) LetterTo(d *Digest, recipients []int64, l LetterText, who string, now time.Time) (Send, error) {
	if _, err := c.Letter(d, l, now); err != nil {
		return Send{}, err
	}
	dr, err := letterDraft(d, l, now)
	if err != nil {
		return Send{}, err
	}
	return Send{Digest: d, Recipients: recipients, letter: &letter{dr.text, who}}, nil
}

// writeLetter gives the edition of a letter its text, before anyone can see the
// edition. It returns errSlotTaken if that is of another letter.
func (s *Store) writeLetter(ctx context.Context, tx *db.Tx, e *Edition, l *letter) error {
	var subject, preheader, intro string
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		return scan(&subject, &preheader, &intro)
	}, `SELECT subject, preheader, intro FROM edition_versions WHERE edition_id = $1 AND version = 1`, e.ID)
	switch {
	case err != nil:
		return err
	case intro == "":
		text := l.text
		if err := s.insertEditionText(ctx, tx, e.ID, &text, s.now()); err != nil {
			return err
		}
		return recordChange(ctx, tx, Change{At: s.now(), Who: l.by, Noun: "edition", Key: e.Key, Action: "send", Detail: "a letter"})
	case subject != l.text.Subject || preheader != l.text.Preheader || intro != l.text.Intro:
		return fmt.Errorf("edition %s: %w", e.Key, errSlotTaken)
	}
	return nil
}
