package delivery

import (
	"context"
	"sync"
	"time"

	"broadsheet/subscribers"
)

// batch is a leased batch in the hands of this process.
type batch struct {
	id, edition, run, digest, day, fence int64
	expiresAt                            time.Time // zero: never
	urgent                               bool

	refused []refusal // of what its former worker knew, set by the claim
	settled counts    // what became uncertain, or else, because its former worker is gone; set by the claim

	left int // items whose result has not been recorded; set before the first one, then the recorder's

	mu      sync.Mutex
	until   time.Time // by our own clock; until then nobody else can have it
	dropped bool      // the lease is lost, or the edition is paused or cancelled

	check  sync.Mutex // held while the roll is read
	readAt time.Time
	roll   map[int64]string // who is still to be sent, and "" or why not
}

// item is one delivery of a batch.
type item struct {
	batch          *batch
	subscriber     int64
	selection      int64
	address, name  string
	format         subscribers.Format
	attempts       int       // recorded so far
	refusals       int       // how many of them were a temporary answer about the recipient
	mailboxRefuses bool      // one of these was about the mailbox itself
	asOf           time.Time // the stories are as they were then; zero: as they are now
	provider       string
	waited         string    // what it was put aside for last, "" if for nothing but its recipient
	notBefore      time.Time // when its token lets it go, zero: at once
}

// isOver reports whether it is too late to send anything of the batch.
func (b *batch) isOver(now time.Time) bool { return !b.expiresAt.IsZero() && !b.expiresAt.After(now) }

// isHeld reports whether the lease is certain to last beyond now.
func (b *batch) isHeld(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.dropped && now.Before(b.until)
}

// isDropped reports whether nothing more of the batch may be sent.
func (b *batch) isDropped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

func (b *batch) extend(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until = until
}

func (b *batch) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped = true
}

// rollAge is how old what we know of the readers of a batch may be when one of its mails is sent.
const rollAge = time.Second

// standing answers whether a delivery may still be sent, and if not, why: gone says that it is no longer ours to send.
// It reads the roll of the batch anew when that is older than rollAge.
func (b *batch) standing(ctx context.Context, s *Store, subscriber int64) (reason string, gone bool, err error) {
	b.check.Lock()
	defer b.check.Unlock()
	if now := s.now(); now.Sub(b.readAt) > rollAge {
		roll, sendable, err := s.roll(ctx, b)
		if err != nil {
			return "", false, err
		}
		if !sendable {
			b.drop()
		}
		b.roll, b.readAt = roll, now
	}
	reason, ok := b.roll[subscriber]
	return reason, !ok || b.isDropped(), nil
}

// held is the set of batches in the hands of this process.
type held struct {
	mu      sync.Mutex
	batches map[int64]*batch
}

func (h *held) add(b *batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.batches == nil {
		h.batches = map[int64]*batch{}
	}
	h.batches[b.id] = b
}

func (h *held) remove(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.batches, id)
}

func (h *held) all() []*batch {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*batch, 0, len(h.batches))
	for _, b := range h.batches {
		out = append(out, b)
	}
	return out
}

func (h *held) ids() []int64 {
	ids := []int64{}
	for _, b := range h.all() {
		ids = append(ids, b.id)
	}
	return ids
}

// dropEdition ends the sending of an edition's batches.
func (h *held) dropEdition(edition int64) {
	for _, b := range h.all() {
		if b.edition == edition {
			b.drop()
		}
	}
}
