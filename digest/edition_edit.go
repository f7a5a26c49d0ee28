package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// Why an edition is paused by its editors. The second begins the reason that
// names who holds it.
const (
	WaitsForApproval = "waits for approval"
	HeldBy           = "held by "
)

// ErrNoSuchEdition says that there is no such edition, and that the digest will
// not have it.
var ErrNoSuchEdition = errors.New("no such edition")

// ErrEditionOver says that nothing more of an edition will be sent.
var ErrEditionOver = errors.New("nothing more of the edition will be sent")

// DigestOf returns the digest of an edition, or ErrUnknownDigest if it is no
// longer configured.
func (s *Setup) DigestOf(e *Edition) (*Digest, error) { return s.digestByID(e.DigestID) }

// initial is how an edition of that kind begins: editors are asked for what the
// schedule brings about.
func (d *Digest) initial(kind EditionKind) (state EditionState, reason string, approval ApprovalState) {
	switch {
	case kind != Scheduled || d.Approval == ApprovalNone:
		return EditionSending, "", ApprovalNotAsked
	case d.Approval == ApprovalHold:
		return EditionPaused, WaitsForApproval, ApprovalWanted
	}
	return EditionSending, "", ApprovalWanted
}

// EditableEdition returns the edition of a key such as "daily/2026-11-26". It
// may be one to come: then it has no ID yet, and is made by the first change.
// The error is ErrNoSuchEdition if the digest has no slot then.
func (s *Store) EditableEdition(ctx context.Context, set *Setup, key string) (*Edition, error) {
	e, err := s.EditionByKey(ctx, key)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return e, err
	}
	slug, when, _ := strings.Cut(key, "/")
	d, err := set.DigestBySlug(slug)
	if err != nil {
		return nil, err
	}
	slot, err := d.slotNamed(when, s.now())
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrNoSuchEdition, key, err)
	}
	state, reason, approval := d.initial(Scheduled)
	e = &Edition{
		DigestID: d.ID, Slot: slot, Key: editionKey(d, slot, Scheduled), Kind: Scheduled,
		State: state, Reason: reason, Approval: approval,
	}
	if known, err := s.EditionByKey(ctx, e.Key); !errors.Is(err, ErrNotFound) {
		return known, err
	}
	return e, nil
}

// slotNamed reads a date or a local time as a slot of the schedule that is
// still to come.
func (d *Digest) slotNamed(when string, now time.Time) (schedule.Local, error) {
	day, err := schedule.ParseLocal(when)
	exact := err == nil
	if !exact {
		if day, err = schedule.ParseLocal(when + "T00:00"); err != nil {
			return day, fmt.Errorf("write it as %s/2006-01-02", d.Slug)
		}
	}
	if d.Instant || d.Schedule.Next(day).IsZero() {
		return day, fmt.Errorf("%s has no schedule", d.Slug)
	}
	slots := d.slotsOn(day)
	if exact {
		for _, slot := range slots {
			if slot == day {
				slots = []schedule.Local{slot}
			}
		}
	}
	switch {
	case len(slots) == 0 || exact && slots[0] != day:
		return day, fmt.Errorf("%s has no slot then, the next one is %s", d.Slug, editionKey(d, d.editionSlot(d.Schedule.Next(day)), Scheduled))
	case len(slots) > 1:
		return day, fmt.Errorf("%s has %d slots that day, the first one is %s/%s", d.Slug, len(slots), d.Slug, slots[0])
	case !d.comes(slots[0], now):
		return day, errors.New("its slot has passed without it")
	}
	return slots[0], nil
}

// slotsOn returns the slots of a local date that editions have.
func (d *Digest) slotsOn(day schedule.Local) []schedule.Local {
	var out []schedule.Local
	end := day.StartOfDay().AddDays(1)
	for slot := d.Schedule.Next(day.StartOfDay().Add(-time.Second)); slot.Before(end); slot = d.Schedule.Next(slot) {
		out = append(out, slot)
	}
	return out
}

// lastOnEarth is where a local time comes last.
func lastOnEarth() *time.Location { return time.FixedZone("last", -12*3600) }

// comes reports whether a slot is still to come for some reader. Where readers
// choose their hour, that is until the date is over.
func (d *Digest) comes(slot schedule.Local, now time.Time) bool {
	loc := d.Location
	if d.LocalTime {
		loc = lastOnEarth()
	}
	if len(d.Hours) > 0 {
		slot = slot.StartOfDay().AddDays(1)
	}
	return slot.In(loc).After(now)
}

// mayEdit returns ErrEditionOver if nothing of the edition will go out any more.
// One that is done has readers to come where another zone has yet to run.
func (d *Digest) mayEdit(e *Edition, now time.Time) error {
	if e.State == EditionCancelled || e.State == EditionDone && (e.Kind != Scheduled || !d.comes(e.Slot, now)) {
		return fmt.Errorf("edition %s is %s: %w", e.Key, e.State, ErrEditionOver)
	}
	return nil
}

// EditEdition changes what editors make of an edition, and makes the edition if
// it is to come. Mails that are composed from its CountsAt on, a second later,
// have the new text; a retry has what its first try had. It returns ErrEdit for what cannot stand in a mail and
// ErrEditionOver if nothing more of the edition will be sent. The change is put
// on record as made by who, unless nothing became different.
func (s *Store) EditEdition(ctx context.Context, d *Digest, e *Edition, edit EditionEdit, who string) (*EditionText, error) {
	if err := edit.check(); err != nil { // before it is trimmed: a line end at the end is a slip, too
		return nil, fmt.Errorf("edit edition %s: %w", e.Key, err)
	}
	edit = edit.trimmed()
	var text EditionText
	_, err := s.changeEdition(ctx, d, e, func(tx *db.Tx, e *Edition) (action, detail string, err error) {
		if text, err = editionText(ctx, tx, e.ID, time.Time{}); err != nil {
			return "", "", err
		}
		if detail = text.apply(&edit); detail == "" {
			return "", "", nil
		}
		return "edit", detail, s.insertEditionText(ctx, tx, e.ID, &text, s.now().Add(editSettles))
	}, who)
	if err != nil {
		return nil, fmt.Errorf("edit edition %s: %w", e.Key, err)
	}
	return &text, nil
}

// EditionEditInWords tells what EditEdition would change, "" for nothing.
func (s *Store) EditionEditInWords(ctx context.Context, d *Digest, e *Edition, edit EditionEdit) (string, error) {
	if err := errors.Join(edit.check(), d.mayEdit(e, s.now())); err != nil {
		return "", fmt.Errorf("edit edition %s: %w", e.Key, err)
	}
	text, err := s.EditionText(ctx, e.ID)
	if err != nil {
		return "", err
	}
	edit = edit.trimmed()
	return text.apply(&edit), nil
}

// ChangeEditionState pauses, resumes or cancels an edition by hand, as
// SetEditionState does, and puts on record who did. One that its editors keep
// back is not resumed: then the error is ErrEdit.
func (s *Store) ChangeEditionState(ctx context.Context, key string, to EditionState, reason, who string) (*Edition, error) {
	var out *Edition
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		e, err := getEdition(ctx, tx, "edition "+key, `SELECT `+editionColumns+` FROM editions WHERE key = $1`, key)
		if err != nil {
			return err
		}
		if isHeld(e) && to == EditionSending {
			return fmt.Errorf("%w: the edition %s: approve it", ErrEdit, e.stands())
		}
		if isHeld(e) && to == EditionPaused {
			return nil // who approves it, not who resumes it, lets it go
		}
		changed, err := s.setState(ctx, tx, key, to, reason)
		if err != nil || !changed {
			return err
		}
		verb := map[EditionState]string{EditionPaused: "pause", EditionSending: "resume", EditionCancelled: "cancel"}[to]
		return recordChange(ctx, tx, Change{At: s.now(), Who: who, Noun: "edition", Key: key, Action: verb})
	})
	if err == nil {
		out, err = s.EditionByKey(ctx, key)
	}
	if err != nil {
		return nil, fmt.Errorf("set edition %s %s: %w", key, to, err)
	}
	return out, nil
}

// stands is why an edition does not go out, as the end of a sentence.
func (e *Edition) stands() string {
	if e.Reason == WaitsForApproval {
		return e.Reason
	}
	return "is " + e.Reason
}

// isHeld reports whether an edition is paused for the sake of its editors alone.
func isHeld(e *Edition) bool {
	return e.State == EditionPaused && (e.Reason == WaitsForApproval || strings.HasPrefix(e.Reason, HeldBy))
}
