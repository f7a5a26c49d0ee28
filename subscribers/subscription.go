package subscribers

import (
	"strconv"
	"strings"
	"time"
)

// SubscriptionState is where a subscription stands.
type SubscriptionState string

// The states of a subscription. Only active ones are planned.
const (
	SubscriptionPending    SubscriptionState = "pending"
	SubscriptionActive     SubscriptionState = "active"
	SubscriptionEnded      SubscriptionState = "ended"
	SubscriptionSuppressed SubscriptionState = "suppressed" // active but for the suppression
)

// Subscription is a subscriber's choice of one digest.
type Subscription struct {
	DigestID  int64
	Digest    string // the digest's slug
	CohortID  int64
	Zone      string // the cohort's
	Hour      string // the reader's own, such as "06:30"; "" for the digest's
	State     SubscriptionState
	Topics    Topics
	CreatedAt time.Time
	EndedAt   time.Time // zero unless ended

	// PausedUntil is until when the reader wants nothing of the digest, zero
	// unless they said so. It may have passed.
	PausedUntil time.Time

	// JoinedSeq is where the window begins in the cohort's run number
	// JoinedRuns. In other runs it begins no earlier than there, and at -1 at
	// the cohort's own start.
	JoinedSeq, JoinedRuns int64
}

// IsPaused reports whether the reader wants nothing of the digest yet.
func (s *Subscription) IsPaused(now time.Time) bool { return s.PausedUntil.After(now) }

// Topics is what a subscription wants: "*" for whatever the digest offers, or
// the ids of topics in the reader's order, as in ",3,7,". Topics that the
// digest does not offer may be among them and are passed over.
type Topics string

// AllTopics stands for whatever the digest offers.
const AllTopics Topics = "*"

// TopicsOf returns the Topics of ids.
func TopicsOf(ids []int64) Topics {
	var b strings.Builder
	b.WriteByte(',')
	for _, id := range ids {
		b.WriteString(strconv.FormatInt(id, 10))
		b.WriteByte(',')
	}
	return Topics(b.String())
}

// IDs returns the ids in the reader's order, nil for AllTopics.
func (t Topics) IDs() []int64 {
	if t == AllTopics {
		return nil
	}
	var ids []int64
	for part := range strings.SplitSeq(string(t), ",") {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// Has reports whether the topic with the given id is wanted.
func (t Topics) Has(id int64) bool {
	return t == AllTopics || strings.Contains(string(t), ","+strconv.FormatInt(id, 10)+",")
}
