package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/schedule"
)

// ErrNothingDue says that a send would reach nobody: no story has arrived for
// its readers since their last edition, or nobody subscribes. No edition was
// made.
var ErrNothingDue = errors.New("nothing is due")

// Send is an edition that an editor triggers by hand.
type Send struct {
	Digest     *Digest
	TopicID    int64   // only stories of this topic, 0 for all
	ArticleID  int64   // only this story, to all who have not got it, whenever it came; 0 for what has arrived
	Recipients []int64 // only these subscribers, nil for all

	letter *letter // in place of stories, see LetterTo
}

func (s *Send) partial() bool {
	return s.TopicID != 0 || s.ArticleID != 0 || s.Recipients != nil || s.letter != nil
}

func (s *Send) kind() EditionKind {
	if s.letter != nil {
		return Letter
	}
	return Manual
}

// nothing says why a send reaches nobody.
func (s *Send) nothing() error {
	if s.letter != nil {
		return fmt.Errorf("%w: %s has no readers whom the letter reaches", ErrNothingDue, s.Digest.Slug)
	}
	return fmt.Errorf("%w: no story has arrived for the readers of %s since their last edition", ErrNothingDue, s.Digest.Slug)
}

// SendNow makes and plans an edition with the stories that have arrived since
// each reader's last one, outside the schedule. The scheduled slots stay and go
// on with what arrives later. It returns ErrNothingDue if there is nothing to
// send.
func (p *Planner) SendNow(ctx context.Context, s Send, now time.Time) (*Edition, error) {
	if err := p.checkArticle(ctx, &s, now); err != nil {
		return nil, fmt.Errorf("send %s: %w", s.Digest.Slug, err)
	}
	if err := p.ramp.Admit(ctx); err != nil {
		return nil, fmt.Errorf("send %s: %w", s.Digest.Slug, err)
	}
	// What readers wait for is known when the runs before are planned.
	if err := p.planRuns(ctx, 0, []int64{s.Digest.ID}); err != nil {
		return nil, fmt.Errorf("send %s: plan what is due first: %w", s.Digest.Slug, err)
	}
	for {
		e, err := p.sendNow(ctx, &s, now)
		if errors.Is(err, errSlotTaken) {
			continue // by another process in the same second: freeSlot sees it now
		}
		if err != nil {
			return nil, fmt.Errorf("send %s: %w", s.Digest.Slug, err)
		}
		return e, p.PlanRuns(ctx, e.ID)
	}
}

func (p *Planner) sendNow(ctx context.Context, s *Send, now time.Time) (*Edition, error) {
	cohorts, err := p.reached(ctx, s, now)
	if err != nil {
		return nil, err
	}
	slot, err := p.freeSlot(ctx, s.Digest, now)
	if err != nil {
		return nil, err
	}
	began := 0
	for _, c := range cohorts {
		ok, err := p.sendTo(ctx, s, c, slot, now)
		if err != nil {
			return nil, fmt.Errorf("cohort %s: %w", &c, err)
		}
		if ok {
			began++
		}
	}
	if began == 0 {
		return nil, s.nothing()
	}
	return p.store.EditionByKey(ctx, editionKey(s.Digest, slot, Manual))
}

// sendTo begins the run of a cohort and reports whether it did. Where another run
// of the cohort began meanwhile, that has all there was for a full edition; one
// that is partial comes after it.
func (p *Planner) sendTo(ctx context.Context, s *Send, c cohort, slot schedule.Local, now time.Time) (began bool, err error) {
	for {
		r, err := p.manualRun(s, c, slot, now)
		if err != nil {
			return false, err
		}
		if began, err = p.store.startRun(ctx, r); err != nil || began || !s.partial() {
			return began, err
		}
		moved, err := p.store.hasMoved(ctx, &c)
		if err != nil || !moved {
			return false, err
		}
	}
}

// reached returns the cohorts that a send concerns: none if nobody would get
// anything, and of a partial edition only those where somebody would.
func (p *Planner) reached(ctx context.Context, s *Send, now time.Time) ([]cohort, error) {
	if s.Recipients != nil && len(s.Recipients) == 0 {
		return nil, nil
	}
	cohorts, err := p.store.cohortsOf(ctx, s.Digest.ID)
	if err != nil {
		return nil, err
	}
	var out []cohort
	for _, c := range cohorts {
		chooser, err := p.imagineNow(ctx, s, c, now)
		if err != nil {
			return nil, fmt.Errorf("cohort %s: %w", &c, err)
		}
		someone := false
		err = p.walk(ctx, chooser, func(pick chosen) bool { someone = pick.skip == ""; return !someone })
		if err != nil {
			return nil, fmt.Errorf("cohort %s: %w", &c, err)
		}
		if !someone {
			continue
		}
		if !s.partial() {
			return cohorts, nil
		}
		out = append(out, c)
	}
	return out, nil
}

// freeSlot is the current second in the digest's zone, or the next one that no
// edition has. Seconds keep it apart from all scheduled slots.
func (p *Planner) freeSlot(ctx context.Context, d *Digest, now time.Time) (schedule.Local, error) {
	for slot := schedule.LocalOf(now, d.Location); ; slot = slot.Add(time.Second) {
		if onMinute(slot) {
			continue
		}
		_, err := p.store.EditionByKey(ctx, editionKey(d, slot, Manual))
		if errors.Is(err, ErrNotFound) {
			return slot, nil
		} else if err != nil {
			return slot, err
		}
	}
}

// manualRun is the run of a send by hand. The cohort's next slot stays, and what
// has not been sent when that closes expires, unless it is a letter.
func (p *Planner) manualRun(s *Send, c cohort, slot schedule.Local, now time.Time) (startRun, error) {
	r, err := p.rhythmOf(s.Digest, c)
	if err != nil {
		return startRun{}, err
	}
	due, err := r.quietUntil(now)
	if err != nil {
		return startRun{}, err
	}
	expires := due.Add(s.Digest.ExpireAfter)
	if _, ahead := r.next(due.Add(s.Digest.Cutoff)); !ahead.IsZero() && s.letter == nil {
		expires = earlier(expires, r.closes(ahead))
	}
	return startRun{
		digest: s.Digest, cohort: c, kind: s.kind(), letter: s.letter, partial: s.partial(), topicID: s.TopicID, articleID: s.ArticleID, recipients: s.Recipients,
		firstFrom: r.firstFromNow(now),
		turn: turn{
			slot: slot, due: due, expires: expires, next: c.NextSlot, nextDue: c.NextDueAt,
		},
	}, nil
}
