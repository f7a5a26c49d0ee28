package templates

import (
	"fmt"
	"time"
)

// HourChoice is the times of day at which a reader may have a digest.
type HourChoice struct {
	Slug, Digest string
	Hours        []string // "HH:MM", beside the digest's own time
	Hour         string   // the chosen one, "" for the digest's own time
}

// Field is the name of the form field.
func (h HourChoice) Field() string { return FieldHour + h.Slug }

// Receipt is what became of the last edition of a digest for a reader. Times are
// in the reader's zone, zero where there is none.
type Receipt struct {
	Digest      string
	At          time.Time // when it was due; zero if there was none yet
	What        string    // a state of a delivery, or the reason why there is none
	Topics      []string  // names of the reader's; nil for all
	PausedUntil time.Time
	Next        time.Time
	Soon        bool   // the time of the next one is about to be known
	URL         string // of the edition in the public archive, "" for none
}

// receiptText is a receipt in words.
type receiptText struct{ Digest, Text, Next, URL string }

// Receipts puts the receipts of the page in words, as they are now.
func (f *frame) Receipts() []receiptText {
	p, ok := f.Page.(*PersonalPage)
	if !ok {
		return nil
	}
	var out []receiptText
	for i := range p.Receipts {
		r := &p.Receipts[i]
		t := receiptText{Digest: r.Digest, Text: upperFirst(f.T.receipt(r, p.Now)), URL: r.URL}
		switch {
		case !r.PausedUntil.IsZero():
		case !r.Next.IsZero():
			t.Next = upperFirst(fmt.Sprintf(f.T.ReceiptNext, f.T.near(r.Next, p.Now)))
		case r.Soon:
			t.Next = f.T.ReceiptSoon
		}
		out = append(out, t)
	}
	return out
}

// PausedText says until when nothing comes.
func (f *frame) PausedText() string {
	p, ok := f.Page.(*PersonalPage)
	if !ok || p.PausedUntil.IsZero() {
		return ""
	}
	return upperFirst(fmt.Sprintf(f.T.PausedUntil, f.T.until(p.PausedUntil, p.Now)))
}

// receipt says in a sentence what became of an edition.
func (c *catalogue) receipt(r *Receipt, now time.Time) string {
	if !r.PausedUntil.IsZero() {
		return fmt.Sprintf(c.PausedUntil, c.until(r.PausedUntil, now))
	}
	if r.At.IsZero() {
		return c.ReceiptNone
	}
	at := c.near(r.At, now)
	if r.What == "nothing-new" && len(r.Topics) > 0 {
		return fmt.Sprintf(c.ReceiptNothingIn, at, c.List(r.Topics))
	}
	text, ok := c.receipts[r.What]
	if !ok {
		text = c.ReceiptOther
	}
	return fmt.Sprintf(text, at)
}
