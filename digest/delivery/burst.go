package delivery

import (
	"context"
	"fmt"
	"math"
	"time"

	"broadsheet/digest"
)

// Bursts says when so many readers leave right after an edition came that it is
// paused: a scanner follows its links, or something in it is broken.
type Bursts struct {
	Share  float64       // of those who have the edition; 0 never pauses
	Least  int           // readers at least
	Within time.Duration // of the last mail of the edition
}

// over is how many readers must leave of an edition that so many have.
func (b *Bursts) over(have int64) int64 {
	return max(int64(b.Least), int64(math.Ceil(b.Share*float64(have))))
}

// Burst is that many readers left right after an edition came.
type Burst struct {
	Edition    string // its key
	Left, Have int64  // readers
	Since      time.Time
}

// reason is why the edition is paused.
func (b *Burst) reason() string {
	return fmt.Sprintf("%d of %d readers left within minutes of it", b.Left, b.Have)
}

// PauseBursts pauses the editions of which too many readers have left just now, by
// links of theirs, and returns them. An edition is paused for that once: whoever
// resumes it has looked. Those who left stay unsubscribed.
func (s *Store) PauseBursts(ctx context.Context, rules Bursts) ([]Burst, error) {
	if rules.Share <= 0 {
		return nil, nil
	}
	since := s.now().Add(-rules.Within)
	digests, err := s.leftLately(ctx, since, rules.Least)
	if err != nil {
		return nil, err
	}
	var out []Burst
	for _, id := range digests {
		editions, err := s.sentLately(ctx, id, since)
		if err != nil {
			return nil, err
		}
		for _, e := range editions {
			burst, err := s.burstOf(ctx, e, since, rules)
			if err != nil {
				return nil, err
			}
			if burst == nil {
				continue
			}
			if paused, err := s.pauseBurst(ctx, e.ID, burst); err != nil {
				return nil, err
			} else if paused {
				out = append(out, *burst)
			}
		}
	}
	return out, nil
}

// burstOf counts who left of those who have an edition, nil if they are not many.
func (s *Store) burstOf(ctx context.Context, e sentEdition, since time.Time, rules Bursts) (*Burst, error) {
	left, err := s.leftOf(ctx, e, since)
	if err != nil || left < int64(rules.Least) || left < rules.over(e.Have) {
		return nil, err
	}
	return &Burst{Edition: e.Key, Left: left, Have: e.Have, Since: since}, nil
}

// BurstAlerts are the alerts of editions that are paused because so many of their
// readers left.
func (s *Store) BurstAlerts(ctx context.Context, rules Bursts) ([]digest.Alert, error) {
	paused, err := s.pausedBursts(ctx)
	if err != nil {
		return nil, err
	}
	var out []digest.Alert
	for _, p := range paused {
		since := p.at.Add(-rules.Within).UTC().Format(time.RFC3339)
		out = append(out, digest.Alert{
			Key: "edition " + p.key + " burst",
			Text: fmt.Sprintf("Edition %[1]s is paused: %[2]s. Look at what was sent: broadsheet edition show %[1]s. Whom a scanner has unsubscribed: "+
				"broadsheet subscriber restore --since %[3]s --dry-run. Then go on with broadsheet edition resume %[1]s, or end it with broadsheet edition cancel %[1]s.",
				p.key, p.reason, since),
		})
	}
	return out, nil
}
