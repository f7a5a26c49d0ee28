package subscribers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// ErrNotReturnable says that a leaving cannot be undone any more: the reader came
// back, or left once more, or it is too long ago.
var ErrNotReturnable = errors.New("what was left has changed since")

// OriginReturn is how the record of consent names a reader who undid a leaving.
const OriginReturn = "undo"

// Leaving is what a return token undoes.
type Leaving struct {
	All      bool     // nothing is left of what the reader got
	DigestID int64    // the one that ended, 0 if several did, or if nothing is left
	Digests  []string // the slugs of those that would be back
}

// Returnable tells what Return would undo, and its errors. It changes nothing.
func (s *Store) Returnable(ctx context.Context, token Token) (Leaving, error) {
	var out Leaving
	if token.Purpose != PurposeReturn {
		return out, ErrBadToken
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		out = Leaving{}
		r, err := byID(ctx, tx, token.Subscriber, "")
		if err != nil {
			return err
		}
		rows, err := leavingsAt(ctx, tx, r.ID, token.Change)
		if err != nil {
			return err
		}
		out.All = r.State == StateUnsubscribed
		if len(rows) == 1 && r.State != StateUnsubscribed {
			out.DigestID = rows[0].digestID
		}
		if out.Digests = r.comeBack(rows, s.now()); len(out.Digests) == 0 {
			return ErrNotReturnable
		}
		return nil
	})
	return out, err
}

// Return undoes the leaving that a return token names, as if the reader had never
// left: topics, hour and pause are what they were, in the zone where the reader is
// by now. It returns the slugs of the digests that are back, ErrNotReturnable, or
// ErrUnknown.
func (s *Store) Return(ctx context.Context, c *Catalog, token Token, client string) ([]string, error) {
	if token.Purpose != PurposeReturn {
		return nil, ErrBadToken
	}
	var back []string
	err := s.change(ctx, token.Subscriber, func(tx *db.Tx, r *record, now time.Time) error {
		rows, err := leavingsAt(ctx, tx, r.ID, token.Change)
		if err != nil {
			return err
		}
		if back = r.comeBack(rows, now); len(back) == 0 {
			return ErrNotReturnable
		}
		for _, s := range r.seats {
			if d := c.Digest(s.DigestID); d != nil && slices.Contains(back, s.Digest) {
				s.move(d.zoneFor(r.Zone), d.hourFor(s.Hour))
			}
		}
		r.note(note{Consent: Consent{At: now, Event: EventReturned, Origin: OriginReturn, Client: client, Detail: "digests=" + strings.Join(back, ";")}})
		return deleteLeavings(ctx, tx, r.ID, token.Change)
	})
	return back, err
}

// comeBack makes subscriptions live again that ended by leavings and have not
// changed since, and returns their slugs. Their windows are what they would be
// had the reader never left. Whoever left the same or everything since, in
// whatever way, stays away: that came last. So do topics that the reader dropped.
func (r *record) comeBack(rows []leaving, now time.Time) []string {
	if r.State == StatePending {
		return nil
	}
	gone, ended := r.State == StateUnsubscribed, r.EndedAt
	stayed := slices.IndexFunc(r.seats, (*seat).isLive)
	var back []string
	for _, l := range rows {
		s := r.seat(l.digestID)
		if s == nil || s.State != SubscriptionEnded || !s.EndedAt.Equal(l.at) || l.again || gone && !ended.Equal(l.at) {
			continue
		}
		if r.State == StateUnsubscribed {
			r.setState(StateActive)
			set(&r.changed, &r.EndedAt, time.Time{})
		}
		set(&s.changed, &s.State, r.live())
		s.EndedAt = time.Time{}
		if l.pausedUntil.After(now) {
			s.PausedUntil = l.pausedUntil
		}
		if stayed >= 0 {
			s.agree(r.seats[stayed].Topics)
		}
		back = append(back, s.Digest)
	}
	return back
}

// agree gives a subscription that comes back the topics of those that stayed, for
// all of a reader's have the same. It keeps its own where none of them is among
// those: it would never come.
func (s *seat) agree(topics Topics) {
	if topics == AllTopics || s.Topics == AllTopics || slices.ContainsFunc(s.Topics.IDs(), topics.Has) {
		set(&s.changed, &s.Topics, topics)
	}
}

// Why is a reason for leaving.
type Why string

// The reasons to choose from.
const (
	WhyTooMany     Why = "too-many"
	WhyNotRelevant Why = "not-relevant"
	WhyNeverAsked  Why = "never-asked"
	WhyElsewhere   Why = "elsewhere" // the reader reads the stories elsewhere
	WhyOther       Why = "other"
)

// Whys returns the reasons in the order in which they are offered.
func Whys() []Why { return []Why{WhyTooMany, WhyNotRelevant, WhyElsewhere, WhyNeverAsked, WhyOther} }

// MaxWhyText is how many characters of a reader's own words are kept.
const MaxWhyText = 500

// ErrNoReason says that nothing was chosen or written.
var ErrNoReason = errors.New("no reason was given")

// GiveReason records why the reader of a return token left, once for each leaving.
// The text becomes one line of at most MaxWhyText characters. It returns ErrNoReason where
// there is none, and ErrUnknown.
func (s *Store) GiveReason(ctx context.Context, token Token, why Why, text, client string) error {
	if token.Purpose != PurposeReturn {
		return ErrBadToken
	}
	text = cut(strings.Join(strings.Fields(text), " "), MaxWhyText)
	if !slices.Contains(Whys(), why) {
		why = ""
	}
	if why == "" && text == "" {
		return ErrNoReason
	}
	detail := "why=" + string(cmp.Or(why, WhyOther))
	if text != "" {
		detail += " text=" + text
	}
	return s.change(ctx, token.Subscriber, func(tx *db.Tx, r *record, now time.Time) error {
		given, err := hasReason(ctx, tx, r.ID, token.Change)
		if err != nil || given {
			return err
		}
		r.note(note{quiet: true, Consent: Consent{At: now, Event: EventReason, Origin: OriginPage, Client: client, Detail: detail}})
		return nil
	})
}
