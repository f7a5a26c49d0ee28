package digest

import (
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/schedule"
)

// EditionState is where an edition stands.
type EditionState string

// The states of an edition. A paused edition keeps all that is pending, with
// the reason beside it; a cancelled one sends nothing more.
const (
	EditionSending   EditionState = "sending"
	EditionPaused    EditionState = "paused"
	EditionCancelled EditionState = "cancelled"
	EditionDone      EditionState = "done"
)

// EditionKind says what brought an edition about.
type EditionKind string

// An edition comes from the digest's schedule, from an editor's command, or is
// owed to single readers.
const (
	Scheduled EditionKind = "scheduled"
	Manual    EditionKind = "manual"
	Welcome   EditionKind = "welcome" // to readers who confirmed just now
	Moved     EditionKind = "moved"   // to readers whom a change of zone or hour passed over
	Letter    EditionKind = "letter"  // words of an editor, without stories
)

// ApprovalState is how an edition stands with its editors.
type ApprovalState string

// An edition of a digest that asks its editors is wanted until one of them
// approves it, once for all its runs.
const (
	ApprovalNotAsked ApprovalState = ""
	ApprovalWanted   ApprovalState = "wanted"
	ApprovalApproved ApprovalState = "approved"
)

// Edition is one issue of a digest, over all its runs.
type Edition struct {
	ID         int64
	DigestID   int64
	Slot       schedule.Local // naive local time; with seconds for a manual edition
	Key        string         // such as "daily/2026-11-23"
	Kind       EditionKind
	Partial    bool    // to some readers or with one topic only: it moves no cut-off
	TopicID    int64   // of a partial edition, 0 for all topics
	ArticleID  int64   // the only story of breaking news, else 0
	Recipients []int64 // subscribers of a partial edition, nil for all
	State      EditionState
	Reason     string // why it is paused
	Approval   ApprovalState
	CreatedAt  time.Time
}

// editionKey names an edition: by its date if the digest has one slot that
// day, else by date and time.
func editionKey(d *Digest, slot schedule.Local, kind EditionKind) string {
	if kind == Scheduled && d.Schedule.PerDay(slot) == 1 {
		return d.Slug + "/" + slot.Date()
	}
	return d.Slug + "/" + slot.String()
}

// date is the local date of the slot as readers see it.
func (e *Edition) date(loc *time.Location) time.Time { return e.Slot.In(loc) }

// Run is an edition for one cohort.
type Run struct {
	ID         int64
	EditionID  int64
	CohortID   int64
	Zone       string // of the cohort
	Hour       string // that its readers chose, such as "06:30"; "" for the digest's
	DueAt      time.Time
	ExpiresAt  time.Time // what has not been sent by then expires
	FromSeq    int64     // the window is (FromSeq, ToSeq]
	ToSeq      int64
	Number     int64 // of the cohort's runs, from 0
	PlanCursor int64 // up to which subscriber it is planned
	PlannedAt  time.Time
	Due        int64 // subscribers due so far

	urgent bool // it is planned before others
}

// SkipReason says why a subscriber who was due got no delivery.
type SkipReason string

// The reasons that planning knows.
const (
	SkipNothingNew SkipReason = "nothing-new"     // no story of the reader's topics in the window
	SkipTooFew     SkipReason = "too-few-stories" // fewer than min_items: they come with the next

	// SkipNotAdmitted is for readers whom the warming-up of the sending domain
	// has not reached: their stories come with the first edition after it has.
	SkipNotAdmitted SkipReason = "not-admitted"

	SkipPaused      SkipReason = "paused"       // until a date that the reader named
	SkipDailyCap    SkipReason = "daily-cap"    // the reader had as many today as there may be
	SkipMoved       SkipReason = "moved"        // what the reader got after moving made up for this date
	SkipNotAudience SkipReason = "not-audience" // the digest is not for readers of these attributes
)

// splitIDs reads ids with a comma before, between and after them.
func splitIDs(text string) []int64 {
	var ids []int64
	for field := range strings.SplitSeq(strings.Trim(text, ","), ",") {
		if id, err := strconv.ParseInt(field, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// joinIDs is the inverse of splitIDs.
func joinIDs(ids []int64) string {
	if len(ids) == 0 {
		return ""
	}
	b := []byte{','}
	for _, id := range ids {
		b = append(strconv.AppendInt(b, id, 10), ',')
	}
	return string(b)
}
