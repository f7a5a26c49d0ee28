package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What an editor may want of an article is refused for these reasons.
var (
	ErrWithdrawn = errors.New("it is withdrawn, and that is for good")
	ErrPast      = errors.New("the time is past")
	ErrFolded    = errors.New("it is folded into another article")
	ErrNote      = errors.New("a correction needs a note of text")
)

// MaxNote is how many runes the note of a correction may have.
const MaxNote = 1000

// DeskAction is what an editor does to an article.
type DeskAction string

// A pinned story comes before others. One that is held back is not planned for
// anybody until it is released; what is withdrawn falls out of all that is not
// sent yet, and a correction reaches those who had the wrong version.
const (
	DeskPin      DeskAction = "pin"
	DeskUnpin    DeskAction = "unpin"
	DeskHold     DeskAction = "hold"
	DeskRelease  DeskAction = "release"
	DeskWithdraw DeskAction = "withdraw"
	DeskCorrect  DeskAction = "correct"

	// deskEmbargoOver is on record where the time has released an article.
	deskEmbargoOver DeskAction = "embargo-over"
)

// DeskOrder is one thing that somebody wants of an article.
type DeskOrder struct {
	Action DeskAction
	Until  time.Time // of a pin or a hold; a hold without it is for good
	Note   string    // of a correction
	Who    string    // such as "maria@desk1"
}

// DeskResult is what came of an order.
type DeskResult struct {
	Changed bool   // false where it was so already
	Detail  string // for people, such as "until 2026-11-24T07:00:00Z"

	Outdated bool // nothing was done: a system told of a later change before
}

// Pin lets a story come before all that are not pinned, until a time to come.
func (s *Store) Pin(ctx context.Context, id int64, until time.Time, who string) (DeskResult, error) {
	return s.Edit(ctx, id, DeskOrder{Action: DeskPin, Until: until, Who: who})
}

// Unpin ends a pin before its time.
func (s *Store) Unpin(ctx context.Context, id int64, who string) (DeskResult, error) {
	return s.Edit(ctx, id, DeskOrder{Action: DeskUnpin, Who: who})
}

// Hold keeps a story from being planned, until a time to come or, if that is
// zero, until it is released. What is planned already keeps it.
func (s *Store) Hold(ctx context.Context, id int64, until time.Time, who string) (DeskResult, error) {
	return s.Edit(ctx, id, DeskOrder{Action: DeskHold, Until: until, Who: who})
}

// Release ends a hold or an embargo: the story is in the next window of all its
// readers, but for those who had it before, and as fresh as it was when it was
// held back. A folded story stands for itself from then on.
func (s *Store) Release(ctx context.Context, id int64, who string) (DeskResult, error) {
	return s.Edit(ctx, id, DeskOrder{Action: DeskRelease, Who: who})
}

// Withdraw takes a story out of all that is not sent yet, for good.
func (s *Store) Withdraw(ctx context.Context, id int64, who string) (DeskResult, error) {
	return s.Edit(ctx, id, DeskOrder{Action: DeskWithdraw, Who: who})
}

// Correct tells those who had a story until now what was wrong with it, in
// their next digest. A new text comes by Put.
func (s *Store) Correct(ctx context.Context, id int64, note, who string) (DeskResult, error) {
	return s.Edit(ctx, id, DeskOrder{Action: DeskCorrect, Note: note, Who: who})
}

// deskArticle is what the desk needs to know of an article.
type deskArticle struct {
	ID          int64  `db:"id"`
	PinnedUntil int64  `db:"pinned_until"`
	HeldAt      int64  `db:"held_at"`
	Embargo     int64  `db:"embargo_until"`
	WithdrawnAt int64  `db:"withdrawn_at"`
	ArrivedAt   int64  `db:"arrived_at"`
	LeadID      int64  `db:"lead_id"`
	Again       int    `db:"again"`
	OwnTopics   string `db:"own_topics"`
	Heir        int64  `db:"heir"`      // what takes its place when it is withdrawn, 0 for nothing
	ToldAt      int64  `db:"told_at"`   // by the clock of the system that told of it
	FirstSeq    int64  `db:"first_seq"` // the least number of its topics, 0 if it is in no window
	LastNote    string `db:"last_note"` // of its last correction
	Unproven    bool   `db:"unproven"`  // deliveries that tell who had it are dropped
}

// decide says what becomes of an order, for people, and whether that changes
// anything.
func (a *deskArticle) decide(o *DeskOrder, now time.Time) (detail string, changes bool, err error) {
	pinned := a.PinnedUntil > now.UnixMilli()
	switch {
	case a.WithdrawnAt != 0 && o.Action != DeskWithdraw && o.Action != DeskCorrect:
		return "", false, ErrWithdrawn
	case a.LeadID != 0 && (o.Action == DeskPin || o.Action == DeskHold):
		return "", false, fmt.Errorf("%w, article %d: release it first, or %s that one", ErrFolded, a.LeadID, o.Action)
	}
	switch o.Action {
	case DeskPin:
		if !o.Until.After(now) {
			return "", false, ErrPast
		}
		return untilText(o.Until), a.PinnedUntil != o.Until.UnixMilli(), nil
	case DeskUnpin:
		return "", pinned, nil
	case DeskHold:
		return a.decideHold(o, now)
	case DeskRelease:
		detail, changes = a.decideRelease()
		return detail, changes, nil
	case DeskWithdraw:
		if a.WithdrawnAt == 0 && a.Heir != 0 {
			detail = fmt.Sprintf("article %d, which was folded into it, takes its place", a.Heir)
		}
		return detail, a.WithdrawnAt == 0, nil
	case DeskCorrect:
		if o.Note, err = cleanNote(o.Note); err != nil {
			return "", false, err
		}
		return o.Note, a.LastNote != o.Note, nil
	}
	return "", false, fmt.Errorf("there is no action %q", o.Action)
}

// cleanNote is a note as readers get to see it, or says what is wrong with it.
func cleanNote(note string) (string, error) {
	note = strings.TrimSpace(strings.ReplaceAll(note, "\r\n", "\n"))
	steers := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	switch n := utf8.RuneCountInString(note); {
	case n == 0:
		return "", ErrNote
	case !utf8.ValidString(note):
		return "", fmt.Errorf("%w: it is not UTF-8 text", ErrNote)
	case strings.ContainsFunc(note, steers):
		return "", fmt.Errorf("%w: it has a control character in it", ErrNote)
	case turned(note):
		return "", fmt.Errorf("%w: it turns the direction of letters around", ErrNote)
	case n > MaxNote:
		return "", fmt.Errorf("%w: it has %d characters, at most %d are accepted", ErrNote, n, MaxNote)
	}
	return note, nil
}

func (a *deskArticle) decideHold(o *DeskOrder, now time.Time) (detail string, changes bool, err error) {
	if o.Until.IsZero() {
		return "until it is released", a.HeldAt == 0 || a.Embargo != 0, nil
	}
	if !o.Until.After(now) {
		return "", false, ErrPast
	}
	return untilText(o.Until), a.HeldAt == 0 || a.Embargo != o.Until.UnixMilli(), nil
}

// decideRelease says how an article goes out again.
func (a *deskArticle) decideRelease() (detail string, changes bool) {
	switch {
	case a.LeadID != 0:
		return fmt.Sprintf("stands apart from article %d", a.LeadID), true
	case a.HeldAt == 0:
		return "is not held back", false
	case a.FirstSeq == 0:
		return "it is in no window, for it has no topics or came old with the first fetch of its source", true
	case a.Unproven:
		return "not offered again: an edition that had it is archived, so that nobody can tell who got it", true
	case a.Again != 0:
		return "in the next window of its readers, but of those who got it before", true
	}
	return "in the next window of its readers", true
}

func untilText(at time.Time) string { return "until " + at.UTC().Format(time.RFC3339) }
