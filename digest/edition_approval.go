package digest

import (
	"context"
	"fmt"
	"strings"

	"broadsheet/internal/db"
)

// decision is how an edition stands after its editors decided about it.
type decision struct {
	state    EditionState
	reason   string
	approval ApprovalState
}

func (e *Edition) decision() decision { return decision{e.State, e.Reason, e.Approval} }

// approved is how the edition stands once it is approved.
func (e *Edition) approved(d *Digest) (decision, error) {
	out := e.decision()
	if e.Approval == ApprovalNotAsked && d.Approval == ApprovalNone && !isHeld(e) {
		return out, fmt.Errorf("%w: nobody is asked to approve %s, see approval in broadsheet.toml", ErrEdit, d.Slug)
	}
	if isHeld(e) {
		out.state, out.reason = EditionSending, ""
	}
	out.approval = ApprovalApproved
	return out, nil
}

// heldBy is how the edition stands once somebody holds it.
func (e *Edition) heldBy(who string) (decision, error) {
	out := e.decision()
	switch {
	case e.State == EditionPaused && strings.HasPrefix(e.Reason, HeldBy):
		return out, nil
	case e.State == EditionPaused && !isHeld(e):
		return out, fmt.Errorf("%w: it is paused already: %s", ErrEdit, e.Reason)
	}
	out.state, out.reason = EditionPaused, HeldBy+who
	if out.approval == ApprovalApproved {
		out.approval = ApprovalWanted
	}
	return out, nil
}

// ApproveEdition approves an edition for all its runs and lets it go, if waiting
// for that or for who held it was all that kept it; otherwise it stays paused
// for its reason.
func (s *Store) ApproveEdition(ctx context.Context, d *Digest, e *Edition, who string) (*Edition, error) {
	return s.decide(ctx, d, e, "approve", who, func(e *Edition) (decision, error) { return e.approved(d) })
}

// HoldEdition keeps an edition back, for all its runs, until it is approved. It
// returns ErrEdit for one that is paused for another reason.
func (s *Store) HoldEdition(ctx context.Context, d *Digest, e *Edition, who string) (*Edition, error) {
	return s.decide(ctx, d, e, "hold", who, func(e *Edition) (decision, error) { return e.heldBy(who) })
}

func (s *Store) decide(ctx context.Context, d *Digest, e *Edition, verb, who string, decide func(e *Edition) (decision, error)) (*Edition, error) {
	out, err := s.changeEdition(ctx, d, e, func(tx *db.Tx, e *Edition) (string, string, error) {
		to, err := decide(e)
		if err != nil || to == e.decision() {
			return "", "", err
		}
		return verb, "", setEdition(ctx, tx, e.ID, to.state, to.reason, to.approval)
	}, who)
	if err != nil {
		return nil, fmt.Errorf("%s edition %s: %w", verb, e.Key, err)
	}
	return out, nil
}

// ApprovedEdition returns what ApproveEdition would make of an edition, and its
// errors, and changes nothing.
func (s *Store) ApprovedEdition(d *Digest, e *Edition) (*Edition, error) {
	to, err := e.approved(d)
	return s.rehearsed(d, e, "approve", to, err)
}

// HeldEdition returns what HoldEdition would make of an edition, and its errors,
// and changes nothing.
func (s *Store) HeldEdition(d *Digest, e *Edition, who string) (*Edition, error) {
	to, err := e.heldBy(who)
	return s.rehearsed(d, e, "hold", to, err)
}

func (s *Store) rehearsed(d *Digest, e *Edition, verb string, to decision, err error) (*Edition, error) {
	if over := d.mayEdit(e, s.now()); over != nil {
		err = over
	}
	if err != nil {
		return nil, fmt.Errorf("%s edition %s: %w", verb, e.Key, err)
	}
	out := *e
	out.State, out.Reason, out.Approval = to.state, to.reason, to.approval
	return &out, nil
}
